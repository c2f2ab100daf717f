import { answer, type Engine, slices } from "../engine.ts";
import { ask, builder } from "./lunr.ts";

/** The same engine as `lunr`, unprepared: it builds its index when it is asked, and keeps nothing. */
export const cold: Engine = (features) =>
  function* (question) {
    const index = builder();
    yield* slices(features, (feature) => index.add(feature));
    return answer(ask(index.build(), question, features));
  };

import MiniSearch from "minisearch";
import { answer, type Engine } from "../engine.ts";
import type { Feature } from "../feature.ts";

/** An inverted index that forgives typing errors. */
export const minisearch: Engine = (features) => {
  const index = new MiniSearch<Feature>({
    fields: ["name", "words", "about"],
    searchOptions: { prefix: true, fuzzy: 0.2, boost: { name: 2 } },
  });
  index.addAll(features);
  return function* (question) {
    const found = index.search(question);
    return answer(found.map(({ id }) => features[id as number]!));
  };
};

// A schedule of events once more, by their places among those that can happen.

import { ScheduleError } from "../failure.js";
import type { Main } from "../play.js";
import type { Simulation } from "../simulate.js";
import { Judge } from "./judge.js";
import { onStage, Telling } from "./telling.js";

/** Lets the events of a token happen. */
export function replayed<T>(main: Main<T>, places: readonly number[], token: string): Promise<Simulation<T>> {
  const telling = new Telling({ body: main, args: [] }, true);
  const { model } = telling;
  return onStage(model.learner.stage, async () => {
    await telling.begin();
    for (const place of places) {
      if (place >= model.count) throw new TypeError("Cannot replay: the token is of another program");
      await telling.happen(place);
    }
    const finding = new Judge({}).look(model);
    if (finding === null)
      return { outcomes: model.learner.outcomes() as Set<T>, schedules: 1, elapsed: telling.elapsed };
    const title = main.name || "main";
    throw new ScheduleError({ title, ...finding, found: "replayed", schedule: telling.end(), token });
  });
}

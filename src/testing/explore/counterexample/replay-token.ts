// A schedule of events once more, by their places among those that can happen.

import { ScheduleError } from "../../report/failure.js";
import type { Decided } from "../../report/token.js";
import type { FailureKind } from "../../report/verdict.js";
import type { Main } from "../../simulation/play.js";
import type { Simulation } from "../../simulation/simulate.js";
import { FAILED } from "../process/local-lts.js";
import { type Finding, Judge } from "../search/properties.js";
import type { Model } from "../semantics/model.js";
import { inSandbox, Telling } from "./rebuild.js";

/** Lets the events of a token happen, and says what they show. */
export function replayed<T>(
  main: Main<T>,
  { numbers: places, shows, stuck, marked = [] }: Decided,
  token: string,
): Promise<Simulation<T>> {
  const telling = new Telling({ body: main, args: [] }, true, new Set(marked));
  const { model } = telling;
  return inSandbox(model.unfolder.sandbox, async () => {
    await telling.begin();
    for (const place of places) {
      if (place >= model.count) throw new TypeError("Cannot replay: the token is of another program");
      await telling.happen(place);
    }
    const finding = shows === undefined ? new Judge({}).look(model) : foretold(model, shows);
    if (finding === null)
      return { outcomes: model.unfolder.lts.outcomes() as Set<T>, schedules: 1, elapsed: telling.elapsed };
    const title = main.name || "main";
    throw new ScheduleError({ title, ...finding, found: "replayed", schedule: telling.end(stuck), token });
  });
}

/** What a search found that knew more than this schedule. */
function foretold(model: Model, kind: FailureKind): Finding {
  const { lts } = model;
  const nodes = kind === "outcome" ? [0] : kind === "throw" ? [...model.ofTask.keys()] : [];
  const node = nodes.map((task) => model.nodeOf(task)).find((at) => kind === "outcome" || lts.status(at) === FAILED);
  return { kind, ...(node !== undefined && { cause: lts.result(node) }), event: -1 };
}

// Replay of a token of `verify`: the schedule is a list of indices among the enabled events.

import { ScheduleError } from "../../report/failure.js";
import type { Decided } from "../../report/token.js";
import type { FailureKind } from "../../report/verdict.js";
import type { Main } from "../../simulation/play.js";
import type { Simulation } from "../../simulation/simulate.js";
import { Unmodelled } from "../process/cases.js";
import { FAILED } from "../process/local-lts.js";
import { Refuted } from "../process/refinements.js";
import { HANDOVER, IDENTITY } from "../process/run-objects.js";
import { Properties, type Violation } from "../search/properties.js";
import type { Model } from "../semantics/model.js";
import { Counterexample, inSandbox, refinementsOf } from "./rebuild.js";

/**
 * Replays the events of a token; throws the failure that they lead to. The token does not tell whether objects were frozen, or
 * whether their identity mattered, so what shows no failure is tried again.
 */
export async function replayEvents<T>(main: Main<T>, decided: Decided, token: string): Promise<Simulation<T>> {
  const marked = [...(decided.marked ?? []), ...refinementsOf(decided.refined ?? [])];
  let simulation: Simulation<T> | null = null;
  let broken: unknown;
  for (const [freezes, refinements] of [
    [false, marked],
    [false, [...marked, IDENTITY]],
    [false, [...marked, HANDOVER]],
    [true, marked],
  ] as const) {
    try {
      const replayed = await replayOnce(main, decided, token, freezes, refinements);
      simulation ??= replayed;
    } catch (error) {
      if (!(error instanceof Refuted) && !(error instanceof Unmodelled)) throw error;
      broken ??= error;
    }
  }
  if (simulation === null) throw broken;
  return simulation;
}

function replayOnce<T>(
  main: Main<T>,
  { numbers: places, shows, stuck }: Decided,
  token: string,
  freezes: boolean,
  refinements: readonly (string | number)[],
): Promise<Simulation<T>> {
  const counterexample = new Counterexample({ body: main, args: [] }, freezes, new Set(refinements));
  const { model } = counterexample;
  return inSandbox(model.unfolder.sandbox, async () => {
    await counterexample.begin();
    for (const place of places) {
      if (!counterexample.has(place)) throw new TypeError("Cannot replay: the token is of another program");
      await counterexample.happen(place);
    }
    const violation = shows === undefined ? new Properties({}).check(model) : violationOf(model, shows);
    if (violation === null)
      return { outcomes: model.unfolder.lts.outcomes() as Set<T>, schedules: 1, elapsed: counterexample.elapsed };
    const title = main.name || "main";
    throw new ScheduleError({
      title,
      ...violation,
      found: "replayed",
      schedule: counterexample.end(stuck, violation.kind),
      token,
    });
  });
}

/** A failure that the schedule alone does not show, such as starvation: it is taken from the token. */
function violationOf(model: Model, kind: FailureKind): Violation {
  const { lts } = model;
  const nodes = kind === "outcome" ? [0] : kind === "throw" ? [...model.ofTask.keys()] : [];
  const node = nodes.map((task) => model.nodeOf(task)).find((at) => kind === "outcome" || lts.status(at) === FAILED);
  return { kind, ...(node !== undefined && { cause: lts.result(node) }), event: -1 };
}

// Runs a program under every schedule, up to a number of decisions: what is compared does not depend on the machine.

import type { Routine } from "../../src/index.js";
import { Runs } from "../../src/testing/explore/stateless/runs.js";
import { Limits } from "../../src/testing/simulation/limits.js";
import { alone } from "../../src/testing/simulation/play.js";

/** What the runs of a program show; null if it has too many schedules. */
export interface EveryRun<T> {
  readonly outcomes: ReadonlySet<T>;
  /** The first failure; null if there is none. */
  readonly failed: { readonly kind: string; readonly cause: unknown } | null;
}

/** Runs a program until a run fails, or all have been made, or so many decisions have been taken. */
export function everyRun<T>(main: () => Routine<T>, most: number): Promise<EveryRun<T> | null> {
  return alone(async () => {
    const runs = new Runs<T>(main, false, true, () => true);
    const complete = await runs.explore(Limits.counted({ maxEvents: most }));
    const failed = runs.failed?.ending.failed ?? null;
    return complete || failed !== null ? { outcomes: runs.outcomes.all(), failed } : null;
  });
}

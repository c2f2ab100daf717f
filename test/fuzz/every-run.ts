// Runs a program under every schedule, up to a number of decisions: what is compared does not depend on the machine.

import type { Routine } from "../../src/index.js";
import { Runs } from "../../src/testing/explore/stateless/runs.js";
import { Limits } from "../../src/testing/simulation/limits.js";
import { alone } from "../../src/testing/simulation/play.js";

/** What runs of a program show. */
export interface EveryRun<T> {
  /** Whether all runs were made in which tasks give way only where they park. */
  readonly complete: boolean;
  readonly outcomes: ReadonlySet<T>;
  /** The first failure; null if there is none. */
  readonly failed: { readonly kind: string; readonly cause: unknown } | null;
}

/** Runs a program until a run fails, or all have been made, or tasks have had so many turns. */
export function everyRun<T>(main: () => Routine<T>, most: number): Promise<EveryRun<T>> {
  return alone(async () => {
    const runs = new Runs<T>(main, { leaks: false, watches: true, allows: () => true });
    await runs.explore(Limits.counted({ maxEvents: most }), true);
    return {
      complete: runs.preemptions >= 0,
      outcomes: runs.outcomes.all(),
      failed: runs.failed?.ending.failed ?? null,
    };
  });
}

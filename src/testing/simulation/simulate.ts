// Many runs of one closed program in virtual time, each under a schedule of its own. One world runs at a time.

import { wholeNumber } from "../../structures/arguments.js";
import { shown } from "../../structures/errors.js";
import { Outcomes } from "../report/outcomes.js";
import { delays, fifo, priorities, random, type Strategy } from "./decisions.js";
import { assertPlan } from "./faults.js";
import { alone, explain, type Main, type PlayOptions, play } from "./play.js";

/** How schedules are drawn. */
export type StrategyName = "mixed" | "fifo" | "random" | "delays" | "priorities";

/** What a simulation can be told. */
export interface SimulateOptions extends PlayOptions {
  /** How many schedules are run; 100 by default. The first is always first in, first out. */
  readonly schedules?: number;
  /** Of the random schedules; 1 by default. */
  readonly seed?: number;
  /**
   * `"mixed"` (default): mostly uniform at random, every third first in, first out but for a few delays. `"priorities"` is
   * probabilistic concurrency testing; it finds less in programs of channels.
   */
  readonly strategy?: StrategyName;
}

/** What a simulation found when nothing failed. */
export interface Simulation<T> {
  /** Every value that `main` returned under some schedule. */
  readonly outcomes: Set<T>;
  readonly schedules: number;
  /** Virtual milliseconds that the longest schedule took. */
  readonly elapsed: number;
}

const NAMES: readonly StrategyName[] = ["mixed", "fifo", "random", "delays", "priorities"];
/** Delays in a schedule, and changes of priority. */
const BOUND = 2;
const DEPTH = 3;

function strategyOf(name: StrategyName, nth: number, seed: number, length: number): Strategy {
  if (nth === 0 || name === "fifo") return fifo;
  if (name === "priorities") return priorities(seed, DEPTH, length);
  if (name === "delays" || (name === "mixed" && nth % 3 === 0)) return delays(seed, BOUND, length);
  return random(seed);
}

/**
 * Runs a closed program in virtual time under many schedules, and fails with the simplest schedule found of the first
 * failure: a deadlock, something thrown by `main` or by a task that nobody joined, a program that does not end or waits
 * for something outside. Two sleeps of an hour take no real time.
 *
 * What the program depends on besides its schedule (real time, `Math.random`, variables outside `main`) it has to do
 * without, or a failure cannot be repeated; the error says so then.
 *
 * @param main - The program. It is run anew for each schedule, so it has to make its channels itself.
 * @returns What `main` returned under all schedules, and the longest virtual time.
 * @throws ScheduleError with the report, the steps and the token for `replay`.
 * @example
 * ```ts
 * import { channel, go } from "millrace";
 * import { simulate } from "millrace/testing";
 *
 * const { outcomes } = await simulate(function* () {
 *   const winner = channel<string>(2);
 *   for (const name of ["ann", "bob"]) go(function* () { yield* winner.send(name); });
 *   return yield* winner.receive();
 * });
 * console.log([...outcomes].sort()); // [ "ann", "bob" ]
 * ```
 */
export function simulate<T>(main: Main<T>, options: SimulateOptions = {}): Promise<Simulation<T>> {
  const { schedules = 100, seed = 1, strategy = "mixed" } = options;
  assertOptions(schedules, seed, strategy);
  assertPlan(options.faults ?? {});
  return alone(async () => {
    const outcomes = new Outcomes<T>();
    let elapsed = 0;
    let length = 0;
    for (let nth = 0; nth < schedules; nth++) {
      const run = await play(main, strategyOf(strategy, nth, seed + nth, length), seed + nth, options);
      if (run.ending.failed !== null) {
        throw await explain(main, run, seed + nth, options, `found by schedule ${nth + 1} of ${schedules}`);
      }
      length = Math.max(length, run.taken.length);
      elapsed = Math.max(elapsed, run.elapsed);
      outcomes.add(run.ending.value);
    }
    return { outcomes: outcomes.all(), schedules, elapsed };
  });
}

function assertOptions(schedules: number, seed: number, strategy: StrategyName): void {
  wholeNumber("simulate", "schedules", schedules, 1);
  if (!Number.isInteger(seed)) throw new RangeError(`Cannot simulate: seed must be a whole number, got ${shown(seed)}`);
  if (NAMES.includes(strategy)) return;
  throw new TypeError(`Cannot simulate: strategy must be one of ${NAMES.join(", ")}, got ${shown(strategy)}`);
}

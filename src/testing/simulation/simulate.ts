// Many runs of one closed program in virtual time, each under a schedule of its own. One world runs at a time.

import { wholeNumber } from "../../structures/arguments.js";
import { shown } from "../../structures/errors.js";
import { Outcomes } from "../report/outcomes.js";
import { counted } from "../report/report.js";
import { delays, fifo, priorities, random, type Strategy } from "./decisions.js";
import { assertPlan } from "./faults.js";
import { alone, explain, type Main, type PlayOptions, play, type Run } from "./play.js";
import { findUnperformed, mayExplain } from "./unperformed.js";

/** The ways to draw schedules. See {@link SimulateOptions}. */
export type StrategyName = "mixed" | "fifo" | "random" | "delays" | "priorities";

/** Options of {@link simulate}. */
export interface SimulateOptions extends PlayOptions {
  /** The number of schedules that are run; 100 by default. The first one is always first in, first out. */
  readonly schedules?: number;
  /** The seed of the random schedules; 1 by default. */
  readonly seed?: number;
  /**
   * How to draw schedules. `"random"`: uniformly. `"delays"`: first in, first out, with a few delays. `"mixed"` (default): mostly
   * `"random"`, and every third `"delays"`. `"fifo"`: always first in, first out. `"priorities"`: probabilistic concurrency
   * testing, which finds fewer faults in programs of channels.
   */
  readonly strategy?: StrategyName;
}

/**
 * The result of a simulation in which no schedule failed.
 *
 * @typeParam T - The type of what `main` returns.
 */
export interface Simulation<T> {
  /** Every value that `main` returned under some schedule. */
  readonly outcomes: Set<T>;
  /** The number of schedules that were run. */
  readonly schedules: number;
  /** The virtual milliseconds that the longest schedule took. */
  readonly elapsed: number;
}

const NAMES: readonly StrategyName[] = ["mixed", "fifo", "random", "delays", "priorities"];
/** The number of delays in a schedule, and of changes of priority plus one. */
const BOUND = 2;
const DEPTH = 3;

function strategyOf(name: StrategyName, nth: number, seed: number, length: number): Strategy {
  if (nth === 0 || name === "fifo") return fifo;
  if (name === "priorities") return priorities(seed, DEPTH, length);
  if (name === "delays" || (name === "mixed" && nth % 3 === 0)) return delays(seed, BOUND, length);
  return random(seed);
}

/**
 * Runs a closed program under many schedules, in virtual time.
 *
 * If a schedule fails, it is simplified, and the promise rejects. Failures are: a deadlock, an exception of `main` or of a task
 * that was not joined, an invariant that does not hold, a program that does not end, a program that waits for an event
 * outside the simulation, and an operation that is made and never performed in any schedule, as in the statement
 * `channel.send(1);`. Sleeps take no real time.
 *
 * The program must depend only on its schedule, and not on real time, `Math.random` or variables outside `main`. Otherwise a
 * failure cannot be repeated, and the error says so.
 *
 * @param main - The program. It runs anew for each schedule, so it has to create its channels itself.
 * @param options - The number of schedules, the seed, the strategy, and faults.
 * @returns A promise of all values that `main` returned, and of the longest virtual time.
 * @throws ScheduleError, as a rejection, with the report, the steps and the token for `replay`. RangeError or TypeError if an
 *   option is invalid.
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
  const { schedules = 100, seed = 1, strategy = "mixed", unperformed = true } = options;
  assertOptions(schedules, seed, strategy);
  assertPlan(options.faults ?? {});
  return alone(async () => {
    const outcomes = new Outcomes<T>();
    const all = new Schedules(schedules, seed, strategy);
    let elapsed = 0;
    let unused = false;
    let failed: Run<T> | null = null;
    let nth = 0;
    for (const each of all) {
      const run = await play(main, each.strategy, each.seed, { ...options, ...(unperformed && { watches: "any" }) });
      nth++;
      unused ||= run.unused;
      if (run.ending.failed !== null) {
        failed = run;
        break;
      }
      all.length = Math.max(all.length, run.taken.length);
      elapsed = Math.max(elapsed, run.elapsed);
      outcomes.add(run.ending.value);
    }
    const found = `found by schedule ${nth} of ${schedules}`;
    if (unused && mayExplain(failed?.ending.failed?.kind ?? null)) {
      const again = new Schedules(schedules, seed, strategy);
      const error = await findUnperformed(
        main,
        again,
        options,
        `found in ${counted(schedules, "schedule")}`,
        ({ taken }) => {
          again.length = Math.max(again.length, taken.length);
        },
      );
      if (error !== null) throw error;
    }
    if (failed !== null) throw await explain(main, failed, seed + nth - 1, options, found);
    return { outcomes: outcomes.all(), schedules, elapsed };
  });
}

/** The schedules of a simulation, and their seeds. */
class Schedules implements Iterable<{ readonly strategy: Strategy; readonly seed: number }> {
  /** The decisions of the longest run so far. */
  length: number;
  private readonly _count: number;
  private readonly _seed: number;
  private readonly _name: StrategyName;

  constructor(count: number, seed: number, name: StrategyName) {
    this.length = 0;
    this._count = count;
    this._seed = seed;
    this._name = name;
  }

  *[Symbol.iterator](): Iterator<{ readonly strategy: Strategy; readonly seed: number }> {
    for (let nth = 0; nth < this._count; nth++) {
      const seed = this._seed + nth;
      yield { strategy: strategyOf(this._name, nth, seed, this.length), seed };
    }
  }
}

function assertOptions(schedules: number, seed: number, strategy: StrategyName): void {
  wholeNumber("simulate", "schedules", schedules, 1);
  if (!Number.isInteger(seed)) throw new RangeError(`Cannot simulate: seed must be a whole number, got ${shown(seed)}`);
  if (NAMES.includes(strategy)) return;
  throw new TypeError(`Cannot simulate: strategy must be one of ${NAMES.join(", ")}, got ${shown(strategy)}`);
}

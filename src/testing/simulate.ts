// Many runs of one closed program in virtual time, each under a schedule of its own. One world runs at a time.

import { DeadlockError, shown } from "../errors.js";
import type { AsyncRoutine, Routine } from "../operation.js";
import { deadlock } from "../report.js";
import { ClosedProgram } from "../run.js";
import { Decisions, delays, fifo, priorities, random, repeat, type Strategy, seeded } from "./decisions.js";
import { type FailureKind, ScheduleError, type Step } from "./failure.js";
import { shrink, trimmed } from "./shrink.js";
import { scheduleOf } from "./token.js";
import { World } from "./world.js";

/** How schedules are drawn. */
export type StrategyName = "mixed" | "fifo" | "random" | "delays" | "priorities";

/** What a simulation can be told. */
export interface SimulateOptions {
  /** How many schedules are run; 100 by default. The first is always first in, first out. */
  readonly schedules?: number;
  /** Of the random schedules; 1 by default. */
  readonly seed?: number;
  /**
   * `"mixed"` (default): mostly uniform at random, every third first in, first out but for a few delays. `"priorities"` is
   * probabilistic concurrency testing; it finds less in programs of channels.
   */
  readonly strategy?: StrategyName;
  /** What the clock shows at the start, a `Date` or milliseconds; 0 by default. */
  readonly date?: Date | number;
  /** Whether tasks that are still parked when `main` is done are a failure; they are not by default. */
  readonly leaks?: boolean;
}

/** What a simulation found when nothing failed. */
export interface Simulation<T> {
  /** Every value that `main` returned under some schedule. */
  readonly outcomes: Set<T>;
  readonly schedules: number;
  /** Virtual milliseconds that the longest schedule took. */
  readonly elapsed: number;
}

type Main<T> = () => Routine<T> | AsyncRoutine<T>;

/** What became of one run. */
type Ending<T> =
  | { readonly value: T; readonly failed: null }
  | { readonly failed: { readonly kind: FailureKind; readonly cause: unknown } };

/** One run of a program under a schedule. */
export interface Run<T> {
  readonly ending: Ending<T>;
  readonly taken: readonly number[];
  readonly elapsed: number;
  readonly steps: readonly Step[];
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

/** Plays one schedule from the start to the end of `main`, or to where nothing happens any more. */
export async function play<T>(
  main: Main<T>,
  strategy: Strategy,
  seed: number,
  options: SimulateOptions,
): Promise<Run<T>> {
  const decisions = new Decisions(strategy);
  const below = seeded(seed);
  using world = new World(decisions, () => below(2 ** 30) / 2 ** 30, Number(options.date ?? 0));
  const program = new ClosedProgram<T>();
  let ending: Ending<T> | null = null;
  program.begin(main, [], simulate).then(
    (value) => {
      ending = { value, failed: null };
    },
    (cause) => {
      ending = { failed: { kind: cause instanceof DeadlockError ? "deadlock" : "throw", cause } };
    },
  );
  const closed = (): boolean => program.closed;
  await world.play(() => ending !== null || program.over, closed);
  if (program.over && options.leaks) await world.play(() => false, closed);
  // What has been decided is told in a microtask, or two.
  for (let turns = 0; turns < 4 && ending === null; turns++) await null;
  return {
    ending: world.endless ? failed("endless", world.endless) : judged(ending, program, world, options),
    taken: decisions.taken,
    elapsed: world.elapsed,
    steps: world.steps,
  };
}

const failed = (kind: FailureKind, cause: unknown): Ending<never> => ({ failed: { kind, cause } });

/** What happened, seen as a whole. */
function judged<T>(
  ending: Ending<T> | null,
  program: ClosedProgram<T>,
  world: World,
  options: SimulateOptions,
): Ending<T> {
  if (ending === null) {
    const waiting = program.parked.map((task) => `${task.name} waits for ${task.parkedAt!.describe()}`);
    const who = waiting.length > 0 ? waiting.join(", ") : "a task awaits a promise";
    return failed("escaped", new Error(`It waits for something outside the simulation that does not come: ${who}`));
  }
  if (ending.failed === null && world.reported.length > 0) return failed("throw", world.reported[0]);
  if (ending.failed === null && options.leaks && program.parked.length > 0) {
    return failed("leak", deadlock("main is done, and these are still parked", program.parked));
  }
  return ending;
}

/** Finds the simplest schedule that fails like this one, and says all that is known of it. */
export async function explain<T>(
  main: Main<T>,
  run: Run<T>,
  seed: number,
  options: SimulateOptions,
  found: string,
): Promise<ScheduleError> {
  const { kind } = run.ending.failed!;
  const attempt = async (decisions: readonly number[]): Promise<readonly number[] | null> => {
    const again = await play(main, repeat(decisions), seed, options);
    return again.ending.failed?.kind === kind ? again.taken : null;
  };
  const decisions = await shrink(run.taken, attempt);
  const last = await play(main, repeat(decisions), seed, options);
  if (last.ending.failed?.kind === kind) {
    return new ScheduleError(kind, last.ending.failed.cause, { seed, decisions }, last.steps, found);
  }
  const unsure = `${found}, but not again: the program depends on something besides its schedule`;
  return new ScheduleError(kind, run.ending.failed!.cause, { seed, decisions: trimmed(run.taken) }, run.steps, unsure);
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
  return alone(async () => {
    const outcomes = new Map<unknown, T>();
    let elapsed = 0;
    let length = 0;
    for (let nth = 0; nth < schedules; nth++) {
      const run = await play(main, strategyOf(strategy, nth, seed + nth, length), seed + nth, options);
      if (run.ending.failed !== null) {
        throw await explain(main, run, seed + nth, options, `found by schedule ${nth + 1} of ${schedules}`);
      }
      length = Math.max(length, run.taken.length);
      elapsed = Math.max(elapsed, run.elapsed);
      outcomes.set(keyOf(run.ending.value), run.ending.value);
    }
    return { outcomes: new Set(outcomes.values()), schedules, elapsed };
  });
}

/**
 * Runs a program once more under the schedule of a token, as a report shows it.
 *
 * @throws ScheduleError if it fails again. TypeError when it is no token.
 */
export function replay<T>(token: string, main: Main<T>, options: SimulateOptions = {}): Promise<Simulation<T>> {
  const { seed, decisions } = scheduleOf(token);
  return alone(async () => {
    const run = await play(main, repeat(decisions), seed, options);
    const { ending, elapsed } = run;
    if (ending.failed === null) return { outcomes: new Set([ending.value]), schedules: 1, elapsed };
    const { kind, cause } = ending.failed;
    throw new ScheduleError(kind, cause, { seed, decisions }, run.steps, "replayed");
  });
}

/** Two outcomes that look the same are the same. */
function keyOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  try {
    return JSON.stringify(value);
  } catch {
    return value;
  }
}

function assertOptions(schedules: number, seed: number, strategy: StrategyName): void {
  if (!Number.isInteger(schedules) || schedules < 1) {
    throw new RangeError(`Cannot simulate: schedules must be a whole number of at least 1, got ${shown(schedules)}`);
  }
  if (!Number.isInteger(seed)) throw new RangeError(`Cannot simulate: seed must be a whole number, got ${shown(seed)}`);
  if (NAMES.includes(strategy)) return;
  throw new TypeError(`Cannot simulate: strategy must be one of ${NAMES.join(", ")}, got ${shown(strategy)}`);
}

let last: Promise<unknown> = Promise.resolve();

/** One after the other: there is one scheduler in a process. */
export function alone<T>(work: () => Promise<T>): Promise<T> {
  const turn = last.then(work);
  last = turn.catch(() => {});
  return turn;
}

// Explores every schedule of a program: on a model of its tasks (explicit-state model checking), or, if the program does
// something that the model does not support, by running it under every schedule (stateless, as in CHESS).

import type { AsyncRoutine, Routine } from "../operation/operation.js";
import { native } from "../scheduler/host.js";
import { shown } from "../structures/errors.js";
import { Unmodelled } from "./explore/process/cases.js";
import { Escaped } from "./explore/process/driver.js";
import { ANY_TASK, Refuted } from "./explore/process/sandbox.js";
import { Proof } from "./explore/proof/proof.js";
import { NO_SYMMETRY } from "./explore/reduction/find-automorphisms.js";
import { proveByRunning } from "./explore/stateless/verdict.js";
import { printable } from "./report/json.js";
import type { Verdict, VerifyOptions } from "./report/verdict.js";
import { alone } from "./simulation/play.js";

/** Restarts for one cancelled task or scope each; each repeats the search up to there. */
const MOST_MARKS = 12;

const ENGINES = ["model", "runs"];

/**
 * Explores every schedule of a closed program: who meets whom, which case a select takes, what is chosen, when time passes.
 * It proves the program free of deadlocks, leaks and errors, or finds the shortest schedule that fails.
 *
 * Programs of channels, selects, sleeps, timeouts, joins, scopes and cancelling are modelled: each task is learned once, and
 * all schedules are searched on what was learned. Programs that do more (locks, combinators) are run under every schedule.
 *
 * @param main - The program. It makes its channels itself, depends on nothing but its schedule, and shares nothing but
 *   channels between its tasks.
 * @returns `proved`; or `failed` with the schedule; or `bounded` when a limit was reached before all was explored. It is
 *   plain data: `JSON.stringify(verdict)` prints it, outcomes as a list.
 * @throws TypeError when `main` is no function, or an option is not what it must be; or when an engine was asked for that
 *   does not know all that the program does.
 * @example
 * ```ts
 * import { channel, go } from "millrace";
 * import { verify } from "millrace/testing";
 *
 * const verdict = await verify(function* () {
 *   const [left, right] = [channel<string>(1), channel<string>(1)];
 *   const take = function* (one: typeof left, other: typeof left) {
 *     yield* one.send("mine");
 *     yield* other.send("mine");
 *     yield* other.receive();
 *     yield* one.receive();
 *   };
 *   const tasks = [go(take, left, right), go(take, right, left)];
 *   for (const task of tasks) yield* task;
 * });
 * if (verdict.status === "failed") console.log(verdict.kind, verdict.schedule.steps.length); // deadlock 2
 * ```
 */
export function verify<T>(
  main: () => Routine<T> | AsyncRoutine<T>,
  options: VerifyOptions<T> = {},
): Promise<Verdict<T>> {
  assertOptions(main, options);
  return alone(async () => printable(await decide(main, options)));
}

async function decide<T>(main: () => Routine<T> | AsyncRoutine<T>, options: VerifyOptions<T>): Promise<Verdict<T>> {
  const start = native.now();
  if (options.engine === "runs") return await proveByRunning(main, options, start, "it was asked for");
  const marks = new Set<string>();
  for (;;) {
    const proof = new Proof<T>(main, options, marks, start);
    try {
      const verdict = await proof.run();
      return verdict.status === "proved" ? await proof.crossChecked(verdict) : verdict;
    } catch (error) {
      if (error instanceof Escaped) return proof.escaped(error);
      if (error instanceof Refuted) learnFrom(error, marks);
      else return await otherwise(main, options, start, error);
    }
  }
}

/** If many tasks, one after another, turn out to be cancelled, every task is taken to be. */
function learnFrom({ refinement }: Refuted, marks: Set<string>): void {
  marks.add(refinement);
  const cancelled = [...marks].filter((other) => !other.startsWith(NO_SYMMETRY)).length;
  if (cancelled > MOST_MARKS) marks.add(ANY_TASK);
}

async function otherwise<T>(
  main: () => Routine<T> | AsyncRoutine<T>,
  options: VerifyOptions<T>,
  start: number,
  error: unknown,
): Promise<Verdict<T>> {
  if (!(error instanceof Unmodelled)) throw error;
  if (options.engine === undefined) return await proveByRunning(main, options, start, error.message);
  throw new TypeError(
    `Cannot verify by the model, which does not support all that the program does: ${error.message}; without the option engine the program is run under every schedule`,
  );
}

function assertOptions<T>(main: unknown, options: VerifyOptions<T>): void {
  if (typeof main !== "function") {
    throw new TypeError(`Cannot verify: main must be a function* or an async function*, got ${shown(main)}`);
  }
  const { engine = "model", maxStates = 1, maxMs = 1 } = options;
  if (!ENGINES.includes(engine)) {
    throw new TypeError(`Cannot verify: engine must be one of ${ENGINES.join(", ")}, got ${shown(engine)}`);
  }
  for (const [name, limit] of Object.entries({ maxStates, maxMs })) {
    if (!(limit > 0)) throw new RangeError(`Cannot verify: ${name} must be above 0, got ${shown(limit)}`);
  }
}

// Explores every schedule of a program: on a model of its tasks (explicit-state model checking), or, if the program does
// something that the model does not support, by running it under every schedule (stateless, as in CHESS).

import type { AsyncRoutine, Routine } from "../operation/operation.js";
import { shown } from "../structures/errors.js";
import { Unmodelled } from "./explore/process/cases.js";
import { ANY_END, ANY_TASK, endOf, type Refinements, Refuted } from "./explore/process/refinements.js";
import { HANDOVER, IDENTITY } from "./explore/process/run-objects.js";
import { isOfLock } from "./explore/process/sandbox.js";
import { Proof } from "./explore/proof/proof.js";
import { NO_SYMMETRY } from "./explore/reduction/find-automorphisms.js";
import { type SharedVariable, sharedVariables, sharingText } from "./explore/source/shared-variables.js";
import { proveByRunning } from "./explore/stateless/verdict.js";
import { printable } from "./report/json.js";
import { Survey } from "./report/survey.js";
import type { Verdict, VerifyOptions } from "./report/verdict.js";
import { Escaped } from "./simulation/host-calls.js";
import { Limits } from "./simulation/limits.js";
import { alone, type Main } from "./simulation/play.js";
import { mayExplain } from "./simulation/unperformed.js";

/** Refinements of one cancelled task or scope each. Each costs a restart, which repeats the search up to that point. */
const MOST_REFINEMENTS = 12;

const ENGINES = ["model", "runs"];
const TIMES = ["maximal-progress", "asynchronous"];

/** The states of a model that are stored: some hundred megabytes. */
const MOST_STATES = 2_000_000;

/**
 * Explores every schedule of a closed program, and proves it free of deadlocks, leaks and errors, or finds a schedule that fails.
 *
 * A schedule determines which sender meets which receiver, which case a select takes, what `choose` yields, and when time passes.
 * A program of channels, selects, sleeps, timeouts, joins, scopes and cancelling is modelled: the code of each task is unfolded
 * into local states once, and a search visits the states of the whole program. A program that does more (locks, combinators) is
 * run under every schedule. The schedule of a failure is the shortest, or the first that was found if a search for the shortest
 * takes too long.
 *
 * @param main - The program. It makes its channels itself, depends on nothing but its schedule, and shares nothing but
 *   channels and cells between its tasks.
 * @param options - What counts as a failure, the limits of the exploration, and the engine.
 * @returns A promise of the verdict: `proved`; `failed`, with the schedule; or `bounded` if a limit was reached before all
 *   schedules were explored. It is plain data: `JSON.stringify(verdict)` prints it, with outcomes as a list.
 * @throws TypeError or RangeError if `main` is not a function or an option is invalid. TypeError, as a rejection, if `engine` is
 *   `model` and the model does not support the program.
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

async function decide<T>(main: Main<T>, options: VerifyOptions<T>): Promise<Verdict<T>> {
  const limits = new Limits(options, { maxStates: MOST_STATES });
  if (options.engine === "runs") return await proveByRunning(main, options, limits, "it was asked for");
  const variables = await sharedVariables(String(main));
  if (variables?.some(({ carried }) => !carried)) return await sharing(main, options, limits, variables);
  const refinements = new Set<string>();
  for (;;) {
    const proof = new Proof<T>(main, options, refinements, limits, variables !== null);
    try {
      const verdict = await proof.run();
      // A loop that carries a variable from round to round cannot be folded.
      if (variables !== null && variables.length > 0 && proof.folds) return proof.shares(sharingText(variables));
      const silent = proof.unused ? await unperformed(main, options, refinements, limits, verdict) : null;
      if (silent !== null) return silent;
      return verdict.status === "proved" ? await proof.crossChecked(verdict) : verdict;
    } catch (error) {
      if (error instanceof Escaped) return proof.escaped(error);
      if (error instanceof Refuted) refine(refinements, error);
      else return await otherwise(main, options, limits, error);
    }
  }
}

/** The verdict on a program whose tasks share variables, so that no task can be modelled alone: it is run under every schedule. */
async function sharing<T>(
  main: Main<T>,
  options: VerifyOptions<T>,
  limits: Limits,
  variables: readonly SharedVariable[],
): Promise<Verdict<T>> {
  const text = sharingText(variables);
  const proof = new Proof<T>(main, options, new Set(), limits, true);
  // With a loop that carries a variable from round to round, runs may have no end.
  if (options.engine === "model" || variables.some(({ carried }) => carried)) return proof.shares(text);
  return await otherwise(main, options, limits, new Unmodelled(`tasks share variables: ${text}`));
}

/** States that are searched for operations that a program with another failure never performs. */
const MOST_SURVEYED = 50_000;

/**
 * The failure if the program never performs what it makes at some line; null otherwise. The search is repeated with the lines. It
 * goes on after another failure, as what comes after it may perform the operation.
 */
async function unperformed<T>(
  main: Main<T>,
  options: VerifyOptions<T>,
  refinements: Refinements,
  limits: Limits,
  verdict: Verdict<T>,
): Promise<Verdict<T> | null> {
  if (verdict.status === "bounded") return null;
  const failed = verdict.status === "failed";
  if (!mayExplain(failed ? verdict.kind : null)) return null;
  const { maxStates = MOST_SURVEYED } = options;
  const all = failed ? { all: true, maxStates: Math.min(maxStates, MOST_SURVEYED) } : {};
  const survey = new Survey<null>();
  const proof = new Proof<T>(main, { ...options, ...all }, refinements, limits, true, survey);
  const complete = await proof.survey();
  return complete && survey.found.length > 0 ? await proof.unperformed(survey.found, verdict) : null;
}

/** Adds a refinement. After many restarts for single tasks, every task gets what these tasks have got. */
function refine(refinements: Set<string>, { refinement }: Refuted): void {
  refinements.add(refinement);
  const others = [...refinements].filter(
    (other) => ![IDENTITY, HANDOVER].includes(other) && !other.startsWith(NO_SYMMETRY) && !isOfLock(other),
  );
  const ends = others.filter((other) => other.startsWith(endOf("")));
  if (ends.length > MOST_REFINEMENTS) refinements.add(ANY_END);
  if (others.length - ends.length > MOST_REFINEMENTS) refinements.add(ANY_TASK);
}

async function otherwise<T>(
  main: () => Routine<T> | AsyncRoutine<T>,
  options: VerifyOptions<T>,
  limits: Limits,
  error: unknown,
): Promise<Verdict<T>> {
  if (!(error instanceof Unmodelled)) throw error;
  if (options.engine === undefined && options.time === "asynchronous") {
    const reason = `the model does not support all that the program does (${error.message}), and in runs time is not asynchronous`;
    const coverage = { engine: "model", states: 0, runs: 0, events: 0, ms: limits.ms, searchMs: limits.ms } as const;
    return { status: "bounded", reason, ...coverage };
  }
  if (options.engine === undefined) return await proveByRunning(main, options, limits, error.message);
  throw new TypeError(
    `Cannot verify by the model, which does not support all that the program does: ${error.message}; without the option engine the program is run under every schedule`,
  );
}

function assertOptions<T>(main: unknown, options: VerifyOptions<T>): void {
  if (typeof main !== "function") {
    throw new TypeError(`Cannot verify: main must be a function* or an async function*, got ${shown(main)}`);
  }
  const { engine = "model", maxStates = 1, maxEvents = 1, maxMs = 1, signal, time = "maximal-progress" } = options;
  if (!ENGINES.includes(engine)) {
    throw new TypeError(`Cannot verify: engine must be one of ${ENGINES.join(", ")}, got ${shown(engine)}`);
  }
  if (!TIMES.includes(time)) {
    throw new TypeError(`Cannot verify: time must be one of ${TIMES.join(", ")}, got ${shown(time)}`);
  }
  if (engine === "runs" && time === "asynchronous") {
    throw new TypeError("Cannot verify: time must be maximal-progress where engine is runs, got asynchronous");
  }
  if (signal !== undefined && !(typeof signal === "object" && signal !== null && "aborted" in signal)) {
    throw new TypeError(`Cannot verify: signal must be an AbortSignal, got ${shown(signal)}`);
  }
  for (const [name, limit] of Object.entries({ maxStates, maxEvents, maxMs })) {
    if (!(limit > 0)) throw new RangeError(`Cannot verify: ${name} must be above 0, got ${shown(limit)}`);
  }
}

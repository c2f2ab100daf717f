// One run of a program in a simulated environment, under the decisions of a strategy, and its outcome.

import { deadlock } from "../../lifetime/report.js";
import { ClosedProgram } from "../../lifetime/run.js";
import { observe } from "../../lifetime/unperformed.js";
import type { AsyncRoutine, Routine } from "../../operation/operation.js";
import { DeadlockError } from "../../structures/errors.js";
import { shared } from "../../structures/shared.js";
import { isDaemon } from "../program/loop.js";
import { ScheduleError } from "../report/failure.js";
import { inline } from "../report/inline.js";
import { withShownNames } from "../report/loop-names.js";
import type { FailedTask, Schedule, Step } from "../report/schedule.js";
import type { Survey } from "../report/survey.js";
import { tokenOf } from "../report/token.js";
import { cellNotes, type TaskState, unserved, wantsOf } from "../report/unserved.js";
import type { FailureKind } from "../report/verdict.js";
import { Decisions, repeat, type Strategy, seeded } from "./decisions.js";
import type { Faults } from "./faults.js";
import { type Repeatable, RunWatch } from "./run-watch.js";
import { shrink, trimmed } from "./shrink.js";
import { Outside, Refused, Violated, World, type WorldOptions } from "./world.js";

/** A program under test. */
export type Main<T> = () => Routine<T> | AsyncRoutine<T>;

/** The end of one run: a value or a failure. */
type Ending<T> =
  | { readonly value: T; readonly failed: null }
  | {
      readonly failed: {
        readonly kind: FailureKind;
        readonly cause: unknown;
        /** The deadlock that the failure has led to. */
        readonly deadlock?: DeadlockError;
      };
    };

/** One run of a program under a schedule. */
export interface Run<T> {
  readonly ending: Ending<T>;
  readonly taken: readonly number[];
  readonly elapsed: number;
  readonly steps: readonly Step[];
  /** The tasks that have failed, if the steps are recorded. */
  readonly failed: readonly FailedTask[];
  /** All tasks, if the steps are recorded. */
  readonly states: readonly TaskState[];
  /** The values of all cells, if the steps are recorded and an invariant does not hold. */
  readonly cells: readonly unknown[];
  /** For the names of recorded tasks whose body is a loop, the names of the bodies that they run again and again. */
  readonly loops: ReadonlyMap<string, string>;
  /** Whether an operation was made and not used; false if the run was not watched. */
  readonly unused: boolean;
  /** How `main` ended; null if it had not when the run was over. */
  readonly main: Ending<T> | null;
  /** With a limit of steps: the errors of all tasks that failed, joined or not. */
  readonly thrown: readonly unknown[];
  /** Whether other tasks went on after `main` for so long that they were stopped. */
  readonly runsOn: boolean;
}

/** Options of {@link simulate} and {@link replay}. */
export interface PlayOptions {
  /** The time of the virtual clock at the start, a `Date` or milliseconds; 0 by default. */
  readonly date?: Date | number;
  /** Whether tasks that are still parked when `main` is done are a failure; false by default. */
  readonly leaks?: boolean;
  /**
   * Faults of channels that represent a network, by the names with which the channels were created, and of tasks (`kill`), by the
   * names of their bodies or the ids of children. A failure is shown with as few faults as possible. Give `replay` the same faults.
   */
  readonly faults?: Readonly<Record<string, Faults>>;
  /**
   * Whether an operation that is made and never performed is a failure, such as the statement `channel.send(1);` without `yield*`;
   * true by default.
   */
  readonly unperformed?: boolean;
}

/** What else a run does, and what counts as its failure: options of `verify`. */
export interface RunOptions extends PlayOptions, WorldOptions {
  /** The title of reports; the name of `main` by default. */
  readonly title?: string | undefined;
  readonly watches?: Survey<Repeatable> | "any" | undefined;
  /** Steps after which the run ends as `endless`. With such a limit the other tasks continue after the end of `main`. */
  readonly steps?: number;
  /** Whether the run goes on after `main` until nothing can happen, so that what the other tasks throw counts. */
  readonly toEnd?: boolean;
  /** Whether values that are left in a channel at the end are a failure. */
  readonly unread?: boolean;
}

/** Turns of tasks after the end of `main`, before it is assumed that they never end. */
const RUNNING_ON = 20_000;
/** Turns of the world after the end of `main` in which the other tasks may perform what they have made. */
const TURNS = 256;

/** The name of a program in reports. */
function titleOf(main: Main<unknown>): string {
  return main.name || "main";
}

/**
 * Runs one schedule until `main` ends or nothing can happen any more. To record the steps, and where tasks are started, takes as
 * long as all the rest, so only runs that are shown are recorded (not `untold`).
 */
export async function play<T>(main: Main<T>, strategy: Strategy, seed: number, options: RunOptions): Promise<Run<T>> {
  const { untold = false, watches, steps } = options;
  const decisions = new Decisions(strategy, steps);
  const below = seeded(seed);
  using world = new World(decisions, () => below(2 ** 30) / 2 ** 30, options);
  const watch = watches && new RunWatch(watches === "any" ? null : watches, () => decisions.steps);
  if (watch) world.watch(watch);
  if (steps !== undefined || !untold) world.recordTasks();
  const program = new ClosedProgram<T>(untold ? 0 : undefined);
  let ending: Ending<T> | null = null;
  program.begin(main, [], undefined).then(
    (value) => {
      ending = { value, failed: null };
    },
    (cause) => {
      ending = { failed: { kind: cause instanceof DeadlockError ? "deadlock" : "throw", cause } };
    },
  );
  await world.play(() => ending !== null || program.over, program);
  const toEnd = [options.leaks, options.unread, options.toEnd].includes(true) || steps !== undefined;
  const most = options.toEnd === true ? decisions.steps + RUNNING_ON : Infinity;
  const runsOn = program.over && toEnd && (await world.play(() => decisions.steps > most, program));
  // The promise of the program settles a few microtasks after the program has ended.
  for (let turns = 0; turns < 4 && ending === null; turns++) await null;
  const run: Run<T> = {
    ending: world.endless ? stopped(world.endless) : judged(ending, program, world, options),
    taken: [...decisions.taken],
    elapsed: world.elapsed,
    steps: [...world.steps],
    failed: untold ? [] : world.failed,
    states: untold ? [] : world.states,
    loops: world.loops,
    cells: untold || !(world.endless instanceof Violated) ? [] : world.cells,
    unused: watch?.any === true,
    main: ending,
    thrown: world.thrown,
    runsOn,
  };
  // Only when nothing can happen any more is it certain that a parked task has gone on without what it had made.
  if (watch?.any && watches !== "any") {
    let turns = TURNS;
    const goesOn = await world.play(() => --turns < 0, program);
    watch.finish(!goesOn && world.endless === null, { seed, taken: run.taken });
  }
  program.drop();
  return run;
}

const failed = (kind: FailureKind, cause: unknown): Ending<never> => ({ failed: { kind, cause } });

const refusal = ({ message }: Refused): Ending<never> => failed("closed", new Error(message));

/** The end of a run that was stopped: it did not end, or an invariant does not hold. */
function stopped(why: Error): Ending<never> {
  if (why instanceof Outside) return failed("escaped", new Error(why.message));
  if (why instanceof Refused) return refusal(why);
  return why instanceof Violated ? failed("invariant", new Error(why.message)) : failed("endless", why);
}

/** The end of a run, given what was reported and which tasks are parked. */
function judged<T>(ending: Ending<T> | null, program: ClosedProgram<T>, world: World, options: RunOptions): Ending<T> {
  if (world.refused !== null) return refusal(world.refused);
  if (ending === null) {
    const waiting = program.parked.map((task) => `${task.name} waits for ${task.parkedAt!.waitsFor().what}`);
    const waits = waiting.length > 0 ? waiting.join(", ") : "a task awaits a promise";
    return failed("escaped", new Error(`The program waits for an event outside the simulation: ${waits}`));
  }
  if (world.reported.length > 0) {
    // A task that has failed comes first: other tasks often wait for it.
    const [cause] = world.reported;
    if (ending.failed === null) return failed("throw", cause);
    if (ending.failed.cause instanceof DeadlockError)
      return { failed: { kind: "throw", cause, deadlock: ending.failed.cause } };
  }
  const lost = options.leaks && ending.failed === null ? program.parked.filter((task) => !isDaemon(task)) : [];
  if (lost.length > 0) return failed("leak", deadlock("main is done, and tasks are still parked", lost));
  const left = options.unread && ending.failed === null ? world.unread : null;
  if (left != null) return failed("unread", new Error(`${left} holds values at the end`));
  return ending;
}

/** What a run shows only if it is looked for. */
const SHOWN: readonly FailureKind[] = ["outcome", "unperformed", "closed", "unread"];

/** The error for a run that failed. */
export function failureOf<T>(
  main: Main<T>,
  run: Run<T>,
  seed: number,
  decisions: readonly number[],
  found: string,
  { title = titleOf(main), leaks = false }: RunOptions = {},
): ScheduleError {
  const { kind, cause, deadlock = cause } = run.ending.failed!;
  const moved = decisions.filter((decision) => decision > 0).length;
  const order = moved === 0 ? "first in, first out" : `${moved} decisions differ from first in, first out`;
  return new ScheduleError({
    ...{ title, kind, found: `${found}; ${order}`, schedule: scheduleOf(main, run, deadlock), cause },
    token: tokenOf({
      kind: "decisions",
      seed,
      numbers: decisions,
      shows: SHOWN.includes(kind) || (kind === "throw" && run.main?.failed === null && !leaks) ? kind : undefined,
    }),
  });
}

function scheduleOf<T>(main: Main<T>, { steps, failed, states, loops, cells }: Run<T>, cause: unknown): Schedule {
  const tasks = cause instanceof DeadlockError ? cause.tasks : [];
  const waiting = tasks.map(({ name, ...parked }) => ({ task: name, ...parked }));
  const cycle = cause instanceof DeadlockError ? cause.cycle : [];
  const prefix = `${main.name || "task"}#0/`;
  // All names have the prefix.
  const word = (text: string): string => withShownNames(text, loops).replaceAll(prefix, "");
  const wants = tasks.flatMap(({ name, waitsFor }) => wantsOf(name, waitsFor));
  const notes = [...unserved(wants, steps, states, false), ...cellNotes(cells.map(inline), steps)];
  // What the program has thrown is its own, and may be any object.
  const thrown = failed.map(({ task, ...rest }) => ({ task: word(task), ...rest }));
  return { ...reworded({ steps, waiting, cycle, notes }, word), failed: thrown };
}

/** Changes all texts of a value. */
function reworded<T>(value: T, word: (text: string) => string): T {
  if (typeof value === "string") return word(value) as T;
  if (Array.isArray(value)) return value.map((part) => reworded(part, word)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [word(key), reworded(part, word)])) as T;
}

/** Finds the simplest schedule that fails in the same way, and makes the error for it. */
export async function explain<T>(
  main: Main<T>,
  run: Run<T>,
  seed: number,
  options: RunOptions,
  found: string,
): Promise<ScheduleError> {
  const { kind } = run.ending.failed!;
  const attempt = async (decisions: readonly number[]): Promise<readonly number[] | null> => {
    const again = await play(main, repeat(decisions), seed, { ...options, untold: true });
    return again.ending.failed?.kind === kind ? again.taken : null;
  };
  const decisions = await shrink(run.taken, attempt);
  const last = await play(main, repeat(decisions), seed, options);
  if (last.ending.failed?.kind === kind) {
    return failureOf(main, last, seed, decisions, found, options);
  }
  const unsure = `${found}, but not again: the program depends on something besides its schedule`;
  return failureOf(main, run, seed, trimmed(run.taken), unsure, options);
}

const runs = shared("runs", () => ({ last: Promise.resolve() as Promise<unknown> }));

/** Runs work after all earlier work has ended: a process has one scheduler, so runs cannot overlap. */
export function alone<T>(work: () => Promise<T>): Promise<T> {
  const turn = runs.last.then(async () => {
    // Once for all runs: V8 compiles the code of operations anew when that begins or ends.
    using _ = observe();
    return await work();
  });
  runs.last = turn.catch(() => {});
  return turn;
}

// The interfaces of the objects that the scheduler works with.

import type { Bagged } from "../structures/bag.js";
import type { Holder } from "./holders.js";
import type { Path } from "./path.js";

export type { Holder, Home, Kept, Seeker } from "./holders.js";

/** An entry of the run queue. `run` returns true if the code that it resumed continues in a microtask. */
export interface Runnable {
  run(): boolean;
  /** Whether `run` only settles a promise that code awaits, and runs no code of the user. */
  readonly quiet?: boolean;
  /** The context of the host in which it is resumed, if it is a task and contexts are in use. */
  context?: Context | undefined;
}

/** A context of the host. An `AsyncResource` of Node is one. */
export interface Context {
  /** Calls a function in the context. */
  runInAsyncScope<A extends unknown[], R>(callback: (...args: A) => R, self?: unknown, ...args: A): R;
}

/** What the scheduler does with contexts, on a host where some code uses them. */
export interface Contexts {
  /** The context in which no storage holds anything. The jobs of the scheduler run in it. */
  readonly root: Context;
  /** Returns the context of the code that is running. */
  capture(): Context;
  /** Resumes an entry of the run queue in its own context. */
  run(entry: Runnable): boolean;
}

/** Makes the decisions that are otherwise left to order and to chance, so that schedules can be explored. */
export interface Policy {
  /** Returns the index, counted from the oldest, of the ready entry that runs next. `at` returns the entry at an index. */
  next(ready: number, at: (place: number) => unknown): number;
  /** Returns the index of the case of a select that is polled next. */
  choose(cases: number): number;
  /** Called when the case that was chosen is not ready, before the next one is chosen, with all cases of the select. */
  missed?(cases: readonly unknown[]): void;
  /** Whether a task goes to the end of the run queue after its next operation although it completes at once. */
  preempt?(): boolean;
}

/** A parked performance whose task is unknown: in an async body, or an `await` in plain code. */
export interface Unowned extends Bagged {
  /** Called if the performance is still parked after a turn of the host. The scheduler does not hold it any more. */
  settleDown(): void;
}

/** A task, as far as the scheduler uses it. */
export interface Performer {
  readonly holder: Holder;
  path(): Path;
  wake(operation: unknown): void;
  /** Called when `return` reaches the operation at which the task was parked, in the frames of its routines. */
  returns?(place: readonly string[]): void;
  readonly member: TaskRecord | null;
  readonly async: boolean;
  /**
   * Called when the clock was read, with whether the time since the read before was short. Gives the task that many more
   * completions in a row, up to all that there are; returns whether it has had all of them.
   */
  paced?(short: boolean): boolean;
}

/** Gets what a program has probably not meant, in development and in tests. */
export interface Notices {
  /** Called with each operation at the end of its constructor, while operations are observed. */
  made(operation: unknown): void;
  /** Called with an operation that counts as performed, although it is not. */
  used(operation: unknown): void;
  /** Called when the code of a cancelled task has gone back to an earlier place, as a loop does. */
  wentBack(task: string): void;
}

/** The record that a maker keeps of a task that it has started. */
export interface TaskRecord {
  /** The closed program that the task belongs to; null if it belongs to none. */
  readonly program: unknown;
  /** Called when the task has ended. */
  ended(): void;
}

// Errors. Only errors that callers catch have a class of their own; misuse is a TypeError or a RangeError.

/**
 * Thrown when a deadline passes before an operation completes or a scope ends.
 *
 * @example
 * ```ts
 * import { never, TimeoutError, withTimeout } from "millrace";
 *
 * try {
 *   await withTimeout(1, never());
 * } catch (error) {
 *   console.log(error instanceof TimeoutError); // true
 * }
 * ```
 */
export class TimeoutError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "TimeoutError";
  }
}

/**
 * Thrown to the joiners of a cancelled task, and by a cancelled scope. `cause` is the reason that was given to `cancel`.
 *
 * @example
 * ```ts
 * import { CancelledError, go, never } from "millrace";
 *
 * const task = go(function* () {
 *   yield* never();
 * });
 * task.cancel("no longer needed");
 * await task.then(undefined, (error) => {
 *   if (error instanceof CancelledError) console.log(error.cause); // no longer needed
 * });
 * ```
 */
export class CancelledError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CancelledError";
  }
}

/** One task of a deadlock: its name, what it waits for, and where it was started. */
export interface ParkedTask {
  /** The name of the task. */
  readonly name: string;
  /** The operation at which the task is parked, in words that follow "waits for". */
  readonly waitsFor: string;
  /** The names of the parked tasks that it waits for, if known: the task that it joins, or the last users of its channel. */
  readonly waitsOn?: readonly string[];
  /** The line of the stack where the task was started; absent if no line was recorded. */
  readonly startedAt?: string;
}

/**
 * Thrown when no event can resume the waiting code any more (rules EN-1 and EN-2).
 *
 * @example
 * ```ts
 * import { channel, DeadlockError, run } from "millrace";
 *
 * const orders = function* main() {
 *   return yield* channel<string>(0, { name: "orders" }).receive();
 * };
 * await run(orders).catch((error) => {
 *   if (error instanceof DeadlockError) console.log(error.tasks[0]?.waitsFor); // receive from orders
 * });
 * ```
 */
export class DeadlockError extends Error {
  /** The parked tasks, at most the first thousand. */
  readonly tasks: readonly ParkedTask[];
  /** The number of parked tasks. */
  readonly count: number;
  /** The names of the tasks of a cycle, in which each task waits for the next; empty if no cycle is known. */
  readonly cycle: readonly string[];

  constructor(message: string, tasks: readonly ParkedTask[], cycle: readonly string[], count: number = tasks.length) {
    super(message);
    this.name = "DeadlockError";
    this.tasks = tasks;
    this.count = count;
    this.cycle = cycle;
  }
}

/** Returns the text of an error for another message. What is thrown may be any value, also one that has no text. */
export function textOf(error: unknown): string {
  try {
    return String(error);
  } catch {
    return shown(error);
  }
}

/** Formats a given value for the last part of an error message. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return `function ${value.name || "(anonymous)"}`;
  if (typeof value !== "object" || value === null) return String(value);
  return `an object (${Object.getPrototypeOf(value)?.constructor?.name ?? "no prototype"})`;
}

// Only what callers catch has a class of its own; misuse is a TypeError or a RangeError.

/** Thrown when a deadline passed first. */
export class TimeoutError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "TimeoutError";
  }
}

/** Thrown to whoever joins a task, or waits for a scope, that was cancelled; `cause` is the reason given to `cancel`. */
export class CancelledError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CancelledError";
  }
}

/** One task of a deadlock: who it is, what it waits for, and where it was started. */
export interface ParkedTask {
  readonly name: string;
  readonly waitsFor: string;
  /** Names of parked tasks that it waits for, as far as that is known: whom it joins, or who used its channel last. */
  readonly waitsOn?: readonly string[];
  /** A line of the stack where the task was started; absent when none was recorded. */
  readonly startedAt?: string;
}

/** Thrown when nothing that could wake the waiting code will ever happen (rules EN-1 and EN-2). */
export class DeadlockError extends Error {
  /** The parked tasks: the first thousand, where there are more. */
  readonly tasks: readonly ParkedTask[];
  /** How many tasks are parked. */
  readonly count: number;
  /** Names of tasks that wait for each other in a circle, each for the next; empty when there is none. */
  readonly cycle: readonly string[];

  constructor(message: string, tasks: readonly ParkedTask[], cycle: readonly string[], count: number = tasks.length) {
    super(message);
    this.name = "DeadlockError";
    this.tasks = tasks;
    this.count = count;
    this.cycle = cycle;
  }
}

/** What was given, for the last part of a message. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return `function ${value.name || "(anonymous)"}`;
  if (typeof value !== "object" || value === null) return String(value);
  return `an object (${Object.getPrototypeOf(value)?.constructor?.name ?? "no prototype"})`;
}

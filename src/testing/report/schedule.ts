// A schedule as it is shown: the steps of the tasks in order, and the tasks that are parked at its end. Engines make it, and
// reports print it.

/** A step of a schedule. */
export interface Step {
  /** The name of the task that acts; `clock` if time passes. */
  readonly task: string;
  /** A description of the step: `send 0 to q`. */
  readonly what: string;
  /** The text in the column of each task that takes part: `{ "prod#1": "q ! 0", "cons#0": "q ? 0" }`. */
  readonly cells: Readonly<Record<string, string>>;
  /** The name of the other task of a rendezvous. */
  readonly peer?: string;
  /** The name of the channel. */
  readonly channel?: string;
  /** The operation on the channel. */
  readonly act?: "send" | "receive" | "close";
  /** The source line at which the acting task was. */
  readonly at?: string;
}

/** A task that is parked at the end of a schedule. */
export interface Waiting {
  /** The name of the task. */
  readonly task: string;
  /** The operation at which the task is parked: `receive from wake`. */
  readonly waitsFor: string;
  /** The names of the tasks that it waits for, if known. */
  readonly waitsOn?: readonly string[];
  /** The source line at which the task is parked. */
  readonly at?: string;
  /** The source line at which the task was started. */
  readonly startedAt?: string;
}

/** A task that has failed in a schedule. */
export interface FailedTask {
  /** The name of the task. */
  readonly task: string;
  /** What the task has thrown. */
  readonly error: unknown;
  /** The source line that threw it, if known. */
  readonly at?: string;
}

/** The steps of a schedule, in order, and its end. */
export interface Schedule {
  /** The steps. */
  readonly steps: readonly Step[];
  /**
   * The tasks that have failed, in the order in which they did. A task that fails with the error of a task that it joins is not
   * among them.
   */
  readonly failed: readonly FailedTask[];
  /** The tasks that are parked at the end. */
  readonly waiting: readonly Waiting[];
  /** The names of the tasks of a cycle, in which each task waits for the next; empty if no cycle is known. */
  readonly cycle: readonly string[];
  /**
   * Sentences on the channels and locks that no task is left to serve: `no task is left that sends to jobs (main is done)`; and
   * on the values of cells, if an invariant does not hold.
   */
  readonly notes: readonly string[];
}

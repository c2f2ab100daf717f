// The parts that are played around the scheduler, as it sees them.

import type { Path } from "./path.js";

/** What can stand in the run queue. `run` answers whether what it resumed goes on in a microtask. */
export interface Runnable {
  run(): boolean;
}

/** Takes over what is otherwise left to order and to chance; exploration of schedules plugs in here. */
export interface Policy {
  /** Which of so many ready ones runs next, counted from the oldest; `at` tells who stands at a place. */
  next(ready: number, at: (place: number) => unknown): number;
  /** Which of so many cases of a select is tried next. */
  choose(cases: number): number;
  /** The case that was tried is not ready; the next is tried. */
  missed?(): void;
  /** Whether a task gives way after its next operation, though that completes at once; asked before. */
  preempt?(): boolean;
}

/** What waits without a task that is known: a performance in an async body, or an `await` in plain code. */
export interface Stranger {
  before: unknown;
  after: unknown;
  /** Still parked after a while: makes itself known, so that the scheduler need not hold it. */
  settleDown(): void;
}

/** A task as far as the scheduler knows it. */
export interface Doer {
  path(): Path;
  wake(operation: unknown): void;
  readonly member: TaskRecord | null;
  readonly async: boolean;
}

/** What a maker keeps of a task that it has started. */
export interface TaskRecord {
  /** The closed program that the task belongs to; null outside of all. */
  readonly program: unknown;
  /** The task has ended. */
  ended(): void;
}

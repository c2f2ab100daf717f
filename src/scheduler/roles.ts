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

/** Stands in for all that a program makes while its schedules are explored. */
export interface Explorer {
  channel(buffer: unknown, options: unknown): unknown;
  promiseChannel(): unknown;
  start(body: unknown, args: unknown): unknown;
  scope(body: unknown, options: unknown): unknown;
  timeout(ms: number): unknown;
  now(): number;
  /** An operation is awaited in an async body; the promise is kept when it has been settled. */
  await(operation: unknown): Promise<void>;
}

/** What waits without a task that is known: a performance in an async body, or an `await` in plain code. */
export interface Stranger {
  before: unknown;
  after: unknown;
  /** Still parked after a while: makes itself known, so that the scheduler need not hold it. */
  settleDown(): void;
}

/** A closed program, asked whenever nothing is left to run whether anything can still happen in it. */
export interface Program {
  readonly async: boolean;
  unsure: boolean;
  /** How many things outside it are waited for without a task. */
  awaited: number;
  check(): void;
}

/** A task as far as the scheduler knows it. */
export interface Doer {
  path(): Path;
  wake(operation: unknown): void;
  readonly member: unknown;
  readonly async: boolean;
}

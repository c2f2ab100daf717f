// Waiting for a time. One heap of alarms serves all waits (rule TM-3): an operation is in the heap while it is parked, and
// leaves it when it loses a choice.

import { Operation, type WaitsFor } from "../operation/operation.js";
import type { Timed } from "../scheduler/alarms.js";
import { scheduler } from "../scheduler/scheduler.js";
import { milliseconds } from "../structures/arguments.js";

/** Parks until a time. Subclasses say which, and what is yielded then. */
export abstract class Until<T> extends Operation<T> implements Timed {
  due: number;
  order: number;
  slot: number;

  constructor(due: number) {
    super();
    this.due = due;
    this.order = 0;
    this.slot = -1;
  }

  poll(): boolean {
    return this.due <= scheduler.host.now();
  }

  block(): void {
    if (this.due < Infinity) scheduler.addAlarm(this);
  }

  override unblock(): void {
    if (this.due < Infinity) scheduler.removeAlarm(this);
  }

  /** What it waits for, in words. */
  protected abstract get what(): string;

  /** An infinite time completes nothing. */
  override waitsFor(): WaitsFor {
    return { what: this.what, external: this.due < Infinity };
  }

  fire(): void {
    this.complete(undefined);
  }
}

/** Parks for so many milliseconds. */
export class Sleep extends Until<void> {
  readonly ms: number;

  constructor(ms: number) {
    super(0);
    this.ms = ms;
  }

  override poll(): boolean {
    if (this.ms <= 0) return true;
    this.due = scheduler.host.now() + this.ms;
    return false;
  }

  protected get what(): string {
    return `sleep of ${this.ms} ms`;
  }
}

/**
 * Tells the time: milliseconds on the clock by which sleeps and timeouts are counted. It never goes back, is no date, and is
 * virtual in tests.
 *
 * @example
 * ```ts
 * import { now, sleep } from "millrace";
 *
 * const start = now();
 * await sleep(5);
 * console.log(now() - start >= 5); // true
 * ```
 */
export function now(): number {
  const { host, maker } = scheduler;
  return maker === null ? host.now() : maker.now(() => host.now());
}

/**
 * Waits for some milliseconds, counted from when it is performed; `Infinity` is for ever, and hides no deadlock.
 *
 * Parks when: `ms` is above 0. Yields: nothing. If cancelled, or if another case wins: its timer is gone at once.
 *
 * @throws RangeError when `ms` is NaN.
 */
export function sleep(ms: number): Operation<void> {
  return new Sleep(milliseconds("sleep", ms));
}

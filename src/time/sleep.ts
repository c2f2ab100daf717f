// Waiting for a time. One heap of alarms serves all such operations (rule TM-3). An operation is in the heap while it is parked,
// and leaves the heap when it loses a choice.

import { Operation, type WaitsFor } from "../operation/operation.js";
import type { Alarms, Timed } from "../scheduler/alarms.js";
import { scheduler } from "../scheduler/scheduler.js";
import { milliseconds } from "../structures/arguments.js";

/** Parks until a time. Subclasses define the time and the value. */
export abstract class Until<T> extends Operation<T> implements Timed {
  due: number;
  order: number;
  slot: number;
  alarms: Alarms | null;
  readonly background: boolean;

  constructor(due: number, background: boolean = false) {
    super();
    this.due = due;
    this.background = background;
    this.order = 0;
    this.slot = -1;
    this.alarms = null;
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

  override get direct(): boolean {
    return true;
  }

  /** Describes the operation in words that follow "waits for". */
  protected abstract get what(): string;

  /** An infinite time is no external event, as it never comes. */
  override waitsFor(): WaitsFor {
    return { what: this.what, external: this.due < Infinity, background: this.background };
  }

  fire(): void {
    this.complete(undefined);
  }
}

/** Parks for `ms` milliseconds. */
export class Sleep extends Until<void> {
  readonly ms: number;

  constructor(ms: number, background: boolean) {
    super(0, background);
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
 * Returns the time of the clock that sleeps and timeouts use.
 *
 * Never parks. The clock never goes back, its zero is no date, and it is virtual in tests.
 *
 * @returns Milliseconds, with a fraction.
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

/** Options of {@link sleep}. */
export interface SleepOptions {
  /**
   * Whether the process may end while only such sleeps are left, as after `unref()` of a timer of Node: for work in the
   * background. It then ends without an error. False by default; without effect where there are no processes.
   */
  readonly unref?: boolean;
}

/**
 * Waits for some milliseconds.
 *
 * Parks when: `ms` is above 0. Yields: nothing. If cancelled, or if another case wins: its timer is removed at once.
 *
 * The time counts from when the operation is performed. It never completes early. `sleep(Infinity)` never completes, and does not
 * prevent the report of a deadlock.
 *
 * @param ms - Milliseconds; 0 or less completes at once.
 * @param options - Whether the process may end meanwhile.
 * @throws RangeError if `ms` is not a number, or is NaN.
 * @example
 * ```ts
 * import { select, sleep } from "millrace";
 *
 * const { key } = await select({ slow: sleep(1000), fast: sleep(5) });
 * console.log(key); // fast
 * ```
 */
export function sleep(ms: number, options?: SleepOptions): Operation<void> {
  return new Sleep(milliseconds("sleep", ms), options?.unref === true);
}

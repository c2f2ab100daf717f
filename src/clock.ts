// Waiting for a time. One heap of alarms stands for all (rule TM-3): an operation puts itself there while it is parked
// and leaves when it loses. Timeouts and tickers are nothing but times: they enter the heap only while somebody waits.

import type { Timed } from "./alarms.js";
import { CLOSED, type Closed, EMPTY, iterate, type ReceiveChannel } from "./ends.js";
import { shown, TimeoutError } from "./errors.js";
import { Operation } from "./operation.js";
import { scheduler } from "./scheduler.js";
import { select } from "./select.js";

/** Parks until a time. Subclasses say which, and what is yielded then. */
abstract class Until<T> extends Operation<T> implements Timed {
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

  /** A time that never comes wakes nobody. */
  override get external(): boolean {
    return this.due < Infinity;
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

  override describe(): string {
    return `sleep of ${this.ms} ms`;
  }
}

class Due<T> extends Until<T> {
  private readonly _outcome: T;

  constructor(due: number, outcome: T) {
    super(due);
    this._outcome = outcome;
  }

  override result(): T {
    return this._outcome;
  }

  override describe(): string {
    return "timeout";
  }
}

class Timeout implements ReceiveChannel<never> {
  private _due: number;

  constructor(due: number) {
    this._due = due;
  }

  get closed(): boolean {
    return this._due <= scheduler.host.now();
  }

  receive(): Operation<Closed> {
    return new Due<Closed>(this._due, CLOSED);
  }

  tryReceive(): Closed | typeof EMPTY {
    return this.closed ? CLOSED : EMPTY;
  }

  /** Does nothing: a timeout belongs to everybody who waits for it, and holds nothing that could be freed. */
  cancel(): void {}

  [Symbol.asyncIterator](): AsyncIterator<never> {
    return iterate(this);
  }
}

/** How a ticker behaves. */
export interface TickerOptions {
  /**
   * What happens to ticks that nobody came for: `"skip"` (default) drops them and stays on the beat, `"delay"` starts
   * the next period when the late one is taken. Never more than one is waiting.
   */
  readonly missed?: "skip" | "delay";
  /** Cancels the ticker when it is aborted. */
  readonly signal?: AbortSignal;
}

/** A channel of ticks; disposing of it cancels it. */
export interface Ticker extends ReceiveChannel<number>, Disposable {}

class Tick extends Until<number | Closed> {
  private readonly _ticker: Beat;

  constructor(ticker: Beat) {
    super(0);
    this._ticker = ticker;
  }

  override poll(): boolean {
    this.value = this._ticker.take();
    return this.value !== EMPTY;
  }

  override block(): void {
    this._ticker.waiting.add(this);
    this.due = this._ticker.due;
    super.block();
  }

  override unblock(): void {
    super.unblock();
    this._ticker.waiting.delete(this);
  }

  override fire(): void {
    const { _ticker } = this;
    const value = _ticker.take();
    if (value === EMPTY) {
      // Another receiver had this tick: wait for the next.
      this.due = _ticker.due;
      scheduler.addAlarm(this);
      return;
    }
    _ticker.waiting.delete(this);
    this.complete(value);
  }

  override describe(): string {
    return "tick";
  }
}

class Beat implements Ticker {
  closed: boolean;
  due: number;
  readonly waiting: Set<Tick>;
  private readonly _period: number;
  private readonly _start: number;
  private readonly _delay: boolean;
  private _count: number;

  constructor(ms: number, options: TickerOptions) {
    this.closed = false;
    this.waiting = new Set();
    this._period = ms;
    this._start = scheduler.host.now();
    this.due = this._start + ms;
    this._delay = options.missed === "delay";
    this._count = 0;
    if (options.signal?.aborted) this.cancel();
    else options.signal?.addEventListener("abort", () => this.cancel(), { once: true });
  }

  /** The tick that is due, numbered by the periods that have passed. */
  take(): number | Closed | typeof EMPTY {
    if (this.closed) return CLOSED;
    const now = scheduler.host.now();
    if (now < this.due) return EMPTY;
    if (this._delay) {
      this.due = now + this._period;
      return ++this._count;
    }
    this._count = Math.max(this._count + 1, Math.floor((now - this._start) / this._period));
    this.due = this._start + (this._count + 1) * this._period;
    return this._count;
  }

  receive(): Operation<number | Closed> {
    return new Tick(this);
  }

  tryReceive(): number | Closed | typeof EMPTY {
    return this.take();
  }

  cancel(): void {
    this.closed = true;
    for (const tick of [...this.waiting]) {
      tick.unblock();
      tick.complete(CLOSED);
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<number> {
    return iterate(this);
  }

  [Symbol.dispose](): void {
    this.cancel();
  }
}

function checked(what: string, ms: number): number {
  if (typeof ms === "number" && !Number.isNaN(ms)) return ms;
  throw new RangeError(`Cannot ${what}: ms must be a number of milliseconds, got ${shown(ms)}`);
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
  return scheduler.explorer?.now() ?? scheduler.host.now();
}

/**
 * Waits for some milliseconds, counted from when it is performed; `Infinity` is for ever, and hides no deadlock.
 *
 * Parks when: `ms` is above 0. Yields: nothing. If cancelled, or if another case wins: its timer is gone at once.
 *
 * @throws RangeError when `ms` is NaN.
 */
export function sleep(ms: number): Operation<void> {
  return new Sleep(checked("sleep", ms));
}

/**
 * A receive-only channel that closes so many milliseconds after its creation, for everybody, for ever. It is yours alone,
 * costs nothing while nobody waits for it, and nobody can close it early.
 *
 * @throws RangeError when `ms` is NaN.
 * @example
 * ```ts
 * import { alt, channel, timeout } from "millrace";
 *
 * const silent = channel<string>();
 * const late = timeout(5);
 * console.log(await alt(silent.receive(), late.receive().map(() => "too late"))); // too late
 * ```
 */
export function timeout(ms: number): ReceiveChannel<never> {
  if (scheduler.explorer !== null)
    return scheduler.explorer.timeout(checked("set timeout", ms)) as ReceiveChannel<never>;
  return new Timeout(scheduler.host.now() + checked("set timeout", ms));
}

/**
 * A channel that yields a tick every so many milliseconds, numbered by the periods that have passed since its creation.
 * It never queues more than one tick. `cancel()`, or leaving the block of a `using`, closes it.
 *
 * @throws RangeError when `ms` is not above 0.
 */
export function ticker(ms: number, options: TickerOptions = {}): Ticker {
  if (!(checked("start ticker", ms) > 0)) throw new RangeError(`Cannot start ticker: ms must be above 0, got ${ms}`);
  const { missed = "skip" } = options;
  if (missed === "skip" || missed === "delay") return new Beat(ms, options);
  throw new TypeError(`Cannot start ticker: missed must be "skip" or "delay", got ${shown(missed)}`);
}

/**
 * An operation with a deadline, counted from when it is performed.
 *
 * Parks when, yields: as `operation`. If it is not ready in time: throws a {@link TimeoutError}, and it has left every
 * queue. If cancelled: as `operation`.
 */
export function withTimeout<T>(ms: number, operation: Operation<T>): Operation<T> {
  const late = sleep(ms).map((): T => {
    throw new TimeoutError(`Timed out: ${operation.describe()} took longer than ${ms} ms`);
  });
  // With both ready the operation goes first: it was in time.
  return select({ operation, late }, { mode: "priority" }).map(({ value }) => value);
}

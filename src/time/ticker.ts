// A channel of ticks. A ticker is only a period and a count. It has an alarm only while a receive waits.

import { CLOSED, type Closed, EMPTY, type Empty, type ReceiveChannel } from "../channel/ends.js";
import { iterate } from "../channel/iterate.js";
import { whenAborted } from "../operation/bridge.js";
import type { Operation } from "../operation/operation.js";
import { scheduler } from "../scheduler/scheduler.js";
import { assertOptions, assertSignal, milliseconds } from "../structures/arguments.js";
import { shown } from "../structures/errors.js";
import { readable } from "../structures/readable.js";
import { Until } from "./sleep.js";

/** Options of {@link ticker}. */
export interface TickerOptions {
  /**
   * What to do with ticks that no receiver took in time. `"skip"` (default) drops all but the last, and later ticks keep to
   * multiples of the period. `"delay"` starts the next period when a late tick is received.
   */
  readonly missed?: "skip" | "delay";
  /** A signal that cancels the ticker when it is aborted. */
  readonly signal?: AbortSignal;
  /** Whether the process may end while only such tickers are waited for, see {@link SleepOptions}. False by default. */
  readonly unref?: boolean;
}

/** A channel of ticks. To dispose of it is to cancel it. */
export interface Ticker extends ReceiveChannel<number>, Disposable {}

class Tick extends Until<number | Closed> {
  private readonly _ticker: Beat;

  constructor(ticker: Beat) {
    super(0, ticker.background);
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
      // Another receiver has taken this tick. Wait for the next one.
      this.due = _ticker.due;
      scheduler.addAlarm(this);
      return;
    }
    _ticker.waiting.delete(this);
    this.complete(value);
  }

  protected get what(): string {
    return "tick";
  }
}

class Beat implements Ticker {
  closed: boolean;
  owned: boolean;
  due: number;
  readonly waiting: Set<Tick>;
  readonly background: boolean;
  private readonly _period: number;
  private readonly _start: number;
  private readonly _delay: boolean;
  private _count: number;
  private _aborts: Disposable | null;

  constructor(ms: number, options: TickerOptions) {
    this.closed = this.owned = false;
    this.waiting = new Set();
    this.background = options.unref === true;
    this._period = ms;
    this._start = scheduler.host.now();
    this.due = this._start + ms;
    this._delay = options.missed === "delay";
    this._count = 0;
    readable(this, () => `Ticker of ${ms} ms${this.closed ? ", closed" : ""}`);
    this._aborts = null;
    if (options.signal?.aborted) this.cancel();
    else if (options.signal !== undefined) this._aborts = whenAborted(options.signal, () => this.cancel());
  }

  /** Takes the tick that is due, numbered by the periods that have passed; `EMPTY` if no tick is due. */
  take(): number | Closed | Empty {
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

  tryReceive(): number | Closed | Empty {
    return this.take();
  }

  cancel(): void {
    this.closed = true;
    this._aborts?.[Symbol.dispose]();
    this._aborts = null;
    // A select that waits for several ticks removes the others when it gets one.
    for (const tick of this.waiting) {
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

/**
 * Creates a channel that yields a tick in every period of some milliseconds.
 *
 * A receive parks when: no tick is due. Yields: the number of periods that have passed since the creation. If closed: `CLOSED`;
 * `cancel()`, the signal, or the end of a block with `using` closes the ticker. If cancelled: its timer is removed at once.
 *
 * A ticker never stores more than one tick. Each tick goes to one receiver.
 *
 * @param ms - The period in milliseconds, above 0.
 * @param options - What to do with missed ticks, and a signal that cancels the ticker.
 * @returns The channel of ticks.
 * @throws RangeError if `ms` is not above 0. TypeError if `missed` is unknown.
 * @example
 * ```ts
 * import { ticker } from "millrace";
 *
 * using ticks = ticker(5);
 * let count = 0;
 * for await (const _ of ticks) if (++count === 3) break;
 * console.log(count); // 3
 * ```
 */
export function ticker(ms: number, options: TickerOptions = {}): Ticker {
  if (!(milliseconds("start ticker", ms) > 0))
    throw new RangeError(`Cannot start ticker: ms must be above 0, got ${ms}`);
  assertOptions("start ticker", options);
  const { missed = "skip", signal } = options;
  assertSignal("start ticker", signal);
  if (missed === "skip" || missed === "delay") return new Beat(ms, options);
  throw new TypeError(`Cannot start ticker: missed must be "skip" or "delay", got ${shown(missed)}`);
}

// A channel of ticks. A ticker is only a period and a count: its ticks are in the heap of alarms while a receive waits.

import { CLOSED, type Closed, EMPTY, iterate, type ReceiveChannel } from "../channel/ends.js";
import type { Operation } from "../operation/operation.js";
import { scheduler } from "../scheduler/scheduler.js";
import { milliseconds } from "../structures/arguments.js";
import { shown } from "../structures/errors.js";
import { Until } from "./sleep.js";

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

  protected get what(): string {
    return "tick";
  }
}

class Beat implements Ticker {
  closed: boolean;
  owned: boolean;
  due: number;
  readonly waiting: Set<Tick>;
  private readonly _period: number;
  private readonly _start: number;
  private readonly _delay: boolean;
  private _count: number;

  constructor(ms: number, options: TickerOptions) {
    this.closed = this.owned = false;
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

/**
 * A channel that yields a tick every so many milliseconds, numbered by the periods that have passed since its creation.
 * It never queues more than one tick. `cancel()`, or leaving the block of a `using`, closes it.
 *
 * @throws RangeError when `ms` is not above 0.
 */
export function ticker(ms: number, options: TickerOptions = {}): Ticker {
  if (!(milliseconds("start ticker", ms) > 0))
    throw new RangeError(`Cannot start ticker: ms must be above 0, got ${ms}`);
  const { missed = "skip" } = options;
  if (missed === "skip" || missed === "delay") return new Beat(ms, options);
  throw new TypeError(`Cannot start ticker: missed must be "skip" or "delay", got ${shown(missed)}`);
}

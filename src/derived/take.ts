// The receive of a derived channel (see derive.ts).

import { CLOSED, type Closed } from "../channel/ends.js";
import { Operation, type WaitsFor } from "../operation/operation.js";
import type { Waiters } from "../operation/waiters.js";

/** A derived channel, as far as its receives use it. */
export interface View<T> {
  /** The receives that are parked. */
  readonly waiting: Waiters<Take<T>>;
  /** The operation that is blocked, or that is polled again for the next receive. */
  readonly under: Operation<unknown> | null;
  /** Performs operations that are ready until there is something to take; returns false if the next one is not ready. */
  ready(): boolean;
  /** Takes the next value, or the end. */
  take(): T | Closed;
  /** Called when a receive parks. */
  arm(): void;
  /** Called when a receive has left. */
  rest(): void;
  /** Completes parked receives as far as values can be had. */
  serve(): void;
  /** Puts a value back whose receiver was cancelled before it resumed with the value. */
  giveBack(value: T): void;
  /** Throws the cause with which the channel ended, if there is one. */
  assertNoFailure(): void;
}

export class Take<T> extends Operation<T | Closed> {
  private readonly _from: View<T>;

  constructor(from: View<T>) {
    super();
    this._from = from;
  }

  poll(): boolean {
    const from = this._from;
    if (!from.waiting.empty || !from.ready()) return false;
    this.value = from.take();
    // The feed's code may have parked receives of this channel.
    if (!from.waiting.empty) from.serve();
    return true;
  }

  block(): void {
    this._from.waiting.join(this);
    try {
      this._from.arm();
    } catch (error) {
      this._from.waiting.leave(this);
      throw error;
    }
  }

  override unblock(): void {
    this._from.waiting.leave(this);
    this._from.rest();
  }

  override discard(): void {
    if (this.value !== CLOSED) this._from.giveBack(this.value as T);
  }

  override result(): T | Closed {
    if (this.value === CLOSED) this._from.assertNoFailure();
    return this.value as T | Closed;
  }

  /** To poll it may run the feed's code. */
  override get runsCode(): boolean {
    return true;
  }

  override get plain(): boolean {
    return false;
  }

  override waitsFor(): WaitsFor {
    return this._from.under?.waitsFor() ?? { what: "receive", external: false };
  }
}

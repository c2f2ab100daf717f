// The receive of a channel that reads on demand (see derive.ts).

import { CLOSED, type Closed } from "../channel/ends.js";
import { Operation, type WaitsFor } from "../operation/operation.js";
import type { Waiters } from "../operation/waiters.js";

/** What a receive needs of the channel that it takes from. */
export interface View<T> {
  /** Those who wait, in the order in which they came. */
  readonly waiting: Waiters<Take<T>>;
  /** The operation under way, or to be tried again. */
  readonly under: Operation<unknown> | null;
  /** Gets on without waiting: true once there is something to take, be it the end. */
  ready(): boolean;
  take(): T | Closed;
  /** Somebody waits. */
  arm(): void;
  /** Somebody has left. */
  rest(): void;
  /** Everyone who waits gets what there is. */
  serve(): void;
  /** Who took it ended before having it. */
  giveBack(value: T): void;
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
    // The feed's code may have come to wait itself.
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

  override waitsFor(): WaitsFor {
    return this._from.under?.waitsFor() ?? { what: "receive", external: false };
  }
}

// Waiting until something holds, such as that a channel is closed. What makes it hold completes those that wait.

import { Operation, type WaitsFor } from "../operation/operation.js";
import type { Waiters } from "../operation/waiters.js";

/** What {@link Until} waits for. */
export interface Condition<out T> {
  /** Those that wait. */
  readonly waiting: Waiters;
  /** For reports. */
  readonly what: string;
  holds(): boolean;
  /** What the operation yields, or throws. */
  result?(): T;
}

export class Until<T = void> extends Operation<T> {
  private readonly _condition: Condition<T>;

  constructor(condition: Condition<T>) {
    super();
    this._condition = condition;
  }

  poll(): boolean {
    return this._condition.holds();
  }

  block(): void {
    this._condition.waiting.join(this);
  }

  override result(): T {
    return this._condition.result?.() as T;
  }

  override waitsFor(): WaitsFor {
    return { what: this._condition.what, external: true, host: true };
  }
}

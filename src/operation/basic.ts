// The operations that wait for nobody in particular: a value at hand, nothing at all, and one that is made when it is
// performed (Reppy's `guard` and `withNack`).

import { assertIdle, type Waiter } from "./async-performance.js";
import { Gate, Sharable, Shared, tellLost } from "./once.js";
import { Operation, type WaitsFor } from "./operation.js";

/** Ready, with a value at hand. */
export class Always<T> extends Operation<T> {
  readonly outcome: T;

  constructor(outcome: T) {
    super();
    this.outcome = outcome;
  }

  poll(): boolean {
    return true;
  }

  block(): void {}

  override result(): T {
    return this.outcome;
  }
}

/** Never ready. */
export class Never extends Operation<never> {
  poll(): boolean {
    return false;
  }

  block(): void {}

  override waitsFor(): WaitsFor {
    return { what: "never", external: false };
  }
}

/** One performance of an operation that is made for it. */
export class Made<T> extends Operation<T> implements Waiter {
  private readonly _make: (lost: Operation<void>) => Operation<T>;
  /** Whether what it makes is told that it lost. */
  readonly nacks: boolean;
  /** What was made for this performance. */
  inner: Operation<T> | null;
  private _lost: Gate | null;
  private _blocked: boolean;

  constructor(make: (lost: Operation<void>) => Operation<T>, nacks: boolean) {
    super();
    this._make = make;
    this.nacks = nacks;
    this.inner = null;
    this._lost = null;
    this._blocked = false;
  }

  poll(): boolean {
    this._lost = this.nacks ? new Gate("losing a choice") : null;
    const made = this._make(this._lost === null ? (undefined as never) : new Shared(this._lost));
    if (!(made instanceof Operation))
      throw new TypeError("Cannot perform guard: its function must return an operation");
    const inner = made.fresh();
    assertIdle(inner);
    this.inner = inner;
    return inner.poll();
  }

  block(): void {
    this._blocked = true;
    this.inner!.waiter = this;
    this.inner!.block();
  }

  override unblock(): void {
    const inner = this.inner!;
    if (this._blocked || inner.attentive) inner.unblock();
    inner.waiter = null;
    this._forget();
    if (this._lost !== null) tellLost(this._lost);
  }

  override withdraw(): boolean {
    const inner = this.inner!;
    const left = inner.withdraw();
    if (left) {
      inner.waiter = null;
      this._forget();
    }
    this._lost?.open();
    return left;
  }

  override discard(): void {
    this.inner!.discard();
    this._forget();
  }

  override result(): T {
    const inner = this.inner!;
    this._forget();
    return inner.result();
  }

  wake(): void {
    this.inner!.waiter = null;
    this.complete(undefined);
  }

  override get plain(): boolean {
    return false;
  }

  override get attentive(): boolean {
    return true;
  }

  override waitsFor(): WaitsFor {
    return this.inner?.waitsFor() ?? { what: "guard", external: false };
  }

  private _forget(): void {
    this.inner = null;
    this._blocked = false;
  }
}

/** An operation made anew at each performance, so that many may perform it at the same time. */
class Guard<T> extends Sharable<T> {
  private readonly _make: (lost: Operation<void>) => Operation<T>;
  private readonly _nacks: boolean;

  constructor(make: (lost: Operation<void>) => Operation<T>, nacks: boolean) {
    super();
    this._make = make;
    this._nacks = nacks;
  }

  override fresh(): Operation<T> {
    return new Made(this._make, this._nacks);
  }
}

/** An operation that is ready, with a value at hand. Parks: never. */
export function always<T>(value: T): Operation<T> {
  return new Always(value);
}

/** An operation that is never ready: neutral in a choice. Parks: for ever. */
export function never(): Operation<never> {
  return new Never();
}

/**
 * An operation built anew each time it is performed: its deadline, its request, its channel start then.
 * Many may perform it at the same time, each what was made for it.
 *
 * Parks when, yields, if closed, if cancelled: as what `make` returns. What `make` throws is the performer's.
 */
export function guard<T>(make: () => Operation<T>): Operation<T> {
  return new Guard(make, false);
}

/**
 * As {@link guard}, and `make` is told when it was for nothing: `lost` becomes ready exactly when the operation that it
 * made did not win, because another case did or because the task was cancelled. From Concurrent ML.
 */
export function withNack<T>(make: (lost: Operation<void>) => Operation<T>): Operation<T> {
  return new Guard(make, true);
}

// The basic operations, which have no peer: a value, an operation that is never ready, and operations that are created when
// they are performed (Reppy's `guard` and `withNack`).

import { assertFunction } from "../structures/arguments.js";
import { shown } from "../structures/errors.js";
import { assertIdle, type Waiter } from "./async-performance.js";
import { Gate, lose, Sharable, Shared } from "./once.js";
import { isOperation, Operation, unblock, type WaitsFor } from "./operation.js";

/** An operation that is ready with a value. */
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

  override waitsFor(): WaitsFor {
    return { what: "a value that is ready", external: false };
  }
}

/** An operation that is never ready. */
export class Never extends Operation<never> {
  poll(): boolean {
    return false;
  }

  block(): void {}

  override waitsFor(): WaitsFor {
    return { what: "never", external: false };
  }
}

/** One performance of a guard. */
export class Made<T> extends Operation<T> implements Waiter {
  private readonly _make: (lost: Operation<void>) => Operation<T>;
  /** Whether `make` gets an operation that becomes ready when the operation that it makes has lost. */
  readonly nacks: boolean;
  /** The operation that was made for this performance. */
  inner: Operation<T> | null;
  /** Opened when the operation has lost. */
  lost: Gate | null;
  private _blocked: boolean;

  constructor(make: (lost: Operation<void>) => Operation<T>, nacks: boolean) {
    super();
    this._make = make;
    this.nacks = nacks;
    this.inner = null;
    this.lost = null;
    this._blocked = false;
  }

  poll(): boolean {
    this.lost = this.nacks ? new Gate("losing a choice") : null;
    try {
      const inner = this._prepare();
      this.inner = inner;
      return inner.poll();
    } catch (error) {
      this._fail();
      throw error;
    }
  }

  private _prepare(): Operation<T> {
    const made = this._make(this.lost === null ? (undefined as never) : new Shared(this.lost));
    if (!isOperation(made))
      throw new TypeError(`Cannot perform guard: its function must return an operation, got ${shown(made)}`);
    const inner = made.fresh() as Operation<T>;
    assertIdle(inner);
    return inner;
  }

  /** Called when the operation could not be made, polled or blocked: it has lost. */
  private _fail(): void {
    this._forget();
    if (this.lost !== null) lose(this.lost);
  }

  block(): void {
    const inner = this.inner!;
    if (inner.waiter !== null) assertIdle(inner);
    inner.waiter = this;
    try {
      inner.block();
    } catch (error) {
      inner.waiter = null;
      this._fail();
      throw error;
    }
    this._blocked = true;
  }

  override unblock(): void {
    const { inner } = this;
    // It was not made: its function has thrown.
    if (inner === null) return;
    if (this._blocked || inner.attentive) unblock(inner);
    inner.waiter = null;
    this._fail();
  }

  override withdraw(): boolean {
    const inner = this.inner!;
    const left = inner.withdraw();
    if (left) {
      inner.waiter = null;
      this._forget();
    }
    this.lost?.open();
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

  override get runsCode(): boolean {
    return true;
  }

  override waitsFor(): WaitsFor {
    return this.inner?.waitsFor() ?? { what: "a guarded operation", external: false };
  }

  private _forget(): void {
    this.inner = null;
    this._blocked = false;
  }
}

/** An operation that is made anew for each performance, so that several performers may perform it at the same time. */
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

  override waitsFor(): WaitsFor {
    return { what: this._make.name || "a guarded operation", external: true };
  }
}

/**
 * Returns an operation that is ready with a value.
 *
 * Parks: never. Yields: the value.
 *
 * @example
 * ```ts
 * import { always } from "millrace";
 *
 * console.log(await always("here")); // here
 * ```
 */
export function always<T>(value: T): Operation<T> {
  return new Always(value);
}

/**
 * Returns an operation that is never ready. As a case of a select it changes nothing.
 *
 * Parks: for ever. If cancelled: it ends, like any parked operation.
 *
 * @example
 * ```ts
 * import { alt, always, never } from "millrace";
 *
 * console.log(await alt(never(), always(1))); // 1
 * ```
 */
export function never(): Operation<never> {
  return new Never();
}

/**
 * Returns an operation that is created anew each time it is performed, so that a deadline, a request or a channel in it begins
 * at that time. Several performers may perform it at the same time; each gets an operation of its own.
 *
 * Parks when, yields, if closed, if cancelled: as the operation that `make` returns.
 *
 * @param make - Creates the operation. It runs in the task that performs the guard, and an exception is thrown in that task.
 * @throws TypeError, when it is performed, if `make` does not return an operation.
 * @example
 * ```ts
 * import { always, guard } from "millrace";
 *
 * let count = 0;
 * const next = guard(() => always(++count));
 * console.log(await next, await next); // 1 2
 * ```
 */
export function guard<T>(make: () => Operation<T>): Operation<T> {
  assertFunction("guard", "make", make);
  return new Guard(make, false);
}

/**
 * Returns an operation as {@link guard} does, and gives `make` an operation `lost`, which becomes ready exactly when the
 * operation that `make` returned did not win: another case won, or the task was cancelled. Use it to withdraw a request.
 *
 * Parks when, yields, if closed, if cancelled: as the operation that `make` returns; if it was cancelled, `lost` is ready.
 *
 * The name is short for negative acknowledgement, as in Concurrent ML.
 *
 * @param make - Creates the operation, as for `guard`. `lost` is an operation for any number of performers.
 * @throws TypeError, when it is performed, if `make` does not return an operation.
 * @example
 * ```ts
 * import { always, never, select, upon, withNack } from "millrace";
 *
 * const request = withNack((lost) => {
 *   upon(lost, () => console.log("withdrawn")); // withdrawn
 *   return never();
 * });
 * const { key } = await select({ request, answer: always(1) }, { mode: "priority" });
 * console.log(key); // answer
 * ```
 */
export function withNack<T>(make: (lost: Operation<void>) => Operation<T>): Operation<T> {
  assertFunction("guard", "make", make);
  return new Guard(make, true);
}

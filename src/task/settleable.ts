// What a user's function returns to a combinator: a value, a promise, an operation, or a routine of either kind.

import { always } from "../operation/basic.js";
import { type AsyncRoutine, isOperation, Operation, type Routine, type WaitsFor } from "../operation/operation.js";
import { go } from "./go.js";

/** A value, or a promise, an operation or a routine that yields one. */
export type Settleable<T> = T | PromiseLike<T> | Operation<T> | Routine<T> | AsyncRoutine<T>;

/** Whether this is a value, so that there is nothing to wait for. */
export function isValue<T>(made: Settleable<T>): made is T {
  if (typeof made !== "object" || made === null) return true;
  return typeof (made as { then?: unknown }).then !== "function" && !isRoutine(made);
}

/** Returns what a task performs with `yield*` to wait for the value. An operation or a sync routine is returned as it is. */
export function settle<T>(made: Settleable<T>): Operation<T> | Routine<T> {
  if (isValue(made)) return always(made);
  if (isOperation(made)) return made as Operation<T>;
  if (!isRoutine(made)) return new Answer(made as PromiseLike<T>);
  return Symbol.iterator in (made as object) ? (made as Routine<T>) : joined(made as AsyncRoutine<T>);
}

function* joined<T>(made: AsyncRoutine<T>): Routine<T> {
  const task = go(() => made);
  try {
    return yield* task;
  } finally {
    task.cancel();
  }
}

function isRoutine(made: unknown): boolean {
  const { next, return: end } = made as { next?: unknown; return?: unknown };
  return typeof next === "function" && typeof end === "function";
}

/** Waits for a promise once, for one performer, so it needs no shared state as `settled` does. */
class Answer<T> extends Operation<T> {
  private readonly _promise: PromiseLike<T>;
  private _failed: boolean;
  private _settled: boolean;

  constructor(promise: PromiseLike<T>) {
    super();
    this._promise = promise;
    this._failed = this._settled = false;
  }

  poll(): boolean {
    return false;
  }

  block(): void {
    this._promise.then(
      (value) => this._settle(value, false),
      (error) => this._settle(error, true),
    );
  }

  /** There is no queue to leave: a promise cannot be cancelled, and its outcome is ignored. */
  override unblock(): void {}

  override result(): T {
    if (this._failed) throw this.value;
    return this.value as T;
  }

  override waitsFor(): WaitsFor {
    return { what: "a promise", external: true };
  }

  private _settle(value: unknown, failed: boolean): void {
    // A thenable may call back twice. As with `await`, the first call counts.
    if (this._settled) return;
    this._settled = true;
    this._failed = failed;
    if (this.waiter !== null) this.complete(value);
  }
}

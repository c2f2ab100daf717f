// Performing an operation without a task, for callbacks and for operations that are made of other operations.

import { type Context, currentContext, within } from "../scheduler/contexts.js";
import { scheduler } from "../scheduler/scheduler.js";
import { assertCallback, assertFunction } from "../structures/arguments.js";
import { assertIdle, type Waiter } from "./async-performance.js";
import { assertOperation, type Operation, unblock } from "./operation.js";

class Upon<T> implements Waiter, Disposable {
  private readonly _operation: Operation<T>;
  private readonly _then: (value: T) => void;
  private readonly _failed: ((error: unknown) => void) | undefined;
  /** Ends the hold on closed programs, which cannot be in a deadlock while this waits for an external event. */
  private _release: (() => void) | null;
  /** The context of the code that called `upon`. */
  private readonly _context: Context | null;

  constructor(operation: Operation<T>, then: (value: T) => void, failed: ((error: unknown) => void) | undefined) {
    this._operation = operation;
    this._then = then;
    this._failed = failed;
    this._release = null;
    this._context = currentContext();
  }

  begin(): this {
    const operation = this._operation;
    assertIdle(operation);
    if (operation.poll()) {
      this._deliver();
      return this;
    }
    operation.waiter = this as Waiter;
    try {
      operation.block();
    } catch (error) {
      operation.waiter = null;
      throw error;
    }
    if (operation.waiter !== null) this._release = scheduler.maker?.hold(operation, scheduler.current) ?? null;
    return this;
  }

  wake(): void {
    this._operation.waiter = null;
    this._endHold();
    within(this._context, this._deliver, this);
  }

  [Symbol.dispose](): void {
    const operation = this._operation;
    if (operation.waiter !== (this as Waiter)) return;
    operation.waiter = null;
    unblock(operation);
    this._endHold();
  }

  private _endHold(): void {
    this._release?.();
    this._release = null;
  }

  private _deliver(): void {
    let value: T;
    try {
      value = this._operation.result();
    } catch (error) {
      if (this._failed === undefined) scheduler.report(error);
      else scheduler.call(this._failed, error);
      return;
    }
    scheduler.call(this._then, value);
  }
}

/**
 * Performs an operation without a task, and calls a function in the very step in which the operation completes. If the
 * operation is ready, that is before `upon` returns. Use it for adapters and for operations that are made of other operations;
 * in a go block use `yield*`.
 *
 * The callback runs in the step of the peer that completes the operation, so it must be short and cannot wait. An exception of
 * the callback does not reach the peer: it is reported to the host, as an unhandled rejection is.
 *
 * @param operation - The operation to perform.
 * @param then - Called once, with the value of the operation.
 * @param failed - Called with the exception of the operation. Without it, the exception is reported to the host, as an
 *   unhandled rejection is.
 * @returns A disposable. Disposing of it takes the operation out of every queue, and nothing is called any more.
 * @throws TypeError if the operation is parked already.
 * @example
 * ```ts
 * import { channel, upon } from "millrace";
 *
 * const words = channel<string>();
 * using _ = upon(words.receive(), (word) => console.log(word)); // hello
 * words.trySend("hello");
 * ```
 */
export function upon<T>(
  operation: Operation<T>,
  then: (value: T) => void,
  failed?: (error: unknown) => void,
): Disposable {
  assertOperation("call back", "operation", operation);
  assertFunction("call back", "then", then);
  assertCallback("call back", "failed", failed);
  return new Upon(operation.fresh(), then, failed).begin();
}

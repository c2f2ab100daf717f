// Waiting without a task: for code that is called back, and for operations made of others.

import { scheduler } from "../scheduler/scheduler.js";
import { assertIdle, type Waiter } from "./async-performance.js";
import type { Operation } from "./operation.js";

class Upon<T> implements Waiter, Disposable {
  private readonly _operation: Operation<T>;
  private readonly _then: (value: T) => void;
  private readonly _failed: ((error: unknown) => void) | undefined;
  /** Ends what holds the programs that cannot be dead while it waits. */
  private _release: (() => void) | null;

  constructor(operation: Operation<T>, then: (value: T) => void, failed: ((error: unknown) => void) | undefined) {
    this._operation = operation;
    this._then = then;
    this._failed = failed;
    this._release = null;
  }

  begin(): this {
    const operation = this._operation;
    assertIdle(operation);
    if (operation.poll()) {
      this._tell();
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
    this._letGo();
    this._tell();
  }

  [Symbol.dispose](): void {
    const operation = this._operation;
    if (operation.waiter !== (this as Waiter)) return;
    operation.waiter = null;
    operation.unblock();
    this._letGo();
  }

  private _letGo(): void {
    this._release?.();
    this._release = null;
  }

  private _tell(): void {
    let value: T;
    try {
      value = this._operation.result();
    } catch (error) {
      if (this._failed === undefined) scheduler.host.report(error);
      else this._failed(error);
      return;
    }
    this._then(value);
  }
}

/**
 * Performs an operation without a task: calls back in the very step in which it completes, at once if it is ready now.
 * Disposing of the result leaves every queue. For adapters, and for operations that are made of others; in a go block
 * `yield*` is what you want.
 *
 * The callback runs in the step of whoever completes the operation, so it must be short, must not throw, and must not wait.
 *
 * @param operation - What to wait for.
 * @param then - Called with its value, once.
 * @param failed - Called with what it threw; without it that is reported to the host, as an unhandled rejection is.
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
  return new Upon(operation.fresh(), then, failed).begin();
}

// Results that reach no receiver, because the only receiver was cancelled after the result was there and before it went on.

import { scheduler } from "../scheduler/scheduler.js";

/** Disposes of a result that reaches no receiver, such as a lease. A failure of that is reported to the host. */
export function disposeOfLost(value: unknown): void {
  const { [Symbol.dispose]: dispose, [Symbol.asyncDispose]: disposeAsync } = Object(value) as Partial<
    Disposable & AsyncDisposable
  >;
  if (typeof dispose === "function") scheduler.call(() => dispose.call(value));
  else if (typeof disposeAsync === "function") {
    scheduler.call(() => {
      Promise.resolve(disposeAsync.call(value)).catch((error: unknown) => scheduler.report(error));
    });
  }
}

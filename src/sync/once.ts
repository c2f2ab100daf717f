// Creates a value once, when it is first needed.

import { always, guard } from "../operation/basic.js";
import type { Operation } from "../operation/operation.js";
import { named } from "../structures/named.js";
import { assertWork, functionOf, type Work } from "../task/work.js";
import { SharedCalls } from "./shared-call.js";

/**
 * Creates an operation that runs `make` once: the first performer starts it, and every performer, then and for ever, gets
 * its result. From Go's `sync.Once`. Any number of tasks may perform the operation at the same time.
 *
 * Parks when: the value is not created yet. The end of `make` resumes the task. Yields: the same value each time. If `make`
 * fails: all tasks that wait get the error thrown, and the error is not kept; the next performer starts `make` again. If
 * cancelled: `make` continues as long as at least one task waits for it, whichever task started it; when none is left
 * `make` is cancelled, and the next performer starts it again.
 *
 * @param make - Called when the operation is first performed. Any {@link Work}.
 * @throws TypeError when `make` is neither a function nor an operation.
 * @example
 * ```ts
 * import { go, once, sleep } from "millrace";
 *
 * let connections = 0;
 * const connected = once(function* () {
 *   yield* sleep(5);
 *   return `connection ${++connections}`;
 * });
 * const ask = function* () {
 *   return yield* connected;
 * };
 * console.log(await Promise.all([go(ask), go(ask)]), await connected); // [ "connection 1", "connection 1" ] connection 1
 * ```
 */
export function once<T>(make: Work<T>): Operation<T> {
  assertWork("create once", "make", make);
  let made: Operation<T> | null = null;
  const calls = new SharedCalls<T>(true);
  const making = calls.join(null, functionOf<T, []>(make, 0), (value) => {
    made = always(value);
    return true;
  });
  // The result is kept by the calls themselves.
  if (calls.isModel) return making;
  return guard(named("once", () => made ?? making));
}

// What is made once, when it is first needed.

import { assertFunction } from "../flow/ends/release.js";
import { always, guard } from "../operation/basic.js";
import type { Operation } from "../operation/operation.js";
import type { Settleable } from "../task/settleable.js";
import { Airport } from "./flight.js";

/**
 * An operation that makes something once: the first to perform it starts `make`, and all who perform it, then and for ever,
 * get what that returned. From Go's sync.Once; any number may perform it at the same time.
 *
 * Parks when: it is not made yet. Yields: the same value each time. If making it fails: all who wait are thrown that, and it is
 * not kept: who comes next makes it anew. If cancelled: the making goes on as long as somebody waits for it, whoever
 * started it; when nobody is left it is cancelled, and who comes next makes it anew.
 *
 * @param make - Called when it is first performed. What it returns is waited for.
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
export function once<T>(make: () => Settleable<T>): Operation<T> {
  assertFunction("do once", "what makes it", make);
  let made: Operation<T> | null = null;
  const flights = new Airport<T>();
  const making = flights.fly(null, make, (value) => {
    made = always(value);
  });
  return guard(() => made ?? making);
}

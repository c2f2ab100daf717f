// The same question asked by many at the same time is asked once.

import { assertFunction } from "../flow/ends/release.js";
import type { Operation } from "../operation/operation.js";
import type { Settleable } from "../task/settleable.js";
import { Airport } from "./flight.js";

/** How flights are told apart. */
export interface SingleflightOptions<K> {
  /** What of a key counts; by default the key itself, compared as in a `Map`. */
  readonly keyOf?: (key: K) => unknown;
}

/**
 * Shares the work of those who want the same at the same time: whoever performs the operation for a key goes with the flight
 * that is under way for it, or starts one. Nothing is kept after it has landed. From Go's singleflight.
 *
 * Parks when: the flight has not landed. Yields: what it brought, to all aboard; a failure is thrown to all of them. If
 * cancelled: the flight goes on as long as somebody is aboard; when all have left it is cancelled.
 *
 * @param load - Does the work for a key. What it returns is waited for.
 * @returns A function that makes the operation for a key.
 * @example
 * ```ts
 * import { go, singleflight, sleep } from "millrace";
 *
 * let queries = 0;
 * const user = singleflight(function* (id: number) {
 *   queries++;
 *   yield* sleep(5);
 *   return `user ${id}`;
 * });
 * const ask = function* (id: number) {
 *   return yield* user(id);
 * };
 * console.log(await Promise.all([go(ask, 7), go(ask, 7), go(ask, 8)])); // [ "user 7", "user 7", "user 8" ]
 * console.log(queries); // 2
 * ```
 */
export function singleflight<K, T>(
  load: (key: K) => Settleable<T>,
  options: SingleflightOptions<K> = {},
): (key: K) => Operation<T> {
  assertFunction("share flights", "load", load);
  const { keyOf = (key: K): unknown => key } = options;
  assertFunction("share flights", "keyOf", keyOf);
  const flights = new Airport<T>();
  return (key) =>
    flights.fly(
      keyOf(key),
      () => load(key),
      () => {},
    );
}

// Callers that ask for the same key at the same time share one call.

import type { Operation } from "../operation/operation.js";
import { assertFunction, assertOptions } from "../structures/arguments.js";
import { assertWork, functionOf, type Work } from "../task/work.js";
import { SharedCalls } from "./shared-call.js";

/** Options of {@link singleflight}. */
export interface SingleflightOptions<K> {
  /** Computes what identifies a key; by default the key itself, compared as in a `Map`. */
  readonly keyOf?: (key: K) => unknown;
}

/**
 * Shares work between tasks that ask for the same key at the same time: performing the operation for a key joins the call
 * of `load` that is running for it, or starts one. Results are not kept after the call has ended. From Go's `singleflight`.
 *
 * Parks when: the call has not ended. Its end resumes the task. Yields: the result of the call, to all tasks that joined it. If
 * the call fails: all of them get the error thrown. If cancelled: the call continues as long as at least one task waits for
 * it, and is cancelled when none is left. A disposable result that reaches no task, because all of them were cancelled in the step in
 * which the call ended, is disposed of.
 *
 * @param load - Does the work for a key. Any {@link Work}.
 * @param options - `keyOf`: what identifies a key.
 * @returns A function that creates the operation for a key.
 * @throws TypeError when `load` is no work, or `keyOf` is not a function.
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
  load: Work<T, [key: K]>,
  options: SingleflightOptions<K> = {},
): (key: K) => Operation<T> {
  assertWork("create singleflight", "load", load);
  assertOptions("create singleflight", options);
  const work = functionOf<T, [K]>(load, 1);
  const { keyOf = (key: K): unknown => key } = options;
  assertFunction("create singleflight", "keyOf", keyOf);
  const calls = new SharedCalls<T>(false);
  return (key) =>
    calls.join(
      keyOf(key),
      () => work(key),
      () => false,
    );
}

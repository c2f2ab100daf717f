import type { Closed, ReceiveChannel } from "../../channel/ends.js";
import { scope } from "../../lifetime/scope.js";
import type { Operation, Routine } from "../../operation/operation.js";
import { named } from "../../structures/named.js";
import { type FlowOptions, reading, release } from "./release.js";
import type { Input } from "./source.js";

/**
 * Takes one value, and then gives up the source: what the chain has made is released, and a channel that you created stays open.
 *
 * Parks when: the source is open and has no value. The next value or the end of the source resumes the task. Yields: the value, or
 * `CLOSED` if the source ends without one. If closed with a cause: throws the cause. If cancelled: releases the source.
 *
 * @param source - A channel, a `Stream`, or anything iterable.
 * @throws TypeError when `source` cannot be read.
 * @example
 * ```ts
 * import { first, stream } from "millrace";
 *
 * const even = stream([3, 8, 5, 6]).filter((n) => n % 2 === 0);
 * console.log(await first(even)); // 8
 * ```
 */
export function first<T>(source: Input<T>, options: FlowOptions = {}): Operation<T | Closed> {
  return reading("take the first value", source, options, (from: ReceiveChannel<T>) =>
    scope(
      named("first", function* (): Routine<T | Closed> {
        try {
          return yield* from.receive();
        } finally {
          release(from, options);
        }
      }),
    ),
  );
}

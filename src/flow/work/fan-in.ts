// Several producers, one channel.

import type { ReceiveChannel, SendChannel } from "../../channel/ends.js";
import { scope } from "../../lifetime/scope.js";
import type { AsyncRoutine, Routine } from "../../operation/operation.js";
import { type ProduceOptions, produce } from "../ends/produce.js";
import { assertFunction } from "../ends/release.js";

/**
 * Starts several tasks that feed one channel, and returns the channel. It answers who closes a channel that several send to:
 * none of them. What a Go program writes with a `WaitGroup`, and one more goroutine that waits for it and closes.
 *
 * Closes when: all producers are done; without any, at the first opportunity. When one fails the others are cancelled, and
 * when all are over receivers get thrown what it threw, after the drain; when more have failed, an `AggregateError`. If the
 * receiver cancels: all are cancelled.
 *
 * @param producers - Each sends with `yield* out.send(value)`, which yields false once nobody receives; none has to close.
 * @param options - As for `produce`.
 * @example
 * ```ts
 * import { collect, fanIn, type SendChannel, sleep } from "millrace";
 *
 * const count = (name: string, ms: number) => function* (out: SendChannel<string>) {
 *   for (let n = 1; n <= 2; n++) {
 *     yield* sleep(ms);
 *     yield* out.send(`${name}${n}`);
 *   }
 * };
 * console.log(await collect(fanIn([count("a", 10), count("b", 15)]))); // [ "a1", "b1", "a2", "b2" ]
 * ```
 */
export function fanIn<T>(
  producers: Iterable<(out: SendChannel<T>) => Routine<void> | AsyncRoutine<void>>,
  options: ProduceOptions<T> = {},
): ReceiveChannel<T> {
  const all = [...producers];
  for (const producer of all) assertFunction("fan in", "each producer", producer);
  return produce<T>(function* (out) {
    yield* scope(function* producers(s): Routine<void> {
      for (const producer of all) s.go(producer, out);
    });
  }, options);
}

// Several producers send to one channel.

import type { OwnedChannel, SendChannel } from "../../channel/ends.js";
import { scope } from "../../lifetime/scope.js";
import type { Routine } from "../../operation/operation.js";
import { shown } from "../../structures/errors.js";
import { assertWork, bodyOf, type Work } from "../../task/work.js";
import { type ProduceOptions, produce } from "../ends/produce.js";

/**
 * Starts several tasks that send to one channel, and returns the channel. None of the producers has to close it. It
 * replaces the `WaitGroup` of a Go program, and the goroutine that waits for the group and closes the channel.
 *
 * Closes when: all producers have ended; without producers, at its first turn. When a producer fails, the others are
 * cancelled. When all have ended, receivers get the error thrown after the drain, or an `AggregateError` if several have
 * failed. If the receiver cancels: all producers are cancelled.
 *
 * @param producers - Each sends with `yield* out.send(value)`, which yields false once the channel is closed.
 * @param options - As for `produce`.
 * @throws TypeError when a producer is no {@link Work}.
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
  producers: Iterable<Work<unknown, [out: SendChannel<T>]>>,
  options: ProduceOptions<T> = {},
): OwnedChannel<T> {
  if (!(Symbol.iterator in Object(producers))) {
    throw new TypeError(`Cannot fan in: producers must be a list of functions, got ${shown(producers)}`);
  }
  const all = [...producers];
  for (const producer of all) assertWork("fan in", "each producer", producer);
  return produce<T>(function* (out) {
    yield* scope(function* feeding(s): Routine<void> {
      for (const producer of all) s.go(bodyOf<[SendChannel<T>], unknown>(producer), out);
    });
  }, options);
}

// Work in parallel, with one result for each input.

import { CLOSED, type Closed, type ReceiveChannel } from "../../channel/ends.js";
import { named } from "../../structures/named.js";
import { isValue, type Settleable, settle } from "../../task/settleable.js";
import { assertFunction } from "../ends/release.js";
import { Crew, type PipelineOptions } from "./ordered-work.js";

/**
 * Does work on what comes from a channel, on at most `n` values at a time, and yields the results in the order of the
 * source. From core.async, whose `pipeline`, `pipeline-blocking` and `pipeline-async` this is in one: a stage returns a
 * value, or a promise, an operation or a routine that yields one. It works ahead of whoever receives, never by more than
 * `n`: a result that waits for its turn, or to be received, counts as in flight.
 *
 * Closes when: the source has ended and everything in flight is delivered; a cause it ended with comes after that. When a
 * stage fails the output closes at once with that error, which comes after what is on offer then; the other stages are
 * cancelled, with their `finally`, and the source is released. Cancelling the output does likewise, in the same step.
 *
 * A stage that never ends keeps one of `n` places. The others go on, but with `ordered` their results wait behind it, so that
 * the output stands still when `n` are in flight; `withTimeout` in the stage makes an error of it.
 *
 * @param n - How many values may be in flight.
 * @param stage - What to do with each.
 * @throws RangeError when `n` is no whole number above 0.
 * @example
 * ```ts
 * import { from, pipeline, sleep } from "millrace";
 *
 * const lengths = pipeline(3, from(["a", "bbb", "cc"]), function* (word) {
 *   yield* sleep(word.length);
 *   return word.length;
 * });
 * for await (const length of lengths) console.log(length); // 1, 3, 2
 * ```
 */
export function pipeline<T, U>(
  n: number,
  source: ReceiveChannel<T>,
  stage: (value: T) => Settleable<U>,
  options: PipelineOptions<U> = {},
): ReceiveChannel<U> {
  assertFunction("start pipeline", "its stage", stage);
  return new Crew<T, U>(n, source, options).start(
    named("pipeline", function* (crew, hand) {
      const { out, ordered } = crew;
      for (let value: T | Closed; !out.closed && (value = yield* hand) !== CLOSED; ) {
        const made = stage(value);
        const result = isValue(made) ? made : yield* settle(made);
        // Cancelled while it parked in a `finally` of its stage, it comes back here.
        if (out.closed) return;
        if (ordered) {
          if (!hand.first) {
            hand.held = result;
            yield* hand.turn;
            hand.held = CLOSED;
          }
          hand.leave(); // the next one's offer comes behind this one's
        }
        hand.offering = true;
        const delivered = yield* out.send(result);
        hand.offering = false;
        if (!delivered) crew.undelivered(result);
      }
    }),
  );
}

// Work in parallel, with as many results as inputs.

import type { ReceiveChannel } from "../ends.js";
import type { Routine } from "../operation.js";
import { Crew, type Hand, type PipelineOptions } from "./crew.js";
import { assertFunction } from "./release.js";
import { isValue, type Settleable, settle } from "./settle.js";

class Pipeline<T, U> extends Crew<T, U> {
  private readonly _stage: (value: T) => Settleable<U>;

  constructor(count: number, source: ReceiveChannel<T>, stage: (value: T) => Settleable<U>, options: PipelineOptions<U>) {
    super(count, source, options);
    this._stage = stage;
  }

  *work(value: T, hand: Hand<T>): Routine<void> {
    const made = this._stage(value);
    const result = isValue(made) ? made : yield* settle(made);
    // Cancelled while it parked in a `finally` of its stage, it comes back here.
    if (this.out.closed) return;
    let delivered = false;
    try {
      if (this.ordered) {
        yield* hand.turn;
        // The next one's offer comes behind this one's.
        hand.leave();
      }
      hand.offering = true;
      delivered = yield* this.out.send(result);
      hand.offering = false;
    } finally {
      if (!delivered) this.options.onUndelivered?.(result);
    }
  }
}

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
  return new Pipeline(n, source, stage, options).start();
}

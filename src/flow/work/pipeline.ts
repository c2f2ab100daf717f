// Parallel work, with one result for each input.

import { CLOSED, type Closed, type OwnedChannel } from "../../channel/ends.js";
import { isObserved, standIn } from "../../scheduler/stand-ins.js";
import { named } from "../../structures/named.js";
import { assertWork, functionOf, isValue, settle, type Work } from "../../task/work.js";
import { type Input, sourceOf } from "../ends/source.js";
import { OrderedWork, type PipelineOptions, sourceFirst } from "./ordered-work.js";

/**
 * Runs a stage for each value of a channel, for at most `n` values at a time, and yields the results in the order of the
 * source. It unites core.async's `pipeline`, `pipeline-blocking` and `pipeline-async`: a stage returns a value, or a
 * promise, an operation or a routine that yields one. It works ahead of its receiver, but never has more than `n` values in
 * flight: a result that waits for its turn, or to be received, counts as in flight.
 *
 * Closes when: the source has ended and everything in flight is delivered; a cause of the source comes after that. When a
 * stage fails, the output closes at once with that error, which comes after a result that is being sent. The other stages
 * are cancelled, with their `finally`, and the source is released. Cancelling the output does the same, in the same step.
 *
 * A stage that never ends occupies one of the `n` places. The other stages continue, but with `ordered` their results wait
 * behind it, so the output stops when `n` values are in flight. Use `withTimeout` in the stage to make an error of it.
 *
 * @param source - What to read: a channel, a `Stream`, or anything iterable.
 * @param n - How many values may be in flight; `Infinity` for no limit. core.async has the number first, and this order is
 * accepted, too.
 * @param stage - Computes the result of a value. Any {@link Work}.
 * @param options - `ordered`, `onUndelivered`, `own`.
 * @throws RangeError when `n` is not a whole number, 1 or more, or `Infinity`. TypeError when `stage` is neither a function nor
 * an operation, or `source` cannot be read.
 * @example
 * ```ts
 * import { pipeline, sleep } from "millrace";
 *
 * const lengths = pipeline(["a", "bbb", "cc"], 3, function* (word) {
 *   yield* sleep(word.length);
 *   return word.length;
 * });
 * for await (const length of lengths) console.log(length); // 1, 3, 2
 * ```
 */
export function pipeline<T, U>(
  source: Input<T>,
  n: number,
  stage: Work<U, [value: T]>,
  options?: PipelineOptions<U>,
): OwnedChannel<U>;
/** The same, with the arguments in the order of core.async's `pipeline`. */
export function pipeline<T, U>(
  n: number,
  source: Input<T>,
  stage: Work<U, [value: T]>,
  options?: PipelineOptions<U>,
): OwnedChannel<U>;
export function pipeline<T, U>(
  first: Input<T> | number,
  second: Input<T> | number,
  stage: Work<U, [value: T]>,
  options: PipelineOptions<U> = {},
): OwnedChannel<U> {
  const [source, n] = sourceFirst(first, second);
  assertWork("start pipeline", "stage", stage);
  const work = functionOf<U, [T]>(stage, 1);
  if (isObserved()) {
    const parts = { n, work, options, source: () => sourceOf("start pipeline", source) };
    const made = standIn("pipeline", parts) as OwnedChannel<U> | undefined;
    if (made !== undefined) return made;
  }
  return new OrderedWork<T, U>(n, source, options).start(
    named("pipeline", function* (all, worker) {
      const { out, ordered } = all;
      for (let value: T | Closed; !out.closed && (value = yield* worker.next) !== CLOSED; ) {
        const made = work(value);
        const result = isValue(made) ? made : yield* settle(made);
        // If it is cancelled while it is parked in a `finally` of its stage, it continues here.
        if (out.closed) return;
        if (ordered) {
          if (!worker.first) {
            worker.held = result;
            yield* worker.turn;
            worker.held = CLOSED;
          }
          worker.leave(); // the next worker queues its send behind this one
        }
        worker.sending = true;
        const delivered = yield* out.send(result);
        worker.sending = false;
        if (!delivered) all.undelivered(result);
      }
    }),
  );
}

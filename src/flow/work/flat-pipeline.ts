// Parallel work, with any number of results for each input.

import { channel } from "../../channel/channel.js";
import { type Channel, CLOSED, type Closed, type OwnedChannel, type SendChannel } from "../../channel/ends.js";
import type { Routine } from "../../operation/operation.js";
import { named } from "../../structures/named.js";
import { go } from "../../task/go.js";
import { assertWork, functionOf, type Settleable, settle, type Work } from "../../task/work.js";
import type { Input } from "../ends/source.js";
import { OrderedWork, type PipelineOptions, sourceFirst } from "./ordered-work.js";

/** How many results of one input are stored while they wait for their turn. */
const AHEAD = 16;

type Stage<T, U> = (value: T, out: SendChannel<U>) => Settleable<unknown>;

/** Starts the stage of one input, and returns the channel of its results. */
function begin<T, U>(work: OrderedWork<T, U>, stage: Stage<T, U>, value: T): Channel<U> {
  const results = channel<U>(AHEAD, {
    onCancel: (reason) => task.cancel(reason),
    onUndelivered: (result) => work.undelivered(result),
  });
  const task = go(function* stageOf(): Routine<void> {
    try {
      yield* settle(stage(value, results));
      results.close();
    } catch (error) {
      work.fail(error);
    }
  });
  return results;
}

/**
 * Works as {@link pipeline} does, with zero or more results for each input: the stage sends them to a channel of its own.
 * The results of one input come together, and in the order of the inputs; with `ordered: false`, each comes when it is
 * ready. A few results of each input are stored while they wait for their turn, so that the stages of later inputs can run
 * meanwhile. From core.async's `pipeline-async`.
 *
 * Closes when: as `pipeline`. When a stage fails, results that no receiver has got are passed to `onUndelivered`, except a
 * result that is being sent to the output, which can still be received.
 *
 * @param source - What to read: a channel, a `Stream`, or anything iterable.
 * @param n - How many inputs may be in flight; `Infinity` for no limit.
 * @param stage - Sends results with `yield* out.send(value)`, which yields false once the output is cancelled. The input is
 * done when the promise, the operation or the routine that it returns has ended.
 * @param options - `ordered`, `onUndelivered`, `own`.
 * @throws RangeError when `n` is not a whole number, 1 or more, or `Infinity`. TypeError when `stage` is neither a function nor
 * an operation, or `source` cannot be read.
 * @example
 * ```ts
 * import { collect, flatPipeline, type SendChannel, sleep } from "millrace";
 *
 * const letters = flatPipeline(["ab", "", "c"], 2, function* (word, out: SendChannel<string>) {
 *   yield* sleep(word.length);
 *   for (const letter of word) yield* out.send(letter);
 * });
 * console.log(await collect(letters)); // [ "a", "b", "c" ]
 * ```
 */
export function flatPipeline<T, U>(
  source: Input<T>,
  n: number,
  stage: Work<unknown, [value: T, out: SendChannel<U>]>,
  options?: PipelineOptions<U>,
): OwnedChannel<U>;
/** The same, with the arguments in the order of core.async's `pipeline`. */
export function flatPipeline<T, U>(
  n: number,
  source: Input<T>,
  stage: Work<unknown, [value: T, out: SendChannel<U>]>,
  options?: PipelineOptions<U>,
): OwnedChannel<U>;
export function flatPipeline<T, U>(
  first: Input<T> | number,
  second: Input<T> | number,
  stage: Work<unknown, [value: T, out: SendChannel<U>]>,
  options: PipelineOptions<U> = {},
): OwnedChannel<U> {
  const [source, n] = sourceFirst(first, second);
  assertWork("start pipeline", "stage", stage);
  const produce = functionOf<unknown, [T, SendChannel<U>]>(stage, 2);
  return new OrderedWork<T, U>(n, source, options).start(
    named("flatPipeline", function* (work, worker) {
      const { out, ordered } = work;
      for (let value: T | Closed; !out.closed && (value = yield* worker.next) !== CLOSED; ) {
        const results = begin(work, produce, value);
        worker.results = results;
        if (ordered) yield* worker.turn;
        for (let result: U | Closed; (result = yield* results.receive()) !== CLOSED; ) {
          worker.sending = true;
          const delivered = yield* out.send(result);
          worker.sending = false;
          if (!delivered) work.undelivered(result);
        }
        worker.results = null;
        if (ordered) worker.leave();
      }
    }),
  );
}

// Parallel work, with any number of results for each input.

import { channel } from "../../channel/channel.js";
import {
  type Channel,
  CLOSED,
  type Closed,
  type OwnedChannel,
  type ReceiveChannel,
  type SendChannel,
} from "../../channel/ends.js";
import type { Routine } from "../../operation/operation.js";
import { named } from "../../structures/named.js";
import { go } from "../../task/go.js";
import { type Settleable, settle } from "../../task/settleable.js";
import { assertFunction } from "../ends/release.js";
import { OrderedWork, type PipelineOptions } from "./ordered-work.js";

/** How many results of one input are stored while they wait for their turn. */
const AHEAD = 16;

type Stage<T, U> = (value: T, out: SendChannel<U>) => Settleable<void>;

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
 * @param n - How many inputs may be in flight.
 * @param source - The channel to read.
 * @param stage - Sends results with `yield* out.send(value)`, which yields false once the output is cancelled. The input is
 * done when the promise, the operation or the routine that it returns has ended.
 * @param options - `ordered`, `onUndelivered`, `own`.
 * @throws RangeError when `n` is not a whole number, 1 or more. TypeError when `stage` is not a function, or `source` is
 * not a receive channel.
 * @example
 * ```ts
 * import { collect, flatPipeline, from, type SendChannel, sleep } from "millrace";
 *
 * const letters = flatPipeline(2, from(["ab", "", "c"]), function* (word, out: SendChannel<string>) {
 *   yield* sleep(word.length);
 *   for (const letter of word) yield* out.send(letter);
 * });
 * console.log(await collect(letters)); // [ "a", "b", "c" ]
 * ```
 */
export function flatPipeline<T, U>(
  n: number,
  source: ReceiveChannel<T>,
  stage: (value: T, out: SendChannel<U>) => Settleable<void>,
  options: PipelineOptions<U> = {},
): OwnedChannel<U> {
  assertFunction("start pipeline", "stage", stage);
  return new OrderedWork<T, U>(n, source, options).start(
    named("flatPipeline", function* (work, worker) {
      const { out, ordered } = work;
      for (let value: T | Closed; !out.closed && (value = yield* worker.next) !== CLOSED; ) {
        const results = begin(work, stage, value);
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

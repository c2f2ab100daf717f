// Work in parallel, with any number of results for each input.

import { channel } from "../../channel/channel.js";
import { type Channel, CLOSED, type Closed, type ReceiveChannel, type SendChannel } from "../../channel/ends.js";
import type { Routine } from "../../operation/operation.js";
import { named } from "../../structures/named.js";
import { go } from "../../task/go.js";
import { type Settleable, settle } from "../../task/settleable.js";
import { assertFunction } from "../ends/release.js";
import { Crew, type PipelineOptions } from "./ordered-work.js";

/** How many results of one input may wait for their turn. */
const AHEAD = 16;

type Stage<T, U> = (value: T, out: SendChannel<U>) => Settleable<void>;

/** Starts the stage of one input, and returns where its results are. */
function begin<T, U>(crew: Crew<T, U>, stage: Stage<T, U>, value: T): Channel<U> {
  const inner = channel<U>(AHEAD, {
    onCancel: (reason) => task.cancel(reason),
    onUndelivered: (result) => crew.undelivered(result),
  });
  const task = go(function* stageOf(): Routine<void> {
    try {
      yield* settle(stage(value, inner));
      inner.close();
    } catch (error) {
      crew.fail(error);
    }
  });
  return inner;
}

/**
 * As {@link pipeline}, with zero or more results for each input: the stage sends them into a channel of its own. Results of
 * one input come together, and in the order of the inputs; with `ordered: false`, each when it is there. While they wait for
 * their turn a few for each input are stored, so that later inputs are worked on meanwhile. From core.async's
 * `pipeline-async`.
 *
 * Closes when: as `pipeline`. When a stage fails, what it and others had sent and nobody has received yet is lost, but for
 * what is on offer.
 *
 * @param n - How many inputs may be in flight.
 * @param stage - Sends with `yield* out.send(value)`, which yields false once nobody receives. What it returns is waited for,
 * and is the end of the input.
 * @throws RangeError when `n` is no whole number above 0.
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
): ReceiveChannel<U> {
  assertFunction("start pipeline", "its stage", stage);
  return new Crew<T, U>(n, source, options).start(
    named("flatPipeline", function* (crew, hand) {
      const { out, ordered } = crew;
      for (let value: T | Closed; !out.closed && (value = yield* hand) !== CLOSED; ) {
        const inner = begin(crew, stage, value);
        hand.inner = inner;
        if (ordered) yield* hand.turn;
        for (let result: U | Closed; (result = yield* inner.receive()) !== CLOSED; ) {
          hand.offering = true;
          const delivered = yield* out.send(result);
          hand.offering = false;
          if (!delivered) crew.undelivered(result);
        }
        hand.inner = null;
        if (ordered) hand.leave();
      }
    }),
  );
}

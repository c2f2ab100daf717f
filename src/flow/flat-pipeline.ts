// Work in parallel, with any number of results for each input.

import { CLOSED, type Closed, type ReceiveChannel, type SendChannel } from "../ends.js";
import type { Routine } from "../operation.js";
import { Crew, type Hand, type PipelineOptions } from "./crew.js";
import { produce } from "./produce.js";
import { assertFunction } from "./release.js";
import { type Settleable, settle } from "./settle.js";

/** How many results of one input may wait for their turn. */
const AHEAD = 16;

type Stage<T, U> = (value: T, out: SendChannel<U>) => Settleable<void>;

class FlatPipeline<T, U> extends Crew<T, U> {
  private readonly _stage: Stage<T, U>;

  constructor(count: number, source: ReceiveChannel<T>, stage: Stage<T, U>, options: PipelineOptions<U>) {
    super(count, source, options);
    this._stage = stage;
  }

  *work(value: T, hand: Hand<T>): Routine<void> {
    const inner = this._begin(value);
    hand.inner = inner;
    try {
      if (this.ordered) yield* hand.turn;
      for (let result: U | Closed; !this.out.closed && (result = yield* inner.receive()) !== CLOSED; ) {
        hand.offering = true;
        if (!(yield* this.out.send(result))) this.options.onUndelivered?.(result);
        hand.offering = false;
      }
    } finally {
      hand.inner = null;
      inner.cancel();
      hand.leave();
    }
  }

  private _begin(value: T): ReceiveChannel<U> {
    const crew = this;
    const { onUndelivered } = this.options;
    return produce<U>(
      function* stage(out): Routine<void> {
        try {
          yield* settle(crew._stage(value, out));
        } catch (error) {
          crew.fail(error);
        }
      },
      { capacity: AHEAD, ...(onUndelivered && { onUndelivered }) },
    );
  }
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
  return new FlatPipeline(n, source, stage, options).start();
}

import type { Buffer } from "../../channel/buffer.js";
import { CLOSED, type Closed, type ReceiveChannel } from "../../channel/ends.js";
import type { Routine } from "../../operation/operation.js";
import { wholeNumber } from "../../structures/arguments.js";
import type { FlowOptions } from "../ends/release.js";
import { ahead } from "./ahead.js";

/**
 * Reads ahead: a task takes what comes into a buffer, so that a source and a consumer that are busy at different times need
 * not wait for each other.
 *
 * A slow consumer: with a number, nothing is dropped; so many are stored, one more is in hand, and then the source waits. A
 * buffer decides for itself what gives way: `sliding(1)` keeps the latest, `dropping(n)` the first.
 *
 * Closes when: the source has ended, after what is stored, with its cause if it has one. Cancelling it drops what is stored,
 * and releases the source.
 *
 * @throws RangeError when the capacity is a number, but no whole one of at least 1.
 * @example
 * ```ts
 * import { buffer, channel, pause, sliding } from "millrace";
 *
 * const prices = channel<number>();
 * const latest = buffer(prices, sliding(1));
 * for (const price of [5, 6, 7]) await prices.send(price);
 * await pause();
 * console.log(await latest.receive()); // 7
 * latest.cancel();
 * ```
 */
export function buffer<T>(
  source: ReceiveChannel<T>,
  capacity: number | Buffer<T>,
  options: FlowOptions = {},
): ReceiveChannel<T> {
  if (typeof capacity === "number") wholeNumber("buffer", "capacity", capacity, 1);
  return ahead<T>(
    "buffer",
    source,
    options,
    function* buffer(out): Routine<void> {
      const next = source.receive();
      for (let value: T | Closed; (value = yield* next) !== CLOSED; ) if (!(yield* out.send(value))) return;
    },
    { capacity },
  );
}

import type { Buffer } from "../../channel/buffer.js";
import { CLOSED, type Closed, type OwnedChannel } from "../../channel/ends.js";
import type { Routine } from "../../operation/operation.js";
import { wholeNumber } from "../../structures/arguments.js";
import type { Input } from "../ends/source.js";
import { type AheadOptions, readAhead } from "./read-ahead.js";

/**
 * Reads ahead: a task receives values into a buffer, so that a source and a consumer that are busy at different times need
 * not wait for each other.
 *
 * A slow consumer: with a number, no value is dropped. It stores that many values and holds one more; then the source
 * waits. A buffer has its own rule for the value to drop: `sliding(1)` keeps the latest value, `dropping(n)` keeps the
 * first `n`.
 *
 * Closes when: the source has ended, after the stored values, with the cause of the source if there is one. Cancelling it
 * drops the stored values, and releases the source.
 *
 * @param source - The channel to read.
 * @param capacity - How many values to store, or a buffer.
 * @throws RangeError when the capacity is a number but not a whole number, 1 or more.
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
  source: Input<T>,
  capacity: number | Buffer<T>,
  options: AheadOptions<T> = {},
): OwnedChannel<T> {
  if (typeof capacity === "number") wholeNumber("buffer", "capacity", capacity, 1);
  return readAhead<T, T>(
    "buffer",
    source,
    options,
    function* buffer(out, from): Routine<void> {
      const next = from.receive();
      for (let value: T | Closed; (value = yield* next) !== CLOSED; ) if (!(yield* out.send(value))) return;
    },
    { capacity },
  );
}

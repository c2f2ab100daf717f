import type { Buffer } from "../../channel/buffer.js";
import type { Channel, ReceiveChannel } from "../../channel/ends.js";
import { assertFunction, assertSource } from "../ends/release.js";
import { type OutletOptions, Outlets } from "./outlets.js";

/** What a split can be told. */
export interface SplitOptions<Yes, No = Yes> extends OutletOptions<Yes | No> {
  /** How many values each side stores, or a number or a buffer for each; none by default. */
  readonly capacity?: number | readonly [yes: number | Buffer<Yes>, no: number | Buffer<No>];
}

/**
 * Two channels of one: the values that pass a test, and those that do not. From core.async, whose other side it does not
 * strand.
 *
 * It works on its own: it takes a value, and waits until that side has taken it, or has room for it. So the side that nobody
 * reads holds up the other; cancel the one you do not want. What comes for a side that was cancelled is dropped, and given
 * to `onUndelivered`.
 *
 * Closes when: the source has ended, both sides, with its cause if it has one; likewise when the test throws. When both sides
 * have been cancelled it stops in that step, and releases its source.
 *
 * @param test - Whether a value goes to the first side; a type guard types both.
 * @example
 * ```ts
 * import { collect, from, go, split } from "millrace";
 *
 * const [words, numbers] = split(from(["a", 1, "b", 2]), (value) => typeof value === "string");
 * const sum = go(function* () {
 *   return (yield* collect(numbers)).reduce((sum, n) => sum + n, 0);
 * });
 * console.log(await collect(words), await sum); // [ "a", "b" ] 3
 * ```
 */
export function split<T, S extends T>(
  source: ReceiveChannel<T>,
  test: (value: T) => value is S,
  options?: SplitOptions<S, Exclude<T, S>>,
): [yes: ReceiveChannel<S>, no: ReceiveChannel<Exclude<T, S>>];
export function split<T>(
  source: ReceiveChannel<T>,
  test: (value: T) => boolean,
  options?: SplitOptions<T>,
): [yes: ReceiveChannel<T>, no: ReceiveChannel<T>];
export function split(
  source: ReceiveChannel<unknown>,
  test: (value: unknown) => boolean,
  options: object = {},
): [yes: ReceiveChannel<unknown>, no: ReceiveChannel<unknown>] {
  assertSource("split", source);
  assertFunction("split", "test", test);
  const { capacity = 0, onUndelivered } = options as SplitOptions<unknown>;
  const outlets = new Outlets(source, options);
  const [yes, no] = (typeof capacity === "number" ? [capacity, capacity] : capacity).map((room) =>
    outlets.open<unknown>(room, onUndelivered),
  ) as [Channel<unknown>, Channel<unknown>];
  outlets.feed((value) => (test(value) ? yes : no));
  return [yes, no];
}

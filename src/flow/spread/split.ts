import type { Buffer } from "../../channel/buffer.js";
import type { Channel, OwnedChannel } from "../../channel/ends.js";
import { assertFunction } from "../../structures/arguments.js";
import { type Input, sourceOf } from "../ends/source.js";
import { type OutletOptions, Outputs } from "./outputs.js";

type Output = Channel<unknown> & OwnedChannel<unknown>;

/** The options of {@link split}. */
export interface SplitOptions<Yes, No = Yes> extends OutletOptions<Yes | No> {
  /** How many values each side stores, or a number or a buffer for each side; 0 by default. */
  readonly capacity?: number | readonly [yes: number | Buffer<Yes>, no: number | Buffer<No>];
}

/**
 * Splits a channel into two: the values that pass a test, and the values that do not. From core.async; unlike there,
 * closing one side does not block the other.
 *
 * It runs a task, which receives a value and sends it to its side. The task parks until the side has room for the value or
 * a receiver takes it. So a side without a receiver blocks the other; cancel the side that you do not need. The values of a
 * cancelled side are dropped and passed to `onUndelivered`.
 *
 * Closes when: the source has ended. Then both sides close, with the cause of the source if there is one. If the test throws,
 * both sides close with that error. When both sides are cancelled it stops in that step, and releases its source.
 *
 * @param source - The channel to read.
 * @param test - Whether a value goes to the first side; a type guard types both sides.
 * @throws TypeError when `source` is not a receive channel, or `test` is not a function.
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
  source: Input<T>,
  test: (value: T) => value is S,
  options?: SplitOptions<S, Exclude<T, S>>,
): [yes: OwnedChannel<S>, no: OwnedChannel<Exclude<T, S>>];
export function split<T>(
  source: Input<T>,
  test: (value: T) => boolean,
  options?: SplitOptions<T>,
): [yes: OwnedChannel<T>, no: OwnedChannel<T>];
export function split(
  input: Input<unknown>,
  test: (value: unknown) => boolean,
  options: object = {},
): [yes: OwnedChannel<unknown>, no: OwnedChannel<unknown>] {
  assertFunction("split", "test", test);
  const source = sourceOf("split", input);
  const { capacity = 0, onUndelivered } = options as SplitOptions<unknown>;
  const outputs = new Outputs(source, options);
  const [yes, no] = (typeof capacity === "number" ? [capacity, capacity] : capacity).map((room) =>
    outputs.open<unknown>(room, onUndelivered),
  ) as [Output, Output];
  outputs.feed((value) => (test(value) ? yes : no));
  return [yes, no];
}

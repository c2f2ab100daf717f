import type { Buffer } from "../../channel/buffer.js";
import type { Channel, ReceiveChannel, SendChannel } from "../../channel/ends.js";
import type { Routine } from "../../operation/operation.js";
import { assertFunction, assertSource } from "../ends/release.js";
import { type OutletOptions, Outlets } from "./outlets.js";

/** The values of one key. */
export interface Part<out K, out T> {
  readonly key: K;
  readonly values: ReceiveChannel<T>;
}

/** What a partition can be told. */
export interface PartitionOptions<K, T> extends OutletOptions<T> {
  /** How many values each part stores; none by default. A function makes a number or a buffer for each part. */
  readonly capacity?: number | ((key: K) => number | Buffer<T>);
}

/**
 * A channel for each key: what comes out is `{ key, values }`, once for each key, in the order in which the keys first
 * occur, and its values come out of `values`. From Rx's `groupBy`.
 *
 * It works on its own: it takes a value, hands out the part if its key is new, and waits until that part's reader has taken
 * the value, or there is room for it. So a part that nobody reads holds up all others; read each in a task of its own, or
 * cancel it. What comes for a part that was cancelled is dropped, and given to `onUndelivered`; the part does not come again.
 *
 * Closes when: the source has ended, it and all parts, with its cause if it has one; likewise when `keyOf` throws. Cancelling
 * it lets no new parts be made: what would belong to one is dropped, and the parts that were handed out go on. When they
 * have been cancelled as well it stops in that step, and releases its source.
 *
 * @example
 * ```ts
 * import { collect, forEach, from, partition, scope } from "millrace";
 *
 * const words = partition(from(["ant", "bee", "ape", "bat", "cat"]), (word) => word[0]);
 * const lists: string[] = [];
 * await scope(function* ({ go }) {
 *   yield* forEach(words, ({ key, values }) => {
 *     go(function* () {
 *       lists.push(`${key}: ${(yield* collect(values)).join(" ")}`);
 *     });
 *   });
 * });
 * console.log(lists.join(", ")); // a: ant ape, b: bee bat, c: cat
 * ```
 */
export function partition<T, K>(
  source: ReceiveChannel<T>,
  keyOf: (value: T) => K,
  options: PartitionOptions<K, T> = {},
): ReceiveChannel<Part<K, T>> {
  assertSource("partition", source);
  assertFunction("partition", "keyOf", keyOf);
  const { capacity = 0, onUndelivered } = options;
  const outlets = new Outlets(source, options);
  const parts = outlets.open<Part<K, T>>(0, ({ values }) => values.cancel());
  const known = new Map<K, SendChannel<T>>();
  outlets.feed((value) => {
    const key = keyOf(value);
    return known.get(key) ?? (parts.closed ? undefined : handOut(key));
  });
  return parts;

  function* handOut(key: K): Routine<Channel<T>> {
    const values = outlets.open(typeof capacity === "function" ? capacity(key) : capacity, onUndelivered);
    known.set(key, values);
    if (!(yield* parts.send({ key, values }))) values.cancel();
    return values;
  }
}

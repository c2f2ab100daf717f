import type { Buffer } from "../../channel/buffer.js";
import type { OwnedChannel, SendChannel } from "../../channel/ends.js";
import type { Routine } from "../../operation/operation.js";
import { assertFunction } from "../../structures/arguments.js";
import { type Input, sourceOf } from "../ends/source.js";
import { type OutletOptions, Outputs } from "./outputs.js";

/** A key, and the channel of its values. */
export interface Part<out K, out T> {
  readonly key: K;
  readonly values: OwnedChannel<T>;
}

/** The options of {@link partition}. */
export interface PartitionOptions<K, T> extends OutletOptions<T> {
  /** How many values each part stores; 0 by default. A function returns a number or a buffer for each part. */
  readonly capacity?: number | ((key: K) => number | Buffer<T>);
  /**
   * Whether a key whose part was cancelled comes again, as a new part, with its next value. False by default: the values of
   * a cancelled part are undelivered, and the key is remembered for as long as the partition runs.
   */
  readonly again?: boolean;
}

/**
 * Divides a channel into parts, one for each key. It yields `{ key, values }` once for each key, in the order in which the
 * keys first occur; `values` is the channel of the values of this key. From Rx's `groupBy`.
 *
 * It runs a task, which receives a value, sends the part if its key is new, and then sends the value to the part. The task
 * parks until the part has room for the value or a receiver takes it. So a part without a receiver blocks all others. Read
 * each part in its own task, or cancel it. The values of a cancelled part are dropped and passed to `onUndelivered`; the
 * part is not sent again, unless the option `again` is true.
 *
 * Closes when: the source has ended. Then it and all parts close, with the cause of the source if there is one. If `keyOf`
 * throws, they close with that error. When you cancel it, no new parts are made: values with a new key are dropped, and
 * existing parts continue. When all parts are cancelled as well, it stops in that step, and releases its source.
 *
 * @param input - The channel to read.
 * @param keyOf - Computes the key of a value.
 * @throws TypeError when `source` is not a receive channel, or `keyOf` is not a function.
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
  input: Input<T>,
  keyOf: (value: T) => K,
  options: PartitionOptions<K, T> = {},
): OwnedChannel<Part<K, T>> {
  assertFunction("partition", "keyOf", keyOf);
  const source = sourceOf("partition", input);
  const { capacity = 0, onUndelivered, again = false } = options;
  const outputs = new Outputs(source, options);
  const parts = outputs.open<Part<K, T>>(0, ({ values }) => values.cancel());
  /** The channel of each key; null once it was cancelled. */
  const byKey = new Map<K, SendChannel<T> | null>();
  outputs.feed((value) => {
    const key = keyOf(value);
    const values = byKey.get(key);
    if (values !== undefined) return values ?? undefined;
    return parts.closed ? undefined : sendPart(key);
  });
  return parts;

  function* sendPart(key: K): Routine<SendChannel<T>> {
    const room = typeof capacity === "function" ? capacity(key) : capacity;
    const values = outputs.open(room, onUndelivered, () => {
      if (again) byKey.delete(key);
      else byKey.set(key, null);
    });
    byKey.set(key, values);
    if (!(yield* parts.send({ key, values }))) values.cancel();
    return values;
  }
}

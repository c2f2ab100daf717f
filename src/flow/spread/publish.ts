// One source for several subscribers, each of which gets the values of one topic (core.async's pub and sub).

import { assertFunction } from "../../structures/arguments.js";
import type { Input } from "../ends/source.js";
import { type DistributionOptions, Distributor } from "./distributor.js";
import { Audience, type SubscribeOptions, type Subscription } from "./subscription.js";

/** A publisher, made by {@link publish}. Disposing of it cancels it. */
export interface Publisher<out T, in K> extends Disposable {
  /**
   * Returns a channel of every value of a topic from now on. It closes as the subscriptions of a broadcast do.
   *
   * @throws TypeError for an unknown policy. RangeError for an invalid capacity.
   */
  subscribe: (topic: K, options?: SubscribeOptions<T>) => Subscription<T>;
  /** Closes every subscription to a topic, or to all topics; each then yields the values stored for it. */
  unsubscribeAll: (...topic: [] | [topic: K]) => void;
  /** How many topics have subscribers. */
  readonly topics: number;
  /** Stops reading, closes every subscription, which then yields the values stored for it, and releases the source. */
  cancel: (reason?: unknown) => void;
}

class Publishing<T, K> extends Distributor<T> implements Publisher<T, K> {
  private readonly _topicOf: (value: T) => K;
  /** The topics that have subscribers, and no others; with `replay` also those that have had a value. */
  private readonly _topics: Map<K, Audience<T>>;

  constructor(source: Input<T>, topicOf: (value: T) => K, options: DistributionOptions) {
    super("publish", source, options);
    this._topicOf = topicOf;
    this._topics = new Map();
  }

  get topics(): number {
    let count = 0;
    for (const { size } of this._topics.values()) if (size > 0) count++;
    return count;
  }

  subscribe(topic: K, options: SubscribeOptions<T> = {}): Subscription<T> {
    const audience = this._topics.get(topic) ?? this._audience(topic);
    const subscription = this.subscribeTo(audience, options);
    if (!subscription.closed) this._topics.set(topic, audience);
    return subscription;
  }

  unsubscribeAll(...topic: [] | [topic: K]): void {
    const audiences = topic.length === 0 ? this.audiences() : [this._topics.get(topic[0])];
    for (const audience of audiences) audience?.end(undefined);
  }

  protected audienceOf(value: T): Audience<T> | undefined {
    const topic = this._topicOf(value);
    const audience = this._topics.get(topic);
    if (audience !== undefined || this.replay === 0) return audience;
    const first = this._audience(topic);
    this._topics.set(topic, first);
    return first;
  }

  protected audiences(): Iterable<Audience<T>> {
    return this._topics.values();
  }

  private _audience(topic: K): Audience<T> {
    const emptied = (): void => {
      if (this.replay === 0) this._topics.delete(topic);
      this.emptied();
    };
    return new Audience<T>(false, emptied, this.replay);
  }
}

/**
 * Gives each value of a channel to the subscribers of its topic. From core.async's `pub` and `sub`.
 *
 * It works as {@link broadcast} does, for each topic. All subscribers of the topic get a value in one step. The next value,
 * of any topic, is read only after all subscribers with the policy `"wait"` have room for the last one. A value whose topic
 * has no subscribers is dropped; with `replay`, the last values of each topic are kept for later subscribers. Topics are compared as the keys of a `Map` are, and a topic without subscribers takes no
 * memory without `replay`.
 *
 * Closes when: the source has ended. Then every subscription closes, with the cause of the source if there is one. If `topicOf`
 * throws, every subscription closes with that error, and the source is released. If there are no subscribers then, the
 * error is reported as the failure of a task that no task joins.
 *
 * @param source - The channel to read.
 * @param topicOf - Computes the topic of a value.
 * @throws TypeError when `source` is not a receive channel, or `topicOf` is not a function. RangeError when `replay`
 * is not a whole number, 0 or more, or `Infinity`.
 * @example
 * ```ts
 * import { collect, from, publish } from "millrace";
 *
 * const words = publish(from(["ant", "bee", "ape", "boar"]), (word) => word[0]);
 * const a = words.subscribe("a", { capacity: 2 });
 * const b = words.subscribe("b", { capacity: 2 });
 * console.log(await collect(a), await collect(b)); // [ "ant", "ape" ] [ "bee", "boar" ]
 * ```
 */
export function publish<T, K>(
  source: Input<T>,
  topicOf: (value: T) => K,
  options: DistributionOptions = {},
): Publisher<T, K> {
  assertFunction("publish", "topicOf", topicOf);
  return new Publishing(source, topicOf, options);
}

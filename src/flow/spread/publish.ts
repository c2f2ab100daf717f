// One channel for many, each of whom gets what it asked for (core.async's pub and sub).

import type { ReceiveChannel } from "../../channel/ends.js";
import { shown } from "../../structures/errors.js";
import type { FlowOptions } from "../ends/release.js";
import { Spread } from "./spread.js";
import { Audience, type SubscribeOptions, type Subscription } from "./subscription.js";

/** What {@link publish} makes. Disposing of it cancels it. */
export interface Publisher<out T, in K> extends Disposable {
  /**
   * A channel of every value of a topic from now on. It closes as that of a broadcast does.
   *
   * @throws TypeError, RangeError when the policy or the capacity is none.
   */
  subscribe: (topic: K, options?: SubscribeOptions<T>) => Subscription<T>;
  /** Closes every subscription to a topic, or to all of them, after what is stored for it. */
  unsubscribeAll: (...topic: [] | [topic: K]) => void;
  /** How many topics somebody has subscribed to. */
  readonly topics: number;
  /** Stops reading, closes every subscription after what is stored for it, and releases the source. */
  cancel: (reason?: unknown) => void;
}

class Publishing<T, K> extends Spread<T> implements Publisher<T, K> {
  private readonly _topicOf: (value: T) => K;
  /** Topics that somebody has subscribed to, and no others. */
  private readonly _topics: Map<K, Audience<T>>;

  constructor(source: ReceiveChannel<T>, topicOf: (value: T) => K, options: FlowOptions) {
    super("publish", source, options);
    this._topicOf = topicOf;
    this._topics = new Map();
  }

  get topics(): number {
    return this._topics.size;
  }

  subscribe(topic: K, options: SubscribeOptions<T> = {}): Subscription<T> {
    const audience = this._topics.get(topic) ?? new Audience<T>(false, () => this._topics.delete(topic));
    const subscription = this.subscribeTo(audience, options);
    if (!subscription.closed) this._topics.set(topic, audience);
    return subscription;
  }

  unsubscribeAll(...topic: [] | [topic: K]): void {
    const audiences = topic.length === 0 ? this.audiences() : [this._topics.get(topic[0])];
    for (const audience of audiences) audience?.end(undefined);
  }

  protected audienceOf(value: T): Audience<T> | undefined {
    return this._topics.get(this._topicOf(value));
  }

  protected audiences(): Iterable<Audience<T>> {
    return this._topics.values();
  }
}

/**
 * Gives each value of a channel to those who have subscribed to its topic. From core.async's `pub` and `sub`.
 *
 * As {@link broadcast}, for each topic: a value is given to all in one step, and the next one, of whatever topic, is read
 * only when those with the policy `"wait"` have it. A value whose topic nobody has subscribed to is dropped. Topics are told
 * apart as the keys of a `Map` are, and one without subscribers takes no memory.
 *
 * Closes when: the source has ended, every subscription, with its cause if it has one. What `topicOf` throws does the same,
 * and releases the source. If nobody has subscribed then, the cause is reported as that of a task which nobody joined.
 *
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
  source: ReceiveChannel<T>,
  topicOf: (value: T) => K,
  options: FlowOptions = {},
): Publisher<T, K> {
  if (typeof topicOf !== "function") {
    throw new TypeError(`Cannot publish: topicOf must be a function, got ${shown(topicOf)}`);
  }
  return new Publishing(source, topicOf, options);
}

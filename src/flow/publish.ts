import type { ReceiveChannel } from "../ends.js";
import { shown } from "../errors.js";
import { Spread } from "./broadcast.js";
import { Hub } from "./hub.js";
import { assertSource, type FlowOptions } from "./release.js";
import type { SubscribeOptions, Subscription } from "./subscription.js";

/** What can be subscribed to by topic. Cancelling it, or disposing of it, ends all subscriptions and releases the source. */
export class Publisher<T, K> extends Spread<T> {
  private readonly _topicOf: (value: T) => K;
  /** Only of topics that somebody has subscribed to. */
  private readonly _hubs: Map<K, Hub<T>>;
  private _end: { readonly cause: unknown } | null;

  /** @internal Publishers are made by `publish`. */
  constructor(source: ReceiveChannel<T>, topicOf: (value: T) => K, options: FlowOptions) {
    super(source, options);
    this._topicOf = topicOf;
    this._hubs = new Map();
    this._end = null;
  }

  /** A channel of all values of a topic from now on; as with a broadcast, of which each topic is one. */
  subscribe(topic: K, options: SubscribeOptions = {}): Subscription<T> {
    const hub = this._hubs.get(topic) ?? new Hub<T>(() => this._hubs.delete(topic));
    if (this._end !== null) hub.close(this._end.cause);
    else this._hubs.set(topic, hub);
    return hub.subscribe(options);
  }

  /** Ends all subscriptions to a topic, or to all topics; others may come. */
  unsubscribeAll(...topics: [topic?: K]): void {
    const ended = topics.length === 0 ? [...this._hubs.keys()] : (topics as K[]);
    for (const topic of ended) {
      this._hubs.get(topic)?.close();
      this._hubs.delete(topic);
    }
  }

  /** How many topics somebody has subscribed to. */
  get topics(): number {
    return this._hubs.size;
  }

  protected hubOf(value: T): Hub<T> | null {
    return this._hubs.get(this._topicOf(value)) ?? null;
  }

  protected close(cause?: unknown): boolean {
    this._end ??= { cause };
    const hubs = [...this._hubs.values()];
    this._hubs.clear();
    for (const hub of hubs) hub.close(cause);
    return hubs.length > 0;
  }
}

/**
 * Spreads what comes from a channel by topic: each value goes to those who have subscribed to its topic, as in a
 * {@link broadcast}. A task reads the source from now on; values of a topic to which nobody has subscribed are dropped. From
 * core.async's `pub`.
 *
 * Closes when: the source has ended, all subscriptions, with its cause if it has one; what `topicOf` throws is a cause as well.
 *
 * @example
 * ```ts
 * import { channel, collect, go, publish } from "millrace";
 *
 * const events = channel<{ kind: string; id: number }>();
 * const publisher = publish(events, (event) => event.kind);
 * const orders = publisher.subscribe("order");
 *
 * go(function* () {
 *   for (const [id, kind] of ["order", "login", "order"].entries()) yield* events.send({ kind, id });
 *   events.close();
 * });
 * console.log((await collect(orders)).map(({ id }) => id)); // [ 0, 2 ]
 * ```
 */
export function publish<T, K>(
  source: ReceiveChannel<T>,
  topicOf: (value: T) => K,
  options: FlowOptions = {},
): Publisher<T, K> {
  assertSource("publish", source);
  if (typeof topicOf !== "function") {
    throw new TypeError(`Cannot publish: topicOf must be a function, got ${shown(topicOf)}`);
  }
  return new Publisher(source, topicOf, options);
}

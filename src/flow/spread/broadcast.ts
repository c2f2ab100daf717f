// One channel for many: everybody gets every value (core.async's mult and tap).

import type { ReceiveChannel } from "../../channel/ends.js";
import type { FlowOptions } from "../ends/release.js";
import { Spread } from "./spread.js";
import { Audience, type SubscribeOptions, type Subscription } from "./subscription.js";

/** What a broadcast can be told. */
export interface BroadcastOptions extends FlowOptions {
  /** Whether it stops reading while nobody has subscribed; without it what comes then is dropped. */
  readonly hold?: boolean;
}

/** What {@link broadcast} makes. Disposing of it cancels it. */
export interface Broadcast<out T> extends Disposable {
  /**
   * A channel of every value from now on. It closes when the source has ended, with its cause if it has one, after what is
   * stored for it; once the broadcast is over it is closed from the start.
   *
   * @throws TypeError, RangeError when the policy or the capacity is none.
   */
  subscribe: (options?: SubscribeOptions<T>) => Subscription<T>;
  /** Stops reading, closes every subscription after what is stored for it, and releases the source. */
  cancel: (reason?: unknown) => void;
}

class Broadcasting<T> extends Spread<T> implements Broadcast<T> {
  private readonly _audience: Audience<T>;

  constructor(source: ReceiveChannel<T>, options: BroadcastOptions) {
    super("broadcast", source, options);
    this._audience = new Audience(options.hold === true, () => {});
  }

  subscribe(options: SubscribeOptions<T> = {}): Subscription<T> {
    return this.subscribeTo(this._audience, options);
  }

  protected audienceOf(): Audience<T> {
    return this._audience;
  }

  protected audiences(): Iterable<Audience<T>> {
    return [this._audience];
  }
}

/**
 * Gives every value of a channel to all who have subscribed, each with its own policy for when it is slow. From
 * core.async's `mult`.
 *
 * A value is given to all of them in one step, so nobody waits for a neighbour; but the next one is read only when those
 * with the policy `"wait"` have it. It reads from its first turn on, so whoever subscribes in the same step as it is made
 * misses nothing; what comes while nobody has subscribed is dropped, unless it is told to `hold`.
 *
 * Closes when: the source has ended, every subscription, with its cause if it has one; if nobody has subscribed then, the
 * cause is reported as that of a task which nobody joined. Unsubscribing, or disconnecting, frees at once what waits for
 * that subscriber.
 *
 * @example
 * ```ts
 * import { broadcast, collect, from } from "millrace";
 *
 * const news = broadcast(from([1, 2, 3, 4, 5]));
 * const all = news.subscribe();
 * const first = news.subscribe({ policy: "drop", capacity: 2 });
 *
 * console.log(await collect(all)); // [ 1, 2, 3, 4, 5 ]
 * console.log(await collect(first), first.missed); // [ 1, 2 ] 3
 * ```
 */
export function broadcast<T>(source: ReceiveChannel<T>, options: BroadcastOptions = {}): Broadcast<T> {
  return new Broadcasting(source, options);
}

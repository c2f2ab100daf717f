// One source for several subscribers, each of which gets every value (core.async's mult and tap).

import type { ReceiveChannel } from "../../channel/ends.js";
import { standIn } from "../../scheduler/stand-ins.js";
import { assertOptions } from "../../structures/arguments.js";
import { release } from "../ends/release.js";
import { type Input, sourceOf } from "../ends/source.js";
import { type DistributionOptions, Distributor } from "./distributor.js";
import { Audience, checkedSubscription, type SubscribeOptions, type Subscription } from "./subscription.js";

/** The options of {@link broadcast}. */
export interface BroadcastOptions extends DistributionOptions {
  /** Whether it stops reading while there are no subscribers; by default it drops the values that come then. */
  readonly hold?: boolean;
}

/** A broadcast, made by {@link broadcast}. Disposing of it cancels it. */
export interface Broadcast<out T> extends Disposable {
  /**
   * Returns a channel of every value from now on. It closes when the source has ended, with the cause of the source if
   * there is one, after the values that are stored for it. Once the broadcast has ended, the channel is closed from the
   * start; with `replay` it still yields the last values, unless the broadcast was cancelled.
   *
   * @throws TypeError for an unknown policy. RangeError for an invalid capacity.
   */
  subscribe: (options?: SubscribeOptions<T>) => Subscription<T>;
  /** Stops reading, closes every subscription, which then yields the values stored for it, and releases the source. */
  cancel: (reason?: unknown) => void;
}

class Broadcasting<T> extends Distributor<T> implements Broadcast<T> {
  private readonly _audience: Audience<T>;

  constructor(source: Input<T>, options: BroadcastOptions) {
    super("broadcast", source, options);
    this._audience = new Audience(options.hold === true, () => this.emptied(), this.replay);
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
 * Gives every value of a channel to all subscribers. Each subscriber has its own policy for when it is slow. From
 * core.async's `mult`.
 *
 * All subscribers get a value in one step, so no subscriber waits for another one. But the next value is read only after
 * all subscribers with the policy `"wait"` have room for the last one. It starts reading at its first turn, so a
 * subscription made in the same step as the broadcast misses no value. Values that come while there are no subscribers are
 * dropped, unless `hold` is set; with `replay`, a new subscriber gets the last ones. With `autoCancel` the broadcast ends
 * when its last subscriber leaves.
 *
 * Closes when: the source has ended. Then every subscription closes, with the cause of the source if there is one. If there are
 * no subscribers then, the cause is reported as the failure of a task that no task joins. Unsubscribing, or disconnecting a
 * subscriber, resumes in the same step what waits for this subscriber.
 *
 * @param source - The channel to read.
 * @throws TypeError when `source` is not a receive channel. RangeError when `replay` is not a whole number, 0 or more, or
 * `Infinity`.
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
 * @example
 * ```ts
 * import { broadcast, channel } from "millrace";
 *
 * const states = channel<string>();
 * const shared = broadcast(states, { replay: 1 });
 * await states.send("connecting");
 * await states.send("open");
 * using late = shared.subscribe();
 * console.log(await late.receive()); // open
 * ```
 */
export function broadcast<T>(source: Input<T>, options: BroadcastOptions = {}): Broadcast<T> {
  assertOptions("broadcast", options);
  const { replay = 0, hold = false, autoCancel = false } = options;
  const made = standIn("broadcast", {
    source: () => sourceOf("broadcast", source),
    release: (from: ReceiveChannel<T>, reason: unknown) => release(from, options, reason),
    subscription: checkedSubscription,
    isPlain: replay === 0 && !hold && !autoCancel,
  });
  return (made as Broadcast<T> | undefined) ?? new Broadcasting(source, options);
}

// The subscribers that get the same values, each with a policy for when it is slow (rule CB-7). A broadcast has one
// audience, a publisher has one for each topic.
//
// Invariants. All subscribers get a value in one step, so a fast subscriber never waits for a slow one. A subscriber with
// the policy `"wait"` stores values beyond its capacity as well, and is behind until these have been received. `behind`
// counts such subscribers, and performing the audience waits until there are none. So waiting for a subscriber allocates
// nothing. Each value is either received or missed in the end.

import type { Buffer } from "../../channel/buffer.js";
import { sliding } from "../../channel/buffer.js";
import { channel } from "../../channel/channel.js";
import type { Channel, Closed, Empty, OwnedChannel } from "../../channel/ends.js";
import { notify } from "../../operation/notify.js";
import { Operation, type WaitsFor } from "../../operation/operation.js";
import { bound } from "../../scheduler/contexts.js";
import { wholeNumber } from "../../structures/arguments.js";
import { shown } from "../../structures/errors.js";
import { readable } from "../../structures/readable.js";
import { Ring } from "../../structures/ring.js";

/**
 * What happens when a value comes and the subscriber has no room for it: `"wait"` makes the source wait for the subscriber,
 * `"drop"` drops the new value, `"slide"` drops the oldest stored value, `"disconnect"` closes the subscription.
 */
export type Policy = "wait" | "drop" | "slide" | "disconnect";

/** The options of a subscription. */
export interface SubscribeOptions<T> {
  /** `"wait"` by default. */
  readonly policy?: Policy;
  /**
   * How many values are stored for the subscriber. By default 0 with `"wait"`, 1 with `"drop"` and `"slide"`, and 64 with
   * `"disconnect"`, because that many values may come in one step.
   */
  readonly capacity?: number;
  /** Called with each value that was sent while the subscription existed and that the subscriber does not get. */
  readonly onMissed?: (value: T) => void;
}

/**
 * The channel of one subscriber. `cancel()`, or leaving the block of a `using`, unsubscribes, and resumes in the same step
 * what waits for this subscriber.
 */
export interface Subscription<out T> extends OwnedChannel<T> {
  /** How many values the subscriber did not get: dropped by its policy, or still stored when it was cancelled. */
  readonly missed: number;
  /** How many values are stored for it before its policy applies. */
  readonly capacity: number;
}

/** Thrown to a subscriber that was disconnected because it was too slow, after the values that are stored for it. */
export class DisconnectedError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "DisconnectedError";
  }
}

/** What is settled about a subscription once its options are checked. */
interface Checked {
  readonly policy: Policy;
  readonly capacity: number;
}

const capacities: Readonly<Record<Policy, number>> = { wait: 0, drop: 1, slide: 1, disconnect: 64 };

/**
 * The buffer of a subscriber with the policy `"wait"`: never full, and behind while it holds more values than its capacity.
 */
class LagBuffer<T> extends Ring<T> implements Buffer<T> {
  readonly capacity: number;
  readonly full: boolean;
  private readonly _audience: Audience<T>;
  private _behind: boolean;

  constructor(capacity: number, audience: Audience<T>) {
    super();
    this.capacity = capacity;
    this.full = false;
    this._audience = audience;
    this._behind = false;
  }

  override push(value: T): void {
    super.push(value);
    if (this._behind || this.length <= this.capacity) return;
    this._behind = true;
    this._audience.behind++;
  }

  override shift(): T {
    const value = super.shift();
    if (this._behind && this.length <= this.capacity) this.stopWaiting();
    return value;
  }

  /** Ends the wait for this subscriber. */
  stopWaiting(): void {
    if (!this._behind) return;
    this._behind = false;
    this._audience.behind--;
    this._audience.recheck();
  }
}

class Subscriber<T> implements Subscription<T> {
  missed: number;
  readonly owned: boolean;
  private readonly _audience: Audience<T>;
  private readonly _policy: Policy;
  private readonly _onMissed: ((value: T) => void) | undefined;
  private readonly _lag: LagBuffer<T> | null;
  private readonly _channel: Channel<T>;

  constructor(audience: Audience<T>, options: SubscribeOptions<T>) {
    const { policy, capacity } = checkedSubscription(options);
    this.missed = 0;
    this.owned = true;
    this._audience = audience;
    this._policy = policy;
    this._onMissed = bound(options.onMissed);
    const miss = (value: T): void => this._miss(value);
    this._lag = policy === "wait" ? new LagBuffer(capacity, audience) : null;
    this._channel = channel<T>(this._lag ?? (policy === "slide" ? sliding(capacity, miss) : capacity), {
      owned: true,
      onUndelivered: miss,
      onCancel: () => audience.remove(this),
    });
    readable(this, () => {
      const { length, closed } = this._channel;
      return `Subscription (${policy}), ${length} stored, ${this.missed} missed${closed ? ", closed" : ""}`;
    });
  }

  /** @internal */
  get ownership(): unknown {
    return (this._channel as { readonly ownership?: unknown }).ownership;
  }

  get closed(): boolean {
    return this._channel.closed;
  }

  get capacity(): number {
    return this._channel.capacity;
  }

  receive(): Operation<T | Closed> {
    return this._channel.receive();
  }

  tryReceive(): T | Closed | Empty {
    return this._channel.tryReceive();
  }

  cancel(reason?: unknown): void {
    this._channel.cancel(reason);
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return this._channel[Symbol.asyncIterator]();
  }

  [Symbol.dispose](): void {
    this.cancel();
  }

  give(value: T): void {
    if (this._channel.trySend(value)) return;
    if (this._policy === "disconnect") {
      const { capacity } = this._channel;
      this.end(new DisconnectedError(`Disconnected: the subscriber was more than ${capacity} values behind`));
    }
    this._miss(value);
  }

  /** Stores the last values, as many as fit. A subscriber with the policy `"wait"` has room for all of them. */
  replay(past: Ring<T>): void {
    const room = this._lag === null ? this._channel.capacity : Infinity;
    for (let at = Math.max(0, past.length - room); at < past.length; at++) this._channel.trySend(past.at(at));
  }

  /** Closes the subscription; the values stored for it can still be received. */
  end(cause: unknown): void {
    this._audience.remove(this);
    this._channel.close(cause);
    this._lag?.stopWaiting();
  }

  private _miss(value: T): void {
    this.missed++;
    notify(this._onMissed, value);
  }
}

/**
 * The subscribers that get the same values. Performing it waits until none of them is behind, and, with `holds`, until
 * there is one.
 */
export class Audience<T> extends Operation<void> {
  /** How many subscribers are behind. */
  behind: number;
  private readonly _holds: boolean;
  private readonly _emptied: () => void;
  /** The last values, at most `_replay` of them, for later subscribers. */
  private readonly _past: Ring<T>;
  private readonly _replay: number;
  private readonly _subscribers: Set<Subscriber<T>>;
  private _parked: boolean;

  /**
   * @param holds - Whether to wait while there are no subscribers.
   * @param emptied - Called when the last subscriber has left.
   * @param replay - How many of the last values a new subscriber gets.
   */
  constructor(holds: boolean, emptied: () => void, replay: number) {
    super();
    this.behind = 0;
    this._holds = holds;
    this._emptied = emptied;
    this._past = new Ring();
    this._replay = replay;
    this._subscribers = new Set();
    this._parked = false;
  }

  subscribe(options: SubscribeOptions<T>): Subscriber<T> {
    const subscriber = new Subscriber(this, options);
    subscriber.replay(this._past);
    this._subscribers.add(subscriber);
    this.recheck();
    return subscriber;
  }

  remove(subscriber: Subscriber<T>): void {
    if (this._subscribers.delete(subscriber) && this._subscribers.size === 0) this._emptied();
  }

  give(value: T): void {
    if (this._replay > 0) {
      this._past.push(value);
      if (this._past.length > this._replay) this._past.shift();
    }
    for (const subscriber of this._subscribers) subscriber.give(value);
  }

  /** How many subscribers there are. */
  get size(): number {
    return this._subscribers.size;
  }

  /** Forgets the values for later subscribers. */
  forget(): void {
    while (this._past.length > 0) this._past.shift();
  }

  /** Ends all subscriptions; returns false when there was no subscriber to get the cause. */
  end(cause: unknown): boolean {
    const delivered = this._subscribers.size > 0;
    for (const subscriber of this._subscribers) subscriber.end(cause);
    return delivered;
  }

  /** Called after a change that may complete the parked operation. */
  recheck(): void {
    if (!this._parked || !this.poll()) return;
    this._parked = false;
    this.complete(undefined);
  }

  poll(): boolean {
    return this.behind === 0 && (!this._holds || this._subscribers.size > 0);
  }

  block(): void {
    this._parked = true;
  }

  override unblock(): void {
    this._parked = false;
  }

  override waitsFor(): WaitsFor {
    return {
      what: this.behind === 0 ? "a subscriber" : `${this.behind} slow of ${this._subscribers.size} subscribers`,
      external: false,
    };
  }
}

/** The policy, and the capacity, of a subscription. */
export function checkedSubscription<T>(options: SubscribeOptions<T> = {}): SubscribeOptions<T> & Checked {
  const { policy = "wait" } = options;
  return { ...options, policy, capacity: checkedCapacity(policy, options.capacity) };
}

function checkedCapacity(policy: Policy, capacity = capacities[policy]): number {
  if (!Object.hasOwn(capacities, policy)) {
    const names = Object.keys(capacities).map((name) => JSON.stringify(name));
    throw new TypeError(`Cannot subscribe: policy must be one of ${names.join(", ")}, got ${shown(policy)}`);
  }
  const least = policy === "slide" ? 1 : 0;
  return wholeNumber("subscribe", "capacity", capacity, least);
}

import { CLOSED, type Closed, type ReceiveChannel } from "../ends.js";
import { go } from "../go.js";
import type { Routine } from "../operation.js";
import type { Task } from "../task.js";
import { Hub } from "./hub.js";
import { assertSource, type FlowOptions, release } from "./release.js";
import type { SubscribeOptions, Subscription } from "./subscription.js";

/** Reads a source on its own, and passes each value to whoever is to have it. */
export abstract class Spread<T> implements Disposable {
  private readonly _source: ReceiveChannel<T>;
  private readonly _options: FlowOptions;
  private readonly _task: Task<void>;
  private _begun: boolean;
  private _over: boolean;
  private _reason: unknown;

  constructor(source: ReceiveChannel<T>, options: FlowOptions) {
    this._source = source;
    this._options = options;
    this._begun = this._over = false;
    this._reason = undefined;
    this._task = go(() => this._run());
  }

  /** Who is to have a value; null if nobody is. */
  protected abstract hubOf(value: T): Hub<T> | null;

  /** Tells everybody that it is over; false if there was nobody. */
  protected abstract close(cause?: unknown): boolean;

  /** Ends it: all subscriptions close, after what they have stored, and the source is released. */
  cancel(reason?: unknown): void {
    if (this._over) return;
    this._over = true;
    this._reason = reason;
    this.close();
    this._task.cancel(reason);
    // A task that has not had its first turn never runs, and so has no end that could do it.
    if (!this._begun) release(this._source, this._options, reason);
  }

  [Symbol.dispose](): void {
    this.cancel();
  }

  private *_run(): Routine<void> {
    this._begun = true;
    const source = this._source;
    try {
      for (let value: T | Closed; (value = yield* source.receive()) !== CLOSED; ) {
        const hub = this.hubOf(value);
        const slow = hub === null ? null : hub.offer(value);
        if (slow !== null) yield* hub!.wait(slow, value);
      }
      this.close();
    } catch (error) {
      // Those who subscribe later will get it as well; with nobody there yet, it is the task's own besides.
      if (!this.close(error)) throw error;
    } finally {
      this._over = true;
      release(source, this._options, this._reason);
    }
  }
}

/** What many can subscribe to. Cancelling it, or disposing of it, ends all subscriptions and releases the source. */
export class Broadcast<T> extends Spread<T> {
  private readonly _hub: Hub<T>;

  /** @internal Broadcasts are made by `broadcast`. */
  constructor(source: ReceiveChannel<T>, options: FlowOptions) {
    super(source, options);
    this._hub = new Hub();
  }

  /**
   * A channel of all values from now on. What becomes of a value that it has no room for is its own choice; `missed` counts
   * those that it did not get.
   *
   * Closes when: the source has ended, with its cause if it has one; at once if it has ended before. A subscriber that is
   * disconnected gets an error after what it has stored.
   */
  subscribe(options: SubscribeOptions = {}): Subscription<T> {
    return this._hub.subscribe(options);
  }

  protected hubOf(): Hub<T> {
    return this._hub;
  }

  protected close(cause?: unknown): boolean {
    return this._hub.close(cause);
  }
}

/**
 * Spreads what comes from a channel to all who subscribe. A task reads the source from now on, one value at a time: those who
 * have room, or are receiving, get it at once; only for subscribers with the policy `"wait"` that have none does everybody
 * wait, until they take it or leave. Values that come while nobody has subscribed are dropped. From core.async's `mult`.
 *
 * @example
 * ```ts
 * import { broadcast, channel, collect, go } from "millrace";
 *
 * const prices = channel<number>();
 * const market = broadcast(prices);
 * const log = market.subscribe(); // gets every one
 * using screen = market.subscribe({ policy: "slide" }); // is content with the latest
 *
 * go(function* () {
 *   for (const price of [10, 11, 12]) yield* prices.send(price);
 *   prices.close();
 * });
 * console.log(await collect(log)); // [ 10, 11, 12 ]
 * console.log(screen.tryReceive(), screen.missed); // 12 2
 * ```
 */
export function broadcast<T>(source: ReceiveChannel<T>, options: FlowOptions = {}): Broadcast<T> {
  assertSource("broadcast", source);
  return new Broadcast(source, options);
}

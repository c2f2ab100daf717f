// Broadcasts while a program is unfolded. As on the scheduler, a task reads the source. It gives each value to all subscriptions in one
// step, which is one transition, and then waits until no subscription with the policy `"wait"` is behind. A subscription is a
// channel with a buffer. To subscribe is a plain call, which makes the channel one of the audience until it is closed.
//
// A subscription that waits stores one value more than its capacity, and is behind while it does.

import { CLOSED, type ReceiveChannel } from "../../../channel/ends.js";
import type { Operation, Routine } from "../../../operation/operation.js";
import { named } from "../../../structures/named.js";
import type { Task } from "../../../task/task.js";
import { Round } from "../../program/loop.js";
import { END_AUDIENCE, GIVE, GIVEN } from "./cases.js";
import { type ChannelFacts, ChannelModel, type Overflow, type PlainCalls } from "./model-objects.js";
import { Offer } from "./operation-cases.js";

/** What a subscription is made with. */
export interface SubscriptionParts {
  readonly policy: "wait" | "drop" | "slide" | "disconnect";
  readonly capacity: number;
  readonly onMissed?: unknown;
}

/** What `broadcast` is given. */
export interface BroadcastParts<O = unknown> {
  readonly source: () => ReceiveChannel<unknown>;
  /** Releases the source when the broadcast is cancelled. */
  readonly release: (source: ReceiveChannel<unknown>, reason: unknown) => void;
  /** Checks the options of a subscription. */
  readonly subscription: (options: O | undefined) => SubscriptionParts;
  /** Whether it does more than to give each value to the subscriptions. */
  readonly isPlain: boolean;
}

/** What broadcasts ask of the sandbox. */
export interface Broadcasts extends PlainCalls {
  subscription(broadcast: BroadcastModel, capacity: number, overflow: Overflow): SubscriptionModel;
}

/** What ending an audience yields: whether it was open, and whether there was a subscription. */
export const WAS_OPEN = 1;
export const HAD_SUBSCRIPTION = 2;

/** What is fixed about a broadcast. */
interface BroadcastFacts {
  readonly index: number;
  /** The task that made it, and the scope in which it was made. */
  readonly maker: number;
  readonly home: number;
}

export class BroadcastModel {
  readonly index: number;
  readonly maker: number;
  readonly home: number;
  /** All subscriptions that were made in any schedule. */
  readonly subscriptions: SubscriptionModel[];
  private readonly _calls: Broadcasts;
  private _parts: BroadcastParts;
  private _source: ReceiveChannel<unknown> | null;
  private _task: Task<void> | null;

  constructor(calls: Broadcasts, { index, maker, home }: BroadcastFacts, parts: BroadcastParts) {
    this.index = index;
    this.maker = maker;
    this.home = home;
    this.subscriptions = [];
    this._calls = calls;
    this._parts = parts;
    this._source = null;
    this._task = null;
  }

  /** The body of the task that reads the source. */
  reading(source: ReceiveChannel<unknown>): () => Routine<void> {
    this._source = source;
    return named("spread", () => this._spread(source));
  }

  readBy(task: Task<void>): void {
    this._task = task;
  }

  subscribe(options?: unknown): SubscriptionModel {
    const { policy, capacity, onMissed } = this._parts.subscription(options);
    if (onMissed !== undefined) this._calls.unmodelled("a subscription has onMissed");
    if (policy === "disconnect") this._calls.unmodelled("a subscription may be disconnected");
    if (policy === "wait") return this._calls.subscription(this, capacity + 1, "park");
    // Without a buffer, a value is dropped unless a receive waits by then.
    if (capacity === 0) this._calls.unmodelled("a subscription that drops values has no buffer");
    return this._calls.subscription(this, capacity, policy);
  }

  cancel(reason?: unknown): void {
    this._task!.cancel(reason);
    if ((this._end(undefined) & WAS_OPEN) !== 0) this._parts.release(this._source!, reason);
  }

  [Symbol.dispose](): void {
    this.cancel();
  }

  private *_spread(source: ReceiveChannel<unknown>): Routine<void> {
    let cause: unknown;
    const round = new Round(undefined, false);
    try {
      for (;;) {
        yield* round;
        const value = yield* source.receive();
        if (value === CLOSED) break;
        yield* this._offer<void>(GIVE, value, "slow subscribers");
        yield* this._offer<void>(GIVEN, null, "slow subscribers");
      }
    } catch (error) {
      cause = error;
      if (cause === undefined) this._calls.unmodelled("a source fails without an error");
    }
    const had = this._end(cause) & HAD_SUBSCRIPTION;
    if (had === 0 && cause !== undefined) this._calls.unmodelled("a broadcast without subscriptions fails");
  }

  private _end(cause: unknown): number {
    return this._calls.call(this._offer<number>(END_AUDIENCE, cause, "the end of a broadcast")) as number;
  }

  private _offer<T>(kind: number, argument: unknown, text: string): Operation<T> & Offer<T> {
    return new Offer<T>(kind, this.index, argument, text, this._calls.queued);
  }
}

export class SubscriptionModel extends ChannelModel<unknown> {
  readonly broadcast: BroadcastModel;
  private readonly _sandbox: Broadcasts;

  constructor(calls: Broadcasts, facts: ChannelFacts, broadcast: BroadcastModel) {
    super(calls, facts);
    this.broadcast = broadcast;
    this._sandbox = calls;
  }

  get missed(): number {
    return this._sandbox.unmodelled("it reads how many values a subscription has missed");
  }
}

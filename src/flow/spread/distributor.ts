// Reads a source and gives each value to an audience: the common part of broadcasts and publishers. One task reads. It
// reads the next value once no subscriber of the last value is behind.

import { CLOSED, type Closed, type ReceiveChannel } from "../../channel/ends.js";
import type { Routine } from "../../operation/operation.js";
import { type Ownership, ownership } from "../../operation/ownership.js";
import { upon } from "../../operation/upon.js";
import { sharesVariables } from "../../scheduler/stand-ins.js";
import { assertOptions, wholeNumber } from "../../structures/arguments.js";
import { readable } from "../../structures/readable.js";
import { go } from "../../task/go.js";
import type { Task } from "../../task/task.js";
import { causeOf, type FlowOptions, release } from "../ends/release.js";
import { type Input, sourceOf } from "../ends/source.js";
import type { Audience, SubscribeOptions, Subscription } from "./subscription.js";

/** The options that broadcasts and publishers share. */
export interface DistributionOptions extends FlowOptions {
  /**
   * How many of the last values a new subscriber gets before those that come; 0 by default. 1 keeps the latest value, as
   * the state of something, and `Infinity` keeps all. A subscriber whose policy is not `"wait"` gets no more than its
   * capacity. After the source has ended, later subscribers still get these values.
   */
  readonly replay?: number;
  /**
   * Whether it cancels itself when its last subscriber has left, so that nothing is read for no subscriber. False by
   * default: it goes on, for subscribers to come.
   */
  readonly autoCancel?: boolean;
}

export abstract class Distributor<T> implements Disposable {
  protected readonly replay: number;
  private readonly _autoCancel: boolean;
  private readonly _source: ReceiveChannel<T>;
  private readonly _options: DistributionOptions;
  private readonly _task: Task<void>;
  private readonly _ownership: Ownership;
  /** Set when it has ended, with the cause if it failed. */
  private _over: { readonly cause: unknown } | null;

  constructor(what: string, source: Input<T>, options: DistributionOptions) {
    sharesVariables(`a ${what}`);
    assertOptions(what, options);
    const { replay = 0, autoCancel = false } = options;
    this.replay = replay === Infinity ? replay : wholeNumber(what, "replay", replay, 0);
    this._autoCancel = autoCancel;
    this._source = sourceOf(what, source);
    this._options = options;
    this._over = null;
    this._ownership = ownership(this);
    readable(this, () => {
      let count = 0;
      for (const { size } of this.audiences()) count += size;
      return `${what} to ${count} subscribers${this._over === null ? "" : ", ended"}`;
    });
    this._task = go(function* spread(self: Distributor<T>): Routine<void> {
      yield* self._read();
    }, this);
  }

  /** The audience of a value; undefined when the value has no subscribers. */
  protected abstract audienceOf(value: T): Audience<T> | undefined;

  protected abstract audiences(): Iterable<Audience<T>>;

  cancel(reason?: unknown): void {
    this._task.cancel(reason);
    this._end(undefined, reason);
    for (const audience of this.audiences()) audience.forget();
  }

  /** Whether it has subscribers. */
  get inUse(): boolean {
    for (const audience of this.audiences()) if (audience.size > 0) return true;
    return false;
  }

  /** Subscribers that still come get the error. */
  abandon(error: () => Error): void {
    this._task.cancel();
    this._end(error(), undefined);
  }

  [Symbol.dispose](): void {
    this.cancel();
  }

  /** Called when an audience has lost its last subscriber. */
  protected emptied(): void {
    this._ownership.recheck();
    if (this._autoCancel && this._over === null && !this.inUse) this.cancel();
  }

  protected subscribeTo(audience: Audience<T>, options: SubscribeOptions<T>): Subscription<T> {
    this._ownership.used();
    const subscriber = audience.subscribe(options);
    if (this._over !== null) {
      subscriber.end(this._over.cause);
      // The subscriber gets the cause, so the failure of the task is not reported.
      upon(
        this._task,
        () => {},
        () => {},
      );
    }
    return subscriber;
  }

  private *_read(): Routine<void> {
    try {
      yield* this._giveAll();
      this._end(undefined);
    } catch (error) {
      // The error goes to the subscribers. If there are none, the task fails with the error.
      if (!this._end(causeOf(error))) throw error;
    }
  }

  private *_giveAll(): Routine<void> {
    const receive = this._source.receive();
    // A subscriber may cancel the broadcast in the middle of a step, so `_over` may be set before the task is resumed.
    for (let value: T | Closed; this._over === null && (value = yield* receive) !== CLOSED; ) {
      const audience = this.audienceOf(value);
      if (audience === undefined) continue;
      if (!audience.poll()) yield* audience;
      audience.give(value);
      if (!audience.poll()) yield* audience;
    }
  }

  /** Ends every subscription and releases the source; returns false when there was no subscriber to get the cause. */
  private _end(cause: unknown, reason: unknown = cause): boolean {
    if (this._over !== null) return false;
    this._over = { cause };
    let delivered = false;
    for (const audience of this.audiences()) delivered = audience.end(cause) || delivered;
    this._ownership.drop();
    release(this._source, this._options, reason);
    return delivered;
  }
}

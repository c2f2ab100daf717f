// What reads a source and gives each value to an audience: the common part of broadcasts and publishers. One task reads;
// the next value is not read before nobody who got the last one is behind.

import { CLOSED, type Closed, type ReceiveChannel } from "../../channel/ends.js";
import type { Routine } from "../../operation/operation.js";
import { upon } from "../../operation/upon.js";
import { go } from "../../task/go.js";
import type { Task } from "../../task/task.js";
import { assertSource, type FlowOptions, release } from "../ends/release.js";
import type { Audience, SubscribeOptions, Subscription } from "./subscription.js";

export abstract class Spread<T> implements Disposable {
  private readonly _source: ReceiveChannel<T>;
  private readonly _options: FlowOptions;
  private readonly _task: Task<void>;
  /** Set when it is over: why, if it failed. */
  private _over: { readonly cause: unknown } | null;

  constructor(what: string, source: ReceiveChannel<T>, options: FlowOptions) {
    assertSource(what, source);
    this._source = source;
    this._options = options;
    this._over = null;
    this._task = go(function* spread(self: Spread<T>): Routine<void> {
      yield* self._read();
    }, this);
  }

  /** Whom a value is for; undefined when nobody has subscribed to such. */
  protected abstract audienceOf(value: T): Audience<T> | undefined;

  protected abstract audiences(): Iterable<Audience<T>>;

  cancel(reason?: unknown): void {
    this._task.cancel(reason);
    this._end(undefined, reason);
  }

  [Symbol.dispose](): void {
    this.cancel();
  }

  protected subscribeTo(audience: Audience<T>, options: SubscribeOptions<T>): Subscription<T> {
    const subscriber = audience.subscribe(options);
    if (this._over !== null) {
      subscriber.end(this._over.cause);
      // Somebody hears of a failure after all.
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
      // Subscribers are where the error goes; if there is none, it is the task's own.
      if (!this._end(error)) throw error;
    }
  }

  private *_giveAll(): Routine<void> {
    const receive = this._source.receive();
    // It may be over before its task hears of it: a subscriber can end it in the midst of a step.
    for (let value: T | Closed; this._over === null && (value = yield* receive) !== CLOSED; ) {
      const audience = this.audienceOf(value);
      if (audience === undefined) continue;
      if (!audience.poll()) yield* audience;
      audience.give(value);
      if (!audience.poll()) yield* audience;
    }
  }

  /** Ends every subscription and leaves the source; false when nobody heard of the cause. */
  private _end(cause: unknown, reason: unknown = cause): boolean {
    if (this._over !== null) return false;
    this._over = { cause };
    let heard = false;
    for (const audience of this.audiences()) heard = audience.end(cause) || heard;
    release(this._source, this._options, reason);
    return heard;
  }
}

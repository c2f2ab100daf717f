// The common part of the timed combinators: a task reads the source ahead, and releases it when the task has ended.
//
// Each task is a small state machine. Its variable `at` is the operation that it performs next, a choice whose winning case
// shows what happened. When the source has ended or failed, a `finally` delivers the values that the task still holds,
// before the end or the cause. When the receiver has cancelled, the send in this `finally` yields false at once, so a
// cancelled task never parks there.

import type { Buffer } from "../../channel/buffer.js";
import type { OwnedChannel, ReceiveChannel, SendChannel } from "../../channel/ends.js";
import { always } from "../../operation/basic.js";
import { notify } from "../../operation/notify.js";
import type { Operation, Routine } from "../../operation/operation.js";
import { sharesVariables } from "../../scheduler/stand-ins.js";
import { assertOptions } from "../../structures/arguments.js";
import { produce } from "../ends/produce.js";
import { type FlowOptions, release } from "../ends/release.js";
import { type Input, sourceOf } from "../ends/source.js";

/** A held value; null stands for none. */
export interface Held<T> {
  readonly value: T;
}

/** The options of combinators that read ahead. */
export interface AheadOptions<T> extends FlowOptions {
  /**
   * Called with each value that was taken from the source, was to be sent, and gets to no receiver, because the receiver
   * cancelled. A value that the combinator drops for a newer one is not such a value.
   */
  readonly onUndelivered?: (value: T) => void;
}

/** The body of a combinator that reads ahead. It calls `lost` with each value that it still holds at its end. */
type AheadBody<T, U> = (out: SendChannel<U>, source: ReceiveChannel<T>, lost: (value: U) => void) => Routine<void>;

/** A channel with a task that reads a source ahead; `otherSource` is a second channel to release. */
export function readAhead<T, U>(
  what: string,
  input: Input<T>,
  options: AheadOptions<U>,
  body: AheadBody<T, U>,
  { capacity = 0, otherSource }: { capacity?: number | Buffer<U>; otherSource?: ReceiveChannel<unknown> } = {},
): OwnedChannel<U> {
  assertOptions(what, options);
  const source = sourceOf(what, input);
  const { onUndelivered } = options;
  const told = onUndelivered && new Told<U>(onUndelivered);
  return produce<U>((out) => (told === undefined ? body(out, source, () => {}) : told.run(out, source, body)), {
    capacity,
    ...(onUndelivered && { onUndelivered }),
    release(reason) {
      told?.end();
      release(source, options, reason);
      if (otherSource !== undefined) release(otherSource, options, reason);
    },
  });
}

/**
 * Reports the values that a body has offered and that were not delivered. An offer that completes in the step in which its task
 * is cancelled has delivered its value although the task does not resume with it; the body then offers the value again.
 */
class Told<T> {
  private readonly _onUndelivered: (value: T) => void;
  private _last: { readonly value: T; readonly offer: Operation<boolean>; resumed: boolean } | null;

  constructor(onUndelivered: (value: T) => void) {
    sharesVariables("a combinator with onUndelivered");
    this._onUndelivered = onUndelivered;
    this._last = null;
  }

  run<S>(out: SendChannel<T>, source: ReceiveChannel<S>, body: AheadBody<S, T>): Routine<void> {
    const offers: SendChannel<T> = {
      send: (value) => (this._wasDelivered(value) ? always(true) : this._offer(out, value)),
      trySend: (value) => out.trySend(value),
      close: (cause) => out.close(cause),
      get closed() {
        return out.closed;
      },
      whenClosed: () => out.whenClosed(),
    };
    return body(offers, source, (value) => {
      if (!this._wasDelivered(value)) this._tell(value);
    });
  }

  /** Called when the body has ended. */
  end(): void {
    const last = this._last;
    this._last = null;
    if (last !== null && !last.resumed && last.offer.value !== true) notify(this._onUndelivered, last.value);
  }

  private _offer(out: SendChannel<T>, value: T): Operation<boolean> {
    const offer = out.send(value);
    const last = { value, offer, resumed: false };
    this._last = last;
    return offer.map((sent) => {
      last.resumed = true;
      if (!sent) this._tell(value);
      return sent;
    });
  }

  private _wasDelivered(value: T): boolean {
    const last = this._last;
    if (last === null || last.resumed || last.offer.value !== true || last.value !== value) return false;
    last.resumed = true;
    return true;
  }

  private _tell(value: T): void {
    this._last = null;
    notify(this._onUndelivered, value);
  }
}

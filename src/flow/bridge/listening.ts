// What comes by itself, and cannot be made to wait: whoever tells of it puts it into a channel, until somebody has had enough.
//
// Invariants. It listens from its creation until it is closed, whoever closes it: the other side, a signal, its receiver; then
// it stops in that step. So the one who listens does not outlive the channel.

import { type Buffer, unbounded } from "../../channel/buffer.js";
import { channel } from "../../channel/channel.js";
import type { Channel, Closed, EMPTY, ReceiveChannel } from "../../channel/ends.js";
import { own } from "../../channel/owned.js";
import { aborted } from "../../operation/bridge.js";
import type { Operation } from "../../operation/operation.js";
import { upon } from "../../operation/upon.js";

/** What becomes of values that come by themselves. */
export interface ListenOptions<T> {
  /**
   * Keeps what nobody has received yet: a number of values, or a buffer. Without a bound by default, because what comes
   * cannot wait, and which to lose is not for the library to say: `sliding(n)` keeps the last, `dropping(n)`, as a number
   * does, the first, and 0 only what somebody waits for.
   */
  readonly buffer?: number | Buffer<T>;
  /** Stops listening when it is aborted: the channel closes, and what has come before can be received. */
  readonly signal?: AbortSignal;
  /** Given each value that a number, or a full buffer, had no room for, and what is left when the receiver cancels. */
  readonly onUndelivered?: (value: T) => void;
}

/** A channel of what comes by itself; disposing of it cancels it, which stops listening. */
export interface Events<out T> extends ReceiveChannel<T>, Disposable {}

export class Listening<T> implements Events<T> {
  private readonly _arrived: Channel<T>;
  private readonly _onUndelivered: ((value: T) => void) | undefined;
  private _stop: (() => void) | null;
  private _watch: Disposable | null;

  /** Begins to listen; `begin` returns how to stop. */
  constructor(options: ListenOptions<T>, begin: (to: Listening<T>) => () => void) {
    const { buffer = unbounded<T>(), signal, onUndelivered } = options;
    this._stop = this._watch = null;
    this._onUndelivered = onUndelivered;
    this._arrived = own(channel<T>(buffer, { onCancel: () => this._leave(), ...(onUndelivered && { onUndelivered }) }));
    own(this);
    if (signal?.aborted) {
      this.close();
      return;
    }
    this._stop = begin(this);
    if (this.closed) this._leave();
    else if (signal !== undefined) this._watch = upon(aborted(signal), () => this.close());
  }

  get closed(): boolean {
    return this._arrived.closed;
  }

  receive(): Operation<T | Closed> {
    return this._arrived.receive();
  }

  tryReceive(): T | Closed | typeof EMPTY {
    return this._arrived.tryReceive();
  }

  cancel(reason?: unknown): void {
    this._arrived.cancel(reason);
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return this._arrived[Symbol.asyncIterator]();
  }

  [Symbol.dispose](): void {
    this.cancel();
  }

  /** A value has come. */
  push(value: T): void {
    if (!this._arrived.trySend(value)) this._onUndelivered?.(value);
  }

  /** No more will come. */
  close(cause?: unknown): void {
    this._arrived.close(cause);
    this._leave();
  }

  private _leave(): void {
    const { _stop, _watch } = this;
    this._stop = this._watch = null;
    _watch?.[Symbol.dispose]();
    _stop?.();
  }
}

// Sources that push values and cannot be made to wait. Each value is put into a channel until the channel is closed.
//
// Invariants. Listening starts at creation, and stops in the step in which the source, a signal or the receiver closes the
// channel. So the listener does not outlive the channel.

import { type Buffer, unbounded } from "../../channel/buffer.js";
import { channel } from "../../channel/channel.js";
import type { Channel, Closed, Empty, OwnedChannel } from "../../channel/ends.js";
import { aborted } from "../../operation/bridge.js";
import { notify } from "../../operation/notify.js";
import type { Operation } from "../../operation/operation.js";
import { upon } from "../../operation/upon.js";
import { bound } from "../../scheduler/contexts.js";
import { assertOptions, assertSignal } from "../../structures/arguments.js";
import { readable } from "../../structures/readable.js";

/** How pushed values are stored. */
export interface ListenOptions<T> {
  /**
   * Stores the values that no receiver has taken yet: a number of values, or a buffer. Without a bound by default, because
   * the source cannot wait, and the library cannot decide which values to lose. `sliding(n)` keeps the last `n`,
   * `dropping(n)` or a number keeps the first `n`, and 0 keeps only values for which a receiver waits.
   */
  readonly buffer?: number | Buffer<T>;
  /** Stops listening when it is aborted: the channel closes, and stored values can still be received. */
  readonly signal?: AbortSignal;
  /**
   * Called with each value that does not fit into the buffer, and with each stored value when the receiver cancels the
   * channel.
   */
  readonly onUndelivered?: (value: T) => void;
}

/** A channel of pushed values. Cancelling it, or disposing of it, stops listening. */
export interface Events<out T> extends OwnedChannel<T> {}

export class Listening<T> implements Events<T> {
  readonly owned: boolean;
  private readonly _arrived: Channel<T>;
  private readonly _onUndelivered: ((value: T) => void) | undefined;
  private _stop: (() => void) | null;
  private _watch: Disposable | null;

  /** Starts listening; `start` returns the function that stops it. */
  constructor(options: ListenOptions<T>, start: (to: Listening<T>) => () => void) {
    assertOptions("listen", options);
    const { buffer = unbounded<T>(), signal } = options;
    assertSignal("listen", signal);
    const onUndelivered = bound(options.onUndelivered);
    this._stop = this._watch = null;
    this._onUndelivered = onUndelivered;
    const onCancel = (): void => this._leave();
    this._arrived = channel<T>(buffer, {
      owned: true,
      external: true,
      onCancel,
      ...(onUndelivered && { onUndelivered }),
    });
    this.owned = true;
    readable(this, () => `Events, ${this._arrived.length} stored${this.closed ? ", closed" : ""}`);
    if (signal?.aborted) {
      this.close();
      return;
    }
    this._stop = start(this);
    if (this.closed) this._leave();
    else if (signal !== undefined) this._watch = upon(aborted(signal), () => this.close());
  }

  /** @internal */
  get ownership(): unknown {
    return (this._arrived as { readonly ownership?: unknown }).ownership;
  }

  get closed(): boolean {
    return this._arrived.closed;
  }

  receive(): Operation<T | Closed> {
    return this._arrived.receive();
  }

  tryReceive(): T | Closed | Empty {
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

  /** Called by the source with each value. */
  push(value: T): void {
    if (!this._arrived.trySend(value)) notify(this._onUndelivered, value);
  }

  /** Called by the source at its end. */
  close(cause?: unknown): void {
    this._arrived.close(cause);
    this._leave();
  }

  private _leave(): void {
    const { _stop, _watch } = this;
    this._stop = this._watch = null;
    _watch?.[Symbol.dispose]();
    if (_stop !== null) notify(_stop);
  }
}

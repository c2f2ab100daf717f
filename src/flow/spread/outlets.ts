// Several channels that one task feeds from one source: each value goes to one of them.
//
// Invariants. A value is held from the moment it is taken until a receiver has it, it is stored, or it is reported. Nothing
// is taken once no receiver is left: the last one to cancel ends the task, and releases the source, in that step.

import type { Buffer } from "../../channel/buffer.js";
import { channel } from "../../channel/channel.js";
import { type Channel, CLOSED, type Closed, type ReceiveChannel, type SendChannel } from "../../channel/ends.js";
import { own } from "../../channel/owned.js";
import type { Operation, Routine } from "../../operation/operation.js";
import { go } from "../../task/go.js";
import type { Task } from "../../task/task.js";
import { type FlowOptions, release } from "../ends/release.js";

/** What a combinator that distributes can be told. */
export interface OutletOptions<T> extends FlowOptions {
  /** Given each value that was taken and can reach nobody, because its receiver has cancelled. */
  readonly onUndelivered?: (value: T) => void;
}

/** Where a value goes: an outlet, undefined if to nobody; or a routine that finds out. */
export type Route<T> = (value: T) => SendChannel<T> | undefined | Routine<SendChannel<T> | undefined>;

export class Outlets<T> {
  private readonly _source: ReceiveChannel<T>;
  private readonly _options: OutletOptions<T>;
  private readonly _open: Set<SendChannel<never>>;
  private _task: Task<void> | null;
  private _held: { readonly value: T; offer: Operation<boolean> | null } | null;

  constructor(source: ReceiveChannel<T>, options: OutletOptions<T>) {
    this._source = source;
    this._options = options;
    this._open = new Set();
    this._task = this._held = null;
  }

  /** A channel more to receive from. */
  open<V>(capacity: number | Buffer<V>, onUndelivered: ((value: V) => void) | undefined): Channel<V> {
    const outlet = channel<V>(capacity, {
      ...(onUndelivered && { onUndelivered }),
      onCancel: (reason) => this._left(outlet, reason),
    });
    this._open.add(outlet);
    return own(outlet);
  }

  /** Starts to distribute. */
  feed(route: Route<T>): void {
    const distribute = (): Routine<void> => this._distribute(route);
    this._task = go(distribute);
  }

  private *_distribute(route: Route<T>): Routine<void> {
    const next = this._source.receive();
    try {
      for (let value: T | Closed; this._open.size > 0 && (value = yield* next) !== CLOSED; ) {
        const held: NonNullable<typeof this._held> = { value, offer: null };
        this._held = held;
        const way = route(value);
        const to = way === undefined || "send" in way ? way : yield* way;
        if (to !== undefined) yield* (held.offer = to.send(value));
        this._letGo();
      }
      this._close();
    } catch (error) {
      // Downstream is where the error goes; if nobody is there any more, it is the task's own.
      if (!this._close(error)) throw error;
    } finally {
      this._letGo();
      release(this._source, this._options);
    }
  }

  /** What was offered and taken is held no more, even if the task never came to see it. */
  private _letGo(): void {
    const held = this._held;
    this._held = null;
    if (held !== null && held.offer?.value !== true) this._options.onUndelivered?.(held.value);
  }

  private _close(cause?: unknown): boolean {
    let heard = false;
    for (const outlet of this._open) heard = outlet.close(cause) || heard;
    return heard;
  }

  private _left(outlet: SendChannel<never>, reason: unknown): void {
    this._open.delete(outlet);
    if (this._open.size > 0) return;
    this._task?.cancel(reason);
    release(this._source, this._options, reason);
  }
}

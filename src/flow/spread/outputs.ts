// Several output channels that one task feeds from one source: each value goes to one of them.
//
// Invariants. A value is held from the moment it is received until it is delivered, stored or reported as undelivered. No
// value is received once all outputs are cancelled: cancelling the last output ends the task and releases the source, in
// that step.

import type { Buffer } from "../../channel/buffer.js";
import { channel } from "../../channel/channel.js";
import {
  type Channel,
  CLOSED,
  type Closed,
  type OwnedChannel,
  type ReceiveChannel,
  type SendChannel,
} from "../../channel/ends.js";
import { notify } from "../../operation/notify.js";
import type { Operation, Routine } from "../../operation/operation.js";
import { inPlaceOf, type Maker, maker } from "../../operation/ownership.js";
import { sharesVariables } from "../../scheduler/stand-ins.js";
import { go } from "../../task/go.js";
import type { Task } from "../../task/task.js";
import { causeOf, type FlowOptions, release } from "../ends/release.js";
import { takeOver } from "../ends/source.js";

/** The options of combinators that distribute values over several outputs. */
export interface OutletOptions<T> extends FlowOptions {
  /**
   * Called with each value that was received from the source and that no receiver gets, because its output was cancelled.
   */
  readonly onUndelivered?: (value: T) => void;
}

/** Chooses the output of a value, or undefined to drop the value. It may return a routine that yields the output. */
export type Route<T> = (value: T) => SendChannel<T> | undefined | Routine<SendChannel<T> | undefined>;

export class Outputs<T> {
  private readonly _source: ReceiveChannel<T>;
  private readonly _options: OutletOptions<T>;
  private readonly _maker: Maker;
  private readonly _open: Set<SendChannel<never>>;
  private _task: Task<void> | null;
  private _held: { readonly value: T; offer: Operation<boolean> | null } | null;

  constructor(source: ReceiveChannel<T>, options: OutletOptions<T>) {
    sharesVariables("a split");
    takeOver(source);
    this._source = source;
    this._options = options;
    this._maker = maker();
    this._open = new Set();
    this._task = this._held = null;
  }

  /** Creates another output channel. `left` is called when it is cancelled. */
  open<V>(
    capacity: number | Buffer<V>,
    onUndelivered: ((value: V) => void) | undefined,
    left?: () => void,
  ): Channel<V> & OwnedChannel<V> {
    // Outputs that are made later, by the task, belong to the task that made the first one.
    const output: Channel<V> & OwnedChannel<V> = inPlaceOf(this._maker, () =>
      channel<V>(capacity, {
        owned: true,
        ...(onUndelivered && { onUndelivered }),
        onCancel: (reason) => {
          left?.();
          this._left(output, reason);
        },
      }),
    );
    this._open.add(output);
    return output;
  }

  /** Starts the task that distributes the values. */
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
        const chosen = route(value);
        const to = chosen === undefined || "send" in chosen ? chosen : yield* chosen;
        if (to !== undefined) yield* (held.offer = to.send(value));
        this._letGo();
      }
      this._close();
    } catch (error) {
      // The error goes to the outputs. If all of them were closed before, the task fails with the error.
      if (!this._close(causeOf(error))) throw error;
    } finally {
      this._letGo();
      release(this._source, this._options);
    }
  }

  /**
   * Lets go of the held value, and reports it as undelivered unless its send has completed, even if the task has not
   * resumed since then.
   */
  private _letGo(): void {
    const held = this._held;
    this._held = null;
    if (held !== null && held.offer?.value !== true) notify(this._options.onUndelivered, held.value);
  }

  private _close(cause?: unknown): boolean {
    let delivered = false;
    for (const output of this._open) delivered = output.close(cause) || delivered;
    return delivered;
  }

  private _left(output: SendChannel<never>, reason: unknown): void {
    this._open.delete(output);
    if (this._open.size > 0) return;
    this._task?.cancel(reason);
    release(this._source, this._options, reason);
  }
}

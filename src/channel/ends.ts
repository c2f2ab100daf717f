// The two ends of a channel, as its users see them.

import type { Operation } from "../operation/operation.js";

/** What a receive yields once a channel is closed and drained. The same symbol in every copy of the package. */
export const CLOSED: unique symbol = Symbol.for("millrace.CLOSED");
/** The type of {@link CLOSED}. */
export type Closed = typeof CLOSED;
/** What `tryReceive` reports when nothing is there yet. */
export const EMPTY: unique symbol = Symbol.for("millrace.EMPTY");

/** The end of a channel that values go into. */
export interface SendChannel<in T> {
  /**
   * Offers a value. Parks when: nobody waits to receive and there is no room. Yields: true once it is taken or stored.
   * If closed: false at once; a send that was parked before stays, and is delivered. If cancelled: the offer is withdrawn.
   */
  send: (value: T) => Operation<boolean>;
  /** Offers a value without parking; true means that it is accepted now. */
  trySend: (value: T) => boolean;
  /** Says that no more will come. With a cause, receivers get that thrown after the drain. True if this call closed it. */
  close: (cause?: unknown) => boolean;
  /** True from the moment of closing, though values may still be on their way. */
  readonly closed: boolean;
  /** Parks when: the channel is open. Completes when no more sends are accepted, so that a producer can select on it. */
  whenClosed: () => Operation<void>;
}

/** The end of a channel that values come out of. */
export interface ReceiveChannel<out T> extends AsyncIterable<T> {
  /**
   * Takes the next value. Parks when: nothing is stored and nobody waits to send. If closed: yields what is left, then
   * `CLOSED` for ever; or throws the cause it was closed with. If cancelled: it leaves the queue, and no value is lost.
   */
  receive: () => Operation<T | Closed>;
  /** The next value if there is one now, `EMPTY` if not yet, `CLOSED` if never more. */
  tryReceive: () => T | Closed | typeof EMPTY;
  /** The receiver's way to close: what is stored is discarded, parked sends complete false, parked receives `CLOSED`. */
  cancel: (reason?: unknown) => void;
  /** True from the moment of closing. */
  readonly closed: boolean;
  /**
   * Whether its single reader owns it, so that a reader which leaves early cancels it: true for every channel that a
   * combinator made, and for one that was created with `owned`.
   */
  readonly owned?: boolean;
}

/** Both ends, and what can be seen from outside. */
export interface Channel<T> extends SendChannel<T>, ReceiveChannel<T> {
  readonly name: string;
  /** How many values are stored; offers of parked senders do not count. */
  readonly length: number;
  readonly capacity: number;
}

/** What a channel can be told when it is created. */
export interface ChannelOptions<T> {
  /** Shown in errors and reports; by default the path of its creator and a number. */
  readonly name?: string;
  /** Given each value that was accepted and can reach nobody: the channel or the task that received it was cancelled. */
  readonly onUndelivered?: (value: T) => void;
  /** Called in the step in which the receiver cancels the open channel, with the reason: the producer's end of `cancel`. */
  readonly onCancel?: (reason: unknown) => void;
  /** Whether its reader owns it: leaving a `for await` over it, or a combinator that reads it, cancels it then. */
  readonly owned?: boolean;
  /** How many operations may be parked; one more throws. Without it there is no limit. */
  readonly maxPending?: number;
  /** Takes what a step of the transform threw; what it returns takes the value's place, `undefined` drops it. */
  readonly onError?: (error: unknown) => T | undefined;
}

/**
 * The iterator of `for await`: ends when the channel has, and throws the cause it was closed with. Leaving the loop early
 * cancels a channel that a combinator made, and leaves one that you created as it is.
 */
export async function* iterate<T>(channel: ReceiveChannel<T>): AsyncGenerator<T, void, undefined> {
  try {
    for (let value: T | Closed; (value = await channel.receive()) !== CLOSED; ) yield value;
  } finally {
    if (channel.owned === true) channel.cancel();
  }
}

/** Throws if what is sent is no value. */
export function assertValue(value: unknown, channel: { readonly name: string }): void {
  if (value !== CLOSED) return;
  throw new TypeError(
    `Cannot send to ${channel.name}: CLOSED is what receivers get at the end, got it as a value; call close()`,
  );
}

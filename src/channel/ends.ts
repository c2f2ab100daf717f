// The public interfaces of a channel: its two ends, and its options.

import type { Operation } from "../operation/operation.js";

/**
 * The symbol that a receive yields once its channel is closed and drained. Every copy of the package has the same symbol.
 *
 * @example
 * ```ts
 * import { channel, CLOSED } from "millrace";
 *
 * const words = channel<string>(1);
 * words.trySend("last");
 * words.close();
 * console.log(await words.receive(), (await words.receive()) === CLOSED); // last true
 * ```
 */
export const CLOSED: unique symbol = Symbol.for("millrace.CLOSED");
/**
 * The type of {@link CLOSED}. In types write `Closed`, not `typeof CLOSED`: the compiler's errors show a `unique symbol` for a
 * symbol alone, and the name `Closed` for this type, to which the description that every symbol has adds nothing.
 */
export type Closed = typeof CLOSED & { readonly description?: string | undefined };
/**
 * The symbol that `tryReceive` returns if a channel is open and has no value. Every copy of the package has the same symbol.
 *
 * @example
 * ```ts
 * import { channel, EMPTY } from "millrace";
 *
 * console.log(channel<string>().tryReceive() === EMPTY); // true
 * ```
 */
export const EMPTY: unique symbol = Symbol.for("millrace.EMPTY");
/** The type of {@link EMPTY}, made as {@link Closed} is. */
export type Empty = typeof EMPTY & { readonly description?: string | undefined };

/**
 * The end of a channel for sending.
 *
 * @typeParam T - The type of the values.
 */
export interface SendChannel<in T> {
  /**
   * Offers a value.
   *
   * Parks when: no receive is parked and there is no room in the buffer. Yields: true once the value is received or stored. If
   * closed: yields false at once; a send that was parked before the closing stays, and its value is delivered. If cancelled:
   * the offer is withdrawn.
   *
   * @throws TypeError if the value is `CLOSED` or `EMPTY`. RangeError, when it parks, if as many operations are parked as `maxPending`.
   */
  send: (value: T) => Operation<boolean>;
  /** Offers a value without parking; returns true if the value is accepted now. */
  trySend: (value: T) => boolean;
  /**
   * Closes the channel: no more values are accepted. Values that are stored, and those of parked sends, are still received.
   *
   * @param cause - Thrown to every receiver after the drain, in place of `CLOSED`.
   * @returns Whether this call closed the channel.
   */
  close: (cause?: unknown) => boolean;
  /** Whether the channel is closed. Values may still be stored in it. */
  readonly closed: boolean;
  /**
   * Waits until the channel is closed, so that a producer can stop.
   *
   * Parks when: the channel is open. Yields: nothing. If cancelled: it stops waiting. Several performers may perform the
   * operation at the same time.
   */
  whenClosed: () => Operation<void>;
}

/**
 * The end of a channel for receiving. `for await` receives until the channel has ended.
 *
 * @typeParam T - The type of the values.
 */
export interface ReceiveChannel<out T> extends AsyncIterable<T> {
  /**
   * Takes the next value.
   *
   * Parks when: no value is stored and no send is parked. Yields: the value. If closed: yields the values that are left, and
   * then `CLOSED` for ever; or throws the cause with which the channel was closed. If cancelled: it leaves the queue, and no
   * value is lost.
   *
   * @throws RangeError, when it parks, if as many operations are parked as `maxPending`.
   */
  receive: () => Operation<T | Closed>;
  /** Takes the next value without parking; returns `EMPTY` if there is none yet, and `CLOSED` if the channel has ended. */
  tryReceive: () => T | Closed | Empty;
  /**
   * Closes the channel from the receiving side. Stored values are discarded, parked sends yield false, and parked receives
   * yield `CLOSED`.
   *
   * @param reason - Passed to the channel's `onCancel`.
   */
  cancel: (reason?: unknown) => void;
  /** Whether the channel is closed. Values may still be stored in it. */
  readonly closed: boolean;
  /**
   * Whether the channel belongs to its single reader, so that a reader that stops early cancels the channel. True for every
   * channel that a combinator made, and for a channel that was created with `owned`.
   */
  readonly owned?: boolean;
}

/**
 * A channel that a combinator made. It belongs to the task that made it and to each task that receives from it, and is
 * cancelled when the last of them has ended; see rule CB-12. To dispose of it (`using`) is to cancel it.
 *
 * @typeParam T - The type of the values.
 */
// An intersection, so that type arguments are inferred as from a ReceiveChannel.
export type OwnedChannel<T> = ReceiveChannel<T> & Disposable;

/**
 * A channel with both ends.
 *
 * @typeParam T - The type of the values.
 */
export interface Channel<T> extends SendChannel<T>, ReceiveChannel<T> {
  /** The name of the channel, for errors and reports. */
  readonly name: string;
  /** The number of stored values; the values of parked sends do not count. */
  readonly length: number;
  /** The number of values that the channel can store. */
  readonly capacity: number;
}

/** Options of {@link channel}. */
export interface ChannelOptions<T> {
  /** The name in errors and reports; by default the path of the creating task and a number. */
  readonly name?: string;
  /** Called with each value that was accepted and not received: the channel, or the task that received it, was cancelled. */
  readonly onUndelivered?: (value: T) => void;
  /** Called with the reason when a receiver cancels the open channel, in the same step. */
  readonly onCancel?: (reason: unknown) => void;
  /** Whether the channel belongs to its reader. A `for await` or a combinator that stops reading it then cancels it. */
  readonly owned?: boolean;
  /**
   * Whether code outside all go blocks, such as a callback, sends to the channel or receives from it. Then `run` reports no
   * deadlock of tasks that are parked at the channel.
   */
  readonly external?: boolean;
  /** The most operations that may be parked; one more throws a RangeError. By default there is no limit. */
  readonly maxPending?: number;
  /** Called with an exception of the transform. The value it returns replaces the failed one; `undefined` drops that value. */
  readonly onError?: (error: unknown) => T | undefined;
}

/** Throws if a value that is sent is `CLOSED` or `EMPTY`. */
export function assertValue(value: unknown, channel: { readonly name: string }): void {
  if (value === CLOSED)
    throw new TypeError(
      `Cannot send to ${channel.name}: a value must not be CLOSED, which receivers get at the end; call close()`,
    );
  if (value === EMPTY)
    throw new TypeError(
      `Cannot send to ${channel.name}: a value must not be EMPTY, which tryReceive() returns if there is no value`,
    );
}

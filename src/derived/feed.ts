// The parts of a derived channel that its user writes.

import { isOperation, type Operation } from "../operation/operation.js";
import { shown } from "../structures/errors.js";

/**
 * The output of a {@link Feed}.
 *
 * @typeParam T - The type of the values.
 */
export interface Emitter<in T> {
  /** Hands a value to the receiver that has waited longest, or stores the value. After the end it does nothing. */
  emit(value: T): void;
  /** Ends the channel. After the stored values receivers get `CLOSED`, or the cause thrown. */
  end(cause?: unknown): void;
}

/**
 * Defines a derived channel: the operations it performs, and the values it makes of their results. See {@link derive}.
 *
 * @typeParam In - The type that the operations yield.
 * @typeParam Out - The type of the values of the channel.
 */
export interface Feed<In, out Out> {
  /** Returns the operation to perform next, which may be the same one each time. */
  next(): Operation<In>;
  /** Handles what an operation yielded: emits any number of values, or ends the channel. An exception ends the channel. */
  accept(value: In, to: Emitter<Out>): void;
  /** Handles what an operation threw. Without this method the exception ends the channel. */
  failed?(error: unknown, to: Emitter<Out>): void;
  /** Called once, when the channel has ended or was cancelled. */
  release?: ((reason: unknown) => void) | undefined;
  /** Whether the channel counts as closed although its end has not been received yet. */
  readonly closed?: boolean;
}

/** Throws if a value is not a feed. */
export function assertFeed(feed: unknown): void {
  const { next, accept } = Object(feed) as Partial<Feed<unknown, unknown>>;
  if (typeof next === "function" && typeof accept === "function") return;
  throw new TypeError(`Cannot derive channel: a feed must have next() and accept(), got ${shown(feed)}`);
}

/** Returns the operation for one performer of what `next` returned. */
export function freshOf(made: unknown): Operation<unknown> {
  if (isOperation(made)) return made.fresh();
  throw new TypeError(`Cannot read: next() of a feed must return an operation, got ${shown(made)}`);
}

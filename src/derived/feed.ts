// What a derived channel is made of, as its users write it.

import { isOperation, type Operation } from "../operation/operation.js";
import { shown } from "../structures/errors.js";

/** Where a feed puts what it makes. */
export interface Emitter<in T> {
  /** Hands a value to whoever waits longest, or keeps it until somebody comes. After the end it does nothing. */
  emit(value: T): void;
  /** Says that no more will come; with a cause, receivers get that thrown after what is stored. */
  end(cause?: unknown): void;
}

/** What a derived channel does: which operation it performs, and what it makes of each value. */
export interface Feed<In, out Out> {
  /** The operation to perform next; it may be the same one each time. */
  next(): Operation<In>;
  /** Takes what the operation yielded: emits none, one or many values, or ends. What it throws ends the channel. */
  accept(value: In, to: Emitter<Out>): void;
  /** Takes what the operation threw, in place of `accept`. Without it, that ends the channel. */
  failed?(error: unknown, to: Emitter<Out>): void;
  /** Called once: it has ended, or its receiver has cancelled it. */
  release?(reason: unknown): void;
  /** Whether no more can come, though the end has not been received yet. */
  readonly closed?: boolean;
}

/** Throws unless it is given a feed. */
export function assertFeed(feed: unknown): void {
  const { next, accept } = Object(feed) as Partial<Feed<unknown, unknown>>;
  if (typeof next === "function" && typeof accept === "function") return;
  throw new TypeError(`Cannot derive channel: a feed has next() and accept(), got ${shown(feed)}`);
}

/** What one performer performs of what `next` returned. */
export function freshOf(made: unknown): Operation<unknown> {
  if (isOperation(made)) return made.fresh();
  throw new TypeError(`Cannot read: next() of a feed must return an operation, got ${shown(made)}`);
}

// The operations that wait for the same event, in the order in which they began to wait. The operations are the links of the
// list, so joining and leaving take constant time, also in the middle, and allocate nothing.

import { append, type Link, List, move, shift, unlink } from "../structures/list.js";
import type { Operation } from "./operation.js";

/**
 * Holds operations that wait for the same event, in order. An operation joins it in `block` and leaves it in `unblock`; the
 * peer takes operations from it and completes them.
 *
 * An operation is in one queue at a time. All methods take constant time, except for iteration and `completeAll`.
 *
 * @typeParam O - The class of the operations, a class of your own.
 * @example
 * ```ts
 * import { go, Operation, Waiters } from "millrace";
 *
 * const waiting = new Waiters<Signal>();
 *
 * class Signal extends Operation<string> {
 *   poll() { return false; }
 *   block() { waiting.join(this); }
 *   override unblock() { waiting.leave(this); }
 * }
 *
 * const task = go(function* () { return yield* new Signal(); });
 * setTimeout(() => waiting.completeAll("go on"), 1);
 * console.log(await task); // go on
 * ```
 */
export class Waiters<O extends Operation<unknown> = Operation<unknown>> extends List implements Iterable<O> {
  /** The operation that has waited longest; null if the queue is empty. */
  get first(): O | null {
    const { after } = this;
    return after === this ? null : (after as unknown as O);
  }

  /** Adds an operation at the end. */
  join(operation: O): void {
    append(this, operation);
  }

  /** Adds an operation at the front. */
  joinFirst(operation: O): void {
    const others = new List();
    move(this, others);
    append(this, operation);
    move(others, this);
  }

  /** Removes an operation; does nothing if the operation is in no queue. */
  leave(operation: O): void {
    unlink(operation);
  }

  /** Removes the operation that has waited longest and returns it; null if the queue is empty. */
  next(): O | null {
    return shift(this) as O | null;
  }

  /**
   * Moves all operations to a new queue and returns the new queue. Serve the new queue: operations that begin to wait meanwhile
   * join this queue, and operations that give up leave the new one.
   */
  takeAll(): Waiters<O> {
    const all = new Waiters<O>();
    move(this, all);
    return all;
  }

  /** Removes all operations and completes them, in order, with the same value. */
  completeAll(value: unknown): void {
    for (let operation = this.next(); operation !== null; operation = this.next()) operation.complete(value);
  }

  /** Iterates over the operations in order. No operation may join or leave during the iteration. */
  *[Symbol.iterator](): Generator<O, void, undefined> {
    for (let at: Link = this.after; at !== this; at = at.after!) yield at as unknown as O;
  }
}

// The operations that wait for the same thing, in the order in which they began to wait. They are linked with each other, so
// joining and leaving take constant time, also in the middle, and nothing is allocated.

import { append, type Link, List, move, shift, unlink } from "../structures/list.js";
import type { Operation } from "./operation.js";

/**
 * A queue of operations that wait for the same thing: what `block` joins, `unblock` leaves, and the peer serves.
 *
 * An operation stands in one queue at a time. All methods take constant time, except for iterating and `completeAll`.
 *
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
  /** The operation that has waited longest; null when there is none. */
  get first(): O | null {
    const { after } = this;
    return after === this ? null : (after as unknown as O);
  }

  /** Puts an operation at the end. */
  join(operation: O): void {
    append(this, operation);
  }

  /** Puts an operation in front of the others. */
  joinFirst(operation: O): void {
    const others = new List();
    move(this, others);
    append(this, operation);
    move(others, this);
  }

  /** Takes an operation out; does nothing if it does not wait. */
  leave(operation: O): void {
    unlink(operation);
  }

  /** Takes out the operation that has waited longest and returns it; null when there is none. */
  next(): O | null {
    return shift(this) as O | null;
  }

  /**
   * Moves all operations to a new queue and returns it. What begins to wait while that queue is served is in this queue, and
   * is not served; what gives up is no longer in that one.
   */
  takeAll(): Waiters<O> {
    const all = new Waiters<O>();
    move(this, all);
    return all;
  }

  /** Completes all operations, in their order, with the same value. */
  completeAll(value: unknown): void {
    for (let operation = this.next(); operation !== null; operation = this.next()) operation.complete(value);
  }

  /** The operations in their order. They must not join or leave meanwhile. */
  *[Symbol.iterator](): Generator<O, void, undefined> {
    for (let at: Link = this.after; at !== this; at = at.after!) yield at as unknown as O;
  }
}

// A channel that reads on demand: it performs operations only while somebody waits to receive, in the step of whoever
// receives or of whoever completes them. It has no task, and stores nothing but what one operation made too much.
//
// Invariants. While a value is stored nobody waits. At most one operation is under way, and only while somebody waits; when
// the last one leaves it leaves its queues, and is tried again when somebody comes. `busy` is set while the feed's code or
// its operation runs, so that code which uses its own channel finds nothing there instead of corrupting it; what it left
// waiting is served afterwards.

import { CLOSED, type Closed, EMPTY, iterate, type ReceiveChannel } from "../channel/ends.js";
import { assertIdle, type Waiter } from "../operation/async-performance.js";
import type { Operation } from "../operation/operation.js";
import { Waiters } from "../operation/waiters.js";
import type { Runnable } from "../scheduler/roles.js";
import { scheduler } from "../scheduler/scheduler.js";
import { Ring } from "../structures/ring.js";
import { assertFeed, type Emitter, type Feed, freshOf } from "./feed.js";
import { Take, type View } from "./take.js";

export type { Emitter, Feed };

/** Operations in a row that make nothing before the others have a turn. */
const FRUITLESS = 64;

class Derived<T> implements View<T>, ReceiveChannel<T>, Emitter<T>, Waiter, Runnable {
  /** Its single reader owns it. */
  readonly owned: boolean;
  readonly waiting: Waiters<Take<T>>;
  under: Operation<unknown> | null;
  private readonly _feed: Feed<unknown, T>;
  private readonly _stored: Ring<T>;
  /** What came back from those that ended before having it; it goes before what is stored. */
  private _back: T[] | null;
  private _over: boolean;
  private _cancelled: boolean;
  private _failure: { readonly cause: unknown } | null;
  private _armed: boolean;
  /** Whether the operation is just queueing up. */
  private _arming: boolean;
  /** Whether the operation was tried in vain, and wants to be told if nobody waits for it. */
  private _tried: boolean;
  private _busy: boolean;
  private _tired: boolean;
  private _scheduled: boolean;

  constructor(feed: Feed<unknown, T>) {
    this.waiting = new Waiters();
    this.owned = true;
    this.under = null;
    this._feed = feed;
    this._stored = new Ring();
    this._back = null;
    this._over = this._cancelled = false;
    this._armed = this._arming = this._tried = this._busy = this._tired = this._scheduled = false;
    this._failure = null;
  }

  get closed(): boolean {
    return this._over || this._feed.closed === true;
  }

  receive(): Operation<T | Closed> {
    return new Take(this);
  }

  tryReceive(): T | Closed | typeof EMPTY {
    const take = new Take(this);
    return take.poll() ? take.result() : EMPTY;
  }

  cancel(reason?: unknown): void {
    this._cancelled = true;
    this._back = null;
    while (this._stored.length > 0) this._stored.shift();
    if (this._over) return;
    this._over = true;
    this._leave();
    try {
      this._feed.release?.(reason);
    } finally {
      this.serve();
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return iterate(this);
  }

  emit(value: T): void {
    if (this._over) return;
    this._stored.push(value);
    if (!this._busy) this.serve();
  }

  end(cause?: unknown): void {
    if (this._over) return;
    if (cause !== undefined) this._failure = { cause };
    this._finish(cause);
    if (!this._busy) this.serve();
  }

  ready(): boolean {
    if (this._back !== null) this._restore();
    return this._stored.length > 0 || this._over || this._draw();
  }

  take(): T | Closed {
    return this._stored.length > 0 ? this._stored.shift() : CLOSED;
  }

  giveBack(value: T): void {
    if (this._cancelled) return;
    this._back ??= [];
    this._back.push(value);
    this.serve();
  }

  assertNoFailure(): void {
    if (this._failure !== null) throw this._failure.cause;
  }

  arm(): void {
    if (this._armed || this._busy) return;
    const operation = this.under;
    if (this._tired || operation === null) {
      this._schedule();
      return;
    }
    operation.waiter = this as Waiter;
    this._armed = this._arming = true;
    this._tried = false;
    try {
      operation.block();
    } catch (error) {
      this._armed = false;
      operation.waiter = null;
      throw error;
    } finally {
      this._arming = false;
    }
  }

  rest(): void {
    if (this.waiting.empty) this._leave();
  }

  /** The operation under way has completed. */
  wake(operation: Operation<unknown>): void {
    operation.waiter = null;
    this._armed = false;
    this._accept(operation);
    // One that completes while it queues up would be followed by the next, and so on, each inside the one before.
    if (this._arming) this._schedule();
    else this.serve();
  }

  /** Goes on after the others had a turn. */
  run(): boolean {
    scheduler.current = null;
    this._scheduled = false;
    this.serve();
    return false;
  }

  /** If what there is is not enough for all, the operation is under way again. */
  serve(): void {
    const { waiting } = this;
    while (!waiting.empty) {
      if (!this.ready()) {
        if (this._arms()) return;
      } else if (!waiting.empty) {
        waiting.next()!.complete(this.take());
      }
    }
    this._leave();
  }

  /** Nobody waits: the operation leaves its queues, and one that was tried in vain and wants to know is told. */
  private _leave(): void {
    if (!this._armed && !this._tried) return;
    const operation = this.under!;
    this._armed = this._tried = false;
    operation.waiter = null;
    operation.unblock();
  }

  private _schedule(): void {
    if (this._scheduled) return;
    this._scheduled = true;
    scheduler.schedule(this);
  }

  /** False when the operation could not even wait: then that is what receivers get. */
  private _arms(): boolean {
    try {
      this.arm();
      return true;
    } catch (error) {
      this._fail(error);
      return false;
    }
  }

  private _restore(): void {
    for (const value of this._back!.reverse()) this._stored.unshift(value);
    this._back = null;
  }

  private _draw(): boolean {
    if (this._armed || this._busy) return false;
    this._tired = false;
    for (let left = FRUITLESS; left > 0; left--) {
      if (!this._try()) return this._over;
      if (this._stored.length > 0 || this._over) return true;
    }
    this._tired = true;
    return false;
  }

  /** Performs the operation if it is ready now. */
  private _try(): boolean {
    if (this._tried) this._leave();
    this._busy = true;
    let operation = this.under;
    try {
      operation ??= this._next();
      if (operation.waiter !== null) assertIdle(operation);
      if (!operation.poll()) {
        if (operation.attentive) this._attend();
        return false;
      }
    } catch (error) {
      this._fail(error);
      return true;
    } finally {
      this._busy = false;
    }
    this._accept(operation);
    return true;
  }

  private _next(): Operation<unknown> {
    const operation = this._feed.next() as Operation<unknown> | undefined;
    this.under = operation?.plain === true ? operation : freshOf(operation);
    return this.under;
  }

  /** It will be told in the next turn, unless somebody waits for it by then. */
  private _attend(): void {
    this._tried = true;
    this._schedule();
  }

  private _accept(operation: Operation<unknown>): void {
    const feed = this._feed;
    let value: unknown;
    this.under = null;
    this._busy = true;
    try {
      try {
        value = operation.result();
      } catch (error) {
        if (feed.failed === undefined) throw error;
        feed.failed(error, this);
        return;
      }
      feed.accept(value, this);
    } catch (error) {
      this._fail(error);
    } finally {
      this._busy = false;
    }
  }

  private _fail(error: unknown): void {
    this._failure ??= { cause: error };
    if (!this._over) this._finish(error);
  }

  /** No more will come. What the release throws is for receivers, unless they have an error already. */
  private _finish(reason: unknown): void {
    this._over = true;
    this._leave();
    try {
      this._feed.release?.(reason);
    } catch (error) {
      this._failure ??= { cause: error };
    }
  }
}

/**
 * Makes a channel that reads on demand: it performs the operations of a feed only while somebody waits to receive, one at a
 * time, and hands on what the feed makes of their values. There is no task and no reading ahead; when nobody waits any
 * more, the operation leaves its queues, and nothing is lost. Merging, zipping and transforming are feeds.
 *
 * Closes when: the feed ends, or something in it throws, which receivers then get thrown. Cancelling it calls the feed's
 * `release`. The feed's code runs in the step of whoever receives or sends, so it must not wait. While it runs, its own
 * channel has nothing for it.
 *
 * @throws TypeError when it is no feed.
 * @example
 * ```ts
 * import { channel, CLOSED, derive } from "millrace";
 *
 * const numbers = channel<number>(3);
 * for (const n of [1, 2, 3]) numbers.trySend(n);
 * numbers.close();
 *
 * const twice = derive<number | typeof CLOSED, number>({
 *   next: () => numbers.receive(),
 *   accept(n, to) {
 *     if (n === CLOSED) to.end();
 *     else for (const copy of [n, n]) to.emit(copy);
 *   },
 * });
 * for await (const n of twice) console.log(n); // 1, 1, 2, 2, 3, 3
 * ```
 */
export function derive<In, Out>(feed: Feed<In, Out>): ReceiveChannel<Out> {
  assertFeed(feed);
  return new Derived<Out>(feed as Feed<unknown, Out>);
}

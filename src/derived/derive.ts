// A channel that reads on demand. It performs operations only while a receive waits, in the step of the receiver or of the peer
// that completes the operation. It has no task, and stores only surplus values of one operation.
//
// Invariants. While a value is stored, no receive is parked. At most one operation is blocked, and only while a receive is
// parked. When the last receive leaves, the operation leaves its queues, and the next receive polls it again. While the feed's
// code runs the channel is BUSY: receives of that code find no value, and are served afterwards.
//
//   IDLE ──poll──> BUSY ──not ready──> IDLE or TRIED ──a receive parks──> ARMING ──block returns──> ARMED
//                   │ ready                                                  │ wake                   │ wake
//                   v                                                        v                        v
//          feed.accept (BUSY) <──────────────────────────────────────────────┴────────────────────────┘
//                   │
//                   └──> IDLE; after 64 operations in a row without a value TIRED; at the end OVER

import { CLOSED, type Closed, EMPTY, type Empty, type OwnedChannel } from "../channel/ends.js";
import { iterate } from "../channel/iterate.js";
import { assertIdle, type Waiter } from "../operation/async-performance.js";
import { type Operation, unblock } from "../operation/operation.js";
import { type Ownable, type Ownership, ownership } from "../operation/ownership.js";
import { Waiters } from "../operation/waiters.js";
import { type Context, currentContext, within } from "../scheduler/contexts.js";
import type { Runnable } from "../scheduler/roles.js";
import { scheduler } from "../scheduler/scheduler.js";
import { inspectable } from "../structures/readable.js";
import { Ring } from "../structures/ring.js";
import { assertFeed, type Emitter, type Feed, freshOf } from "./feed.js";
import { Take, type View } from "./take.js";

export type { Emitter, Feed };

/** The most operations in a row without a value; then other tasks have a turn. */
const FRUITLESS = 64;

/** The most derived channels that read one from another in one step; the next one continues in a turn of its own. */
const DEEP = 256;
const nested = /* @__PURE__ */ { depth: 0 };

/** No operation is blocked. */
const IDLE = 0;
/** As IDLE, and the next operation is performed only after other tasks have had a turn. */
const TIRED = 1;
/** As IDLE, and the operation was polled and is attentive: it is unblocked in the next turn if no receive is parked then. */
const TRIED = 2;
/** `block` of the operation is running. */
const ARMING = 3;
/** The operation is blocked. */
const ARMED = 4;
/** The feed's code, or `poll` of the operation, is running. */
const BUSY = 5;
/** The channel has ended. Stored values can still be received. No other state follows, except CANCELLED. */
const OVER = 6;
/** As OVER, and stored values were discarded. */
const CANCELLED = 7;

class Derived<T> implements View<T>, OwnedChannel<T>, Ownable, Emitter<T>, Waiter, Runnable {
  /** True: the channel belongs to its single reader. */
  readonly owned: boolean;
  readonly waiting: Waiters<Take<T>>;
  under: Operation<unknown> | null;
  /** The tasks that the channel belongs to, if it has something to release. */
  readonly ownership: Ownership | null;
  private readonly _feed: Feed<unknown, T>;
  private readonly _stored: Ring<T>;
  /** Values given back by receivers that were cancelled before they resumed. They go in front of the stored values. */
  private _back: T[] | null;
  private _failure: { readonly cause: unknown } | null;
  private _state: number;
  /** The context of the code that created the channel: that of the feed, and of the functions in its operations. */
  private readonly _context: Context | null;
  /** Whether the channel is in the run queue. */
  private _scheduled: boolean;

  constructor(feed: Feed<unknown, T>) {
    this.waiting = new Waiters();
    this.owned = true;
    this.under = null;
    this._feed = feed;
    this.ownership = feed.release === undefined ? null : ownership(this);
    this._stored = new Ring();
    this._back = null;
    this._failure = null;
    this._state = IDLE;
    this._scheduled = false;
    this._context = currentContext();
  }

  get closed(): boolean {
    return this._state >= OVER || this._feed.closed === true;
  }

  receive(): Operation<T | Closed> {
    this.ownership?.note();
    return new Take(this);
  }

  tryReceive(): T | Closed | Empty {
    const take = this.receive() as Take<T>;
    return take.poll() ? take.result() : EMPTY;
  }

  cancel(reason?: unknown): void {
    const over = this._state >= OVER;
    const blocked = this._blocked;
    this._state = CANCELLED;
    this.ownership?.drop();
    this._back = null;
    while (this._stored.length > 0) this._stored.shift();
    if (over) return;
    if (blocked) this._withdraw();
    // Receivers of a cancelled channel get CLOSED, so an exception of `release` is reported.
    scheduler.call(() => this._letGo(reason));
    this.serve();
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return iterate(this);
  }

  toString(): string {
    return `Channel on demand, ${this._stored.length} stored${this.closed ? ", closed" : ""}`;
  }

  toJSON(): string {
    return text(this);
  }

  [Symbol.dispose](): void {
    this.cancel();
  }

  abandon(error: () => Error): void {
    if (this._state < OVER || this._stored.length > 0) this._failure ??= { cause: error() };
    this.cancel();
  }

  emit(value: T): void {
    if (this._state >= OVER) return;
    this._stored.push(value);
    if (this._state !== BUSY) this.serve();
  }

  end(cause?: unknown): void {
    const state = this._state;
    if (state >= OVER) return;
    if (cause !== undefined) this._failure = { cause };
    this._finish(cause);
    if (state !== BUSY) this.serve();
  }

  ready(): boolean {
    if (this._back !== null) this._restore();
    return this._stored.length > 0 || this._state >= OVER || this._draw();
  }

  take(): T | Closed {
    return this._stored.length > 0 ? this._stored.shift() : CLOSED;
  }

  giveBack(value: T): void {
    if (this._state === CANCELLED) return;
    this._back ??= [];
    this._back.push(value);
    this.serve();
  }

  assertNoFailure(): void {
    if (this._failure !== null) throw this._failure.cause;
  }

  arm(): void {
    if (this._state > TRIED) return;
    const operation = this.under;
    if (this._state === TIRED || operation === null) {
      this._schedule();
      return;
    }
    operation.waiter = this as Waiter;
    this._state = ARMING;
    try {
      operation.block();
    } catch (error) {
      this._change(ARMING, IDLE);
      operation.waiter = null;
      throw error;
    }
    this._change(ARMING, ARMED);
  }

  rest(): void {
    if (this.waiting.empty) this._leave();
  }

  /** Called when the blocked operation has completed. */
  wake(operation: Operation<unknown>): void {
    const arming = this._state === ARMING;
    operation.waiter = null;
    this._state = IDLE;
    within(this._context, this._accept, this, operation);
    // If operations complete inside `block`, each would be performed inside the one before: the stack would grow. It grows with
    // the length of a chain of derived channels, too.
    if (arming || nested.depth > DEEP) this._schedule();
    else this._serveNested();
  }

  private _serveNested(): void {
    nested.depth++;
    try {
      this.serve();
    } finally {
      nested.depth--;
    }
  }

  /** Continues after other tasks have had a turn. */
  run(): boolean {
    scheduler.current = null;
    this._scheduled = false;
    this.serve();
    return false;
  }

  /** Completes parked receives as far as values can be had, and then blocks the operation if receives are left. */
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

  /** Whether the operation has to be unblocked if no receive waits for it. */
  private get _blocked(): boolean {
    return this._state >= TRIED && this._state <= ARMED;
  }

  /** Called when no receive is parked: the operation leaves its queues. */
  private _leave(): void {
    if (!this._blocked) return;
    this._state = IDLE;
    this._withdraw();
  }

  private _withdraw(): void {
    const operation = this.under!;
    operation.waiter = null;
    unblock(operation);
  }

  /** Changes from one state to another, unless the first one has ended already. */
  private _change(from: number, to: number): void {
    if (this._state === from) this._state = to;
  }

  private _enterBusy(): void {
    if (this._state < OVER) this._state = BUSY;
  }

  private _schedule(): void {
    if (this._scheduled) return;
    this._scheduled = true;
    scheduler.schedule(this);
  }

  /** Blocks the operation. Returns false if that throws; receivers then get the exception. */
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
    if (this._state > TRIED) return false;
    if (nested.depth <= DEEP) {
      nested.depth++;
      try {
        for (let left = FRUITLESS; left > 0; left--) {
          if (!within(this._context, this._try, this)) return this._state >= OVER;
          if (this._stored.length > 0 || this._state >= OVER) return true;
        }
      } finally {
        nested.depth--;
      }
    }
    this._state = TIRED;
    return false;
  }

  /** Performs the operation if it is ready now. */
  private _try(): boolean {
    if (this._state === TRIED) this._leave();
    this._enterBusy();
    let operation = this.under;
    try {
      operation ??= this._next();
      if (operation.waiter !== null) assertIdle(operation);
      if (!operation.poll()) {
        if (operation.attentive) this._attend(operation);
        return false;
      }
    } catch (error) {
      this._fail(error);
      return true;
    } finally {
      this._change(BUSY, IDLE);
    }
    this._accept(operation);
    return true;
  }

  private _next(): Operation<unknown> {
    const operation = this._feed.next() as Operation<unknown> | undefined;
    this.under = operation?.plain === true ? operation : freshOf(operation);
    return this.under;
  }

  /** Unblocks an attentive operation that was polled: in the next turn, if no receive is parked by then. */
  private _attend(operation: Operation<unknown>): void {
    this._change(BUSY, TRIED);
    if (this._state === TRIED) this._schedule();
    else unblock(operation);
  }

  private _accept(operation: Operation<unknown>): void {
    const feed = this._feed;
    let value: unknown;
    this.under = null;
    this._enterBusy();
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
      this._change(BUSY, IDLE);
    }
  }

  private _letGo(reason: unknown): void {
    const feed = this._feed;
    if (feed.release !== undefined) within(this._context, feed.release, feed, reason);
  }

  private _fail(error: unknown): void {
    this._failure ??= { cause: error };
    if (this._state < OVER) this._finish(error);
  }

  /** Ends the channel. Receivers get an exception of `release`, unless they get another exception already. */
  private _finish(reason: unknown): void {
    const blocked = this._blocked;
    this._state = OVER;
    this.ownership?.drop();
    if (blocked) this._withdraw();
    try {
      this._letGo(reason);
    } catch (error) {
      this._failure ??= { cause: error };
    }
  }
}

const text = /* @__PURE__ */ inspectable(Derived);

/**
 * Creates a channel that reads on demand. While a receive waits, it performs the operations of a feed, one at a time, and
 * receivers get the values that the feed makes of their results. `merge`, `zip` and `through` are made in this way.
 *
 * A receive parks when: no value is stored and the operation is not ready. Yields: the next value of the feed. If closed:
 * `CLOSED` once the feed has ended; if the feed's code or its operation threw, receivers get that exception. If cancelled: the
 * operation leaves its queues if no other receive waits, and no value is lost.
 *
 * There is no task and no reading ahead. To cancel the channel calls the feed's `release`. The feed's code runs in the step of
 * the receiver or of the peer, so it cannot wait, and it finds no value in its own channel.
 *
 * @param feed - The operations to perform, and the values to make of their results.
 * @returns The channel, which belongs to its single reader (`owned`).
 * @throws TypeError if `feed` has no `next` or no `accept`.
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
export function derive<In, Out>(feed: Feed<In, Out>): OwnedChannel<Out> {
  assertFeed(feed);
  return new Derived<Out>(feed as Feed<unknown, Out>);
}

// A channel that reads on demand: it performs operations only while somebody waits to receive, in the step of whoever
// receives or of whoever completes them. It has no task, and stores nothing but what one operation made too much.
//
// Invariants. While a value is stored nobody waits. At most one operation is under way, and only while somebody waits; when
// the last one leaves it leaves its queues, and is tried again when somebody comes. `busy` is set while the feed's code
// runs, so that code which uses its own channel finds nothing there instead of corrupting it.

import { CLOSED, type Closed, EMPTY, iterate, type ReceiveChannel } from "./ends.js";
import { append, List, shift, unlink } from "./list.js";
import { Operation } from "./operation.js";
import { own } from "./owned.js";
import { assertIdle, type Waiter } from "./perform.js";
import { Ring } from "./ring.js";
import type { Runnable } from "./roles.js";
import { scheduler } from "./scheduler.js";

/** Where a feed puts what it makes. */
export interface Emitter<in T> {
  /** Hands a value to whoever waits longest, or keeps it until somebody comes. After the end it does nothing. */
  emit(value: T): void;
  /** Says that no more will come; with a cause, receivers get that thrown after what is stored. */
  end(cause?: unknown): void;
}

/** What a derived channel does: which operation it performs, and what it makes of each value. */
export interface Feed<In, out Out> {
  /** The operation to perform next; it may be the same one each time. What it throws ends the channel. */
  next(): Operation<In>;
  /** Takes what the operation yielded: emits none, one or many values, or ends. What it throws ends the channel. */
  accept(value: In, to: Emitter<Out>): void;
  /** Called once: it has ended, or its receiver has cancelled it. */
  release?(reason: unknown): void;
  /** Whether no more can come, though the end has not been received yet. */
  readonly closed?: boolean;
}

/** Operations in a row that make nothing before the others have a turn. */
const FRUITLESS = 64;

class Take<T> extends Operation<T | Closed> {
  private readonly _from: Derived<T>;

  constructor(from: Derived<T>) {
    super();
    this._from = from;
  }

  poll(): boolean {
    const from = this._from;
    if (!from.waiting.empty || !from.ready()) return false;
    this.value = from.take();
    return true;
  }

  block(): void {
    append(this._from.waiting, this);
    try {
      this._from.arm();
    } catch (error) {
      unlink(this);
      throw error;
    }
  }

  override unblock(): void {
    unlink(this);
    this._from.rest();
  }

  override discard(): void {
    if (this.value !== CLOSED) this._from.giveBack(this.value as T);
  }

  override result(): T | Closed {
    if (this.value === CLOSED) this._from.assertNoFailure();
    return this.value as T | Closed;
  }

  override get external(): boolean {
    return this._from.under?.external ?? false;
  }

  override describe(): string {
    return this._from.under?.describe() ?? "receive";
  }

  override rivals(): readonly unknown[] {
    return this._from.under?.rivals() ?? [];
  }
}

class Derived<T> implements ReceiveChannel<T>, Emitter<T>, Waiter, Runnable {
  readonly waiting: List;
  /** The operation under way, or to be tried again. */
  under: Operation<unknown> | null;
  private readonly _feed: Feed<unknown, T>;
  private readonly _stored: Ring<T>;
  private _over: boolean;
  private _failure: { readonly cause: unknown } | null;
  private _armed: boolean;
  private _busy: boolean;
  private _tired: boolean;
  private _scheduled: boolean;

  constructor(feed: Feed<unknown, T>) {
    this.waiting = new List();
    this.under = null;
    this._feed = feed;
    this._stored = new Ring();
    this._over = this._armed = this._busy = this._tired = this._scheduled = false;
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
    while (this._stored.length > 0) this._stored.shift();
    if (this._over) return;
    this._over = true;
    this._leave();
    this._release(reason);
    this._serve();
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return iterate(this);
  }

  emit(value: T): void {
    if (this._over) return;
    this._stored.push(value);
    if (!this._busy) this._serve();
  }

  end(cause?: unknown): void {
    if (this._over) return;
    if (cause !== undefined) this._failure = { cause };
    this._over = true;
    this._leave();
    this._release(cause);
    if (!this._busy) this._serve();
  }

  /** Gets on without waiting: true once there is something to take, be it the end. */
  ready(): boolean {
    return this._stored.length > 0 || this._over || this._draw();
  }

  take(): T | Closed {
    return this._stored.length > 0 ? this._stored.shift() : CLOSED;
  }

  /** Who took it ended before having it. */
  giveBack(value: T): void {
    this._stored.unshift(value);
    this._serve();
  }

  assertNoFailure(): void {
    if (this._failure !== null) throw this._failure.cause;
  }

  /** Somebody waits. */
  arm(): void {
    if (this._armed || this._busy || this._scheduled) return;
    if (this._tired) {
      this._scheduled = true;
      scheduler.schedule(this);
      return;
    }
    const operation = this.under!;
    operation.waiter = this as Waiter;
    this._armed = true;
    try {
      operation.block();
    } catch (error) {
      this._armed = false;
      operation.waiter = null;
      throw error;
    }
  }

  /** Somebody has left: if nobody waits any more, the operation leaves its queues. */
  rest(): void {
    if (this.waiting.empty) this._leave();
  }

  /** The operation under way has completed. */
  wake(operation: Operation<unknown>): void {
    operation.waiter = null;
    this._armed = false;
    this._accept(operation);
    this._serve();
  }

  /** Goes on after the others had a turn. */
  run(): boolean {
    this._scheduled = false;
    this._serve();
    return false;
  }

  private _leave(): void {
    if (!this._armed) return;
    this._armed = false;
    this.under!.waiter = null;
    this.under!.unblock();
  }

  private _release(reason: unknown): void {
    this._feed.release?.(reason);
  }

  /** Everyone who waits gets what there is; if that is not enough, the operation is under way again. */
  private _serve(): void {
    const { waiting } = this;
    while (!waiting.empty) {
      if (this.ready()) (shift(waiting) as Take<T>).complete(this.take());
      else if (this._arms()) return;
    }
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

  private _draw(): boolean {
    if (this._armed || this._busy) return false;
    this._tired = false;
    for (let left = FRUITLESS; left > 0; left--) {
      if (!this._try()) return false;
      if (this._stored.length > 0 || this._over) return true;
    }
    this._tired = true;
    return false;
  }

  /** Performs the operation if it is ready now. */
  private _try(): boolean {
    let operation = this.under;
    try {
      if (operation === null) operation = this._next();
      else if (operation.attentive) operation.unblock(); // tried before, and then nobody waited
      if (operation.waiter !== null) assertIdle(operation);
      if (!operation.poll()) return false;
    } catch (error) {
      this._fail(error);
      return true;
    }
    this._accept(operation);
    return true;
  }

  private _next(): Operation<unknown> {
    const operation = this._feed.next();
    this.under = operation.plain ? operation : operation.fresh();
    return this.under;
  }

  private _accept(operation: Operation<unknown>): void {
    this.under = null;
    this._busy = true;
    try {
      this._feed.accept(operation.result(), this);
    } catch (error) {
      this._fail(error);
    } finally {
      this._busy = false;
    }
  }

  private _fail(error: unknown): void {
    if (this._over) return;
    this._failure = { cause: error };
    this._over = true;
    this._release(error);
  }
}

/**
 * Makes a channel that reads on demand: it performs the operations of a feed only while somebody waits to receive, one at a
 * time, and hands on what the feed makes of their values. There is no task and no reading ahead; when nobody waits any
 * more, the operation leaves its queues, and nothing is lost. Merging, zipping and transforming are feeds.
 *
 * Closes when: the feed ends, or something in it throws, which receivers then get thrown. Cancelling it calls the feed's
 * `release`. The feed's code runs in the step of whoever receives or sends, so it must not wait.
 *
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
  return own(new Derived<Out>(feed as Feed<unknown, Out>));
}

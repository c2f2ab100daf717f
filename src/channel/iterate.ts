// The iterator of `for await`. It is written out instead of as an async generator, because a generator cannot be left while it
// waits, and because `yield` in it would await a value that is a promise, a task or an operation.

import type { Operation } from "../operation/operation.js";
import { completion, type PlainPerformance } from "../operation/plain-performance.js";
import { CLOSED, type Closed, type ReceiveChannel } from "./ends.js";

/** A call of `next` that waits. Calls are linked, as a reader rarely has more than one. */
class Pending<T> {
  readonly operation: Operation<T | Closed>;
  readonly resolve: (result: IteratorResult<T, undefined>) => void;
  readonly reject: (error: unknown) => void;
  /** The call before it that still waits. */
  before: Pending<T> | null;

  constructor(
    operation: Operation<T | Closed>,
    resolve: (result: IteratorResult<T, undefined>) => void,
    reject: (error: unknown) => void,
    before: Pending<T> | null,
  ) {
    this.operation = operation;
    this.resolve = resolve;
    this.reject = reject;
    this.before = before;
  }
}

class ChannelIterator<T> implements AsyncIterableIterator<T, undefined, unknown> {
  private readonly _channel: ReceiveChannel<T>;
  private readonly _once: boolean;
  /** The newest call that waits. */
  private _pending: Pending<T> | null;
  private _over: boolean;
  private _released: boolean;

  constructor(channel: ReceiveChannel<T>, once: boolean) {
    this._channel = channel;
    this._once = once;
    this._pending = null;
    this._over = this._released = false;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this._over) return Promise.resolve(end());
    if (this._once) this._over = true;
    return new Promise((resolve, reject) => {
      const operation = this._channel.receive().fresh();
      const pending = new Pending(operation, resolve, reject, this._pending);
      this._pending = pending;
      completion(operation).then(
        () => this._complete(pending),
        (error) => this._fail(pending, error),
      );
    });
  }

  /** Ends the iterator. A call of `next` that waits resolves as at the end, and takes no value. */
  return(): Promise<IteratorResult<T, undefined>> {
    for (let pending = this._pending; pending !== null; pending = pending.before) {
      (pending.operation.waiter as PlainPerformance<unknown> | null)?.abandon();
      pending.resolve(end());
    }
    this._pending = null;
    this._end();
    return Promise.resolve(end());
  }

  async throw(error: unknown): Promise<IteratorResult<T, undefined>> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  private _complete(pending: Pending<T>): void {
    if (!this._remove(pending)) return;
    const { operation } = pending;
    operation.waiter = null;
    try {
      const value = operation.result();
      if (value === CLOSED) this._end();
      pending.resolve(value === CLOSED ? end() : { done: false, value });
    } catch (error) {
      this._end();
      pending.reject(error);
    }
  }

  private _fail(pending: Pending<T>, error: unknown): void {
    if (!this._remove(pending)) return;
    this._end();
    pending.reject(error);
  }

  /** Removes a call that waits no more; returns false if the iterator has been left meanwhile. */
  private _remove(pending: Pending<T>): boolean {
    if (this._pending === pending) {
      this._pending = pending.before;
      return true;
    }
    for (let at = this._pending; at !== null; at = at.before) {
      if (at.before !== pending) continue;
      at.before = pending.before;
      return true;
    }
    return false;
  }

  /** The reader has left: the channel is released if it is owned. */
  private _end(): void {
    this._over = true;
    if (this._released) return;
    this._released = true;
    if (this._channel.owned === true) this._channel.cancel();
  }
}

function end(): IteratorReturnResult<undefined> {
  return { done: true, value: undefined };
}

/**
 * The iterator of `for await`. It ends when the channel has ended, and throws the cause with which the channel was closed. A loop
 * that is left early cancels the channel if it is owned.
 *
 * @param once - Whether it yields a single value, as for a promise channel.
 */
export function iterate<T>(channel: ReceiveChannel<T>, once = false): AsyncIterableIterator<T, undefined, unknown> {
  return new ChannelIterator(channel, once);
}

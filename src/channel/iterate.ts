// The iterator of `for await`. It is written out instead of as an async generator, because a generator cannot be left while it
// waits, and because `yield` in it would await a value that is a promise, a task or an operation.

import type { Operation } from "../operation/operation.js";
import { completion, PlainPerformance, replaced } from "../operation/plain-performance.js";
import { scheduler } from "../scheduler/scheduler.js";
import { CLOSED, type Closed, type ReceiveChannel } from "./ends.js";

type Result<T> = IteratorResult<T, undefined>;

type Resolve<T> = (result: Result<T> | Promise<never>) => void;

let resolver: unknown;
const capture = (resolve: unknown): void => {
  resolver = resolve;
};

/** A call of `next` that waits. Calls are linked, as a reader rarely has more than one. */
class Step<T> extends PlainPerformance<T | Closed> {
  private readonly _iterator: ChannelIterator<T>;
  resolve: Resolve<T>;
  /** The call before it that still waits. */
  earlier: Step<T> | null;

  constructor(operation: Operation<T | Closed>, iterator: ChannelIterator<T>) {
    super(operation);
    this._iterator = iterator;
    this.resolve = end;
    this.earlier = null;
  }

  run(): boolean {
    this._iterator.complete(this);
    return true;
  }

  protected refuse(error: unknown): void {
    this._iterator.refuse(this, error);
  }
}

class ChannelIterator<T> implements AsyncIterableIterator<T, undefined, unknown> {
  private readonly _channel: ReceiveChannel<T>;
  private readonly _once: boolean;
  /** The newest call that waits. */
  private _pending: Step<T> | null;
  /** A step to use again: a loop waits for one value at a time. */
  private _spare: Step<T> | null;
  private _over: boolean;
  private _released: boolean;

  constructor(channel: ReceiveChannel<T>, once: boolean) {
    this._channel = channel;
    this._once = once;
    this._pending = this._spare = null;
    this._over = this._released = false;
  }

  next(): Promise<Result<T>> {
    if (this._over) return Promise.resolve(end());
    if (this._once) this._over = true;
    try {
      const step = this._spare ?? new Step(this._channel.receive().fresh(), this);
      this._spare = null;
      const operation = step.operation as Operation<T | Closed>;
      if (operation.waiter !== null || !operation.direct || replaced()) return this._elsewhere(step);
      const ready = operation.poll();
      if (!ready || scheduler.tired()) return this._park(step, ready);
      scheduler.answerSeekers(null);
      return Promise.resolve(this._taken(step));
    } catch (error) {
      this._end();
      return Promise.reject(error);
    }
  }

  /** Ends the iterator. A call of `next` that waits resolves as at the end, and takes no value. */
  return(): Promise<Result<T>> {
    for (let step = this._pending; step !== null; step = step.earlier) {
      if (step.operation.waiter !== null) (step.operation.waiter as PlainPerformance<unknown>).abandon();
      step.resolve(end());
    }
    this._pending = null;
    this._end();
    return Promise.resolve(end());
  }

  async throw(error: unknown): Promise<Result<T>> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  complete(step: Step<T>): void {
    if (!this._remove(step)) return;
    step.operation.waiter = null;
    const { resolve } = step;
    try {
      resolve(this._taken(step));
    } catch (error) {
      this._end();
      resolve(Promise.reject(error));
    }
  }

  refuse(step: Step<T>, error: unknown): void {
    if (!this._remove(step)) return;
    this._end();
    step.resolve(Promise.reject(error));
  }

  private _taken(step: Step<T>): Result<T> {
    const operation = step.operation as Operation<T | Closed>;
    const value = operation.result();
    if (value === CLOSED) {
      this._end();
      return end();
    }
    // Each receive from a channel that tasks own asks for the task.
    if (operation.direct && this._channel.owned !== true) this._spare = step;
    return { done: false, value };
  }

  private _wait(step: Step<T>): Promise<Result<T>> {
    const result = new Promise<Result<T>>(capture as (resolve: Resolve<T>) => void);
    step.resolve = resolver as Resolve<T>;
    resolver = undefined;
    step.earlier = this._pending;
    this._pending = step;
    return result;
  }

  private _park(step: Step<T>, ready: boolean): Promise<Result<T>> {
    const result = this._wait(step);
    try {
      step.goesOn(ready);
      scheduler.answerSeekers(null);
    } catch (error) {
      this.refuse(step, error);
    }
    return result;
  }

  /** The result runs code of the user, in the context of the loop; or a maker takes the place of plain performances. */
  private _elsewhere(step: Step<T>): Promise<Result<T>> {
    const result = this._wait(step);
    completion(step.operation).then(
      () => this.complete(step),
      (error) => this.refuse(step, error),
    );
    return result;
  }

  /** Removes a call that waits no more; returns false if the iterator has been left meanwhile. */
  private _remove(step: Step<T>): boolean {
    if (this._pending === step) {
      this._pending = step.earlier;
      return true;
    }
    for (let at = this._pending; at !== null; at = at.earlier) {
      if (at.earlier !== step) continue;
      at.earlier = step.earlier;
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

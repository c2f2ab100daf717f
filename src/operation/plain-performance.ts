// How plain code performs an operation with `await`. There is no task, and only the operation holds the performance.
//
// `await` calls `then` in a microtask of its own, and with functions that do nothing but ask for another microtask. So `then`
// makes one object that is the waiter, the entry of the run queue and what `then` returns. A promise is made of it only if
// code asks for one, as `await` does not. The functions are called in a turn of the scheduler, and never inside `then` or in
// the step of a peer, since code of the user may have passed them.

import type { Runnable, Unowned } from "../scheduler/roles.js";
import { scheduler } from "../scheduler/scheduler.js";
import type { Bag } from "../structures/bag.js";
import { assertIdle, type Performable, type Waiter } from "./async-performance.js";

/** One performance by plain code. */
export abstract class PlainPerformance<T> implements Waiter, Runnable, Unowned {
  static {
    // `catch` and `finally` of a promise call `then`.
    Object.setPrototypeOf(PlainPerformance.prototype, Promise.prototype);
  }

  bag: Bag | null;
  slot: number;
  readonly operation: Performable<T>;
  private _completed: boolean;

  constructor(operation: Performable<T>) {
    this.bag = null;
    this.slot = 0;
    this.operation = operation;
    this._completed = false;
  }

  /** Begins, and throws what `poll` and `block` throw. */
  begin(): this {
    const { operation } = this;
    if (operation.waiter !== null) assertIdle(operation);
    return this.goesOn(operation.poll());
  }

  /** Goes on with an operation that has been polled. If it is ready, its place is at the end of the run queue. */
  goesOn(ready: boolean): this {
    const { operation } = this;
    operation.waiter = this;
    this._completed = ready;
    if (ready) {
      scheduler.schedule(this);
      return this;
    }
    // Only a maker, such as the one that looks at the end of the event loop, wants to know of those that stay parked.
    if (scheduler.maker !== null) scheduler.note(this);
    try {
      operation.block();
    } catch (error) {
      this.bag?.remove(this);
      operation.waiter = null;
      throw error;
    }
    return this;
  }

  wake(): void {
    this.bag?.remove(this);
    this._completed = true;
    scheduler.schedule(this);
  }

  settleDown(): void {
    scheduler.maker?.waits(this);
  }

  /** Gives the operation up: it leaves its queue, or the value that it has completed with is given back. */
  abandon(): void {
    const { operation } = this;
    operation.waiter = null;
    if (this._completed) {
      operation.discard();
    } else {
      this.bag?.remove(this);
      operation.unblock();
    }
  }

  /** Ends with an error in place of a value. */
  fail(error: unknown): void {
    this.bag?.remove(this);
    this.operation.unblock();
    this.operation.waiter = null;
    this.refuse(error);
  }

  /** Whether it is parked. */
  get parked(): boolean {
    return !this._completed && this.operation.waiter === this;
  }

  get quiet(): boolean {
    return true;
  }

  abstract run(): boolean;
  protected abstract refuse(error: unknown): void;
}

/** Resolves a promise once the operation has completed. */
class Completion extends PlainPerformance<unknown> {
  private readonly _resolve: () => void;
  private readonly _reject: (error: unknown) => void;

  constructor(operation: Performable<unknown>, resolve: () => void, reject: (error: unknown) => void) {
    super(operation);
    this._resolve = resolve;
    this._reject = reject;
  }

  run(): boolean {
    this._resolve();
    return true;
  }

  protected refuse(error: unknown): void {
    this._reject(error);
  }
}

/** A function given to `then`. */
type Callback = (value: unknown) => unknown;

/** An `await` of an operation whose result runs no code of the user. It stands for the promise that `then` returns. */
class Awaited extends PlainPerformance<unknown> {
  private readonly _onValue: Callback;
  private readonly _onError: Callback;
  /** The promise, if code has asked for it; before that, what it will resolve with. */
  private _promise: Promise<unknown> | null;
  private _settle: Callback | null;

  constructor(operation: Performable<unknown>, onValue: Callback, onError: Callback) {
    super(operation);
    this._onValue = onValue;
    this._onError = onError;
    this._promise = this._settle = null;
  }

  started(onError: unknown): Promise<unknown> {
    try {
      this.begin();
    } catch (error) {
      scheduler.answerSeekers(null);
      return Promise.reject(error).catch(onError as Callback);
    }
    if (scheduler.seekers !== null) scheduler.answerSeekers(null);
    return this as unknown as Promise<unknown>;
  }

  run(): boolean {
    const { operation } = this;
    scheduler.current = null;
    operation.waiter = null;
    try {
      this._call(this._onValue, operation.result());
    } catch (error) {
      this.refuse(error);
    }
    return true;
  }

  protected refuse(error: unknown): void {
    this._call(this._onError, error);
  }

  private _call(callback: Callback, value: unknown): void {
    let result: unknown;
    try {
      const later = callback === this._onValue && mayBeThenable(value);
      result = later ? Promise.resolve(value).then(callback, this._onError) : callback(value);
    } catch (error) {
      result = Promise.reject(error);
    }
    if (this._settle !== null) this._settle(result);
    else this._promise = result === undefined ? nothing : Promise.resolve(result);
  }

  then<A, B>(onValue?: ((value: unknown) => A) | null, onError?: ((error: unknown) => B) | null): Promise<A | B> {
    this._promise ??= new Promise((resolve) => {
      this._settle = resolve;
    });
    return this._promise.then(onValue, onError) as Promise<A | B>;
  }
}

const nothing: Promise<undefined> = /* @__PURE__ */ Promise.resolve(undefined);

function begin(operation: Performable<unknown>): Promise<void> {
  return new Promise<void>((resolve, reject) => new Completion(operation, resolve, reject).begin());
}

/** Whether functions given to `then` may be called in a turn of the scheduler: no code uses contexts, in which they would run. */
function calledBack(onValue: unknown, onError: unknown): boolean {
  return typeof onValue === "function" && typeof onError === "function" && scheduler.contexts === null;
}

/** Whether a maker takes the place of plain performances. */
export function replaced(): boolean {
  return scheduler.maker?.performs === true;
}

/** Performs an operation for plain code; the promise resolves once the operation has completed. */
export function completion(operation: Performable<unknown>): Promise<void> {
  const completed = replaced() ? scheduler.maker!.perform(operation, begin) : begin(operation);
  scheduler.answerSeekers(null);
  return completed;
}

/** Performs an operation for plain code, as `then` of a promise. */
export function performThen<T, A, B>(
  operation: Performable<T>,
  onValue: ((value: T) => A | PromiseLike<A>) | null | undefined,
  onError: ((error: unknown) => B | PromiseLike<B>) | null | undefined,
): Promise<A | B> {
  if (operation.direct && calledBack(onValue, onError) && !replaced()) {
    // Not made inside the `try`, where V8 does not inline its constructor.
    const awaited = new Awaited(operation, onValue as Callback, onError as Callback);
    return awaited.started(onError) as unknown as Promise<A | B>;
  }
  // The result is computed where that code continues, not in the step of the peer.
  return completion(operation).then(() => {
    let value: T;
    // Cannot be performed again before this point: a second performance would overwrite the value.
    operation.waiter = null;
    try {
      value = operation.result();
    } catch (error) {
      if (typeof onError === "function") return onError(error);
      throw error;
    }
    if (typeof onValue !== "function") return value as never;
    return (mayBeThenable(value) ? Promise.resolve(value).then(onValue, onError) : onValue(value)) as A;
  }, onError);
}

/** `await` would wait for such a value, too; other code gets what the value resolves with. */
function mayBeThenable(value: unknown): boolean {
  return typeof value === "object" ? value !== null && "then" in value : typeof value === "function";
}

// How code that the scheduler cannot see into performs an operation: async go blocks and plain `await`.
//
// An operation performed inside an async generator cannot know which task performs it unless it yields out to the
// driver, which costs three microtasks. So it waits on a promise of its own, and nobody knows whose it is. Only when
// somebody is cancelled, or after being parked for long, does a performance yield out, once, keeping its place in every
// queue: its driver takes note, and from then on the task knows what it waits for and the scheduler holds nothing.

import type { Runnable, Stranger } from "../scheduler/roles.js";
import { scheduler } from "../scheduler/scheduler.js";
import { append, type Link, unlink } from "../structures/list.js";

/** Whoever is told that an operation has completed. */
export interface Waiter {
  wake(operation: Performable<unknown>): void;
}

/** An operation, seen from whoever performs it. */
export interface Performable<out T> {
  waiter: Waiter | null;
  poll(): boolean;
  block(): void;
  unblock(): void;
  withdraw(): boolean;
  discard(): void;
  result(): T;
  waitsFor(): { readonly what: string; readonly external: boolean; readonly joins?: boolean };
}

/** Not begun. */
const FRESH = 0;
/** Yielded out before it began, because somebody is to end and it may be this one. */
const ANNOUNCED = 1;
const PARKED = 2;
/** Yields out: its driver will take note of it. */
const YIELDING = 3;
const OWNED = 4;
const COMPLETED = 5;
/** Tried in vain: it will park. */
const POLLED = 6;
/** Has completed, but the host must have the thread first. */
const TIRED = 7;

type Result<T> = IteratorResult<unknown, T>;
type Resolve<T> = (result: Result<T>) => void;

let resolver: unknown;
const capture = (resolve: unknown): void => {
  resolver = resolve;
};

function pending<T>(): Promise<T> {
  return new Promise<T>(capture as (resolve: (value: T) => void) => void);
}

/** Throws if an operation is being performed already. */
export function assertIdle(operation: Performable<unknown>): void {
  if (operation.waiter === null) return;
  throw new TypeError(
    `Cannot perform operation: it is parked already (${operation.waitsFor().what}); make one operation for each performer`,
  );
}

/** One performance in an async body: delegate of its `yield*`, waiter, and iterator result in one object. */
export class AsyncPerformance<T> implements Link, Waiter, Runnable, Stranger {
  before: Link | null;
  after: Link | null;
  done: boolean;
  readonly operation: Performable<T>;
  private _state: number;
  private _resolve: Resolve<T> | null;
  private _owner: Waiter | null;

  constructor(operation: Performable<T>, state: number) {
    this.before = this.after = null;
    this.done = false;
    this.operation = operation;
    this._state = state;
    this._resolve = null;
    this._owner = null;
  }

  /** Read when the body goes on, so that a mapped function runs there and its exception is the body's. Until then the
   * operation is busy: another performance in between would take the place of its value. */
  get value(): T {
    this.operation.waiter = null;
    return this.operation.result();
  }

  get completed(): boolean {
    return this._state === COMPLETED;
  }

  next(): Promise<Result<T>> | Result<T> {
    switch (this._state) {
      case FRESH:
        return this._yieldOut(ANNOUNCED);
      case ANNOUNCED:
        if (this.operation.waiter !== null) assertIdle(this.operation);
        if (!this.operation.poll()) return this._park();
        this.operation.waiter = this;
        return this._finish();
      case POLLED:
        return this._park();
      case TIRED:
        return this._giveWay();
      default:
        return this._finish();
    }
  }

  throw(error: unknown): never {
    throw error;
  }

  private _giveWay(): Promise<Result<T>> {
    this._state = COMPLETED;
    this.operation.waiter = this;
    scheduler.schedule(this);
    return this._wait();
  }

  private _park(): Promise<Result<T>> {
    const { operation } = this;
    this._state = PARKED;
    operation.waiter = this;
    const result = this._wait();
    try {
      operation.block();
    } catch (error) {
      operation.waiter = null;
      throw error;
    }
    if (this._state === PARKED) {
      append(scheduler.young, this);
      scheduler.askHostTurn();
    }
    return result;
  }

  private _wait(): Promise<Result<T>> {
    const result = pending<Result<T>>();
    this._resolve = resolver as Resolve<T>;
    // What it resolves leads to the task: it must not be held from here.
    resolver = undefined;
    return result;
  }

  private _finish(): Result<T> {
    this.done = true;
    return this as Result<T>;
  }

  private _yieldOut(state: number): Result<T> {
    this._state = state;
    return { done: false, value: this };
  }

  wake(): void {
    this._state = COMPLETED;
    if (this._owner !== null) this._owner.wake(this.operation);
    else if (this._resolve !== null) {
      unlink(this);
      scheduler.resume(this);
    }
  }

  run(): boolean {
    const resolve = this._resolve!;
    this._resolve = null;
    resolve(this._finish());
    return true;
  }

  /** Yields out once, so that the driver learns whose this is. */
  settleDown(): void {
    unlink(this);
    const resolve = this._resolve!;
    this._resolve = null;
    resolve(this._yieldOut(YIELDING));
  }

  /** The driver has got hold of it. Answers whether it is parked; otherwise the body goes on. */
  own(owner: Waiter): boolean {
    if (this._state !== YIELDING) return false;
    this._state = OWNED;
    this._owner = owner;
    return true;
  }

  /** Its task is cancelled: true once the operation has left, false if it first has to end by itself. */
  withdraw(): boolean {
    if (!this.operation.withdraw()) return false;
    this.operation.waiter = null;
    return true;
  }

  /** What the operation completed with goes back. */
  discard(): void {
    this.operation.waiter = null;
    this.operation.discard();
  }
}

/** The performance of an operation that completed at once: its value is at hand. */
class AtHand<T> {
  readonly done: boolean;
  readonly value: T;

  constructor(value: T) {
    this.done = true;
    this.value = value;
  }

  next(): this {
    return this;
  }

  throw(error: unknown): never {
    throw error;
  }
}

/** Awaiting a promise that has resolved is cheaper than awaiting a plain object, and all sends that were taken share one. */
const accepted = {
  next: (): Promise<Result<boolean>> => taken,
  throw(error: unknown): never {
    throw error;
  },
};
const taken: Promise<Result<boolean>> = /* @__PURE__ */ Promise.resolve({ value: true, done: true });

/** What `yield*` in an async body delegates to. Most operations complete at once, and need no performance of their own. */
export function performAsync<T>(operation: Performable<T>): unknown {
  if (scheduler.ending > 0) return new AsyncPerformance(operation, FRESH);
  if (operation.waiter !== null) assertIdle(operation);
  if (!operation.poll()) return new AsyncPerformance(operation, POLLED);
  if (scheduler.tired()) return new AsyncPerformance(operation, TIRED);
  const value = operation.result();
  return value === true ? accepted : new AtHand(value);
}

/** Whether a value is a performance, of this copy of the package or of another that shares its scheduler. */
export function isPerformance(value: unknown): value is AsyncPerformance<unknown> {
  return typeof (value as Partial<AsyncPerformance<unknown>> | null | undefined)?.own === "function";
}

/**
 * What an async go block sees when a sync routine that it delegates to parks: its driver hears of it some microtasks
 * later, and until then this waits in its place. It must be no thenable, as operations are.
 */
export class ParkedInside implements Waiter {
  readonly operation: Performable<unknown> & { value: unknown };
  completed: boolean;
  private _value: unknown;

  constructor(operation: Performable<unknown> & { value: unknown }) {
    this.operation = operation;
    this.completed = false;
    this._value = undefined;
  }

  wake(): void {
    this.completed = true;
  }

  /** Takes the place of the operation's value, which is what the async generator will yield. */
  hide(): void {
    this._value = this.operation.value;
    this.operation.value = this;
  }

  reveal(): void {
    if (this.operation.value === this) this.operation.value = this._value;
  }
}

/** Whether a value is what a sync routine shows the driver of an async block, likewise. */
export function isParkedInside(value: unknown): value is ParkedInside {
  return typeof (value as Partial<ParkedInside> | null | undefined)?.reveal === "function";
}

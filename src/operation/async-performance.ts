// How an async go block performs an operation.
//
// Inside an async generator the task that performs an operation is unknown, unless the operation yields out to the driver of
// the task, which costs three microtasks. So a performance waits on a promise of its own, without a task. It yields out, once,
// when an async task is being cancelled, or when it is still parked after a turn of the host. It keeps its place in every
// queue. From then on its task is known, and the scheduler no longer holds the performance.
//
// States, with the methods that change them. `performAsync` chooses the first one: FRESH while an async task is being
// cancelled, TIRED when the operation has completed but the host must get the thread, and otherwise POLLED.
//
//   FRESH ──next──> ANNOUNCED ──next, ready──> done
//                       │ next, not ready
//                       v
//   POLLED ──next──> PARKED ──settleDown──> YIELDING ──own──> OWNED
//                       │ wake                  │ wake          │ wake
//                       v                       v               v
//   TIRED ──next──> COMPLETED <─────────────────┴───────────────┘      ──next or run──> done

import { innermostPlace, NOWHERE } from "../scheduler/call-chain.js";
import type { Context } from "../scheduler/contexts.js";
import type { Performer, Runnable, Seeker, Unowned } from "../scheduler/roles.js";
import { scheduler } from "../scheduler/scheduler.js";
import type { Bag } from "../structures/bag.js";

/** The performer of an operation: `wake` is called once the operation has completed. */
export interface Waiter {
  wake(operation: Performable<unknown>): void;
}

/** An operation, as far as its performer uses it. */
export interface Performable<out T> {
  waiter: Waiter | null;
  poll(): boolean;
  block(): void;
  unblock(): void;
  withdraw(): boolean;
  discard(): void;
  result(): T;
  /** Whether `result` runs no code of the user, which would have to run where the performer goes on. */
  readonly direct: boolean;
  waitsFor(): { readonly what: string; readonly external: boolean; readonly joins?: boolean };
}

/** Not polled yet. */
const FRESH = 0;
/** Yielded out before it was polled: an async task is being cancelled, and may be the one that performs this. */
const ANNOUNCED = 1;
/** Polled, and not ready. */
const POLLED = 2;
/** Waits on its own promise; its task is unknown. */
const PARKED = 3;
/** Yields out to the driver of its task. */
const YIELDING = 4;
/** Parked, and held by its task. */
const OWNED = 5;
/** Completed, but the host must get the thread first. */
const TIRED = 6;
/** Completed; the body continues with the value. */
const COMPLETED = 7;

/** The cancelled async tasks whose routine is returned from, by the object that is the delegate of its `yield*`. */
export const returning: WeakMap<object, Performer> = /* @__PURE__ */ new WeakMap();

type Result<T> = IteratorResult<unknown, T>;
type Resolve<T> = (result: Result<T>) => void;

let resolver: unknown;
const capture = (resolve: unknown): void => {
  resolver = resolve;
};

function pending<T>(): Promise<T> {
  return new Promise<T>(capture as (resolve: (value: T) => void) => void);
}

/** Throws if an operation is already parked. */
export function assertIdle(operation: Performable<unknown>): void {
  if (operation.waiter === null) return;
  throw new TypeError(
    `Cannot perform operation: it is parked already (${operation.waitsFor().what}); create an operation for each performer`,
  );
}

/** A performance whose context is known, once it has yielded out. */
interface Located {
  context?: Context;
}

/**
 * The result with which a performance yields out. The body reads `value` there and then, so the getter runs in the context of the
 * body, which the host would otherwise lose.
 */
class YieldedOut {
  readonly done: false;
  private readonly _performance: Located;

  constructor(performance: Located) {
    this.done = false;
    this._performance = performance;
  }

  get value(): Located {
    const performance = this._performance;
    if (scheduler.contexts !== null) performance.context = scheduler.contexts.capture();
    return performance;
  }
}

/** One performance in an async body: the delegate of `yield*`, the waiter and the iterator result, in one object. */
export class AsyncPerformance<T> implements Waiter, Runnable, Unowned, Located {
  bag: Bag | null;
  slot: number;
  done: boolean;
  readonly operation: Performable<T>;
  /** The place of the code that performs the operation, while a cancelled async task cleans up. */
  readonly place: readonly string[];
  /** The context of the body, where it has yielded out. Not set before, as most performances do not yield out. */
  declare context?: Context;
  private _state: number;
  private _resolve: Resolve<T> | null;
  private _owner: Waiter | null;

  constructor(operation: Performable<T>, state: number, place: readonly string[]) {
    this.bag = null;
    this.slot = 0;
    this.done = false;
    this.operation = operation;
    this.place = place;
    this._state = state;
    this._resolve = null;
    this._owner = null;
  }

  /** Read when the body continues, so that a mapped function runs in the body and its exception is thrown there. Until then
   * the operation cannot be performed again, as a second performance would overwrite the value. */
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

  /** Read when `return` ends the body that is parked here. It must be undefined: the operation has left its queues. */
  get return(): undefined {
    returning.get(this)?.returns?.(innermostPlace(1, 0));
    return undefined;
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
      scheduler.note(this);
    }
    return result;
  }

  private _wait(): Promise<Result<T>> {
    const result = pending<Result<T>>();
    this._resolve = resolver as Resolve<T>;
    // The function holds the task, so the variable must not keep it.
    resolver = undefined;
    return result;
  }

  private _finish(): Result<T> {
    this.done = true;
    return this as Result<T>;
  }

  private _yieldOut(state: number): Result<T> {
    this._state = state;
    return new YieldedOut(this);
  }

  wake(): void {
    if (this._state === COMPLETED) return;
    this._state = COMPLETED;
    if (this._owner !== null) this._owner.wake(this.operation);
    else if (this._resolve !== null) {
      this.bag?.remove(this);
      scheduler.resume(this);
    }
  }

  run(): boolean {
    const resolve = this._resolve!;
    this._resolve = null;
    // A new object is awaited faster than one whose value is computed when the body reads it.
    resolve(this.operation.direct ? taking(this.operation) : this._finish());
    return true;
  }

  get quiet(): boolean {
    return true;
  }

  /** Yields out to the driver, which then holds this performance. */
  settleDown(): void {
    const resolve = this._resolve!;
    this._resolve = null;
    resolve(this._yieldOut(YIELDING));
  }

  /** Called by the driver after this has yielded out. Returns whether this is parked; if not, the driver resumes the body. */
  own(owner: Waiter): boolean {
    if (this._state !== YIELDING) return false;
    this._state = OWNED;
    this._owner = owner;
    return true;
  }

  /** Called when the task is cancelled. Returns true if the operation has left its queues, false if it completes later. */
  withdraw(): boolean {
    if (!this.operation.withdraw()) return false;
    this.operation.waiter = null;
    return true;
  }

  /** Gives back the value of the operation. */
  discard(): void {
    this.operation.waiter = null;
    this.operation.discard();
  }
}

/** Takes the value of an operation that has completed, in the step of its peer. An exception is thrown in the body. */
function taking<T>(operation: Performable<T>): Result<T> {
  operation.waiter = null;
  try {
    return { value: operation.result(), done: true };
  } catch (error) {
    return {
      done: true,
      get value(): T {
        throw error;
      },
    };
  }
}

/** A performance that yields out first, because what its body has made or received from asks for the task. */
class Seeking<T> extends AsyncPerformance<T> {
  private _seekers: readonly Seeker[] | null;

  constructor(operation: Performable<T>, seekers: readonly Seeker[], place: readonly string[]) {
    super(operation, FRESH, place);
    this._seekers = seekers;
  }

  override own(owner: Waiter): boolean {
    const seekers = this._seekers;
    this._seekers = null;
    if (seekers !== null) for (const seeker of seekers) seeker.foundIn((owner as unknown as Performer).holder);
    return super.own(owner);
  }
}

/** The most delegates that are kept for another use. */
const KEPT = 64;

/**
 * The performance of an operation that completed at once: the delegate, and the result of its iteration. To await a resolved
 * promise is cheaper than to await an object. The body reads `value` once, and then the delegate is used again.
 */
class AtHand {
  readonly done: boolean;
  private _value: unknown;
  private _used: boolean;
  private readonly _promise: Promise<this>;

  constructor() {
    this.done = true;
    this._value = undefined;
    this._used = false;
    this._promise = Promise.resolve(this);
  }

  holding(value: unknown): this {
    this._value = value;
    this._used = true;
    return this;
  }

  next(): Promise<this> {
    return this._promise;
  }

  throw(error: unknown): never {
    throw error;
  }

  get value(): unknown {
    const value = this._value;
    if (this._used) {
      this._used = false;
      this._value = undefined;
      // Where contexts are in use, the promise keeps the one in which it was made.
      if (kept.length < KEPT && scheduler.contexts === null) kept.push(this);
    }
    return value;
  }
}

const kept: AtHand[] = [];

/** The performance of a send that was accepted at once. */
const accepted = {
  next: (): Promise<Result<boolean>> => taken,
  throw(error: unknown): never {
    throw error;
  },
};
const taken: Promise<Result<boolean>> = /* @__PURE__ */ Promise.resolve({ value: true, done: true });

/** Returns the delegate of `yield*` in an async body. Most operations complete at once, without an `AsyncPerformance`. */
export function performAsync<T>(operation: Performable<T>): unknown {
  // The frames of this function and of the operation's method, which end with a call.
  const { ending } = scheduler.cancelled;
  if (ending > 0 || scheduler.seekers !== null) return seek(operation, ending > 0 ? innermostPlace(2, 1) : NOWHERE);
  if (operation.waiter !== null) assertIdle(operation);
  if (!operation.poll()) {
    // What `poll` has made gets no answer: the operation cannot be polled again after it has yielded out.
    if (scheduler.seekers !== null) scheduler.answerSeekers(null);
    return new AsyncPerformance(operation, POLLED, NOWHERE);
  }
  if (scheduler.tired()) return new AsyncPerformance(operation, TIRED, NOWHERE);
  const value = operation.result();
  if (value === true) return accepted;
  return (kept.length > 0 ? kept.pop()! : new AtHand()).holding(value);
}

/** Returns a performance that yields out first, for a cancelled task that is sought, or for what asks for the task. */
function seek<T>(operation: Performable<T>, place: readonly string[]): unknown {
  const { seekers } = scheduler;
  scheduler.seekers = null;
  return seekers === null ? new AsyncPerformance(operation, FRESH, place) : new Seeking(operation, seekers, place);
}

/** Whether a value is an `AsyncPerformance`, of this copy of the package or of another copy that shares the scheduler. */
export function isPerformance(value: unknown): value is AsyncPerformance<unknown> {
  return typeof (value as Partial<AsyncPerformance<unknown>> | null | undefined)?.own === "function";
}

/**
 * The waiter of an operation at which a sync routine parks that an async go block delegates to. The driver of the block gets
 * it some microtasks later. It stands in for the operation, because an async generator would await a thenable.
 */
export class ParkedInside implements Waiter {
  readonly operation: Performable<unknown> & { value: unknown };
  /** The place of the code that performs the operation, while a cancelled async task cleans up. */
  readonly place: readonly string[];
  readonly context: Context | undefined;
  completed: boolean;
  /** The task, if it is one of another realm, whose sync block has parked here. */
  owner: Waiter | null;
  private _value: unknown;

  constructor(operation: Performable<unknown> & { value: unknown }) {
    this.operation = operation;
    // The frames of this constructor, of `parkInside`, `park` and `next`, of which the last two end with a call.
    this.place = innermostPlace(4, 2);
    this.context = scheduler.contexts?.capture();
    this.completed = false;
    this.owner = null;
    this._value = undefined;
  }

  wake(): void {
    this.completed = true;
    this.owner?.wake(this.operation);
  }

  /** Replaces the operation's value, which the async generator yields, by this waiter. */
  hide(): void {
    this._value = this.operation.value;
    this.operation.value = this;
  }

  /** Restores the operation's value. */
  reveal(): void {
    if (this.operation.value === this) this.operation.value = this._value;
  }
}

/** Whether a value is a `ParkedInside`, of this copy of the package or of another copy that shares the scheduler. */
export function isParkedInside(value: unknown): value is ParkedInside {
  return typeof (value as Partial<ParkedInside> | null | undefined)?.reveal === "function";
}

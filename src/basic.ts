// The operations that are no channel: a value at hand, nothing at all, one made when it is performed (Reppy's `guard` and
// `withNack`), and the two bridges to the host: promises and abort signals.

import { append, List, shift } from "./list.js";
import { Operation } from "./operation.js";
import { assertIdle, type Waiter } from "./perform.js";

/** Something that happens once, for as many as wait for it. */
export interface Once<T> {
  readonly happened: boolean;
  readonly waiting: List;
  readonly external: boolean;
  outcome(): T;
  describe(): string;
}

/** One performer's wait for something that happens once. */
export class Wait<T> extends Operation<T> {
  readonly once: Once<T>;

  constructor(once: Once<T>) {
    super();
    this.once = once;
  }

  poll(): boolean {
    return this.once.happened;
  }

  block(): void {
    append(this.once.waiting, this);
  }

  override result(): T {
    return this.once.outcome();
  }

  override get external(): boolean {
    return this.once.external;
  }

  override describe(): string {
    return this.once.describe();
  }

  override rivals(): readonly unknown[] {
    return [this.once];
  }
}

/** Releases all that wait, in the order in which they came. */
export function releaseAll(waiting: List): void {
  for (let wait = shift(waiting); wait !== null; wait = shift(waiting)) (wait as Wait<unknown>).complete(undefined);
}

/** The plain form of something that happens once: nothing but that it did. */
export class Latch implements Once<void> {
  happened: boolean;
  readonly waiting: List;
  readonly external: boolean;
  private readonly _what: string;

  constructor(what: string) {
    this.happened = this.external = false;
    this.waiting = new List();
    this._what = what;
  }

  open(): void {
    this.happened = true;
    releaseAll(this.waiting);
  }

  outcome(): void {}

  describe(): string {
    return this._what;
  }
}

class Always<T> extends Operation<T> {
  private readonly _value: T;

  constructor(value: T) {
    super();
    this._value = value;
  }

  poll(): boolean {
    return true;
  }

  block(): void {}

  override result(): T {
    return this._value;
  }
}

class Never extends Operation<never> {
  poll(): boolean {
    return false;
  }

  block(): void {}

  override get external(): boolean {
    return false;
  }
}

/** An operation made anew at each performance. */
class Made<T> extends Operation<T> implements Waiter {
  private readonly _make: (lost: Operation<void>) => Operation<T>;
  private readonly _nacks: boolean;
  private _inner: Operation<T> | null;
  private _lost: Latch | null;
  private _blocked: boolean;

  constructor(make: (lost: Operation<void>) => Operation<T>, nacks: boolean) {
    super();
    this._make = make;
    this._nacks = nacks;
    this._inner = null;
    this._lost = null;
    this._blocked = false;
  }

  poll(): boolean {
    this._lost = this._nacks ? new Latch("losing a choice") : null;
    const made = this._make(this._lost === null ? (undefined as never) : new Shared(this._lost));
    if (!(made instanceof Operation))
      throw new TypeError("Cannot perform guard: its function must return an operation");
    const inner = made.fresh();
    assertIdle(inner);
    this._inner = inner;
    return inner.poll();
  }

  block(): void {
    this._blocked = true;
    this._inner!.waiter = this;
    this._inner!.block();
  }

  override unblock(): void {
    const inner = this._inner!;
    if (this._blocked || inner.attentive) inner.unblock();
    inner.waiter = null;
    this._forget();
    this._lost?.open();
  }

  override discard(): void {
    this._inner!.discard();
    this._forget();
  }

  override result(): T {
    const inner = this._inner!;
    this._forget();
    return inner.result();
  }

  wake(): void {
    this._inner!.waiter = null;
    this.complete(undefined);
  }

  override get plain(): boolean {
    return false;
  }

  override get attentive(): boolean {
    return true;
  }

  override get external(): boolean {
    return this._inner?.external ?? false;
  }

  override describe(): string {
    return this._inner?.describe() ?? "guard";
  }

  override rivals(): readonly unknown[] {
    return this._inner?.rivals() ?? [];
  }

  private _forget(): void {
    this._inner = null;
    this._blocked = false;
  }
}

/** An operation that many may perform at the same time. */
export abstract class Sharable<out T> extends Operation<T> {
  abstract override fresh(): Operation<T>;

  override get plain(): boolean {
    return false;
  }

  poll(): boolean {
    return false;
  }

  block(): void {}

  override [Symbol.iterator](): ReturnType<Operation<T>[typeof Symbol.iterator]> {
    return this.fresh()[Symbol.iterator]();
  }
}

class Shared<T> extends Sharable<T> {
  private readonly _once: Once<T>;

  constructor(once: Once<T>) {
    super();
    this._once = once;
  }

  override fresh(): Operation<T> {
    return new Wait(this._once);
  }
}

/** What became of a promise; one for each promise, so that a million lost selects leave one reaction with it. */
class Settlement<T> implements Once<T> {
  happened: boolean;
  readonly waiting: List;
  readonly external: boolean;
  private _value: T | undefined;
  private _error: unknown;
  private _failed: boolean;

  constructor(promise: PromiseLike<T>) {
    this.happened = this._failed = false;
    this.external = true;
    this.waiting = new List();
    this._error = undefined;
    promise.then(
      (value) => this._settle(value, undefined, false),
      (error) => this._settle(undefined, error, true),
    );
  }

  outcome(): T {
    if (this._failed) throw this._error;
    return this._value as T;
  }

  describe(): string {
    return "a promise";
  }

  private _settle(value: T | undefined, error: unknown, failed: boolean): void {
    this._value = value;
    this._error = error;
    this._failed = failed;
    this.happened = true;
    releaseAll(this.waiting);
  }
}

const settlements = /* @__PURE__ */ new WeakMap<PromiseLike<unknown>, Settlement<unknown>>();

class Settled<T> extends Sharable<T> {
  private readonly _promise: PromiseLike<T>;

  constructor(promise: PromiseLike<T>) {
    super();
    this._promise = promise;
  }

  override fresh(): Operation<T> {
    return new Made(() => {
      let settlement = settlements.get(this._promise) as Settlement<T> | undefined;
      if (settlement === undefined) {
        settlement = new Settlement(this._promise);
        settlements.set(this._promise, settlement as Settlement<unknown>);
      }
      return new Wait(settlement);
    }, false);
  }
}

class Aborted extends Operation<unknown> {
  private readonly _signal: AbortSignal;
  private readonly _listener: () => void;

  constructor(signal: AbortSignal) {
    super();
    this._signal = signal;
    this._listener = () => this.complete(undefined);
  }

  poll(): boolean {
    return this._signal.aborted;
  }

  block(): void {
    this._signal.addEventListener("abort", this._listener, { once: true });
  }

  override unblock(): void {
    this._signal.removeEventListener("abort", this._listener);
  }

  override result(): unknown {
    return this._signal.reason;
  }

  override describe(): string {
    return "an abort signal";
  }
}

/** An operation that is ready, with a value at hand. Parks: never. */
export function always<T>(value: T): Operation<T> {
  return new Always(value);
}

/** An operation that is never ready: neutral in a choice. Parks: for ever. */
export function never(): Operation<never> {
  return new Never();
}

/**
 * An operation built anew each time it is performed: its deadline, its request, its channel start then.
 *
 * Parks when, yields, if closed, if cancelled: as what `make` returns. What `make` throws is the performer's.
 */
export function guard<T>(make: () => Operation<T>): Operation<T> {
  return new Made(make, false);
}

/**
 * As {@link guard}, and `make` is told when it was for nothing: `lost` becomes ready exactly when the operation that it
 * made did not win, because another case did or because the task was cancelled. From Concurrent ML.
 */
export function withNack<T>(make: (lost: Operation<void>) => Operation<T>): Operation<T> {
  return new Made(make, true);
}

/**
 * A promise as an operation, for go blocks and selects.
 *
 * Parks when: the promise is pending. Yields: its value; a rejection is thrown. If cancelled, or if another case wins: the
 * promise goes on by itself, as promises do, and its outcome is not missed by whoever asks again.
 */
export function settled<T>(promise: PromiseLike<T>): Operation<T> {
  if (typeof promise?.then === "function") return new Settled(promise);
  throw new TypeError("Cannot wait for promise: settled() takes a promise; a value at hand is always(value)");
}

/** Completes when an abort signal does. Parks when: it has not been aborted. Yields: the signal's reason. */
export function aborted(signal: AbortSignal): Operation<unknown> {
  if (typeof signal?.addEventListener === "function" && "aborted" in signal) return new Aborted(signal);
  throw new TypeError("Cannot wait for abort signal: aborted() takes an AbortSignal");
}

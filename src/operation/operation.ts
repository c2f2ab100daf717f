// An operation is a value that describes one synchronisation (Reppy's events, Concurrent ML): creating it does nothing,
// performing it may park. It is *try, block, result*: `poll` tries to complete now, `block` queues up where the peer will
// look, `result` is what the performer gets. Whoever completes a parked operation calls `complete`, once.
//
// One object plays every part of a performance in a go block: it is the iterator of `yield*`, the iterator's result, the
// link in the peer's queue and the place for the value, so that a hand-over allocates nothing else. `waiter` says who
// performs it: null while it is at rest, so a second performance at the same time is found out.

import { STREAK, scheduler } from "../scheduler/scheduler.js";
import { type Link, unlink } from "../structures/list.js";
import { assertIdle, ParkedInside, performAsync, type Waiter } from "./async-performance.js";
import { perform } from "./plain-performance.js";

declare const parked: unique symbol;

/** What go blocks yield while they are parked; only ever written in return types. */
export interface Parked {
  readonly [parked]: never;
}

/** The return type of a go block, or of a function it delegates to, written as `function*`. */
export type Routine<T> = Generator<Parked, T, unknown>;

/** The return type of a go block, or of a function it delegates to, written as `async function*`. */
export type AsyncRoutine<T> = AsyncGenerator<Parked, T, unknown>;

/** What an operation waits for. */
export interface WaitsFor {
  /** In words that follow "waits for", such as `receive from jobs`. */
  readonly what: string;
  /**
   * Whether something outside all go blocks can complete it, such as a timer, a promise or an event. Then a task that is
   * parked at it is in no deadlock. Make it false where only tasks can complete it.
   */
  readonly external: boolean;
  /** The tasks that may complete it, as far as they are known: for the cycle in the report of a deadlock. */
  readonly tasks?: readonly unknown[];
  /** Whether it waits for the end of a task. */
  readonly joins?: boolean;
}

/** What performing an operation, or a receive channel's `receive()`, yields; to operations as `Awaited` is to promises. */
export type Value<O> = O extends Operation<infer T> ? T : O extends { receive: () => Operation<infer T> } ? T : never;

/**
 * A value describing one synchronisation: `yield*` performs it in a go block of either kind, `await` in plain code.
 *
 * Creating it does nothing, and it may be performed again once it has completed.
 *
 * Parks when: it cannot complete at once. Yields: its value. If closed: as each source says. If cancelled: it leaves every
 * queue at once.
 *
 * A new source of waiting is a subclass with `poll` and `block`, and `unblock` if it holds something.
 *
 * @throws TypeError when it is performed while it is parked already.
 * @example
 * ```ts
 * import { always } from "millrace";
 *
 * console.log(await always(20).map((n) => n + 1)); // 21
 * ```
 */
export abstract class Operation<out T> implements Link, PromiseLike<T> {
  /** @internal */ before: Link | null;
  /** @internal */ after: Link | null;
  /** @internal */ done: boolean;
  /** What it completed with; `result` turns it into what is yielded. */
  value: unknown;
  /** @internal */ waiter: Waiter | null;

  constructor() {
    this.before = this.after = null;
    this.done = false;
    this.value = undefined;
    this.waiter = null;
  }

  /** Tries to complete now, with `value` set; false when it has to wait. */
  abstract poll(): boolean;

  /** Queues up where the peer will look; the peer calls `complete`. Called after `poll` was false, in the same step. */
  abstract block(): void;

  /** Leaves the queue: the operation lost a choice, or its task was cancelled. */
  unblock(): void {
    unlink(this);
  }

  /**
   * @internal Its task is cancelled. True once it has left; false if it first has to end by itself, and completes then:
   * a scope does not let go of its task before all in it are over.
   */
  withdraw(): boolean {
    this.unblock();
    return true;
  }

  /** Gives back what it completed with: its task ended before it could have it. */
  discard(): void {}

  /** What performing it yields; runs in the task that performs it. */
  result(): T {
    return this.value as T;
  }

  /** Completes the parked operation; its performer goes on in its turn. */
  complete(value: unknown): void {
    this.value = value;
    this.waiter!.wake(this);
  }

  /** What it waits for: for reports, and for telling a deadlock from a wait that something outside can end. */
  waitsFor(): WaitsFor {
    return { what: this.constructor.name.toLowerCase(), external: true };
  }

  /** @internal The record of the task that runs here, for `waitsFor().tasks`; known only in a closed program. */
  get performer(): unknown {
    const member = scheduler.current?.member;
    return member == null || member.program === null ? undefined : member;
  }

  /** @internal What one performer performs: itself, unless many may wait for it at the same time. */
  fresh(): Operation<T> {
    return this;
  }

  /** @internal Whether a choice may take it as it is: it is fresh, one branch, and need not be told that it lost. */
  get plain(): boolean {
    return true;
  }

  /** @internal The operations a choice may take in place of this one, so that nesting flattens; null for itself. */
  branches(): Operation<T>[] | null {
    return null;
  }

  /** @internal Whether it must be told that it lost even when it was only polled. */
  get attentive(): boolean {
    return false;
  }

  /**
   * An operation that completes when this one does, with what `transform` makes of the value.
   *
   * `transform` runs once, only if the operation wins, in the task that performs it; its exception is that task's.
   */
  map<U>(transform: (value: T) => U): Operation<U> {
    return new Mapped(this.fresh(), transform);
  }

  [Symbol.iterator](): Iterator<Parked, T, unknown> {
    if (this.waiter !== null) assertIdle(this);
    this.done = false;
    return this as unknown as Iterator<Parked, T, unknown>;
  }

  [Symbol.asyncIterator](): AsyncIterator<Parked, T, unknown> {
    return performAsync(this.fresh()) as AsyncIterator<Parked, T, unknown>;
  }

  // biome-ignore format: one signature
  then<A = T, B = never>(onValue?: ((value: T) => A | PromiseLike<A>) | null, onError?: ((error: unknown) => B | PromiseLike<B>) | null): Promise<A | B> {
    return perform(this.fresh()).then(onValue, onError);
  }

  /** @internal Called by `yield*`: first to perform, then, if it parked, to go on. An object that serves `yield*` needs
   * `throw` as well, and must not have `return`: cancelling has taken the operation out of its queues before. */
  next(): this {
    if (this.waiter !== null) this.waiter = null;
    else if (!this.poll()) return this.park();
    else if (++scheduler.streak > STREAK) return this.giveWay();
    this.value = this.result();
    this.done = true;
    return this;
  }

  /** @internal Stops the task that is running here. It need not look at what it parked at: a look at an object that may be
   * of any class costs as much as the rest of a hand-over. */
  park(): this {
    const { current } = scheduler;
    if (current === null || current.async) return this.parkInside(false);
    this.waiter = current;
    try {
      this.block();
    } catch (error) {
      this.waiter = null;
      throw error;
    }
    scheduler.parked = this;
    return this;
  }

  /** @internal It has completed, but its task has had enough in a row: it goes on in its turn. */
  giveWay(): this {
    const { current } = scheduler;
    if (current === null || current.async) return this.parkInside(true);
    this.waiter = current;
    current.wake(this);
    scheduler.parked = this;
    return this;
  }

  /** @internal A sync routine that an async block delegates to. */
  parkInside(completed: boolean): this {
    const inside = new ParkedInside(this);
    this.waiter = inside;
    try {
      if (completed) inside.wake();
      else this.block();
    } catch (error) {
      this.waiter = null;
      throw error;
    }
    inside.hide();
    return this;
  }

  /** @internal */
  throw(error: unknown): never {
    this.waiter = null;
    throw error;
  }
}

/** An operation whose value is transformed. */
export class Mapped<T, U> extends Operation<U> implements Waiter {
  /** What is performed. */
  readonly inner: Operation<T>;
  private readonly _transform: (value: T) => U;

  constructor(inner: Operation<T>, transform: (value: T) => U) {
    super();
    this.inner = inner;
    this._transform = transform;
  }

  poll(): boolean {
    if (this.inner.waiter !== null) assertIdle(this.inner);
    if (!this.inner.poll()) return false;
    this.inner.waiter = this;
    return true;
  }

  block(): void {
    this.inner.waiter = this;
    this.inner.block();
  }

  override unblock(): void {
    this.inner.waiter = null;
    this.inner.unblock();
  }

  override withdraw(): boolean {
    return this.inner.withdraw();
  }

  override discard(): void {
    this.inner.waiter = null;
    this.inner.discard();
  }

  override result(): U {
    this.inner.waiter = null;
    return this._transform(this.inner.result());
  }

  wake(): void {
    this.complete(undefined);
  }

  override get plain(): boolean {
    return this.inner.plain;
  }

  override branches(): Operation<U>[] | null {
    return this.inner.branches()?.map((branch) => new Mapped(branch, this._transform)) ?? null;
  }

  override get attentive(): boolean {
    return this.inner.attentive;
  }

  override waitsFor(): WaitsFor {
    return this.inner.waitsFor();
  }
}

/** Whether a value is an operation, of this copy of the package or of another that shares its scheduler. */
export function isOperation(value: unknown): value is Operation<unknown> {
  return (
    value instanceof Operation ||
    (typeof value === "object" && value !== null && "poll" in value && "block" in value && "waiter" in value)
  );
}

/** What an operation waits for that any one of several may complete. */
export function anyOf(parts: readonly WaitsFor[]): WaitsFor {
  return {
    what: parts.map(({ what }) => what).join(" or "),
    external: parts.some(({ external }) => external),
    tasks: parts.flatMap(({ tasks = [] }) => tasks),
  };
}

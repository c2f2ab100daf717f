// An operation is a value that describes one synchronisation (an event in Reppy's Concurrent ML). Creating it does nothing,
// performing it may park. It has three parts: `poll` tries to complete now, `block` joins the queue where the peer will look,
// and `result` returns the value for the performer. The peer completes a parked operation by calling `complete`, once.
//
// In a go block one object is the iterator of `yield*`, the iterator's result, the link in the peer's queue and the place for
// the value, so that a hand-over allocates nothing else. `waiter` is the performer of the operation. It is null while the
// operation is not being performed, so that a second performance at the same time is detected.

import { innermostPlace } from "../scheduler/call-chain.js";
import { STREAK, scheduler } from "../scheduler/scheduler.js";
import { assertFunction } from "../structures/arguments.js";
import { shown } from "../structures/errors.js";
import { type Link, unlink } from "../structures/list.js";
import { inspectable } from "../structures/readable.js";
import { assertIdle, isParkedInside, ParkedInside, performAsync, returning, type Waiter } from "./async-performance.js";
import { performThen } from "./plain-performance.js";

declare const parked: unique symbol;

/** What the errors of the compiler say where a go block yields anything, or where an operation is iterated by a loop. */
type Advice = "perform operations with yield*";

/** The type of what a go block yields while it is parked. You need it only in return types. */
export type Parked = Advice & { readonly [parked]: never };

/**
 * The return type of a go block, or of a function that a go block delegates to, written as `function*`.
 *
 * @typeParam T - The type of what the block returns.
 * @example
 * ```ts
 * import { go, type Routine, sleep } from "millrace";
 *
 * function* rest(ms: number): Routine<string> {
 *   yield* sleep(ms);
 *   return "rested";
 * }
 * console.log(await go(rest, 1)); // rested
 * ```
 */
export type Routine<T> = Generator<Parked, T, Advice>;

/**
 * The return type of a go block, or of a function that a go block delegates to, written as `async function*`.
 *
 * @typeParam T - The type of what the block returns.
 */
export type AsyncRoutine<T> = AsyncGenerator<Parked, T, Advice>;

/** Describes what an operation waits for. */
export interface WaitsFor {
  /** The event, in words that follow "waits for", such as `receive from jobs`. */
  readonly what: string;
  /**
   * Whether an event outside all go blocks, such as a timer, a promise or input, can complete the operation. A task that is
   * parked at such an operation is in no deadlock. Return false if only tasks can complete the operation.
   */
  readonly external: boolean;
  /** The tasks that may complete the operation, if known. A report of a deadlock finds its cycle with them. */
  readonly tasks?: readonly unknown[];
  /** Whether the operation waits for the end of a task. */
  readonly joins?: boolean;
  /** Whether a promise or an event of the host completes the operation, and not the scheduler: virtual time has no part in it. */
  readonly host?: boolean;
  /** Whether it waits for a timer that does not keep the process alive, so that it is no deadlock if the process ends. */
  readonly background?: boolean;
}

/** The type that an operation, or the `receive()` of a channel, yields: for operations what `Awaited` is for promises. */
export type Value<O> = O extends Operation<infer T> ? T : O extends { receive: () => Operation<infer T> } ? T : never;

/**
 * Describes one synchronisation. `yield*` performs it in a go block of either kind, `await` performs it in plain code.
 *
 * Parks when: it cannot complete at once. Yields: its value. If closed: as the documentation of each operation says. If
 * cancelled: it leaves every queue at once.
 *
 * Creating an operation does nothing. An operation can be performed again once it has completed.
 *
 * To define a new kind of operation, write a subclass with `poll` and `block`, and with `unblock` if the operation is in a
 * queue of your own.
 *
 * @typeParam T - The type of its value.
 * @throws TypeError if it is performed while it is parked already.
 * @example
 * ```ts
 * import { always } from "millrace";
 *
 * console.log(await always(20).map((n) => n + 1)); // 21
 * ```
 */
export abstract class Operation<out T> implements Link, PromiseLike<Awaited<T>> {
  /** The first thing that the compiler names when a value is no operation. No object has it. */
  declare protected readonly "an operation, as of receive(), sleep(), or settled() for a promise": never;
  /** @internal */ before: Link | null;
  /** @internal */ after: Link | null;
  /** @internal */ done: boolean;
  /** @protected The value with which the operation completed; `result` computes from it what is yielded. */
  value: unknown;
  /** @internal */ waiter: Waiter | null;

  constructor() {
    this.before = this.after = null;
    this.done = false;
    this.value = undefined;
    this.waiter = null;
  }

  /** @internal Recognises the operations of every copy of the package. */
  static [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: subclasses inherit this, and ask for themselves
    return isInstance(this, value);
  }

  /** Tries to complete now, and sets `value`; returns false if the operation has to wait. */
  abstract poll(): boolean;

  /** Joins the queue where the peer will look; the peer calls `complete`. Called after `poll` returned false, in that step. */
  abstract block(): void;

  /** Leaves the queue. Called if the operation lost a choice, or if its task was cancelled. */
  unblock(): void {
    unlink(this);
  }

  /**
   * @internal Called when its task is cancelled. Returns true if the operation has left its queues; false if it completes
   * later, as a scope does, which completes only when all tasks in it have ended.
   */
  withdraw(): boolean {
    this.unblock();
    return true;
  }

  /** Gives back the value with which the operation completed, because its task ended before it resumed with the value. */
  discard(): void {}

  /** Computes what performing the operation yields. It runs in the task that performs the operation. */
  result(): T {
    return this.value as T;
  }

  /**
   * Completes the parked operation. Its performer resumes in its turn. The peer calls it once for each time that the operation
   * has parked.
   *
   * @throws TypeError if the operation is not parked: it has completed, or it has left its queue.
   */
  complete(value: unknown): void {
    const { waiter } = this;
    if (waiter === null) refuseCompletion(this);
    this.value = value;
    waiter.wake(this);
  }

  /** Describes what the operation waits for, for reports and for the detection of deadlocks. */
  waitsFor(): WaitsFor {
    return { what: this.constructor.name.toLowerCase() || "an operation", external: true };
  }

  /**
   * The running task, in the form that `waitsFor().tasks` takes, so that a lock can name its holder in the report of a
   * deadlock. Undefined outside a closed program, where nothing is recorded.
   */
  get performer(): unknown {
    const member = scheduler.current?.member;
    return member == null || member.program === null ? undefined : member;
  }

  /** @internal The operation for one performer: itself, unless several performers may wait at the same time. */
  fresh(): Operation<T> {
    return this;
  }

  /** @internal Whether polling it runs code of the user, so that it may make other branches of a choice ready. */
  get runsCode(): boolean {
    return false;
  }

  /** @internal Whether a choice can use it as a branch as it is: it is fresh, no choice, not attentive, and runs no code. */
  get plain(): boolean {
    return true;
  }

  /** @internal Whether `result` runs no code of the user, so that it may run in any step. */
  get direct(): boolean {
    return false;
  }

  /** @internal The operations that a choice uses instead of this one, so that nested choices flatten; null for itself. */
  branches(): Operation<T>[] | null {
    return null;
  }

  /** @internal Whether `unblock` is called if it lost a choice, even if it was only polled. */
  get attentive(): boolean {
    return false;
  }

  /** What the operation waits for, in words. */
  toString(): string {
    return `Operation: ${this.waitsFor().what}`;
  }

  /** What `JSON.stringify` writes. */
  toJSON(): string {
    return text(this);
  }

  /**
   * Returns an operation that completes when this one does, and yields the result of `transform`.
   *
   * `transform` runs once, only if the operation wins, and in the task that performs it. An exception is thrown in that task.
   *
   * @param transform - A function of the value.
   * @example
   * ```ts
   * import { alt, always, never } from "millrace";
   *
   * console.log(await alt(always(2).map((n) => `got ${n}`), never())); // got 2
   * ```
   */
  map<U>(transform: (value: T) => U): Operation<U> {
    if (typeof transform !== "function") assertFunction("map operation", "transform", transform);
    return new Mapped(this.fresh(), transform);
  }

  /** Lets `yield*` perform the operation. A loop, a spread or a destructuring cannot, which the compiler reports. */
  [Symbol.iterator](): Iterator<Parked, T, Advice> {
    if (this.waiter !== null) assertIdle(this);
    this.done = false;
    return this as unknown as Iterator<Parked, T, Advice>;
  }

  /** Lets `yield*` perform the operation in an `async function*`. */
  [Symbol.asyncIterator](): AsyncIterator<Parked, T, Advice> {
    return performAsync(this.fresh()) as AsyncIterator<Parked, T, Advice>;
  }

  /**
   * Performs the operation in plain code; `await` calls it. A promise resolves with what a thenable resolves with, so if the
   * value is a task, an operation or a promise, `await` yields the outcome of the value. `yield*` yields the value itself.
   */
  then<A = Awaited<T>, B = never>(
    onValue?: ((value: Awaited<T>) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return performThen(this.fresh(), onValue as ((value: T) => A | PromiseLike<A>) | null | undefined, onError);
  }

  /** @internal Called by `yield*` to perform the operation and, if it parked, again to continue. An object that serves
   * `yield*` needs `throw`, too, and must not have `return`: cancelling takes the operation out of its queues before. */
  next(): this {
    if (this.waiter !== null) {
      if (this.waiter !== scheduler.current || scheduler.parked !== null) refuseResume(this);
      this.waiter = null;
    } else if (!this.poll()) return this.park();
    else if (++scheduler.streak > STREAK && scheduler.exhausted()) return this.giveWay();
    this.value = this.result();
    this.done = true;
    return this;
  }

  /** @internal Parks the running task. The task finds the operation in `scheduler.parked`, not in the generator's result: a
   * property read on an object of many possible classes costs as much as the rest of a hand-over. */
  park(): this {
    const { current } = scheduler;
    if (current === null || current.async) return this.parkInside(false);
    if (scheduler.parked !== null) refusePark();
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

  /** @internal Moves the task to the end of the run queue: the operation has completed, but its streak is used up. */
  giveWay(): this {
    const { current } = scheduler;
    if (current === null || current.async) return this.parkInside(true);
    if (scheduler.parked !== null) refusePark();
    this.waiter = current;
    current.wake(this);
    scheduler.parked = this;
    return this;
  }

  /** @internal Parks a sync routine that an async block delegates to. */
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

const text = /* @__PURE__ */ inspectable(Operation);

/** A function of `map`, and the functions that are applied before it. */
interface Transform {
  readonly before: Transform | null;
  readonly apply: (value: never) => unknown;
}

/** An operation whose value is transformed. A chain of `map` is one operation, so that its length does not use the stack. */
export class Mapped<T, U> extends Operation<U> implements Waiter {
  /** The operation whose value is transformed. */
  readonly inner: Operation<T>;
  private readonly _transform: Transform;

  constructor(inner: Operation<T>, transform: (value: never) => U, before: Transform | null = null) {
    super();
    this.inner = inner;
    this._transform = { before, apply: transform };
  }

  override map<V>(transform: (value: U) => V): Operation<V> {
    return new Mapped<T, V>(this.inner.fresh(), transform, this._transform);
  }

  poll(): boolean {
    if (this.inner.waiter !== null) assertIdle(this.inner);
    if (!this.inner.poll()) return false;
    this.inner.waiter = this;
    return true;
  }

  block(): void {
    const { inner } = this;
    if (inner.waiter !== null) assertIdle(inner);
    inner.waiter = this;
    try {
      inner.block();
    } catch (error) {
      inner.waiter = null;
      throw error;
    }
  }

  override unblock(): void {
    this.inner.waiter = null;
    this.inner.unblock();
  }

  override withdraw(): boolean {
    if (!this.inner.withdraw()) return false;
    this.inner.waiter = null;
    return true;
  }

  override discard(): void {
    this.inner.waiter = null;
    this.inner.discard();
  }

  override result(): U {
    this.inner.waiter = null;
    const value = this.inner.result();
    const { before, apply } = this._transform;
    return (before === null ? apply(value as never) : apply(transformed(value, before) as never)) as U;
  }

  wake(): void {
    this.complete(undefined);
  }

  override get plain(): boolean {
    return this.inner.plain;
  }

  override branches(): Operation<U>[] | null {
    return this.inner.branches()?.map((branch) => appended<U>(branch, this._transform)) ?? null;
  }

  override get attentive(): boolean {
    return this.inner.attentive;
  }

  override get runsCode(): boolean {
    return this.inner.runsCode;
  }

  override waitsFor(): WaitsFor {
    return this.inner.waitsFor();
  }
}

/** Applies the functions of a chain of `map`, the first one first. */
function transformed(value: unknown, last: Transform): unknown {
  const chain: Transform[] = [];
  for (let at: Transform | null = last; at !== null; at = at.before) chain.push(at);
  return chain.reduceRight<unknown>((result, { apply }) => apply(result as never), value);
}

/** Returns an operation that applies a chain of `map` to the value of another operation. */
function appended<U>(operation: Operation<unknown>, { before, apply }: Transform): Operation<U> {
  return (before === null ? operation : appended<never>(operation, before)).map(apply as (value: unknown) => U);
}

/** Takes an operation out of its queues. An exception of a user's `unblock` is reported, so that the step goes on. */
export function unblock(operation: Operation<unknown>): void {
  try {
    operation.unblock();
  } catch (error) {
    scheduler.report(error);
  }
}

/**
 * Makes operations note where `return` ends a routine. JavaScript then reads the property `return` of the operation at which the
 * routine is parked, which must be undefined (see `next`). The property is defined when the first task is cancelled: a class with
 * such a property looks like a generator to TypeScript.
 */
export function noteReturns(): void {
  if (Object.hasOwn(Operation.prototype, "return")) return;
  Object.defineProperty(Operation.prototype, "return", {
    configurable: true,
    get(this: Operation<unknown>): undefined {
      (returning.get(this) ?? scheduler.current)?.returns?.(innermostPlace(1, 0));
    },
  });
}

function refuseCompletion(operation: Operation<unknown>): never {
  throw new TypeError(
    `Cannot complete operation: it is not parked (${operation.waitsFor().what}); ` +
      "complete() is called once, and not after unblock()",
  );
}

/**
 * @internal Throws if an operation is iterated, instead of being performed with `yield*` in a go block. A task of another realm is
 * unknown to this scheduler, and may go on.
 */
export function refuseResume(operation: Operation<unknown>): void {
  const { waiter } = operation;
  if (!(isParkedInside(waiter) && waiter.owner !== null && waiter.completed)) refuse(operation);
}

/** @internal Throws if the running task has parked at an operation and goes on without having yielded. */
export function refusePark(): never {
  const operation = scheduler.parked as Operation<unknown>;
  scheduler.parked = null;
  refuse(operation);
}

function refuse(operation: Operation<unknown>): never {
  unblock(operation);
  operation.waiter = null;
  if (scheduler.parked === operation) scheduler.parked = null;
  throw new TypeError(
    `Cannot iterate operation (${operation.waitsFor().what}): an operation is performed with yield* in a go block`,
  );
}

/** Whether a value is an operation, of this copy of the package or of another copy that shares the scheduler. */
export function isOperation(value: unknown): value is Operation<unknown> {
  return typeof value === "object" && value !== null && "poll" in value && "block" in value && "waiter" in value;
}

/** Asks of a subclass as `instanceof` does. */
function isInstance(type: Function, value: unknown): boolean {
  return type === Operation ? isOperation(value) : Function.prototype[Symbol.hasInstance].call(type, value);
}

/** Throws unless `value` is an operation. */
export function assertOperation(act: string, what: string, value: unknown): void {
  if (!isOperation(value)) throw new TypeError(`Cannot ${act}: ${what} must be an operation, got ${shown(value)}`);
}

/** Describes what an operation waits for that completes with any one of several operations. */
export function anyOf(parts: readonly WaitsFor[]): WaitsFor {
  return {
    what: parts.map(({ what }) => what).join(" or "),
    external: parts.some(({ external }) => external),
    tasks: parts.flatMap(({ tasks = [] }) => tasks),
    background: parts.some(({ background }) => background === true),
    host: parts.some(({ host }) => host === true),
  };
}

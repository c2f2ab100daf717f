// A task drives one go block. A task is in the run queue, or running, or parked at one operation, or over. Only the run queue
// and the operation hold a task, so a parked task whose operation is unreachable is garbage with that operation.
//
// When a sync body parks, its operation is in `scheduler.parked`. The result of the generator is not compared with the
// operation, as JavaScriptCore makes a new result object at each `yield*`. In an async body operations wait on promises of
// their own (see operation/async-performance.ts), and the task gets an operation only when the operation yields out.

import {
  type AsyncPerformance,
  isParkedInside,
  isPerformance,
  type ParkedInside,
} from "../operation/async-performance.js";
import { type Once, Sharable, Wait } from "../operation/once.js";
import {
  type AsyncRoutine,
  noteReturns,
  Operation,
  type Parked,
  type Routine,
  unblock,
  type WaitsFor,
} from "../operation/operation.js";
import { releaseHeldBy } from "../operation/ownership.js";
import { Waiters } from "../operation/waiters.js";
import type { Context } from "../scheduler/contexts.js";
import { Path } from "../scheduler/path.js";
import type { Holder, Home, Kept, Performer, Runnable, TaskRecord } from "../scheduler/roles.js";
import { STREAK, scheduler } from "../scheduler/scheduler.js";
import { CancelledError, shown } from "../structures/errors.js";
import { nameOf } from "../structures/named.js";
import { Cleanup, cancelledResult } from "./cleanup.js";

/** The state of a task. `"done"`, `"failed"` and `"cancelled"` are final. */
export type TaskStatus = "ready" | "parked" | "running" | "done" | "failed" | "cancelled";

/** The body of a go block. */
export type Body<A extends unknown[], T> = (...args: A) => Routine<T> | AsyncRoutine<T>;

/** Cancelled, but `return` of its routine has not been called yet. */
export const STOPPING = 1;
const CANCELLED = 2;
const JOINED = 4;
/** `return` of its routine has been called. */
export const CLEANING = 32;
/** Each time that it parks, `return` of its routine is called again. */
const FORCED = 64;
/** Its code has gone back to an earlier place, in spite of `return`. */
const BACK = 128;
/** `throw` of its routine has been called, too. */
const THROWN = 256;
/** In the run queue. */
export const READY = 8;
/** Cancelled while its operation was unknown: every async performance yields out until the operation is found. */
export const SOUGHT = 16;

/** Options of {@link Task.cancel}. */
export interface CancelOptions {
  /**
   * Whether `finally` blocks end at their next `yield*`, too. It also ends a task that was cancelled before and still cleans up.
   */
  readonly force?: boolean;
}

/** The flags from this bit on hold the streak with which a turn begins: all completions in a row but those that it is given. */
const PACE = 16;
/** The completions that are left to a task that was looked at after 1, 3, 6, 11, 20 and 37 of them. */
const REST = STREAK - 37;

type At = Operation<unknown> | AsyncPerformance<unknown>;

/** Waits for the end of a task, whether it returns, throws or is cancelled. */
class Over extends Wait<void> {
  override result(): void {}
}

/**
 * A go block that was started. A task is an operation; to perform it is to join the task.
 *
 * Parks when: the block has not ended. Yields: what the block returned. An exception of the block is thrown to every joiner. If
 * the task was cancelled: throws a {@link CancelledError}. If the joiner is cancelled: it stops waiting, and the task continues.
 *
 * If a failed task has not been joined by the time the run queue is empty, its exception is reported to the host once, as an
 * unhandled rejection.
 *
 * @typeParam T - The type of what the block returns.
 * @example
 * ```ts
 * import { go, sleep } from "millrace";
 *
 * const task = go(function* () {
 *   try {
 *     yield* sleep(1000);
 *   } finally {
 *     console.log("cleaned up"); // cleaned up
 *   }
 * });
 * setTimeout(() => task.cancel(), 1);
 * await task.whenOver();
 * console.log(task.status); // cancelled
 * ```
 */
export class Task<out T> extends Sharable<T> implements Once<T>, Runnable, Performer, Holder, AsyncDisposable {
  /** @internal The record that a maker keeps of the task; null if there is none. */
  member: TaskRecord | null;
  /** @internal The context of the host in which it runs; undefined if contexts are not in use. */
  context: Context | undefined;
  /** @internal The channels that end with the task; null for none. */
  keeps: Set<Kept> | null;
  /** @internal Gets a failure that no joiner has got when it would be reported; it may report it later. */
  failureTo: ((task: Task<unknown>) => void) | null;
  /** @internal How the task ended; null before its end. */
  protected ending: "done" | "failed" | "cancelled" | null;
  /** @internal The operation at which the task is parked. While it is ready: the completed operation that it will resume with. */
  protected at: At | null;
  /** @internal */
  protected flags: number;
  /** @internal */
  protected routine: Routine<T> | AsyncRoutine<T> | null;
  private readonly _body: Function;
  private readonly _origin: Path;
  private readonly _index: number;
  private _path: Path | null;
  private _waiting: Waiters | null;
  private _retract: (() => void) | null;
  /** The routines of the task while it cleans up. */
  protected cleanup: Cleanup | null;

  /** @internal Tasks are made by `go`. */
  constructor(routine: Routine<T> | AsyncRoutine<T>, body: Function, origin: Path) {
    super();
    this.member = this.keeps = null;
    this.context = undefined;
    this.failureTo = null;
    this.ending = null;
    this.at = null;
    this.flags = READY | (STREAK << PACE);
    this.routine = routine;
    this._body = body;
    this._origin = origin;
    this._index = origin.tasks++;
    this._path = null;
    this._waiting = null;
    this._retract = null;
    this.cleanup = null;
  }

  /** The path of its parent, the name of its body, and the number of tasks that its parent had started before. */
  get name(): string {
    return this._origin.child(nameOf(this._body, "task"), this._index);
  }

  /** The present state of the task. An async task that waits is `"running"` until its operation has yielded out. */
  get status(): TaskStatus {
    if (this.ending !== null) return this.ending;
    if (this.flags & READY) return "ready";
    return this.at === null ? "running" : "parked";
  }

  /**
   * Ends the block as `return` would: its operation leaves every queue, and `finally` blocks run and may park. `catch` blocks do
   * not run. The block ends at its present or next `yield*`. A block that returns before that completes normally, and a block
   * that has not started never runs. To cancel a task twice, or a task that is over, does nothing, except with `force`.
   *
   * A limit of JavaScript: if a routine that the block delegates to parks in a `finally` block, the block continues after that
   * `yield*` once the routine has ended, and any use of the result of the routine throws. A block that then goes back to an
   * earlier place of its code, in a loop, is ended there. Park only in a `finally` of the block itself, or of the body of a
   * scope.
   *
   * @param reason - The `cause` of the {@link CancelledError} that joiners get.
   * @param options - `force`: whether `finally` blocks end at their next `yield*`, too.
   */
  cancel(reason?: unknown, options?: CancelOptions): void {
    if (this.happened) return;
    if (this.flags & CANCELLED) {
      if (options?.force === true) this.force();
      return;
    }
    this.flags |= CANCELLED | STOPPING;
    if (options?.force === true) this.flags |= FORCED;
    this.value = reason;
    this.stop();
  }

  /**
   * Waits until the task is over, whether it returned, threw or was cancelled. This does not join the task: an exception is
   * still thrown to joiners, or reported.
   *
   * Parks when: the task is not over. Yields: nothing. If cancelled: it stops waiting.
   */
  whenOver(): Operation<void> {
    return new Over(this);
  }

  /**
   * Joins the task in plain code, and passes its failure to a function: `go(work).catch(report)`. As with `then`, the failure is
   * not reported as one that no code has joined. Do not use it in a go block; there, `try` and `catch` around `yield* task` do this.
   *
   * @param onError - Called with the exception of the block, or with a {@link CancelledError}.
   * @returns A promise of what the block returned, or of what `onError` returns.
   */
  catch<U = never>(onError?: ((error: unknown) => U | PromiseLike<U>) | null): Promise<T | U> {
    return this.then(undefined, onError);
  }

  /**
   * Joins the task in plain code, and calls a function when the task is over. A failure is passed on to the promise.
   *
   * @param onOver - Called without arguments.
   * @returns A promise of what the block returned.
   */
  finally(onOver?: (() => void) | null): Promise<T> {
    return this.then().finally(onOver);
  }

  /** Cancels the task at the end of a block with `await using task = go(…)`, and waits until it is over. Failures are thrown. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.cancel();
    try {
      await this;
    } catch (error) {
      if (!(error instanceof CancelledError)) throw error;
    }
  }

  /** The name and the state of the task, and what it waits for. */
  override toString(): string {
    const { name, status, parkedAt } = this;
    const detail = parkedAt !== null ? parkedAt.waitsFor().what : status === "failed" ? String(this.value) : "";
    return `Task ${name} ${status}${detail && `: ${detail}`}`;
  }

  /** @internal */
  run(): boolean {
    const { at } = this;
    this.at = null;
    this.flags &= ~READY;
    if (this.cleanup !== null) {
      scheduler.current = this.cleanup.next();
    } else {
      scheduler.current = this;
      if (scheduler.policy === null) scheduler.streak = this.flags >> PACE;
    }
    let step: IteratorResult<Parked, T>;
    try {
      const routine = this.routine as Routine<T>;
      if (!(this.flags & STOPPING)) step = routine.next();
      else if (this._stopsByThrow(at)) step = routine.throw(this.cleanup!.error);
      else step = routine.return(cancelledResult(() => this.name));
      if (scheduler.parked === null) step = this._complain(step);
    } catch (error) {
      this._fail(error);
      return false;
    }
    if (scheduler.parked === null) {
      this._over(at, step as IteratorReturnResult<T>);
      return false;
    }
    this.at = scheduler.parked as Operation<unknown>;
    scheduler.parked = null;
    if (this.flags & (STOPPING | CLEANING)) this._goesOn();
    return false;
  }

  /** @internal */
  wake(): void {
    this.flags |= READY;
    scheduler.schedule(this);
  }

  /** @internal Takes the operation at which the task is parked out of its queues, and makes the task ready to call `return`. */
  protected stop(): void {
    const { at } = this;
    if (at === null || this.flags & READY || !withdrawn(at)) return;
    if (!isPerformance(at)) at.waiter = null;
    this.at = null;
    this.wake();
  }

  /** Called before the routine is ended. Returns whether `throw` is to end it, and not `return`. */
  protected stopped(at: At | null): boolean {
    const throws = (this.flags & (BACK | THROWN | FORCED)) === BACK;
    this.flags = (this.flags & ~STOPPING) | CLEANING | (throws ? THROWN : 0);
    giveBack(at);
    noteReturns();
    this.cleanup ??= new Cleanup(this);
    return throws;
  }

  private _stopsByThrow(at: At | null): boolean {
    const throws = this.stopped(at);
    scheduler.current = this.cleanup;
    return throws;
  }

  /** Handles a step that did not park: throws into the body as long as it yields values that are no operations. */
  private _complain(step: IteratorResult<Parked, T>): IteratorResult<Parked, T> {
    while (step.done !== true && scheduler.parked === null) {
      const yielded: unknown = step.value;
      if (isParkedInside(yielded)) this._parkElsewhere(yielded);
      else step = (this.routine as Routine<T>).throw(badYield(this, step));
    }
    return step;
  }

  /** Called when the body has returned. */
  private _over(at: At | null, { value }: IteratorReturnResult<T>): void {
    // The operation at which it was parked has not resumed: the routine was ended from outside, or parked without `yield*`.
    if (at !== null && (at as Operation<unknown>).waiter === scheduler.current) {
      giveBack(at);
      this.end("failed", notResumed(this));
    } else {
      this.finish(value);
    }
  }

  private _fail(error: unknown): void {
    const parked = scheduler.parked as Operation<unknown> | null;
    if (parked !== null) {
      // It was iterated, and not performed with `yield*`.
      scheduler.parked = null;
      parked.waiter = null;
      unblock(parked);
    }
    this.failed(error);
  }

  protected failed(error: unknown): void {
    if (this.cleanup !== null && error === this.cleanup.error) this.end("cancelled", this.value);
    else this.end("failed", error);
  }

  /** Called when a cancelled task has parked. */
  private _goesOn(): void {
    if (this.cleanup !== null) this.goesOn(this.cleanup.parked());
    if (this.flags & STOPPING) this.stop();
  }

  /**
   * Called when a cancelled task has parked. If its code has gone back, an exception is thrown in it, which JavaScript does not
   * forget where a `finally` parks. If it goes back in spite of that, each of its operations returns.
   */
  protected goesOn(back: boolean): void {
    if (back) {
      this.flags |= this.flags & THROWN ? FORCED : BACK | STOPPING;
      scheduler.notices?.wentBack(this.name);
    }
    if (this.flags & FORCED) this.flags |= STOPPING;
  }

  /** Calls `return` again, where the task is parked and each time that it parks. */
  protected force(): void {
    this.flags |= FORCED | STOPPING;
    this.stop();
  }

  /** Parks at an operation of another realm (a frame, a context of node:vm): its own scheduler runs no task at the moment. */
  private _parkElsewhere(inside: ParkedInside): void {
    const operation = inside.operation as Operation<unknown>;
    const { current } = scheduler;
    inside.reveal();
    inside.owner = current;
    if (inside.completed) current!.wake(operation);
    scheduler.parked = operation;
  }

  /** @internal */
  protected finish(value: T): void {
    const { flags } = this;
    this.flags &= ~STOPPING;
    if ((flags & (CANCELLED | STOPPING)) === CANCELLED) this.end("cancelled", this.value);
    else this.end("done", value);
  }

  /** @internal */
  protected end(ending: "done" | "failed" | "cancelled", value: unknown): void {
    this.ending = ending;
    this.value = value;
    this.routine = this.at = this.cleanup = null;
    if (this.keeps !== null) releaseHeldBy(this, ending === "done", value);
    this.context = undefined;
    this.member?.ended();
    const { _waiting: waiting } = this;
    const joiners = waiting !== null && waiting.first !== null;
    waiting?.completeAll(undefined);
    if (ending === "failed") scheduler.failed(this, joiners);
  }

  /** @internal */
  report(): void {
    if (this.flags & JOINED) return;
    const { failureTo } = this;
    this.failureTo = null;
    if (failureTo === null) this._retract = scheduler.report(this.value);
    else failureTo(this);
  }

  /** @internal */
  get happened(): boolean {
    return this.ending !== null;
  }

  /** @internal */
  outcome(): T {
    this.flags |= JOINED;
    if (this._retract !== null) {
      this._retract();
      this._retract = null;
    }
    if (this.ending === "done") return this.value as T;
    if (this.ending === "failed") throw this.value;
    throw new CancelledError(`Task ${this.name} was cancelled`, { cause: this.value });
  }

  /** @internal */
  get waiting(): Waiters {
    return (this._waiting ??= new Waiters());
  }

  /** @internal */
  override fresh(): Operation<T> {
    return new Wait(this);
  }

  /** A task of a closed program is no external event; any other task may be. */
  override waitsFor(): WaitsFor {
    return { what: `join ${this.name}`, external: this.member?.program == null, tasks: [this], joins: true };
  }

  /** @internal */
  path(): Path {
    return (this._path ??= new Path(this._origin, nameOf(this._body, "task"), this._index));
  }

  /** @internal */
  get holder(): Holder {
    return this;
  }

  /** @internal */
  get home(): Home | null {
    return this._origin.home;
  }

  /** @internal */
  get parkedAt(): Operation<unknown> | null {
    if (this.status !== "parked") return null;
    return isPerformance(this.at) ? (this.at.operation as Operation<unknown>) : this.at;
  }

  /** @internal */
  get async(): boolean {
    return false;
  }

  /** @internal */
  paced(short: boolean): boolean {
    const given = STREAK - (this.flags >> PACE);
    // Nothing to a slow task, as to a new one, which may be slow.
    const next = !short ? 0 : Math.min(STREAK, given * 2 || 1);
    this.flags += (given - next) << PACE;
    scheduler.streak = STREAK - (next === STREAK / 2 ? REST : next);
    return next === STREAK;
  }
}

/** Takes the operation of a cancelled task out of its queues; returns false if the operation completes later. */
function withdrawn(at: At): boolean {
  try {
    return at.withdraw();
  } catch (error) {
    scheduler.report(error);
    return true;
  }
}

/** The error of a task whose routine did not resume at the operation at which it was parked. */
function notResumed(task: Task<unknown>): TypeError {
  return new TypeError(
    `Cannot resume ${task.name}: its operation has not resumed; an operation is performed with yield*, ` +
      "and only the task may run its generator",
  );
}

/** Gives back the value of an operation that completed for a task that ends before it resumes with the value. */
export function giveBack(at: At | null): void {
  if (at === null) return;
  if (!isPerformance(at)) at.waiter = null;
  try {
    at.discard();
  } catch (error) {
    scheduler.report(error);
  }
}

/** The error for a block that yields a value without `yield*`. */
export function badYield(task: Task<unknown>, yielded: unknown): TypeError {
  const value = (yielded as { value?: unknown }).value;
  const advice =
    value instanceof Operation
      ? "an operation is performed with yield*, not yield"
      : "go blocks yield* operations only";
  return new TypeError(`Cannot park ${task.name}: ${advice}, got ${shown(value)}`);
}

// A task drives one go block. It is either in the run queue, or running, or parked at one operation, or over; the queue
// and whatever it waits for are all that hold it, so a task that nobody can wake is garbage with what it waits for.
//
// In the sync form the operation that `yield*` parks at is found in `scheduler.parked`. The result that comes out of the
// generator is not compared with it: JavaScriptCore makes a new result object at each `yield*`. In the async form
// operations wait by themselves (see perform.ts); the driver hears of one only when it yields out.

import { type AsyncPerformance, isPerformance } from "../operation/async-performance.js";
import { type Once, Sharable, Wait } from "../operation/once.js";
import { type AsyncRoutine, Operation, type Parked, type Routine, type WaitsFor } from "../operation/operation.js";
import { Waiters } from "../operation/waiters.js";
import { Path } from "../scheduler/path.js";
import type { Doer, Runnable, TaskRecord } from "../scheduler/roles.js";
import { scheduler } from "../scheduler/scheduler.js";
import { CancelledError, shown } from "../structures/errors.js";

/** What becomes of a task. */
export type TaskStatus = "ready" | "parked" | "running" | "done" | "failed" | "cancelled";

/** The body of a go block. */
export type Body<A extends unknown[], T> = (...args: A) => Routine<T> | AsyncRoutine<T>;

/** Cancelled, but its routine's `return` has not been called yet. */
export const STOPPING = 1;
const CANCELLED = 2;
const JOINED = 4;
/** It stands in the run queue. */
export const READY = 8;
/** Cancelled while it waited out of sight: every async performance announces itself until it is found. */
export const SOUGHT = 16;

type At = Operation<unknown> | AsyncPerformance<unknown>;

/** Waits for the end of a task, however it ends. */
class Over extends Wait<void> {
  override result(): void {}
}

/**
 * A go block that was started. It is an operation: performing it joins.
 *
 * Parks when: the block has not ended. Yields: what it returned; what it threw is thrown to everyone who joins. If it was
 * cancelled: throws {@link CancelledError}. A failure that nobody joins is reported to the host, once.
 */
export class Task<out T> extends Sharable<T> implements Once<T>, Runnable, Doer, AsyncDisposable {
  /** @internal What a maker keeps of it; null unless it is recorded. */
  member: TaskRecord | null;
  /** How it ended; null before. */
  protected ending: "done" | "failed" | "cancelled" | null;
  /** Where it is parked; while it is ready, the operation that completed and was not taken yet. */
  protected at: At | null;
  protected flags: number;
  protected routine: Routine<T> | AsyncRoutine<T> | null;
  private readonly _body: Function;
  private readonly _origin: Path;
  private readonly _index: number;
  private _path: Path | null;
  private _waiting: Waiters | null;
  private _retract: (() => void) | null;

  /** @internal Tasks are made by `go`. */
  constructor(routine: Routine<T> | AsyncRoutine<T>, body: Function, origin: Path) {
    super();
    this.member = null;
    this.ending = null;
    this.at = null;
    this.flags = READY;
    this.routine = routine;
    this._body = body;
    this._origin = origin;
    this._index = origin.tasks++;
    this._path = null;
    this._waiting = null;
    this._retract = null;
  }

  /** The path of its parent, the name of its body, and how many tasks its parent had started before. */
  get name(): string {
    return this._origin.child(this._body.name || "task", this._index);
  }

  get status(): TaskStatus {
    if (this.ending !== null) return this.ending;
    if (this.flags & READY) return "ready";
    return this.at === null ? "running" : "parked";
  }

  /**
   * Ends the block as `return` would: its operation leaves every queue, `finally` blocks run and may park, `catch` cannot
   * swallow it. It takes effect where the block waits; one that returns before it waits again is simply done, and one that
   * has not had its first turn never runs. Cancelling twice, or a task that is over, does nothing.
   *
   * A limit of JavaScript: when a `finally` that parks stands in a routine that the block delegates to, the block goes on
   * behind that `yield*` once it is through. Park in a `finally` of the block itself, or in one of a scope's body.
   */
  cancel(reason?: unknown): void {
    if (this.happened || this.flags & CANCELLED) return;
    this.flags |= CANCELLED | STOPPING;
    this.value = reason;
    this.stop();
  }

  /**
   * Waits until the task is over, however it ends. Parks when: it is not. Yields: nothing. It does not join: what the task
   * threw still goes to whoever joins it, or is reported.
   */
  whenOver(): Operation<void> {
    return new Over(this);
  }

  /** `await using task = go(…)`: cancels it at the end of the block, and waits until it is over. A failure is thrown. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.cancel();
    try {
      await this;
    } catch (error) {
      if (!(error instanceof CancelledError)) throw error;
    }
  }

  /** @internal */
  run(): boolean {
    const { at } = this;
    scheduler.current = this;
    this.at = null;
    this.flags &= ~READY;
    try {
      const step = this.flags & STOPPING ? this._return(at) : (this.routine as Routine<T>).next();
      if (scheduler.parked === null && !this._goOn(step)) return false;
      this.at = scheduler.parked as Operation<unknown>;
      scheduler.parked = null;
      if (this.flags & STOPPING) this.stop();
    } catch (error) {
      this.end("failed", error);
    }
    return false;
  }

  /** @internal */
  wake(): void {
    this.flags |= READY;
    scheduler.schedule(this);
  }

  /** Leaves where it is parked, so that its `return` is called in its turn; elsewhere that turn is coming anyway. */
  protected stop(): void {
    const { at } = this;
    if (at === null || this.flags & READY || !at.withdraw()) return;
    if (!isPerformance(at)) at.waiter = null;
    this.at = null;
    this.wake();
  }

  private _return(at: At | null): IteratorResult<Parked, T> {
    this.flags &= ~STOPPING;
    giveBack(at);
    return (this.routine as Routine<T>).return(undefined as T);
  }

  /** The body came out without parking: it is over, or has yielded what nobody can wait for. True once it parks. */
  private _goOn(step: IteratorResult<unknown, T>): boolean {
    while (scheduler.parked === null) {
      if (step.done === true) {
        this.finish(step.value);
        return false;
      }
      step = (this.routine as Routine<T>).throw(badYield(this, step));
    }
    return true;
  }

  protected finish(value: T): void {
    const { flags } = this;
    this.flags &= ~STOPPING;
    if ((flags & (CANCELLED | STOPPING)) === CANCELLED) this.end("cancelled", this.value);
    else this.end("done", value);
  }

  protected end(ending: "done" | "failed" | "cancelled", value: unknown): void {
    this.ending = ending;
    this.value = value;
    this.routine = this.at = null;
    this.member?.ended();
    this._waiting?.completeAll(undefined);
    if (ending === "failed") scheduler.failed(this);
  }

  /** @internal */
  report(): void {
    if (!(this.flags & JOINED)) this._retract = scheduler.host.report(this.value);
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

  /** A task of a closed program is no outside help; any other may be. */
  override waitsFor(): WaitsFor {
    return { what: `join ${this.name}`, external: this.member?.program == null, tasks: [this], joins: true };
  }

  /** @internal */
  path(): Path {
    return (this._path ??= new Path(this._origin, this._body.name || "task", this._index));
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
}

/** What was completed for a task that ends before it could take it. */
export function giveBack(at: At | null): void {
  if (at === null) return;
  if (!isPerformance(at)) at.waiter = null;
  at.discard();
}

export function badYield(task: Task<unknown>, yielded: unknown): TypeError {
  const value = (yielded as { value?: unknown }).value;
  const advice =
    value instanceof Operation
      ? "an operation is performed with yield*, not yield"
      : "go blocks yield* operations only";
  return new TypeError(`Cannot park ${task.name}: ${advice}, got ${shown(value)}`);
}

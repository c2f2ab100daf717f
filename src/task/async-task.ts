// The driver of an `async function*`. In its body, operations wait on promises of their own (see
// operation/async-performance.ts). The driver gets an operation only when the operation yields out; from then on the task
// parks and is cancelled as the task of a sync body.

import {
  type AsyncPerformance,
  isParkedInside,
  isPerformance,
  type ParkedInside,
  returning,
} from "../operation/async-performance.js";
import type { AsyncRoutine, Operation } from "../operation/operation.js";
import { type Cancelled, scheduler } from "../scheduler/scheduler.js";
import { badYield, READY, SOUGHT, STOPPING, Task } from "./task.js";

/**
 * The counters of the scheduler for tasks that are garbage before they are over: they await a promise that never settles, so no
 * operation of theirs is sought any more. While one is sought, every operation of an async body takes the long way.
 */
const garbage =
  typeof FinalizationRegistry === "function"
    ? /* @__PURE__ */ new FinalizationRegistry<Count>(({ cancelled, counter }) => void cancelled[counter]--)
    : null;

interface Count {
  readonly cancelled: Cancelled;
  readonly counter: keyof Cancelled;
}

export class AsyncTask<T> extends Task<T> {
  /** The delegate of the `yield*` at which the body has yielded out. */
  private _delegate: object | null = null;
  /** Where it counts, once it was cancelled. */
  private _cancelled: Cancelled | null = null;

  override run(): boolean {
    const routine = this.routine as AsyncRoutine<T>;
    const { at } = this;
    scheduler.current = this;
    this.at = null;
    this.flags &= ~READY;
    try {
      if (this.flags & STOPPING) {
        if (this.cleanup === null) {
          this._cancelled = scheduler.cancelled;
          this._cancelled.cleaning++;
        }
        const throws = this.stopped(at);
        if (this._delegate !== null) returning.set(this._delegate, this);
        // From the next turn of the host on every operation of the task yields out, so that its place is seen (see cleanup.ts).
        // Most tasks are over by then.
        scheduler.nextTurn(() => {
          if (!this.happened) this._seek();
        });
        this._follow(throws ? routine.throw(this.cleanup!.error) : routine.return(undefined as T));
      } else {
        this._follow(routine.next());
      }
    } catch (error) {
      this.failed(error);
    }
    return true;
  }

  private _seek(): void {
    if (this.flags & SOUGHT) return;
    this.flags |= SOUGHT;
    const cancelled = (this._cancelled ??= scheduler.cancelled);
    cancelled.ending++;
    garbage?.register(this, { cancelled, counter: "ending" }, this);
    if (this.cleanup !== null) garbage?.register(this, { cancelled, counter: "cleaning" }, this);
  }

  protected override stop(): void {
    if (this.at !== null || this.flags & READY) {
      super.stop();
      return;
    }
    // Its operation is unknown, or it awaits a promise. Every performance yields out now, and the body ends where it does so.
    this._seek();
    scheduler.identifyAll();
  }

  private _follow(step: Promise<IteratorResult<unknown, T>>): void {
    if (typeof step?.then !== "function") throw new TypeError(`Cannot run ${this.name}: next() must return a promise`);
    step.then(
      (result) => this._step(result),
      (error) => this.happened || this.failed(error),
    );
  }

  private _step(step: IteratorResult<unknown, T>): void {
    if (this.happened) return;
    if (step.done === true) {
      this.finish(step.value);
      return;
    }
    const yielded = step.value;
    if (isPerformance(yielded)) this._own(yielded);
    else if (isParkedInside(yielded)) this._parkInside(yielded);
    else this._follow((this.routine as AsyncRoutine<T>).throw(badYield(this, step)));
  }

  /** Called when a performance of this task has yielded out. */
  private _own(performance: AsyncPerformance<unknown>): void {
    this._found();
    this._delegate = performance;
    this._see(performance.place);
    if (performance.context !== undefined) this.context = performance.context;
    if (performance.own(this)) {
      this.at = performance;
      if (this.flags & STOPPING) this.stop();
    } else {
      this.at = performance.completed ? performance : null;
      this.wake();
    }
  }

  /** Called when a sync routine that the body delegates to has parked. */
  private _parkInside(inside: ParkedInside): void {
    this._found();
    this._delegate = inside.operation;
    this._see(inside.place);
    if (inside.context !== undefined) this.context = inside.context;
    inside.reveal();
    this.at = inside.operation as Operation<unknown>;
    inside.operation.waiter = this;
    if (inside.completed) {
      this.wake();
      return;
    }
    if (this.flags & STOPPING) this.stop();
  }

  /** Ends the search for the operation of this task. While the task cleans up, the search goes on. */
  private _found(): void {
    if (!(this.flags & SOUGHT) || (this.cleanup !== null && !this.happened)) return;
    this.flags &= ~SOUGHT;
    this._cancelled!.ending--;
    garbage?.unregister(this);
  }

  /** @internal Called when `return` reaches the operation at which the task was parked, in the frame of its routine. */
  returns(place: readonly string[]): void {
    this.cleanup?.returnsAt(place);
  }

  /** Called when the task has performed an operation at a place. */
  private _see(place: readonly string[]): void {
    if (this.cleanup !== null) this.goesOn(this.cleanup.isBack(place, false));
  }

  protected override end(ending: "done" | "failed" | "cancelled", value: unknown): void {
    if (this.cleanup !== null) this._cancelled!.cleaning--;
    super.end(ending, value);
    this._found();
    // It keeps its operation, and the context of its code.
    this._delegate = null;
  }

  override get async(): boolean {
    return true;
  }
}

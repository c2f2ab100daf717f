// The driver of an `async function*`. In its body, operations wait on promises of their own (see
// operation/async-performance.ts). The driver gets an operation only when the operation yields out; from then on the task
// parks and is cancelled as the task of a sync body.

import {
  type AsyncPerformance,
  isParkedInside,
  isPerformance,
  type ParkedInside,
} from "../operation/async-performance.js";
import type { AsyncRoutine, Operation } from "../operation/operation.js";
import { scheduler } from "../scheduler/scheduler.js";
import { badYield, giveBack, READY, SOUGHT, STOPPING, Task } from "./task.js";

export class AsyncTask<T> extends Task<T> {
  override run(): boolean {
    const routine = this.routine as AsyncRoutine<T>;
    const { at } = this;
    scheduler.current = this;
    this.at = null;
    this.flags &= ~READY;
    if (this.flags & STOPPING) {
      this.flags &= ~STOPPING;
      giveBack(at);
      this._follow(routine.return(undefined as T));
    } else {
      this._follow(routine.next());
    }
    return true;
  }

  protected override stop(): void {
    if (this.at !== null || this.flags & READY) {
      super.stop();
      return;
    }
    // Its operation is unknown, or it awaits a promise. Every performance yields out now, and the body ends where it does so.
    this.flags |= SOUGHT;
    scheduler.ending++;
    scheduler.identifyAll();
  }

  private _follow(step: Promise<IteratorResult<unknown, T>>): void {
    step.then(
      (result) => this._step(result),
      (error) => this.happened || this.end("failed", error),
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
    inside.reveal();
    this.at = inside.operation as Operation<unknown>;
    if (inside.completed) {
      this.wake();
      return;
    }
    inside.operation.waiter = this;
    if (this.flags & STOPPING) this.stop();
  }

  /** Ends the search for the operation of this task. */
  private _found(): void {
    if (!(this.flags & SOUGHT)) return;
    this.flags &= ~SOUGHT;
    scheduler.ending--;
  }

  protected override end(ending: "done" | "failed" | "cancelled", value: unknown): void {
    this._found();
    super.end(ending, value);
  }

  override get async(): boolean {
    return true;
  }
}

// The driver of an `async function*`. Its body waits by itself (see operation/async-performance.ts); the driver learns of an
// operation only when that yields out, and from then on parks and cancels as the driver of a sync body does.

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
    // It waits somewhere out of sight, or for a promise: it ends where it yields out next, and all are asked to.
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

  /** A performance has yielded out: now it is known whose it is. */
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

  /** A sync routine that this one delegates to has parked. */
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

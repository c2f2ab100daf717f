// How plain code performs an operation with `await`. There is no task, and only the operation holds the performance.

import type { Runnable } from "../scheduler/roles.js";
import { scheduler } from "../scheduler/scheduler.js";
import { assertIdle, type Performable, type Waiter } from "./async-performance.js";

/** One `await` in plain code. */
export class PlainPerformance<T> implements Waiter, Runnable {
  readonly operation: Performable<T>;
  private readonly _resolve: () => void;
  private _completed: boolean;

  constructor(operation: Performable<T>, resolve: () => void) {
    this.operation = operation;
    this._resolve = resolve;
    this._completed = false;
  }

  begin(): void {
    const { operation } = this;
    assertIdle(operation);
    const ready = operation.poll();
    operation.waiter = this;
    if (ready) {
      this._completed = true;
      scheduler.resume(this);
      return;
    }
    this.parks();
    try {
      operation.block();
    } catch (error) {
      this.leaves();
      operation.waiter = null;
      throw error;
    }
  }

  /** Called before the operation is blocked. */
  protected parks(): void {}

  /** Called when the operation has completed, or could not be blocked. */
  protected leaves(): void {}

  wake(): void {
    this._completed = true;
    this.leaves();
    scheduler.resume(this);
  }

  /** Gives the operation up: it leaves its queue, or the value that it has completed with is given back. */
  abandon(): void {
    const { operation } = this;
    operation.waiter = null;
    if (this._completed) {
      operation.discard();
    } else {
      this.leaves();
      operation.unblock();
    }
  }

  run(): boolean {
    this._resolve();
    return true;
  }
}

function begin(operation: Performable<unknown>): Promise<void> {
  return new Promise<void>((resolve) => new PlainPerformance(operation, resolve).begin());
}

/** Performs an operation for plain code; the promise resolves once the operation has completed. */
export function completion(operation: Performable<unknown>): Promise<void> {
  const { maker } = scheduler;
  const completed = maker === null ? begin(operation) : maker.perform(operation, begin);
  scheduler.answerSeekers(null);
  return completed;
}

/** Performs an operation for plain code. The result is computed where that code continues, not in the step of the peer. */
export function perform<T>(operation: Performable<T>): Promise<T> {
  return completion(operation).then(() => {
    // Cannot be performed again before this point: a second performance would overwrite the value.
    operation.waiter = null;
    return operation.result();
  });
}

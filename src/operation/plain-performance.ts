// How plain code performs an operation with `await`. There is no task, and only the operation holds the performance.

import type { Runnable } from "../scheduler/roles.js";
import { scheduler } from "../scheduler/scheduler.js";
import { assertIdle, type Performable, type Waiter } from "./async-performance.js";

/** One `await` in plain code. */
export class PlainPerformance<T> implements Waiter, Runnable {
  readonly operation: Performable<T>;
  private readonly _resolve: () => void;

  constructor(operation: Performable<T>, resolve: () => void) {
    this.operation = operation;
    this._resolve = resolve;
  }

  begin(): void {
    const { operation } = this;
    assertIdle(operation);
    const ready = operation.poll();
    operation.waiter = this;
    if (ready) {
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
    this.leaves();
    scheduler.resume(this);
  }

  run(): boolean {
    this._resolve();
    return true;
  }
}

/** Returns a promise that resolves once the operation has completed. */
function completion(operation: Performable<unknown>): Promise<void> {
  return new Promise<void>((resolve) => new PlainPerformance(operation, resolve).begin());
}

/** Performs an operation for plain code. The result is computed where that code continues, not in the step of the peer. */
export function perform<T>(operation: Performable<T>): Promise<T> {
  const { maker } = scheduler;
  const completed = maker === null ? completion(operation) : maker.perform(operation, completion);
  scheduler.answerSeekers(null);
  return completed.then(() => {
    // Cannot be performed again before this point: a second performance would overwrite the value.
    operation.waiter = null;
    return operation.result();
  });
}

// Watches the operations of one run, for the failure `unperformed`. Without a survey it only finds out whether there are any that
// were not performed: to find the lines takes far longer than the run.

import { describe, maker, Watch } from "../../lifetime/unperformed.js";
import type { Operation } from "../../operation/operation.js";
import { captureOrigin, originOf } from "../../scheduler/user-frames.js";
import type { Task } from "../../task/task.js";
import type { Survey } from "../report/survey.js";

/** A run that can be repeated. */
export interface Repeatable {
  readonly seed: number;
  readonly taken: readonly number[];
}

interface Note {
  /** The task that made the operation; null if it is unknown. */
  readonly task: Task<unknown> | null;
  readonly captured: Error | null;
  /** The step of the run in which it was made. */
  readonly step: number;
}

export class RunWatch extends Watch {
  /** The tasks that were started. */
  readonly tasks: Task<unknown>[];
  private readonly _survey: Survey<Repeatable> | null;
  private readonly _step: () => number;
  private readonly _unused: Map<Operation<unknown>, Note>;

  constructor(survey: Survey<Repeatable> | null, step: () => number) {
    super();
    this.tasks = [];
    this._survey = survey;
    this._step = step;
    this._unused = new Map();
  }

  /** Whether an operation was made and not used. */
  get any(): boolean {
    return this._unused.size > 0;
  }

  protected noted(operation: Operation<unknown>): void {
    const captured = this._survey === null ? null : captureOrigin();
    this._unused.set(operation, { task: maker(), captured, step: this._step() });
  }

  protected performed(operation: Operation<unknown>): void {
    const captured = this._unused.get(operation)?.captured;
    this._unused.delete(operation);
    if (captured != null) this._survey?.performed(captured);
  }

  /** Adds what was not performed to the survey. `over` says that no task can continue any more. */
  finish(over: boolean, run: Repeatable): void {
    const steps = new Map<string, number>();
    for (const [operation, { task, captured, step }] of this._unused) {
      const origin = captured === null ? null : originOf(captured);
      if (origin === null) continue;
      // A task that has come back to the line has gone on without the operation that it had made there.
      const place = `${task === null ? -1 : this.tasks.indexOf(task)} ${origin.key}`;
      const before = steps.get(place) ?? step;
      steps.set(place, step);
      const again = task !== null && before !== step;
      if (again || this._wentOn(task, over)) this._survey?.unperformed(origin, describe(operation), run);
    }
  }

  /** Whether a task went on without what it had made: it ended, or it is parked for ever. A cancelled task might have. */
  private _wentOn(task: Task<unknown> | null, over: boolean): boolean {
    if (task !== null) return task.status === "done" || (over && !task.happened);
    return over && this.tasks.every(({ status }) => status !== "failed" && status !== "cancelled");
  }
}

// Watches the operations that the tasks of a program make while they are unfolded, for the failure `unperformed`. A task is unfolded
// by many runs of its routine, so what one run makes and another one performs is performed.

import { describe, Watch } from "../../../lifetime/unperformed.js";
import type { Operation } from "../../../operation/operation.js";
import { captureOrigin, originOf } from "../../../scheduler/user-frames.js";
import type { Survey } from "../../report/survey.js";
import { DONE, PARKED } from "./local-lts.js";
import type { RoutineRun } from "./routine-run.js";
import type { Unfolder } from "./unfolder.js";

interface Note {
  readonly run: RoutineRun;
  readonly captured: Error | null;
  /** The local state of the task in which it was made. */
  readonly node: number;
}

export class ModelWatch extends Watch {
  private readonly _unfolder: Unfolder;
  private readonly _survey: Survey<null> | null;
  private readonly _unused: Map<Operation<unknown>, Note>;

  /** @param survey - Gets the lines; to find them takes far longer than all else. */
  constructor(unfolder: Unfolder, survey: Survey<null> | null) {
    super();
    this._unfolder = unfolder;
    this._survey = survey;
    this._unused = new Map();
  }

  protected noted(operation: Operation<unknown>): void {
    const run = this._unfolder.sandbox.running;
    if (run !== null) this._unused.set(operation, { run, captured: this._survey && captureOrigin(), node: run.node });
  }

  protected performed(operation: Operation<unknown>): void {
    const captured = this._unused.get(operation)?.captured;
    this._unused.delete(operation);
    if (captured != null) this._survey?.performed(captured);
  }

  /** Whether a task went on without an operation that it had made. */
  get any(): boolean {
    const nodes = new Map<RoutineRun, number>();
    for (const { run, node } of this._unused.values()) {
      if (this._wentOn(run) || (nodes.get(run) ?? node) !== node) return true;
      nodes.set(run, node);
    }
    return false;
  }

  /** Adds what was not performed to the survey. */
  finish(): void {
    const nodes = new Map<RoutineRun, Map<string, number>>();
    for (const [operation, { run, captured, node }] of this._unused) {
      const origin = captured === null ? null : originOf(captured);
      if (origin === null) continue;
      // A task that has come back to the line has gone on without the operation that it had made there.
      const before = nodes.get(run) ?? new Map<string, number>();
      const again = (before.get(origin.key) ?? node) !== node;
      nodes.set(run, before.set(origin.key, node));
      if (again || this._wentOn(run)) this._survey?.unperformed(origin, describe(operation), null);
    }
  }

  /** Whether the task of a run has ended or parked. What a run makes before a plain call without an answer is made again. */
  private _wentOn({ stopped, node }: RoutineRun): boolean {
    const { lts } = this._unfolder;
    const status = lts.status(lts.base(node));
    return stopped === null && (status === DONE || status === PARKED);
  }
}

// The record of a task for reports: the line that started it, and a weak reference to it. A record keeps no task alive.

import type { Performer, TaskRecord } from "../scheduler/roles.js";
import { type Weak, weak } from "../structures/weak.js";
import type { Task } from "../task/task.js";

/** The record of one task. */
export class Member implements TaskRecord {
  readonly program: { ended(member: Member): void } | null;
  readonly startedAt: string | undefined;
  private readonly _task: Weak<Task<unknown>>;

  constructor(task: Performer, program: { ended(member: Member): void } | null, startedAt: string | undefined) {
    this._task = weak(task as Task<unknown>);
    this.program = program;
    this.startedAt = startedAt;
  }

  /** The task; undefined once it is garbage. */
  get task(): Task<unknown> | undefined {
    return this._task.deref();
  }

  ended(): void {
    this.program?.ended(this);
  }
}

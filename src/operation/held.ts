// What a task holds until it takes the next one or ends, such as a message that is acknowledged by its end.
//
// In an async body the running task is asked for, see ownership.ts: so the task is sought when a receive is made, and the answer
// is there when the receive is performed.

import type { Holder, Kept, Seeker } from "../scheduler/roles.js";
import { scheduler } from "../scheduler/scheduler.js";

/** Which task performs something; null for plain code. */
export class Whose implements Seeker {
  private _task: Holder | null;

  constructor() {
    this._task = scheduler.current?.holder ?? null;
    if (this._task === null) scheduler.seek(this);
  }

  foundIn(task: Holder | null): void {
    this._task = task;
  }

  /** The task that runs now, or that was found. */
  get task(): Holder | null {
    return scheduler.current?.holder ?? this._task;
  }
}

/** Calls a function when a task ends, with whether it returned. */
export class Grip implements Kept {
  private readonly _task: Holder;
  private readonly _left: (returned: boolean) => void;

  constructor(task: Holder, left: (returned: boolean) => void) {
    this._task = task;
    this._left = left;
    (task.keeps ??= new Set()).add(this);
  }

  left(_task: Holder, returned: boolean): void {
    this._left(returned);
  }

  closed(): void {}

  /** The function is not called any more. */
  drop(): void {
    this._task.keeps?.delete(this);
  }
}

// An operation that runs a task of its own: the task starts when the operation is performed, and never outlives it unless the
// operation loses a select, which does not wait.

import type { Waiter } from "../operation/async-performance.js";
import { disposeOfLost } from "../operation/lost.js";
import { Operation, type WaitsFor } from "../operation/operation.js";
import type { Task } from "./task.js";

/**
 * Starts a task and joins it. If the performer is cancelled, the task is cancelled, and the operation completes when the task is
 * over. If the operation loses a select, the task is cancelled, and the select does not wait.
 */
export class Child<T> extends Operation<T> implements Waiter {
  private readonly _begin: () => Task<T>;
  private readonly _what: string;
  private _task: Task<T> | null;
  private _join: Operation<T> | null;

  constructor(begin: () => Task<T>, what: string) {
    super();
    this._begin = begin;
    this._what = what;
    this._task = null;
    this._join = null;
  }

  poll(): boolean {
    return false;
  }

  block(): void {
    this._task = this._begin();
    this._join = this._task.fresh();
    this._join.waiter = this as Waiter;
    this._join.block();
  }

  override unblock(): void {
    const join = this._join!;
    join.waiter = null;
    join.unblock();
    this._task!.cancel();
  }

  override withdraw(): boolean {
    this._task!.cancel();
    return false;
  }

  wake(): void {
    this._join!.waiter = null;
    this.complete(undefined);
  }

  override result(): T {
    return this._join!.result();
  }

  /** The task has ended, and its result reaches no receiver. */
  override discard(): void {
    const task = this._task!;
    if (task.status === "done") disposeOfLost(task.value);
  }

  override get plain(): boolean {
    return false;
  }

  override waitsFor(): WaitsFor {
    const { external = false, tasks = [] } = this._join?.waitsFor() ?? {};
    return { what: this._what, external, tasks, joins: true };
  }
}

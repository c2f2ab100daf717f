// Plain `await`. What it waits for is held by the scheduler only while it is young, and weakly afterwards; when the event
// loop is empty, what is still awaited then will never come (rule EN-2).

import { deadlock, type Member, type Reportable } from "../scheduler/report.js";
import type { Runnable, Stranger } from "../scheduler/roles.js";
import { scheduler } from "../scheduler/scheduler.js";
import { append, type Link, unlink } from "../structures/list.js";
import { assertIdle, type Performable, type Waiter } from "./async-performance.js";

/** One `await` in plain code. */
export class PlainPerformance<T> implements Link, Waiter, Runnable, Stranger {
  before: Link | null;
  after: Link | null;
  readonly operation: Performable<T>;
  private readonly _resolve: () => void;
  private readonly _reject: (error: unknown) => void;
  private _record: WeakRef<PlainPerformance<unknown>> | null;

  constructor(operation: Performable<T>, resolve: () => void, reject: (error: unknown) => void) {
    this.before = this.after = null;
    this.operation = operation;
    this._resolve = resolve;
    this._reject = reject;
    this._record = null;
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
    append(scheduler.young, this);
    try {
      operation.block();
    } catch (error) {
      unlink(this);
      operation.waiter = null;
      throw error;
    }
    scheduler.askHostTurn();
  }

  wake(): void {
    unlink(this);
    if (this._record !== null) awaiting.delete(this._record);
    scheduler.resume(this);
  }

  run(): boolean {
    this._resolve();
    return true;
  }

  /** Held weakly from here on: whoever awaits a channel that nobody refers to is garbage with it. */
  settleDown(): void {
    unlink(this);
    this._record = new WeakRef(this as PlainPerformance<unknown>);
    remember(this._record);
  }

  fail(error: unknown): void {
    if (this._record !== null) awaiting.delete(this._record);
    this.operation.unblock();
    this.operation.waiter = null;
    this._reject(error);
  }
}

const awaiting = /* @__PURE__ */ new Set<WeakRef<PlainPerformance<unknown>>>();
let sweepAt = 1024;
let watchingEnd = false;

function remember(record: WeakRef<PlainPerformance<unknown>>): void {
  if (!watchingEnd) {
    watchingEnd = true;
    scheduler.host.whenEmpty(failAll);
  }
  awaiting.add(record);
  if (awaiting.size < sweepAt) return;
  for (const old of awaiting) if (old.deref() === undefined) awaiting.delete(old);
  sweepAt = Math.max(1024, awaiting.size * 2);
}

/** The event loop is empty, so nothing will ever wake what is still awaited (rule EN-2). */
function failAll(): void {
  const found = [...awaiting].map((record) => record.deref()).filter((performance) => performance !== undefined);
  // Who joins a task may yet see it end, once those that wait for something else have been told.
  const ends = found.filter(({ operation }) => !operation.joins);
  const told = ends.length > 0 ? ends : found;
  const tasks = [...(scheduler.traced as Set<Member>)]
    .map((member) => member.task.deref())
    .filter((task) => task?.status === "parked") as Reportable[];
  for (const performance of told) {
    const what = performance.operation.describe();
    performance.fail(deadlock(`Deadlock: the event loop is empty, and plain code still awaits ${what}`, tasks));
  }
}

/** Performs an operation for plain code. Its result is made where that code goes on, not where the peer completes it. */
export function perform<T>(operation: Performable<T>): Promise<T> {
  const performed =
    scheduler.explorer?.await(operation) ??
    new Promise<void>((resolve, reject) => new PlainPerformance(operation, resolve, reject).begin());
  return performed.then(() => {
    // Busy until here: another performance in between would take the place of the value.
    operation.waiter = null;
    return operation.result();
  });
}

// How something ended, as a value, and the operation that waits for it. An ending happens once. It is kept apart from the task,
// as a child that was abandoned has ended for its supervisor although its task has not.

import { Operation, type WaitsFor } from "../operation/operation.js";
import { upon } from "../operation/upon.js";
import { Waiters } from "../operation/waiters.js";
import { CancelledError, textOf } from "../structures/errors.js";
import { KILL } from "../structures/kill.js";
import type { Task } from "../task/task.js";

/**
 * How a child, an actor or a supervisor ended. `"done"`: it returned. `"failed"`: it threw. `"cancelled"`: it was asked to stop, and
 * did. `"killed"`: it was ended by force, as it did not stop within its grace.
 */
export type Exit =
  | { readonly kind: "done"; readonly value: unknown }
  | { readonly kind: "failed"; readonly error: unknown }
  | { readonly kind: "cancelled"; readonly reason: unknown }
  | { readonly kind: "killed" };

export const KILLED: Exit = { kind: "killed" };

export function nothing(): void {}

/** The exit of a task that has ended. */
export function exitOf(task: Task<unknown>): Exit {
  const { status, value } = task;
  if (status === "failed") return { kind: "failed", error: value };
  if (status === "done") return { kind: "done", value };
  return value === KILL ? KILLED : { kind: "cancelled", reason: value };
}

/** Whether an exit is a failure, from which a `transient` child is restarted. */
export function isFailure(exit: Exit): boolean {
  return exit.kind === "failed" || exit.kind === "killed";
}

/** What code that waited for more than the end gets thrown: the error of a failure itself. */
export function reasonOf(exit: Exit, what: string): unknown {
  return exit.kind === "failed" ? exit.error : errorOf(exit, what);
}

/** An exit as an error of its own. */
export function errorOf(exit: Exit, what: string): Error {
  const cause = exit.kind === "failed" ? exit.error : exit.kind === "cancelled" ? exit.reason : undefined;
  if (exit.kind === "failed") return new Error(`${what} failed: ${textOf(cause)}`, { cause });
  if (exit.kind === "killed") return new Error(`${what} was killed`);
  if (exit.kind === "done") return new Error(`${what} has ended`);
  return new CancelledError(`${what} was cancelled`, { cause });
}

/** The end of something, for any number of operations that wait for it. */
export class Ending {
  exit: Exit | null;
  /** The task whose failure is told to each operation that waits here, and is then not reported to the host. */
  private readonly _task: (() => Task<unknown> | null) | null;
  private _waiting: Waiters | null;
  private _heard: boolean;

  constructor(task: (() => Task<unknown> | null) | null = null) {
    this.exit = null;
    this._task = task;
    this._waiting = null;
    this._heard = false;
  }

  end(exit: Exit): void {
    if (this.exit !== null) return;
    this.exit = exit;
    this._waiting?.completeAll(undefined);
    this._waiting = null;
  }

  /** Called when code asks how it ended, so that a failure needs no report. */
  hear(): void {
    if (this._heard || this._task === null) return;
    this._heard = true;
    this.begun();
  }

  /** Called when the task is there. */
  begun(): void {
    const task = this._heard ? this._task?.() : null;
    if (task != null) upon(task, nothing, nothing);
  }

  get heard(): boolean {
    return this._heard;
  }

  wait(what: string): Operation<Exit> {
    return new EndingWait(this, what);
  }

  /** Waits as `wait` does, for code that tells the failure to no one: it is still reported. */
  watch(what: string): Operation<Exit> {
    return new EndingWait(this, what, false);
  }

  join(wait: Operation<unknown>): void {
    this._waiting ??= new Waiters();
    this._waiting.join(wait);
  }

  leave(wait: Operation<unknown>): void {
    this._waiting?.leave(wait);
  }
}

export class EndingWait extends Operation<Exit> {
  private readonly _ending: Ending;
  private readonly _what: string;
  private readonly _hears: boolean;

  constructor(ending: Ending, what: string, hears: boolean = true) {
    super();
    this._ending = ending;
    this._what = what;
    this._hears = hears;
  }

  poll(): boolean {
    if (this._hears) this._ending.hear();
    return this._ending.exit !== null;
  }

  block(): void {
    this._ending.join(this);
  }

  override unblock(): void {
    this._ending.leave(this);
  }

  override result(): Exit {
    return this._ending.exit!;
  }

  override waitsFor(): WaitsFor {
    return { what: `the end of ${this._what}`, external: false };
  }
}

/** What {@link Stop} stops. */
export interface Stoppable {
  readonly ending: Ending;
  /** Asks it to end. */
  halt(reason: unknown): void;
}

/** Stops an actor, a supervisor or a worker, and waits for its end. */
export class Stop extends EndingWait {
  private readonly _target: Stoppable;
  private readonly _reason: unknown;

  constructor(target: Stoppable, what: string, reason: unknown) {
    super(target.ending, what);
    this._target = target;
    this._reason = reason;
  }

  override block(): void {
    super.block();
    this._target.halt(this._reason);
  }
}

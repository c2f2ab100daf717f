// One life of a child, from its start to its end. It ends once: with its task, or when it is abandoned because its task did not
// end although it was ended by force.

import type { Operation } from "../operation/operation.js";
import { upon } from "../operation/upon.js";
import { CancelledError } from "../structures/errors.js";
import { go } from "../task/go.js";
import type { Task } from "../task/task.js";
import { now } from "../time/sleep.js";
import { Ending, type Exit, exitOf, KILLED, nothing } from "./exit.js";
import type { Hosted, host } from "./hosting.js";
import type { Child, ChildContext } from "./types.js";

/** The supervisor of an incarnation. */
export interface Keeper {
  /** Called when the incarnation may have started, or has ended. */
  progress(): void;
  /** Called in the step in which it ends. */
  ended(incarnation: Incarnation): void;
}

/** What an incarnation runs besides its task, such as a tree. */
export interface Inner {
  /** The exit, if it is not the one of the task. */
  finish(exit: Exit): Exit;
  kill(): void;
}

export class Incarnation implements ChildContext, Hosted {
  readonly self: Child;
  readonly incarnation: number;
  /** Whether its body has begun, and whether it has called `ready()`. */
  begun: boolean;
  announced: boolean;
  /** Whether it is an actor that has looked into its mailbox. */
  hasRead: boolean;
  /** When it has started. */
  startedAt: number | undefined;
  exit: Exit | null;
  /** Whether its supervisor has seen the exit. */
  handled: boolean;
  stopping: boolean;
  /** The time at which its grace ends. */
  deadline: number;
  inner: Task<unknown> | null;
  content: Inner | null;
  private readonly _keeper: Keeper;
  private _task: Task<unknown> | null;
  private _reason: unknown;
  private _killed: boolean;
  private _controller: AbortController | null;
  private _ending: Ending | null;

  constructor(keeper: Keeper, self: Child, incarnation: number) {
    this.self = self;
    this.incarnation = incarnation;
    this.begun = this.announced = this.hasRead = this.handled = this.stopping = false;
    this.startedAt = undefined;
    this.exit = null;
    this.deadline = Number.POSITIVE_INFINITY;
    this.inner = null;
    this.content = null;
    this._keeper = keeper;
    this._task = null;
    this._reason = undefined;
    this._killed = false;
    this._controller = null;
    this._ending = null;
    // Bound, so that `({ ready }) => …` works.
    this.ready = this.ready.bind(this);
  }

  launch(body: ReturnType<typeof host>, args: readonly unknown[]): void {
    const task = go(body, this, ...args);
    this._task = task;
    upon(task.whenOver(), () => {
      const exit = exitOf(task);
      // A join: the failure is told to the supervisor. (To join a cancelled task makes an error, and so a stack.)
      if (exit.kind === "failed") upon(task, nothing, nothing);
      this._over(exit);
    });
  }

  get signal(): AbortSignal {
    if (this._controller === null) {
      this._controller = new AbortController();
      if (this.stopping || this.exit !== null) this._abort();
    }
    return this._controller.signal;
  }

  ready(): void {
    this.announced = true;
    this._keeper.progress();
  }

  begin(): void {
    this.begun = true;
    this._keeper.progress();
  }

  reads(): void {
    this.hasRead = true;
  }

  started(): void {
    this.startedAt = now();
  }

  exited(what: string): Operation<Exit> {
    if (this._ending === null) {
      this._ending = new Ending();
      if (this.exit !== null) this._ending.end(this.exit);
    }
    return this._ending.wait(what);
  }

  whenOver(): Operation<void> {
    return this._task!.whenOver();
  }

  /** Asks it to stop. */
  cancel(reason: unknown, grace: number): void {
    if (this.stopping || this.exit !== null) return;
    this.stopping = true;
    this.deadline = now() + grace;
    this._reason = reason;
    this._abort();
    this._task!.cancel(reason);
    this.inner?.cancel(reason);
  }

  /** Cancels its task, although its supervisor has not asked it to stop. */
  cancelTask(reason: unknown): void {
    if (this.exit === null) this._task!.cancel(reason);
  }

  /** Ends it by force: its `finally` blocks end where they next wait. */
  kill(): void {
    if (this.exit !== null) return;
    this._killed = this.stopping = true;
    this._abort();
    this.inner?.cancel(undefined, { force: true });
    this._task?.cancel(undefined, { force: true });
    this.content?.kill();
  }

  /** Ends it by force, although its supervisor has not asked it to stop. */
  die(): void {
    const { stopping } = this;
    this.kill();
    this.stopping = stopping;
  }

  /** It has ended for its supervisor, although its task may wait for a promise. */
  abandon(): void {
    this._over(KILLED);
  }

  private _abort(): void {
    this._controller?.abort(this._reason ?? new CancelledError("The child was asked to stop"));
  }

  private _over(exit: Exit): void {
    if (this.exit !== null) return;
    if (this._killed) exit = KILLED;
    else if (exit.kind !== "failed" && this.stopping) exit = { kind: "cancelled", reason: this._reason };
    this.exit = this.content === null ? exit : this.content.finish(exit);
    // A task that was abandoned is garbage with the promise that it waits for.
    this._task = this.inner = null;
    this._ending?.end(this.exit);
    this._abort();
    this._keeper.ended(this);
  }
}

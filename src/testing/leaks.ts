// Tasks that nobody will ever wake. At the end of a test they are counted; in a program that goes on they are found by the
// garbage collector: who waits for a peer that nobody can reach any more is garbage with it.

import { Member } from "../lifetime/record.js";
import { deadlock } from "../lifetime/report.js";
import { upon } from "../operation/upon.js";
import { native } from "../scheduler/host.js";
import { Layer, type MakeTask, type Parent } from "../scheduler/maker.js";
import { scheduler } from "../scheduler/scheduler.js";
import { shown } from "../structures/errors.js";
import type { Task } from "../task/task.js";
import { isDaemon } from "./program/loop.js";

/** Turns of the host in which what is about to end may do so. */
const PATIENCE = 32;

/** What a check for leaks can be told. */
export interface NoLeaksOptions {
  /** Tasks that may stay, by name or by a test of the task; those marked with `daemon` may anyway. */
  readonly ignore?: string | RegExp | ((task: Task<unknown>) => boolean);
}

/** Records every task that is started, with the line that started it, until it is disposed of. */
class Starts extends Layer implements Disposable {
  private readonly _started: (task: Task<unknown>, site: string | undefined) => void;

  constructor(started: (task: Task<unknown>, site: string | undefined) => void) {
    super();
    this._started = started;
    scheduler.install(this);
  }

  override get tracing(): boolean {
    return true;
  }

  override start(
    body: unknown,
    args: unknown,
    parent: Parent | null,
    site: string | undefined,
    make: MakeTask,
  ): unknown {
    const task = super.start(body, args, parent, site, make) as Task<unknown>;
    task.member ??= new Member(task, null, site);
    this._started(task, site);
    return task;
  }

  [Symbol.dispose](): void {
    scheduler.uninstall(this);
  }
}

class Check implements AsyncDisposable {
  private readonly _tasks: Set<Task<unknown>>;
  private readonly _starts: Starts;
  private readonly _ignores: (task: Task<unknown>) => boolean;

  constructor({ ignore }: NoLeaksOptions) {
    this._tasks = new Set();
    this._starts = new Starts((task) => this._tasks.add(task));
    this._ignores = ignoring(ignore);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (let turns = PATIENCE; turns > 0 && this._left().length > 0; turns--) {
      await new Promise<void>((resolve) => native.turn(resolve));
    }
    this._starts[Symbol.dispose]();
    const left = this._left();
    if (left.length === 0) return;
    const count = left.length === 1 ? "A task is" : `${left.length} tasks are`;
    throw deadlock(`${count} still there at the end`, left);
  }

  private _left(): Task<unknown>[] {
    return [...this._tasks].filter((task) => !task.happened && !isDaemon(task) && !this._ignores(task));
  }
}

function ignoring(ignore: NoLeaksOptions["ignore"]): (task: Task<unknown>) => boolean {
  if (ignore === undefined) return () => false;
  if (typeof ignore === "function") return ignore;
  if (typeof ignore === "string") return ({ name }) => name === ignore;
  if (ignore instanceof RegExp) return ({ name }) => ignore.test(name);
  throw new TypeError(`Cannot check for leaks: ignore must be a name, a RegExp or a test, got ${shown(ignore)}`);
}

/**
 * Asserts that every task that is started from here on has ended: at the end of the block of an `await using`, or of the body
 * that it is given. Tasks that are about to end may do so first.
 *
 * @returns What the body returns; without a body what an `await using` disposes of.
 * @throws DeadlockError with each task that is left, what it waits for and where it was started.
 * @example
 * ```ts
 * import { channel, DeadlockError, go } from "millrace";
 * import { assertNoLeaks } from "millrace/testing";
 *
 * try {
 *   await using _ = assertNoLeaks();
 *   const replies = channel<string>(0, { name: "replies" });
 *   go(function* server() { yield* replies.send("nobody reads this"); });
 * } catch (error) {
 *   console.log(error instanceof DeadlockError && error.tasks[0]?.waitsFor); // send to replies
 * }
 * ```
 */
export function assertNoLeaks(options?: NoLeaksOptions): AsyncDisposable;
export function assertNoLeaks<T>(body: () => T | PromiseLike<T>, options?: NoLeaksOptions): Promise<T>;
export function assertNoLeaks<T>(
  first: NoLeaksOptions | (() => T | PromiseLike<T>) = {},
  options: NoLeaksOptions = {},
): AsyncDisposable | Promise<T> {
  if (typeof first !== "function") return new Check(first);
  return during(first, options);
}

async function during<T>(body: () => T | PromiseLike<T>, options: NoLeaksOptions): Promise<T> {
  await using _ = new Check(options);
  return await body();
}

/** A task that was lost: it was parked, and nobody could reach any more what it waited for. */
export interface Leak {
  readonly task: string;
  /** The line of the stack where it was started; absent where the host does not tell. */
  readonly startedAt?: string;
}

/** What the tracking of leaks can be told. */
export interface TrackLeaksOptions {
  /** Given each task that was lost; by default it is reported to the host as an error. */
  readonly onLeak?: (leak: Leak) => void;
}

/**
 * Reports tasks that are lost, from here on until it is disposed of: parked at what nobody can reach any more, so that only the
 * garbage collector can tell. It costs a stack trace for each task that is started, so it is for finding a leak, not for
 * production.
 *
 * A report comes when the collector has run, which may be long after, or never in a short program.
 */
export function trackLeaks(options: TrackLeaksOptions = {}): Disposable {
  const { onLeak = report } = options;
  const registry = new FinalizationRegistry<{ readonly leak: Leak; over: boolean }>(({ leak, over }) => {
    if (!over) onLeak(leak);
  });
  return new Starts((task, startedAt) => {
    const record = { leak: { task: task.name, ...(startedAt !== undefined && { startedAt }) }, over: false };
    const end = (): void => {
      record.over = true;
    };
    upon(task.whenOver(), end, end);
    registry.register(task, record);
  });
}

function report({ task, startedAt }: Leak): void {
  const where = startedAt === undefined ? "" : `, started ${startedAt}`;
  scheduler.host.report(new Error(`Task ${task} was lost: it is parked where nobody can wake it any more${where}`));
}

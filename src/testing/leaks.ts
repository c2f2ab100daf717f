// Leaks: tasks that can never resume. `assertNoLeaks` counts the tasks that are left at the end of a test. `trackLeaks` finds
// leaks in a running program by garbage collection: a parked task whose peers are unreachable is garbage.

import { Member } from "../lifetime/record.js";
import { deadlock } from "../lifetime/report.js";
import { upon } from "../operation/upon.js";
import { callSite } from "../scheduler/call-site.js";
import { native } from "../scheduler/host.js";
import { Layer, type MakeTask, type Parent } from "../scheduler/maker.js";
import { install, uninstall } from "../scheduler/makers.js";
import { scheduler } from "../scheduler/scheduler.js";
import { shown } from "../structures/errors.js";
import type { Task } from "../task/task.js";
import { isDaemon } from "./program/loop.js";

/** The number of turns of the host in which tasks that are about to end may do so. */
const PATIENCE = 32;

/** Options of {@link assertNoLeaks}. */
export interface NoLeaksOptions {
  /** Tasks that may be left, by name, by a pattern of names, or by a test. Tasks marked with `daemon` may be left, too. */
  readonly ignore?: string | RegExp | ((task: Task<unknown>) => boolean);
}

/** A maker that records every task that is started, with the line that started it, until the maker is disposed of. */
class Starts extends Layer implements Disposable {
  private readonly _started: (task: Task<unknown>, site: string | undefined) => void;

  constructor(started: (task: Task<unknown>, site: string | undefined) => void) {
    super();
    this._started = started;
    install(this);
  }

  override get callSite(): () => string | undefined {
    return callSite;
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
    uninstall(this);
  }
}

class Check implements AsyncDisposable {
  private readonly _tasks: Set<Task<unknown>>;
  private readonly _starts: Starts;
  private readonly _ignores: (task: Task<unknown>) => boolean;

  constructor({ ignore }: NoLeaksOptions) {
    // First, as it throws for what is not allowed: then nothing is installed.
    this._ignores = ignoring(ignore);
    this._tasks = new Set();
    this._starts = new Starts((task) => this._tasks.add(task));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      for (let turns = PATIENCE; turns > 0 && this._left().length > 0; turns--) {
        await new Promise<void>((resolve) => native.turn(resolve));
      }
    } finally {
      this._starts[Symbol.dispose]();
    }
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
  throw new TypeError(`Cannot check for leaks: ignore must be a name, a RegExp or a function, got ${shown(ignore)}`);
}

/**
 * Asserts that every task that is started from here on has ended at the end of a body, or, without a body, at the end
 * of the block of `await using _ = assertNoLeaks()`.
 *
 * Tasks that are about to end get time to do so before the check.
 *
 * @param options - Tasks that may be left.
 * @returns A promise of what the body returns; without a body, a disposable.
 * @throws DeadlockError with each task that is left, what it waits for, and where it was started. TypeError if `ignore` is not
 *   a name, a pattern or a function.
 * @example
 * ```ts
 * import { channel, DeadlockError, go } from "millrace";
 * import { assertNoLeaks } from "millrace/testing";
 *
 * try {
 *   await using _ = assertNoLeaks();
 *   const replies = channel<string>(0, { name: "replies" });
 *   go(function* server() { yield* replies.send("never received"); });
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

/** A task that leaked: it was parked, and no code could reach its peers any more. */
export interface Leak {
  /** The name of the task. */
  readonly task: string;
  /** The line of the stack where the task was started; absent if the host has no stacks. */
  readonly startedAt?: string;
}

/** Options of {@link trackLeaks}. */
export interface TrackLeaksOptions {
  /** Called with each task that leaked. By default the leak is reported to the host as an error. */
  readonly onLeak?: (leak: Leak) => void;
}

/**
 * Reports tasks that leak, from the call on until the result is disposed of. A task has leaked if it is parked and no code can
 * reach its peers any more, so that the garbage collector removes it.
 *
 * A report comes after the garbage collector has run: perhaps late, and perhaps never in a short program. Each task that is
 * started costs a stack trace, so use it to search for a leak and not in production.
 *
 * @param options - A function that gets each leak.
 * @returns A disposable. Disposing of it ends the tracking of tasks that are started later.
 * @example
 * ```ts
 * import { go } from "millrace";
 * import { trackLeaks } from "millrace/testing";
 *
 * const leaks: string[] = [];
 * {
 *   using _ = trackLeaks({ onLeak: ({ task }) => leaks.push(task) });
 *   await go(function* () {});
 * }
 * console.log(leaks.length); // 0
 * ```
 */
export function trackLeaks(options: TrackLeaksOptions = {}): Disposable {
  const { onLeak = report } = options;
  if (typeof FinalizationRegistry !== "function") {
    throw new Error("Cannot track leaks: the host must have FinalizationRegistry, got undefined");
  }
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
  scheduler.host.report(
    new Error(`Task ${task} leaked: it is parked, and no code can reach its peers any more${where}`),
  );
}

// Starting go blocks, and the driver of the async ones. An async body waits by itself (see perform.ts); its driver hears of
// an operation only when it yields out, and from then on parks and cancels as the driver of a sync body does.

import {
  type AsyncPerformance,
  isParkedInside,
  isPerformance,
  type ParkedInside,
} from "../operation/async-performance.js";
import { type AsyncRoutine, Operation, type Routine } from "../operation/operation.js";
import type { Path } from "../scheduler/path.js";
import { callSite, Member } from "../scheduler/report.js";
import type { Doer } from "../scheduler/roles.js";
import { scheduler } from "../scheduler/scheduler.js";
import { shown } from "../structures/errors.js";
import { type Body, badYield, giveBack, type Home, READY, SOUGHT, STOPPING, Task } from "./task.js";

class AsyncTask<T> extends Task<T> {
  override run(): boolean {
    const routine = this.routine as AsyncRoutine<T>;
    const { at } = this;
    scheduler.current = this;
    this.at = null;
    this.flags &= ~READY;
    if (this.flags & STOPPING) {
      this.flags &= ~STOPPING;
      giveBack(at);
      this._follow(routine.return(undefined as T));
    } else {
      this._follow(routine.next());
    }
    return true;
  }

  protected override stop(): void {
    if (this.at !== null || this.flags & READY) {
      super.stop();
      return;
    }
    // It waits somewhere out of sight, or for a promise: it ends where it yields out next, and all are asked to.
    this.flags |= SOUGHT;
    scheduler.ending++;
    scheduler.identifyAll();
  }

  private _follow(step: Promise<IteratorResult<unknown, T>>): void {
    step.then(
      (result) => this._step(result),
      (error) => this.happened || this.end("failed", error),
    );
  }

  private _step(step: IteratorResult<unknown, T>): void {
    if (this.happened) return;
    if (step.done === true) {
      this.finish(step.value);
      return;
    }
    const yielded = step.value;
    if (isPerformance(yielded)) this._own(yielded);
    else if (isParkedInside(yielded)) this._parkInside(yielded);
    else this._follow((this.routine as AsyncRoutine<T>).throw(badYield(this, step)));
  }

  /** A performance has yielded out: now it is known whose it is. */
  private _own(performance: AsyncPerformance<unknown>): void {
    this._found();
    if (performance.own(this)) {
      this.at = performance;
      if (this.flags & STOPPING) this.stop();
    } else {
      this.at = performance.completed ? performance : null;
      this.wake();
    }
  }

  /** A sync routine that this one delegates to has parked. */
  private _parkInside(inside: ParkedInside): void {
    this._found();
    inside.reveal();
    this.at = inside.operation as Operation<unknown>;
    if (inside.completed) {
      this.wake();
      return;
    }
    inside.operation.waiter = this;
    if (this.flags & STOPPING) this.stop();
  }

  private _found(): void {
    if (!(this.flags & SOUGHT)) return;
    this.flags &= ~SOUGHT;
    scheduler.ending--;
  }

  protected override end(ending: "done" | "failed" | "cancelled", value: unknown): void {
    this._found();
    super.end(ending, value);
  }

  override get async(): boolean {
    return true;
  }
}

/**
 * Starts a task. `site` is the function whose caller started it; `home` and `origin` are given where they are known
 * better than from the code that is running.
 */
export function start<A extends unknown[], T>(
  body: Body<A, T>,
  args: A,
  site: Function,
  home: Home | null = null,
  origin: Path | null = null,
): Task<T> {
  if (scheduler.explorer !== null) return scheduler.explorer.start(body, args) as Task<T>;
  const routine = routineOf(body, args);
  const { current } = scheduler;
  const program = home ?? homeOf(current);
  const path = origin ?? current?.path() ?? program?.path ?? scheduler.root;
  const task =
    Symbol.asyncIterator in routine ? new AsyncTask<T>(routine, body, path) : new Task<T>(routine, body, path);
  if (program !== null) task.member = program.started(task, site);
  else if (scheduler.traces > 0) task.member = trace(task, site);
  scheduler.onStart?.(task, site);
  scheduler.schedule(task);
  return task;
}

/** Only so many are traced outside closed programs: a stack costs more than a task. */
function trace(task: Task<unknown>, site: Function): Member {
  scheduler.traces--;
  const member = new Member(task, null, callSite(site));
  scheduler.traced.add(member);
  return member;
}

/** The closed program that a new task belongs to. In an async body nobody knows who starts it: then any may be home. */
function homeOf(current: Doer | null): Home | null {
  if (!scheduler.watching) return null;
  if (current !== null) return ((current as Task<unknown>).member?.program ?? null) as Home | null;
  const programs = [...scheduler.programs].filter((program) => program.async);
  if (programs.length > 1) for (const program of programs) program.unsure = true;
  return (programs[0] as unknown as Home | undefined) ?? null;
}

function routineOf<A extends unknown[], T>(body: Body<A, T>, args: A): Routine<T> | AsyncRoutine<T> {
  if (typeof body !== "function") {
    throw new TypeError(
      `Cannot start go block: its body must be a function* or an async function*, got ${shown(body)}`,
    );
  }
  const routine: unknown = body(...args);
  if (typeof routine === "object" && routine !== null && "next" in routine && "return" in routine) {
    return routine as Routine<T> | AsyncRoutine<T>;
  }
  if (routine instanceof Promise) routine.catch(() => {});
  throw new TypeError(
    `Cannot start go block: ${body.name || "its body"} must be a function* or an async function*; ` +
      `it returned ${shown(routine)} instead of a generator`,
  );
}

/**
 * Starts a go block, and returns its task. The body, a `function*` or an `async function*`, never runs inside the call;
 * tasks start in the order of their creation.
 *
 * @param body - The block; it performs operations with `yield*`, and may delegate with `yield*` to other routines.
 * @param args - Handed to the body.
 * @throws TypeError when the body is no generator function.
 * @example
 * ```ts
 * import { go, sleep } from "millrace";
 *
 * const task = go(function* (ms: number) {
 *   yield* sleep(ms);
 *   return "awake";
 * }, 5);
 * console.log(await task); // awake
 * ```
 */
export function go<A extends unknown[], T>(body: (...args: A) => Routine<T> | AsyncRoutine<T>, ...args: A): Task<T> {
  return start(body, args, go);
}

/** Parks until those that are ready have had a turn. */
export class Pause extends Operation<void> {
  poll(): boolean {
    return false;
  }

  block(): void {
    this.complete(undefined);
  }
}

/** Lets the others have a turn. Parks: always, until every task that is ready now has been resumed. */
export function pause(): Operation<void> {
  return new Pause();
}

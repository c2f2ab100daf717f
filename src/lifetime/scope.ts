// Structured concurrency. No task that was started in a scope outlives the scope. The first failure cancels the other tasks, and
// the scope ends only when all its tasks have ended, with their `finally` blocks. A region is one performance of a scope.

import type { Waiter } from "../operation/async-performance.js";
import { aborted } from "../operation/bridge.js";
import { disposeOfLost } from "../operation/lost.js";
import { type Once, Sharable, Wait } from "../operation/once.js";
import type { AsyncRoutine, Operation, Routine, WaitsFor } from "../operation/operation.js";
import { releaseMadeIn } from "../operation/ownership.js";
import { upon } from "../operation/upon.js";
import { Waiters } from "../operation/waiters.js";
import type { Parent } from "../scheduler/maker.js";
import type { Holder, Home, Kept, Seeker } from "../scheduler/roles.js";
import { scheduler } from "../scheduler/scheduler.js";
import { assertOptions, assertSignal, milliseconds } from "../structures/arguments.js";
import { CancelledError, TimeoutError, textOf } from "../structures/errors.js";
import { named, nameOf } from "../structures/named.js";
import { Child } from "../task/child.js";
import { type go, start } from "../task/go.js";
import { launch } from "../task/start.js";
import type { CancelOptions, Task } from "../task/task.js";
import { type AnyWork, assertWork, bodyOf, type Work } from "../task/work.js";
import { sleep } from "../time/sleep.js";

/** The scope, as its body sees it. See {@link scope}. */
export interface Scope {
  /** Starts a task that the scope waits for, and that is cancelled when another task of the scope fails. */
  go: typeof go;
  /**
   * Cancels all tasks of the scope. The scope then throws a {@link CancelledError}, unless its body returns: a body that cancels
   * the other tasks and returns a value completes the scope with that value.
   *
   * @param options - `force`: whether `finally` blocks end at their next `yield*`, too, also in a scope that was cancelled before.
   */
  cancel(reason?: unknown, options?: CancelOptions): void;
  /** A signal that is aborted when the scope is cancelled, fails, or is over. Pass it to `fetch`, for example. */
  readonly signal: AbortSignal;
}

/** Options of {@link scope}. */
export interface ScopeOptions {
  /**
   * Milliseconds, from when the scope is performed, after which the scope is cancelled and throws a {@link TimeoutError}. If the
   * scope is ending by then, its `finally` blocks end at their next `yield*`.
   */
  readonly deadline?: number;
  /** A signal that cancels the scope when it is aborted. Its reason is the `cause` of the {@link CancelledError}. */
  readonly signal?: AbortSignal;
  /** The name in reports and errors. */
  readonly name?: string;
}

class Region<T> implements Scope, Once<T>, Waiter, Home {
  readonly waiting: Waiters;
  readonly performer: Holder | null;
  /** What was made in the scope and ends with it at the latest; null for nothing. */
  keeps: Set<Kept> | null;
  private readonly _parent: Parent;
  private readonly _tasks: Set<Task<unknown>>;
  private readonly _failures: unknown[];
  /** Made when `signal` is first read, as most scopes need none. */
  private _controller: AbortController | null;
  /** The reason with which the signal is aborted, once it is. */
  private _abortReason: { readonly reason: unknown } | null;
  private _body: Task<T> | null;
  private _cancelled: { readonly reason: unknown } | null;
  private _aborted: boolean;

  constructor(performer: Holder | null) {
    this.waiting = new Waiters();
    this.performer = performer;
    this.keeps = null;
    this._parent = { path: scheduler.creator(), program: scheduler.current?.member?.program ?? null };
    this._parent.path.home = this;
    this._tasks = new Set();
    this._failures = [];
    this._controller = this._abortReason = null;
    this._body = null;
    this._cancelled = null;
    this._aborted = false;
    // Bound, so that `const { go, cancel } = scope` works.
    this.go = this.go.bind(this);
    this.cancel = this.cancel.bind(this);
  }

  begin(body: (scope: Scope) => Routine<T> | AsyncRoutine<T>): void {
    // Without a line, as the scope's own task is recorded with it.
    this._body = this._start<[scope: Scope], T>(body, [this], undefined);
  }

  go<A extends unknown[], U>(body: AnyWork<U, A>, ...args: A): Task<U> {
    if (this.happened) throw new Error("Cannot start go block in scope: the scope is over");
    const site = scheduler.maker?.callSite?.();
    const task = this._start(body, args, site);
    if (this._ending) task.cancel(this._cancelled?.reason);
    return task;
  }

  get signal(): AbortSignal {
    if (this._controller === null) {
      this._controller = new AbortController();
      if (this.happened) this._abort(new CancelledError("The scope is over"));
      else if (this._abortReason !== null) this._controller.abort(this._abortReason.reason);
    }
    return this._controller.signal;
  }

  cancel(reason?: unknown, options?: CancelOptions): void {
    if (this.happened) return;
    if (!this._ending) this._cancelled = { reason };
    else if (options?.force !== true) return;
    this._stop(reason, options);
  }

  /** Cancels the scope from outside: the result of a body that has returned is discarded. */
  abort(reason: unknown): void {
    this._aborted = true;
    this.cancel(reason);
  }

  fail(error: unknown, options?: CancelOptions): void {
    const first = !this._ending;
    this._failures.push(error);
    if (first) this._stop(error);
    else if (options?.force === true) this._stop(error, options);
  }

  get happened(): boolean {
    return this._body !== null && this._tasks.size === 0;
  }

  get failed(): boolean {
    return this._failures.length > 0;
  }

  outcome(): T {
    if (this.failed) throw failure(this._failures);
    // A body that cancelled the other tasks and returned completes the scope with its value.
    if (this._cancelled === null || (!this._aborted && this._body!.status === "done")) return this._body!.outcome();
    throw cancelled(this._cancelled.reason);
  }

  /** Called when no code gets the value of the body. */
  abandon(): void {
    if (!this.failed && this._body!.status === "done") disposeOfLost(this._body!.value);
  }

  waitsFor(): WaitsFor {
    const tasks = [...this._tasks];
    return { what: `the end of a scope (${tasks.map(({ name }) => name).join(", ")})`, external: false };
  }

  /** Called when a task of the scope is over. */
  wake(wait: Operation<unknown>): void {
    const task = (wait as Wait<unknown>).once as Task<unknown>;
    wait.waiter = null;
    this._tasks.delete(task);
    if (task.status === "failed") this.fail(errorOf(task));
    else if (task === this._body && task.status === "cancelled" && !this._ending) this.cancel();
    if (!this.happened) return;
    releaseMadeIn(this);
    if (this._controller !== null) this._abort(new CancelledError("The scope is over"));
    this.waiting.completeAll(undefined);
  }

  private get _ending(): boolean {
    return this.failed || this._cancelled !== null;
  }

  private _abort(reason: unknown): void {
    this._abortReason ??= { reason };
    this._controller?.abort(this._abortReason.reason);
  }

  private _start<A extends unknown[], U>(body: AnyWork<U, A>, args: A, site: string | undefined): Task<U> {
    const task = start(body, args, this._parent, site);
    this._tasks.add(task);
    const wait = task.fresh();
    wait.waiter = this as Waiter;
    wait.block();
    return task;
  }

  private _stop(reason: unknown, options?: CancelOptions): void {
    this._abort(reason);
    for (const task of this._tasks) task.cancel(reason, options);
  }
}

/** @internal The error of a scope that has not completed by its deadline. */
export function late(deadline: number, name: string): TimeoutError {
  return new TimeoutError(`Timed out: ${scopeOf(name)} took longer than ${deadline} ms`);
}

/** Names a scope after its option `name`, or after its body; empty if neither has a name. */
function scopeOf(name: string): string {
  return name === "" ? "the scope" : `the scope ${name}`;
}

/** @internal The error of a scope that was cancelled. */
export function cancelled(reason: unknown): CancelledError {
  return new CancelledError("The scope was cancelled", { cause: reason });
}

/** @internal The error of a scope in which tasks failed, the first failure first. */
export function failure(failures: readonly unknown[]): unknown {
  const [first] = failures;
  if (failures.length === 1) return first;
  return new AggregateError(failures, `${failures.length} tasks of a scope failed: ${textOf(first)}`, { cause: first });
}

function errorOf(task: Task<unknown>): unknown {
  try {
    return task.outcome();
  } catch (error) {
    return error;
  }
}

/** A scope that is ending when its deadline passes does not wait for `finally` blocks any longer. */
const FORCE: CancelOptions = { force: true };

/** The body of the task that supervises a scope, and ends when all tasks of the scope have ended. Reports show its name. */
const supervisor = {
  *scope<T>(
    body: (scope: Scope) => Routine<T> | AsyncRoutine<T>,
    options: ScopeOptions,
    performer: Holder | null,
  ): Routine<T> {
    const region = new Region<T>(performer);
    region.begin(body);
    const { deadline, signal, name = nameOf(body, "") } = options;
    // Not written with `using`, whose helpers would have to be loaded.
    const limit = deadline === undefined ? null : upon(sleep(deadline), () => region.fail(late(deadline, name), FORCE));
    const abortion = signal === undefined ? null : upon(aborted(signal), (reason) => region.abort(reason));
    let ended = false;
    try {
      const value = yield* new Wait(region);
      ended = true;
      return value;
    } catch (error) {
      ended = true;
      throw error;
    } finally {
      try {
        if (!ended) yield* leave(region);
      } finally {
        abortion?.[Symbol.dispose]();
        limit?.[Symbol.dispose]();
      }
    }
  },
};

/**
 * Called when the scope's own task is cancelled: cancels the tasks of the scope and waits until all are over. A value that the
 * body has returned by then reaches no code.
 */
function* leave(region: Region<unknown>): Routine<void> {
  region.abort(undefined);
  try {
    yield* new Wait(region);
  } catch (error) {
    if (region.failed) throw error;
  } finally {
    region.abandon();
  }
}

/** One performance of a scope. The scope is part of the task that performs it, which is sought if it is unknown. */
class Performed<T> extends Child<T> implements Seeker {
  private _performer: Holder | null;

  constructor(begin: (performer: Holder | null) => Task<T>) {
    super(() => begin(this._performer ?? scheduler.current?.holder ?? null), "the end of a scope");
    this._performer = null;
  }

  foundIn(task: Holder | null): void {
    this._performer = task;
  }
}

class ScopeOperation<T> extends Sharable<T> {
  private readonly _body: (scope: Scope) => Routine<T> | AsyncRoutine<T>;
  private readonly _options: ScopeOptions;
  private readonly _site: string | undefined;

  constructor(body: (scope: Scope) => Routine<T> | AsyncRoutine<T>, options: ScopeOptions, site: string | undefined) {
    super();
    this._body = body;
    this._options = options;
    this._site = site;
  }

  override waitsFor(): WaitsFor {
    return { what: scopeOf(this._options.name ?? nameOf(this._body, "")), external: true };
  }

  override fresh(): Operation<T> {
    const { maker } = scheduler;
    if (maker === null) return this._perform();
    return maker.scope(this._body, this._options, () => this._perform()) as Operation<T>;
  }

  private _perform(): Operation<T> {
    const { name } = this._options;
    const body = name === undefined ? supervisor.scope<T> : named(name, supervisor.scope<T>);
    const performed = new Performed<T>((performer) =>
      launch(body, [this._body, this._options, performer], null, this._site),
    );
    if (scheduler.current === null) scheduler.seek(performed);
    return performed;
  }
}

/**
 * Runs a body that may start tasks with `scope.go`, and completes when the body and all these tasks are over.
 *
 * Parks when: the body or a task of the scope is not over. Yields: what the body returned. If cancelled: its tasks are cancelled,
 * and the task that performs the scope continues only when all are over. If another case of a select wins: its tasks are
 * cancelled, and the select does not wait for them.
 *
 * The first failure cancels the other tasks, waits for their `finally` blocks and is thrown. If several tasks fail, an
 * `AggregateError` with all failures is thrown. A plain `go` in the body starts a task that does not belong to the scope.
 *
 * @param body - A `function*` or an `async function*`, which gets the scope; or any other {@link Work}.
 * @param options - A deadline, and a signal that cancels the scope.
 * @throws TimeoutError if the deadline passed. CancelledError if the scope was cancelled, or its signal aborted. TypeError if
 *   the body is neither a function nor an operation. RangeError if the deadline is not a number, or is NaN.
 * @example
 * ```ts
 * import { go, scope, sleep } from "millrace";
 *
 * const sum = go(function* () {
 *   return yield* scope(function* (s) {
 *     const a = s.go(function* () { yield* sleep(1); return 1; });
 *     const b = s.go(function* () { yield* sleep(2); return 2; });
 *     return (yield* a) + (yield* b);
 *   });
 * });
 * console.log(await sum); // 3
 * ```
 */
export function scope<T>(body: Work<T, [scope: Scope]>, options: ScopeOptions = {}): Operation<T> {
  if (typeof body !== "function") assertWork("open scope", "its body", body);
  assertOptions("open scope", options);
  const { deadline, signal } = options;
  if (deadline !== undefined) milliseconds("open scope", deadline, "deadline");
  assertSignal("open scope", signal);
  const site = scheduler.maker?.callSite?.();
  return new ScopeOperation(bodyOf<[scope: Scope], T>(body), options, site);
}

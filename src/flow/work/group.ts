// Tasks that belong together and are started one at a time, at most `limit` of them running: Go's errgroup.
//
// Invariants. A place is taken before a task starts, and given back in the step in which the task ends. While an operation
// waits for a place, no place is free. While tasks of the group run, there is one more task, the round, which ends when all of
// them have ended.
//
// A failure belongs to the code that uses the group: it is thrown by the next `go`, `tryGo` or `wait`, and at the end of an
// `await using` block. That may be later than the end of the last task, so a failure that would be reported to the host is held
// for that code. It is reported only if the task that made the group, or started a task of it, ends without asking. Where that
// task is unknown, in plain code and in async blocks, it is reported after a second.

import { channel } from "../../channel/channel.js";
import type { Channel } from "../../channel/ends.js";
import { always, withNack } from "../../operation/basic.js";
import { aborted } from "../../operation/bridge.js";
import { Operation, type Routine, type WaitsFor } from "../../operation/operation.js";
import { upon } from "../../operation/upon.js";
import { Waiters } from "../../operation/waiters.js";
import { sharesVariables, standIn } from "../../scheduler/stand-ins.js";
import { assertOptions, assertSignal, countOrInfinity } from "../../structures/arguments.js";
import { CancelledError, shown } from "../../structures/errors.js";
import { named } from "../../structures/named.js";
import { currentTask } from "../../task/current.js";
import { go } from "../../task/go.js";
import type { Task } from "../../task/task.js";
import { type AnyWork, assertWork, bodyOf, type Returned, type Work } from "../../task/work.js";
import { sleep } from "../../time/sleep.js";

/** Milliseconds for which a failure is kept where it is not known which code uses the group. */
const KEPT = 1000;

/** Milliseconds after which async tasks show what they wait for. */
const LOOK = 10;

/** The options of {@link group}. */
export interface GroupOptions {
  /** How many tasks may run at a time; no limit by default. */
  readonly limit?: number;
  /** Cancels the group when the signal is aborted. */
  readonly signal?: AbortSignal;
  /**
   * What the failure of a task does. `"group"` (default): it fails the group. `"joiner"`: it goes to the code that joins the task,
   * the other tasks continue, and `go` and `wait` do not throw it; if the task is not joined, it is reported. Use this for a server
   * or a pool, in which each task stands for itself.
   */
  readonly failures?: "group" | "joiner";
}

/** A task that a group has started. It is no promise, so that plain code can `await` the start without joining the task. */
export interface Started<out T> {
  readonly task: Task<T>;
}

/** Tasks that belong together, made by {@link group}. */
export interface Group extends AsyncDisposable {
  /**
   * Starts a task of the group.
   *
   * Parks when: `limit` tasks of the group are running. The end of one of them resumes the caller. Yields: `{ task }`, the new
   * task in an object that is no promise, so that `await` in plain code waits for the start only. If the group has failed: throws
   * the error of the first task that failed, which ends a loop that starts tasks. If the group was cancelled: throws a
   * {@link CancelledError}. If cancelled: no task is started.
   *
   * If all tasks of a full group wait for a place in it, no place will ever be free: the last of them gets an error.
   *
   * @throws TypeError when the body is neither a function nor an operation.
   */
  go<T>(body: Work<T>): Operation<Started<T>>;
  go<A extends unknown[], T>(body: (...args: A) => Returned<T>, ...args: A): Operation<Started<T>>;
  go<A extends unknown[], T>(
    body: (...args: [...A, signal: AbortSignal]) => Returned<T>,
    ...args: A
  ): Operation<Started<T>>;
  /** Starts a task without parking. Returns the task, or undefined if there is no free place. Throws as `go`. */
  tryGo<T>(body: Work<T>): Task<T> | undefined;
  tryGo<A extends unknown[], T>(body: (...args: A) => Returned<T>, ...args: A): Task<T> | undefined;
  tryGo<A extends unknown[], T>(
    body: (...args: [...A, signal: AbortSignal]) => Returned<T>,
    ...args: A
  ): Task<T> | undefined;
  /**
   * Waits until all tasks of the group have ended.
   *
   * Parks when: a task of the group is running. The end of the last one resumes the caller. Yields: nothing. If tasks have
   * failed: throws the error of the task that failed, or an `AggregateError` if several have failed. If the group was
   * cancelled: throws a {@link CancelledError}. If cancelled: the tasks of the group continue.
   */
  wait(): Operation<void>;
  /** Cancels all tasks of the group. No more tasks can be started. */
  cancel(reason?: unknown): void;
  /** Aborted when the group fails or is cancelled: for `fetch` and other functions that accept a signal. */
  readonly signal: AbortSignal;
}

/** Starts a task when there is a free place. It completes with true if it has taken a place. */
class StartTask<A extends unknown[], T> extends Operation<Started<T>> {
  private readonly _group: TaskGroup;
  private readonly _body: AnyWork<T, A>;
  private readonly _args: A;
  /** Whether it has completed with the failure of the group, which is kept for its performer. */
  private _refused: boolean;
  private _error: Error | null;

  constructor(group: TaskGroup, body: AnyWork<T, A>, args: A) {
    super();
    this._group = group;
    this._body = body;
    this._args = args;
    this._refused = false;
    this._error = null;
  }

  poll(): boolean {
    this._error = null;
    this.value = this._group.takePlace();
    return this.value === true || this._group.ended;
  }

  block(): void {
    const group = this._group;
    group.waiting.join(this);
    this._error = group.stuck(this.waiter);
    if (this._error === null) return;
    this.unblock();
    throw this._error;
  }

  /** Completes the waiting operation: it gets the failure of the group, or an error of its own. */
  refuse(error: Error | null): void {
    this._error = error;
    this._refused = error === null;
    if (this._refused) this._group.asked++;
    this.complete(false);
  }

  /** Whether it waits for a place in a group. */
  waitsIn(group: TaskGroup): boolean {
    return this._group === group && this.waiter !== null;
  }

  override discard(): void {
    if (this.value === true) this._group.freePlace();
    else this._endRefusal();
  }

  private _endRefusal(): void {
    if (this._refused) this._group.notAsked();
    this._refused = false;
  }

  /** Starts the task here, so that the task that performs this operation is its parent. */
  override result(): Started<T> {
    return { task: this.start() };
  }

  start(): Task<T> {
    if (this.value === true) return this._group.start(this._body, this._args);
    if (this._error !== null) throw this._error;
    const failure = this._group.failure();
    this._endRefusal();
    throw failure;
  }

  override waitsFor(): WaitsFor {
    return { what: "a free place in a group", external: false };
  }
}

function nothing(): void {}

function noPlace(limit: number): Error {
  return new Error(
    `Cannot start go block in group: all ${limit} places are taken by tasks that wait for a place in the same group`,
  );
}

/** Ends when all tasks of a group have ended. */
function* round(tasks: TaskGroup, signal: AbortSignal | undefined): Routine<void> {
  const abortion = signal === undefined ? null : upon(aborted(signal), (reason) => tasks.cancel(reason));
  try {
    yield* tasks.allOver();
  } finally {
    abortion?.[Symbol.dispose]();
  }
  tasks.endRound();
}

class TaskGroup implements Group {
  readonly waiting: Waiters;
  /** How many callers wait for the end of the group, or are about to get its failure. */
  asked: number;
  private readonly _limit: number;
  private readonly _outside: AbortSignal | undefined;
  private readonly _supervises: boolean;
  private readonly _controller: AbortController;
  private readonly _running: Set<Task<unknown>>;
  private readonly _failures: unknown[];
  /** The tasks that have failed, until a caller gets the failure; and of these, the ones that would have been reported. */
  private readonly _failed: Task<unknown>[];
  private readonly _held: Task<unknown>[];
  private readonly _allEnded: Channel<void>;
  private _places: number;
  private _cancelled: CancelledError | null;
  private _round: Task<void> | null;
  /** Whether a caller got the failure of the group. */
  private _told: boolean;
  /** Waits for the time at which a failure is reported that no caller got. */
  private _kept: Disposable | null;
  /** The task that made the group or started its last task; null if it is unknown. */
  private _user: Task<unknown> | null;
  private _look: Disposable | null;

  constructor({ limit, signal, failures }: GroupOptions) {
    sharesVariables("a group");
    this.waiting = new Waiters();
    this.asked = 0;
    this._limit = limit ?? Number.POSITIVE_INFINITY;
    this._outside = signal;
    this._supervises = failures === "joiner";
    this._controller = new AbortController();
    this._running = new Set();
    this._failures = [];
    this._failed = [];
    this._held = [];
    this._allEnded = channel();
    this._places = 0;
    this._cancelled = null;
    this._round = null;
    this._told = false;
    this._kept = null;
    this._user = currentTask();
    this._look = null;
  }

  get signal(): AbortSignal {
    return this._controller.signal;
  }

  get ended(): boolean {
    if (this._outside?.aborted) this.cancel(this._outside.reason);
    return this.signal.aborted;
  }

  go<A extends unknown[], T>(body: AnyWork<T, A>, ...args: A): Operation<Started<T>> {
    assertWork("start go block in group", "body", body);
    return new StartTask(this, body, args);
  }

  tryGo<A extends unknown[], T>(body: AnyWork<T, A>, ...args: A): Task<T> | undefined {
    assertWork("start go block in group", "body", body);
    const start = new StartTask(this, body, args);
    return start.poll() ? start.start() : undefined;
  }

  wait(): Operation<void> {
    return withNack(
      named("the tasks of a group", (lost) => {
        this.asked++;
        upon(lost, () => this.notAsked());
        return (this._round ?? always(undefined)).map(() => this._throwFailure());
      }),
    );
  }

  cancel(reason?: unknown): void {
    if (this.signal.aborted) return;
    this._cancelled = new CancelledError("The group was cancelled", { cause: reason });
    this._stop(reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cancel();
    const told = this._told || this.asked > 0;
    try {
      await this.wait();
    } catch (error) {
      if (!told && error !== this._cancelled) throw error;
    }
  }

  takePlace(): boolean {
    if (this.ended || this._places === this._limit) return false;
    this._places++;
    return true;
  }

  /** Gives a place back, or passes it to the operation that has waited longest. */
  freePlace(): void {
    const next = this.waiting.next();
    if (next === null) this._places--;
    else (next as StartTask<[], unknown>).complete(true);
  }

  /**
   * Called when an operation begins to wait for a place. Returns an error if its performer, and all other tasks of the group, wait
   * for a place. Async tasks can be looked at only later.
   */
  stuck(waiter: unknown): Error | null {
    const isTask = this._running.has(waiter as Task<unknown>);
    if (isTask && this._allWait(waiter)) return noPlace(this._limit);
    if (this._look === null && [...this._running].some((task) => task.async)) {
      this._look = upon(sleep(LOOK), () => {
        this._look = null;
        if (this._places === this._limit && this._allWait(null)) this._refuseLast();
      });
    }
    return null;
  }

  start<A extends unknown[], T>(body: AnyWork<T, A>, args: A): Task<T> {
    try {
      if (this.ended) throw this.failure();
      const task = go(bodyOf(body), ...args);
      this._running.add(task);
      this._user = currentTask() ?? this._user;
      this._round ??= go(round, this, this._outside);
      if (!this._supervises) task.failureTo = (failed) => this._hold(failed);
      // Not a join: the failure is told to the code that uses the group, or to the joiner of the task.
      upon(task.whenOver(), () => this._ended(task));
      return task;
    } catch (error) {
      this.freePlace();
      throw error;
    }
  }

  /** The error that `go` throws instead of starting a task. */
  failure(): unknown {
    if (this._failures.length === 0) return this._cancelled;
    this._tell();
    return this._failures[0];
  }

  *allOver(): Routine<void> {
    while (this._running.size > 0) yield* this._allEnded.receive();
  }

  endRound(): void {
    if (this._failures.length === 0) this._round = null;
    this._look?.[Symbol.dispose]();
    this._look = null;
  }

  /** Called when a caller will not get the failure after all. */
  notAsked(): void {
    this.asked--;
    this._keep();
  }

  private _throwFailure(): void {
    this.asked--;
    if (this._failures.length > 0) {
      this._tell();
      throw this._error();
    }
    if (this._cancelled !== null) throw this._cancelled;
  }

  private _error(): unknown {
    const [first] = this._failures;
    const { length } = this._failures;
    if (length === 1) return first;
    return new AggregateError(this._failures, `${length} tasks of a group failed: ${first}`, { cause: first });
  }

  /** Called when a caller gets the failure: the tasks that failed are joined, so that they are not reported. */
  private _tell(): void {
    this._told = true;
    this._kept?.[Symbol.dispose]();
    this._kept = null;
    for (const task of this._failed.splice(0)) upon(task, nothing, nothing);
  }

  /** Called when the failure of a task would be reported, because no joiner has got it. */
  private _hold(task: Task<unknown>): void {
    if (this._told) upon(task, nothing, nothing);
    else {
      this._held.push(task);
      this._keep();
    }
  }

  /** Keeps the failures for the code that uses the group, and reports them if that code does not ask for them. */
  private _keep(): void {
    if (this._held.length === 0 || this._told || this.asked > 0 || this._kept !== null) return;
    const user = this._user;
    this._kept = upon<unknown>(user === null ? sleep(KEPT) : user.whenOver(), () => {
      this._kept = null;
      if (this._told || this.asked > 0) return;
      for (const task of this._held.splice(0)) task.report();
    });
  }

  private _ended(task: Task<unknown>): void {
    this._running.delete(task);
    if (task.status === "failed" && !this._supervises) {
      const error = task.value;
      this._failures.push(error);
      this._failed.push(task);
      if (!this.signal.aborted) this._stop(error);
    }
    this.freePlace();
    if (this._running.size === 0) this._allEnded.trySend();
  }

  private _allWait(waiter: unknown): boolean {
    for (const task of this._running) {
      const at = task.parkedAt;
      if (task !== waiter && !(at instanceof StartTask && at.waitsIn(this))) return false;
    }
    return true;
  }

  private _refuseLast(): void {
    const all = [...this.waiting] as StartTask<[], unknown>[];
    const last = all.at(-1)!;
    this.waiting.leave(last);
    last.refuse(noPlace(this._limit));
  }

  private _stop(reason: unknown): void {
    this._controller.abort(reason);
    for (const task of this._running) task.cancel(reason);
    for (let waiting = this.waiting.next(); waiting !== null; waiting = this.waiting.next()) {
      (waiting as StartTask<[], unknown>).refuse(null);
    }
  }
}

/**
 * Makes a group of tasks that are started one at a time, at most `limit` of them running. The first task that fails cancels
 * the others. From Go's errgroup. If all tasks are started in one place, use `scope`; a group is for loops, and for
 * starting tasks from outside. Once all tasks have ended without a failure, the group can be used again. `await using`
 * cancels the tasks that are running, and waits for their end.
 *
 * A failure is thrown by the next `go`, `tryGo` or `wait`, and at the end of an `await using` block. If the code that uses the
 * group ends without one of them, the failure is reported to the host, as that of a task that is not joined.
 *
 * @param options - `limit`, `signal`, `failures`.
 * @throws RangeError when `limit` is not a whole number, 1 or more, or `Infinity`.
 * @example
 * ```ts
 * import { go, group, sleep } from "millrace";
 *
 * const order: number[] = [];
 * await go(function* () {
 *   const tasks = group({ limit: 2 });
 *   for (const ms of [300, 10, 10]) {
 *     yield* tasks.go(function* () {
 *       yield* sleep(ms);
 *       order.push(ms);
 *     });
 *   }
 *   yield* tasks.wait();
 * });
 * console.log(order); // [ 10, 10, 300 ]
 * ```
 */
export function group(options: GroupOptions = {}): Group {
  assertOptions("create group", options);
  assertSignal("create group", options.signal);
  const { limit, failures = "group" } = options;
  if (limit !== undefined) countOrInfinity("create group", "limit", limit, 1);
  if (failures !== "group" && failures !== "joiner") {
    throw new TypeError(`Cannot create group: failures must be "group" or "joiner", got ${shown(failures)}`);
  }
  return (standIn("group", options) as Group | undefined) ?? new TaskGroup(options);
}

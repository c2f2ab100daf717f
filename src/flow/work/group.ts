// Tasks that belong together and are started one at a time, at most `limit` of them running: Go's errgroup.
//
// Invariants. A place is taken before a task starts, and given back in the step in which the task ends. While an operation
// waits for a place, no place is free. While tasks of the group run, there is one more task, the round. It ends when all of
// them have ended, and fails if one of them failed. `wait` joins the round, so a failure that no task waits for is reported
// like that of any other task.

import { channel } from "../../channel/channel.js";
import type { Channel } from "../../channel/ends.js";
import { always, withNack } from "../../operation/basic.js";
import { aborted } from "../../operation/bridge.js";
import { type AsyncRoutine, Operation, type Routine, type WaitsFor } from "../../operation/operation.js";
import { upon } from "../../operation/upon.js";
import { Waiters } from "../../operation/waiters.js";
import { wholeNumber } from "../../structures/arguments.js";
import { CancelledError } from "../../structures/errors.js";
import { go } from "../../task/go.js";
import type { Task } from "../../task/task.js";
import { assertFunction } from "../ends/release.js";

type Body<A extends unknown[], T> = (...args: A) => Routine<T> | AsyncRoutine<T>;

/** The options of {@link group}. */
export interface GroupOptions {
  /** How many tasks may run at a time; no limit by default. */
  readonly limit?: number;
  /** Cancels the group when the signal is aborted. */
  readonly signal?: AbortSignal;
}

/** Tasks that belong together, made by {@link group}. */
export interface Group extends AsyncDisposable {
  /**
   * Starts a task of the group.
   *
   * Parks when: `limit` tasks of the group are running. The end of one of them resumes the caller. Yields: the new task. If
   * the group has failed: throws the error of the first task that failed, which ends a loop that starts tasks. If the group
   * was cancelled: throws a {@link CancelledError}. If cancelled: no task is started.
   *
   * @throws TypeError when the body is not a function.
   */
  go<A extends unknown[], T>(body: (...args: A) => Routine<T> | AsyncRoutine<T>, ...args: A): Operation<Task<T>>;
  /** Starts a task without parking. Returns the task, or undefined if there is no free place. Throws as `go`. */
  tryGo<A extends unknown[], T>(body: (...args: A) => Routine<T> | AsyncRoutine<T>, ...args: A): Task<T> | undefined;
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
class StartTask<A extends unknown[], T> extends Operation<Task<T>> {
  private readonly _group: TaskGroup;
  private readonly _body: Body<A, T>;
  private readonly _args: A;

  constructor(group: TaskGroup, body: Body<A, T>, args: A) {
    super();
    this._group = group;
    this._body = body;
    this._args = args;
  }

  poll(): boolean {
    this.value = this._group.takePlace();
    return this.value === true || this._group.ended;
  }

  block(): void {
    this._group.waiting.join(this);
  }

  override discard(): void {
    if (this.value === true) this._group.freePlace();
  }

  /** Starts the task here, so that the task that performs this operation is its parent. */
  override result(): Task<T> {
    if (this.value === true) return this._group.start(this._body, this._args);
    throw this._group.failure();
  }

  override waitsFor(): WaitsFor {
    return { what: "a free place in a group", external: false };
  }
}

/** Ends when all tasks of a group have ended. */
function* round(tasks: TaskGroup, signal: AbortSignal | undefined): Routine<void> {
  if (signal === undefined) yield* tasks.allOver();
  else {
    using _ = upon(aborted(signal), (reason) => tasks.cancel(reason));
    yield* tasks.allOver();
  }
  tasks.endRound();
}

class TaskGroup implements Group {
  readonly waiting: Waiters;
  private readonly _limit: number;
  private readonly _outside: AbortSignal | undefined;
  private readonly _controller: AbortController;
  private readonly _running: Set<Task<unknown>>;
  private readonly _failures: unknown[];
  private readonly _allEnded: Channel<void>;
  private _places: number;
  private _cancelled: CancelledError | null;
  private _round: Task<void> | null;
  /** How many callers got the failure of the group, or will get it. */
  private _informed: number;
  /** Whether a caller of `go` or `tryGo` got the failure. */
  private _startFailed: boolean;

  constructor({ limit, signal }: GroupOptions) {
    this.waiting = new Waiters();
    this._limit = limit ?? Number.POSITIVE_INFINITY;
    this._outside = signal;
    this._controller = new AbortController();
    this._running = new Set();
    this._failures = [];
    this._allEnded = channel();
    this._places = 0;
    this._cancelled = null;
    this._round = null;
    this._informed = 0;
    this._startFailed = false;
  }

  get signal(): AbortSignal {
    return this._controller.signal;
  }

  get ended(): boolean {
    if (this._outside?.aborted) this.cancel(this._outside.reason);
    return this.signal.aborted;
  }

  go<A extends unknown[], T>(body: Body<A, T>, ...args: A): Operation<Task<T>> {
    assertFunction("start go block in group", "body", body);
    return new StartTask(this, body, args);
  }

  tryGo<A extends unknown[], T>(body: Body<A, T>, ...args: A): Task<T> | undefined {
    const start = new StartTask(this, body, args);
    return start.poll() ? start.result() : undefined;
  }

  wait(): Operation<void> {
    return withNack((lost) => {
      this._informed++;
      upon(lost, () => {
        this._informed--;
      });
      return (this._round ?? always(undefined)).map(() => this._throwFailure());
    });
  }

  cancel(reason?: unknown): void {
    if (this.signal.aborted) return;
    this._cancelled = new CancelledError("The group was cancelled", { cause: reason });
    this._stop(reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cancel();
    const informed = this._informed > 0;
    try {
      await this.wait();
    } catch (error) {
      if (!informed && error !== this._cancelled) throw error;
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

  start<A extends unknown[], T>(body: Body<A, T>, args: A): Task<T> {
    try {
      if (this.ended) throw this.failure();
      const task = go(body, ...args);
      this._running.add(task);
      this._round ??= go(round, this, this._outside);
      upon(
        task,
        () => this._taskEnded(task),
        (error) => this._taskEnded(task, error),
      );
      return task;
    } catch (error) {
      this.freePlace();
      throw error;
    }
  }

  /** The error that `go` throws instead of starting a task. */
  failure(): unknown {
    this._informed++;
    if (this._failures.length === 0) return this._cancelled;
    this._startFailed = true;
    return this._failures[0];
  }

  *allOver(): Routine<void> {
    while (this._running.size > 0) yield* this._allEnded.receive();
  }

  endRound(): void {
    const [first] = this._failures;
    if (this._failures.length > 1) {
      throw new AggregateError(this._failures, `${this._failures.length} tasks of a group failed: ${first}`, {
        cause: first,
      });
    }
    // A caller that got the failure when it tried to start a task is responsible for it.
    if (this._failures.length > 0 && !this._startFailed) throw first;
    if (this._failures.length === 0) this._round = null;
  }

  private _throwFailure(): void {
    this._informed--;
    if (this._failures.length > 0) throw this._failures[0];
    if (this._cancelled !== null) throw this._cancelled;
  }

  private _taskEnded(task: Task<unknown>, error?: unknown): void {
    this._running.delete(task);
    if (task.status === "failed") {
      this._failures.push(error);
      if (!this.signal.aborted) this._stop(error);
    }
    this.freePlace();
    if (this._running.size === 0) this._allEnded.trySend();
  }

  private _stop(reason: unknown): void {
    this._controller.abort(reason);
    for (const task of this._running) task.cancel(reason);
    for (let waiting = this.waiting.next(); waiting !== null; waiting = this.waiting.next()) {
      (waiting as StartTask<[], unknown>).complete(false);
    }
  }
}

/**
 * Makes a group of tasks that are started one at a time, at most `limit` of them running. The first task that fails cancels
 * the others. From Go's errgroup. If all tasks are started in one place, use `scope`; a group is for loops, and for
 * starting tasks from outside. Once all tasks have ended without a failure, the group can be used again. `await using`
 * cancels the tasks that are running, and waits for their end.
 *
 * @param options - `limit`, `signal`.
 * @throws RangeError when `limit` is not a whole number, 1 or more.
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
  if (options.limit !== undefined && options.limit !== Number.POSITIVE_INFINITY) {
    wholeNumber("create group", "limit", options.limit, 1);
  }
  return new TaskGroup(options);
}

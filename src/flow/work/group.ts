// Tasks that belong together, started one by one by whoever likes, at most so many at a time: Go's errgroup.
//
// Invariants. A place is taken before a task starts and given back in the step in which it is over; while somebody waits for
// a place there is none. While tasks of the group run there is one more, the round, which ends when all of them have, and
// fails if one did: whoever waits joins it, so that a failure nobody waits for is reported as that of any task.

import { channel } from "../../channel/channel.js";
import type { Channel } from "../../channel/ends.js";
import { always, withNack } from "../../operation/basic.js";
import { aborted } from "../../operation/bridge.js";
import { type AsyncRoutine, Operation, type Routine } from "../../operation/operation.js";
import { upon } from "../../operation/upon.js";
import { wholeNumber } from "../../structures/arguments.js";
import { CancelledError } from "../../structures/errors.js";
import { append, List, shift } from "../../structures/list.js";
import { go } from "../../task/go.js";
import type { Task } from "../../task/task.js";
import { assertFunction } from "../ends/release.js";

type Body<A extends unknown[], T> = (...args: A) => Routine<T> | AsyncRoutine<T>;

/** What a group is told when it is made. */
export interface GroupOptions {
  /** How many tasks may run at a time; any number by default. */
  readonly limit?: number;
  /** Cancels the group when it is aborted. */
  readonly signal?: AbortSignal;
}

/** Tasks that belong together; see {@link group}. */
export interface Group extends AsyncDisposable {
  /**
   * Starts a task of the group. Parks when: `limit` tasks of it are running. Yields: the task. If the group has failed:
   * throws what its first task failed with, so that a loop that starts tasks ends; if the group was cancelled, a
   * {@link CancelledError}. If cancelled: nothing was started.
   */
  go<A extends unknown[], T>(body: (...args: A) => Routine<T> | AsyncRoutine<T>, ...args: A): Operation<Task<T>>;
  /** As `go`, without parking: the task, or undefined if there is no place now. */
  tryGo<A extends unknown[], T>(body: (...args: A) => Routine<T> | AsyncRoutine<T>, ...args: A): Task<T> | undefined;
  /**
   * Parks when: a task of the group is not over. Yields: nothing. If tasks have failed: when all are over, throws what the
   * first failed with, or an `AggregateError` of all if there are more. If the group was cancelled: throws a
   * {@link CancelledError}. If cancelled: the tasks go on.
   */
  wait(): Operation<void>;
  /** Cancels all tasks of the group; no more can be started. */
  cancel(reason?: unknown): void;
  /** Aborted when the group fails or is cancelled: for `fetch` and whatever else takes one. */
  readonly signal: AbortSignal;
}

/** Starts a task when there is a place. What it completes with says whether it has taken one. */
class Entry<A extends unknown[], T> extends Operation<Task<T>> {
  private readonly _group: Tasks;
  private readonly _body: Body<A, T>;
  private readonly _args: A;

  constructor(group: Tasks, body: Body<A, T>, args: A) {
    super();
    this._group = group;
    this._body = body;
    this._args = args;
  }

  poll(): boolean {
    this.value = this._group.enter();
    return this.value === true || this._group.ended;
  }

  block(): void {
    append(this._group.parked, this);
  }

  override discard(): void {
    if (this.value === true) this._group.leave();
  }

  /** Here, so that the task is its performer's child. */
  override result(): Task<T> {
    if (this.value === true) return this._group.start(this._body, this._args);
    throw this._group.failure();
  }

  override get external(): boolean {
    return false;
  }

  override describe(): string {
    return "a place in a group";
  }
}

/** Ends when all tasks of a group have. */
function* round(tasks: Tasks, signal: AbortSignal | undefined): Routine<void> {
  if (signal === undefined) yield* tasks.over();
  else {
    using _ = upon(aborted(signal), (reason) => tasks.cancel(reason));
    yield* tasks.over();
  }
  tasks.endRound();
}

class Tasks implements Group {
  readonly parked: List;
  private readonly _limit: number;
  private readonly _outside: AbortSignal | undefined;
  private readonly _controller: AbortController;
  private readonly _running: Set<Task<unknown>>;
  private readonly _failures: unknown[];
  private readonly _idle: Channel<void>;
  private _places: number;
  private _cancelled: CancelledError | null;
  private _round: Task<void> | null;
  /** How many were told, or will be, what the group failed with. */
  private _told: number;
  /** Whether somebody who was to start a task got the failure. */
  private _heard: boolean;

  constructor({ limit, signal }: GroupOptions) {
    this.parked = new List();
    this._limit = limit ?? Number.POSITIVE_INFINITY;
    this._outside = signal;
    this._controller = new AbortController();
    this._running = new Set();
    this._failures = [];
    this._idle = channel();
    this._places = 0;
    this._cancelled = null;
    this._round = null;
    this._told = 0;
    this._heard = false;
  }

  get signal(): AbortSignal {
    return this._controller.signal;
  }

  get ended(): boolean {
    if (this._outside?.aborted) this.cancel(this._outside.reason);
    return this.signal.aborted;
  }

  go<A extends unknown[], T>(body: Body<A, T>, ...args: A): Operation<Task<T>> {
    assertFunction("start go block in group", "its body", body);
    return new Entry(this, body, args);
  }

  tryGo<A extends unknown[], T>(body: Body<A, T>, ...args: A): Task<T> | undefined {
    const entry = new Entry(this, body, args);
    return entry.poll() ? entry.result() : undefined;
  }

  wait(): Operation<void> {
    return withNack((lost) => {
      this._told++;
      upon(lost, () => {
        this._told--;
      });
      return (this._round ?? always(undefined)).map(() => this._assertGoing());
    });
  }

  cancel(reason?: unknown): void {
    if (this.signal.aborted) return;
    this._cancelled = new CancelledError("The group was cancelled", { cause: reason });
    this._stop(reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cancel();
    const told = this._told > 0;
    try {
      await this.wait();
    } catch (error) {
      if (!told && error !== this._cancelled) throw error;
    }
  }

  enter(): boolean {
    if (this.ended || this._places === this._limit) return false;
    this._places++;
    return true;
  }

  /** Gives a place back, to whoever waits longest for one. */
  leave(): void {
    const next = shift(this.parked);
    if (next === null) this._places--;
    else (next as Entry<[], unknown>).complete(true);
  }

  start<A extends unknown[], T>(body: Body<A, T>, args: A): Task<T> {
    try {
      if (this.ended) throw this.failure();
      const task = go(body, ...args);
      this._running.add(task);
      this._round ??= go(round, this, this._outside);
      upon(
        task,
        () => this._over(task),
        (error) => this._over(task, error),
      );
      return task;
    } catch (error) {
      this.leave();
      throw error;
    }
  }

  /** What whoever starts a task gets instead. */
  failure(): unknown {
    this._told++;
    if (this._failures.length === 0) return this._cancelled;
    this._heard = true;
    return this._failures[0];
  }

  *over(): Routine<void> {
    while (this._running.size > 0) yield* this._idle.receive();
  }

  endRound(): void {
    const [first] = this._failures;
    if (this._failures.length > 1) {
      throw new AggregateError(this._failures, `${this._failures.length} tasks of a group failed: ${first}`, {
        cause: first,
      });
    }
    // Whoever was to start another task has been told, and has it to deal with.
    if (this._failures.length > 0 && !this._heard) throw first;
    if (this._failures.length === 0) this._round = null;
  }

  private _assertGoing(): void {
    this._told--;
    if (this._failures.length > 0) throw this._failures[0];
    if (this._cancelled !== null) throw this._cancelled;
  }

  private _over(task: Task<unknown>, error?: unknown): void {
    this._running.delete(task);
    if (task.status === "failed") {
      this._failures.push(error);
      if (!this.signal.aborted) this._stop(error);
    }
    this.leave();
    if (this._running.size === 0) this._idle.trySend();
  }

  private _stop(reason: unknown): void {
    this._controller.abort(reason);
    for (const task of this._running) task.cancel(reason);
    for (let entry = shift(this.parked); entry !== null; entry = shift(this.parked)) {
      (entry as Entry<[], unknown>).complete(false);
    }
  }
}

/**
 * Tasks that belong together, started one by one, at most `limit` at a time. The first that fails cancels the others. From
 * Go's errgroup. Where all are started in one place `scope` does it; a group is for loops, and for starting from outside.
 * Once all are over without a failure it can be used again. `await using` cancels what is left, and waits for it.
 *
 * @throws RangeError when `limit` is no whole number above 0.
 * @example
 * ```ts
 * import { go, group, sleep } from "millrace";
 *
 * const order: number[] = [];
 * await go(function* () {
 *   const tasks = group({ limit: 2 });
 *   for (const ms of [30, 10, 10]) {
 *     yield* tasks.go(function* () {
 *       yield* sleep(ms);
 *       order.push(ms);
 *     });
 *   }
 *   yield* tasks.wait();
 * });
 * console.log(order); // [ 10, 10, 30 ]
 * ```
 */
export function group(options: GroupOptions = {}): Group {
  if (options.limit !== undefined && options.limit !== Number.POSITIVE_INFINITY) {
    wholeNumber("make group", "limit", options.limit, 1);
  }
  return new Tasks(options);
}

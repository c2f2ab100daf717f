import type { Operation } from "../operation/operation.js";
import { upon } from "../operation/upon.js";
import { keptPermits } from "../scheduler/kept-permits.js";
import { shown } from "../structures/errors.js";
import { go } from "../task/go.js";
import type { Task } from "../task/task.js";
import { type AnyWork, assertWork, bodyOf, type Returned, type Work } from "../task/work.js";
import { Counter } from "./counter.js";

/**
 * Counts tasks or other work, and waits until the count is zero. From Go's `sync.WaitGroup`. A task that fails does not
 * affect the group: its error goes to the task that joins it, or is reported. Use `scope` to have the error thrown.
 *
 * @example
 * ```ts
 * import { sleep, WaitGroup } from "millrace";
 *
 * const group = new WaitGroup();
 * let done = 0;
 * for (const ms of [3, 1, 2]) {
 *   group.go(function* () {
 *     yield* sleep(ms);
 *     done++;
 *   });
 * }
 * await group.wait();
 * console.log(done); // 3
 * ```
 */
export class WaitGroup {
  private readonly _counter: Counter;

  constructor() {
    this._counter = new Counter("wait group", 0, keptPermits("wait group", undefined, 0));
  }

  /**
   * Adds `n`, which may be negative, to the count. At zero all tasks that wait resume, and the group can be used again.
   *
   * @throws RangeError when `n` is not a whole number, or when the count would become negative.
   */
  add(n: number): void {
    if (!Number.isInteger(n)) {
      throw new RangeError(`Cannot add to wait group: n must be a whole number, got ${shown(n)}`);
    }
    const count = this._counter.count + n;
    if (count >= 0) this._counter.add(n);
    else
      throw new RangeError(
        `Cannot add to wait group: its count must stay a whole number, 0 or more, got ${shown(count)}`,
      );
  }

  /**
   * Subtracts 1 from the count.
   *
   * @throws RangeError when the count is zero.
   */
  done(): void {
    this.add(-1);
  }

  /**
   * Waits until the count is zero.
   *
   * Parks when: the count is above zero. The call that makes it zero resumes the task. Yields: nothing. If cancelled, or if
   * another case wins: the request leaves the queue.
   */
  wait(): Operation<void> {
    return this._counter.wait();
  }

  /**
   * Starts a go block, or any other {@link Work}, and counts it until it returns, throws or is cancelled.
   *
   * @returns The task of the go block.
   */
  go<T>(body: Work<T>): Task<T>;
  go<A extends unknown[], T>(body: (...args: A) => Returned<T>, ...args: A): Task<T>;
  go<A extends unknown[], T>(body: (...args: [...A, signal: AbortSignal]) => Returned<T>, ...args: A): Task<T>;
  go<A extends unknown[], T>(body: AnyWork<T, A>, ...args: A): Task<T> {
    assertWork("start go block", "its body", body);
    const task = go(bodyOf(body), ...args);
    this.add(1);
    upon(task.whenOver(), () => this.done());
    return task;
  }

  /** How much work is not done yet. */
  get count(): number {
    return this._counter.count;
  }
}

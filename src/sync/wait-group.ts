import type { AsyncRoutine, Operation, Routine } from "../operation/operation.js";
import { upon } from "../operation/upon.js";
import { shown } from "../structures/errors.js";
import { go } from "../task/go.js";
import type { Task } from "../task/task.js";
import { Counter, Zero } from "./counter.js";

/**
 * Counts what is under way, and lets others wait until nothing is. From Go. What a task of the group throws is not the
 * group's: it goes to whoever joins the task, or is reported; to have it thrown, use `scope`.
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
    this._counter = new Counter("wait group", 0);
  }

  /**
   * Says that `n` more are under way, or with a negative `n` fewer. At zero all who wait go on; it may be used again then.
   *
   * @throws RangeError when `n` is not a whole number, or when the count would become negative.
   */
  add(n: number): void {
    const count = this._counter.count + n;
    if (Number.isInteger(n) && count >= 0) this._counter.set(count);
    else
      throw new RangeError(`Cannot count in wait group: its count must stay whole and at least 0, got ${shown(count)}`);
  }

  /** Says that one is done. Throws a RangeError when none is under way. */
  done(): void {
    this.add(-1);
  }

  /** Waits until nothing is under way. Parks when: the count is above zero. Yields: nothing. If cancelled: it leaves. */
  wait(): Operation<void> {
    return new Zero(this._counter);
  }

  /** Starts a go block that is counted until it is over, whether it returns, throws or is cancelled; returns its task. */
  go<A extends unknown[], T>(body: (...args: A) => Routine<T> | AsyncRoutine<T>, ...args: A): Task<T> {
    const task = go(body, ...args);
    this.add(1);
    upon(task.whenOver(), () => this.done());
    return task;
  }

  /** How many are under way. */
  get count(): number {
    return this._counter.count;
  }
}

import type { Operation } from "../operation/operation.js";
import { keptPermits } from "../scheduler/kept-permits.js";
import { wholeNumber } from "../structures/arguments.js";
import { Counter } from "./counter.js";

/**
 * Opens once, when it has been counted down to zero, and stays open.
 *
 * @param count - How often it must be counted down; 1 by default.
 * @throws RangeError when `count` is not a whole number, 0 or more.
 * @example
 * ```ts
 * import { go, Latch } from "millrace";
 *
 * const loaded = new Latch(2);
 * const page = go(function* () {
 *   yield* loaded.wait();
 *   return "ready";
 * });
 * loaded.countDown();
 * loaded.countDown();
 * console.log(await page); // ready
 * ```
 */
export class Latch {
  private readonly _counter: Counter;

  constructor(count: number = 1) {
    const checked = wholeNumber("create latch", "count", count, 0);
    this._counter = new Counter("latch", checked, keptPermits("latch", undefined, 0 - checked));
  }

  /**
   * Subtracts `n` from the count, which never goes below zero. At zero the latch opens and resumes all tasks that wait for
   * it.
   *
   * @throws RangeError when `n` is not a whole number, 1 or more.
   */
  countDown(n: number = 1): void {
    this._counter.subtract(wholeNumber("count down", "n", n, 1));
  }

  /**
   * Waits until the latch is open.
   *
   * Parks when: the count is above zero. The call of `countDown` that makes it zero resumes the task. Yields: nothing. If
   * cancelled, or if another case wins: the request leaves the queue.
   */
  wait(): Operation<void> {
    return this._counter.wait();
  }

  /** How often the latch must still be counted down. */
  get count(): number {
    return this._counter.count;
  }
}

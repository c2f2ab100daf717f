import type { Operation } from "../operation/operation.js";
import { wholeNumber } from "../structures/arguments.js";
import { Counter, Zero } from "./counter.js";

/**
 * A door that opens once, when it has been counted down to zero, and stays open.
 *
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
    this._counter = new Counter("latch", wholeNumber("create latch", "count", count, 0));
  }

  /** Takes `n` off the count; at zero it opens for all who wait. Below zero it does not go. */
  countDown(n: number = 1): void {
    this._counter.set(Math.max(0, this._counter.count - wholeNumber("count down", "n", n, 1)));
  }

  /** Waits for the latch to open. Parks when: the count is above zero. Yields: nothing. If cancelled: it leaves. */
  wait(): Operation<void> {
    return new Zero(this._counter);
  }

  /** How much is missing to zero. */
  get count(): number {
    return this._counter.count;
  }
}

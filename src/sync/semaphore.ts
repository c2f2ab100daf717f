import type { Operation } from "../operation/operation.js";
import { wholeNumber } from "../structures/arguments.js";
import { shown } from "../structures/errors.js";
import { Acquire, type Lease } from "./lease.js";
import type { SyncOptions } from "./line.js";
import { Permits } from "./permits.js";

/**
 * So many permits, of which each takes as many as he needs. They are given out in the order of asking: a large request at
 * the head waits until enough are there, and small ones behind it wait with it, so that it is not starved.
 *
 * @throws RangeError when `permits` is not a whole number, 1 or more.
 * @example
 * ```ts
 * import { go, Semaphore, sleep } from "millrace";
 *
 * const downloads = new Semaphore(2);
 * let running = 0;
 * let most = 0;
 * function* download() {
 *   using _ = yield* downloads.acquire();
 *   most = Math.max(most, ++running);
 *   yield* sleep(1);
 *   running--;
 * }
 * await Promise.all([1, 2, 3, 4, 5].map(() => go(download)));
 * console.log(most); // 2
 * ```
 */
export class Semaphore {
  private readonly _permits: Permits;

  constructor(permits: number, options: SyncOptions = {}) {
    this._permits = new Permits("semaphore", wholeNumber("create semaphore", "permits", permits, 1), options);
  }

  /**
   * Takes `n` permits. Parks when: fewer are there, or somebody waits. Yields: a lease of them; release it, or hold it with
   * `using`. If cancelled, or if another case wins: it leaves the line, and permits that it was given meanwhile go to the
   * next.
   *
   * @throws RangeError when `n` is not a whole number from 1 to all there are.
   */
  acquire(n: number = 1): Operation<Lease> {
    return this._request(n);
  }

  /** Takes `n` permits without parking; undefined when fewer are there, or when somebody waits. Throws as `acquire`. */
  tryAcquire(n: number = 1): Lease | undefined {
    return this._request(n).now();
  }

  /** How many permits nobody has. */
  get available(): number {
    return this._permits.available;
  }

  private _request(n: number): Acquire {
    const { name, total } = this._permits;
    if (wholeNumber(`acquire from ${name}`, "n", n, 1) <= total) return new Acquire(this._permits, n, "acquire");
    throw new RangeError(`Cannot acquire from ${name}: n must be at most ${total}, all there are, got ${shown(n)}`);
  }
}

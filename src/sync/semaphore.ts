import type { Operation } from "../operation/operation.js";
import { countOrInfinity, wholeNumber } from "../structures/arguments.js";
import { shown } from "../structures/errors.js";
import { type Lease, Permits } from "./lease.js";
import { type RequestOptions, type SyncOptions, showQueue } from "./wait-queue.js";

/**
 * Lends a fixed number of permits, of which each request takes as many as it needs. Requests are granted in the order in
 * which they were made: a large request at the head waits until enough permits are available, and the small requests behind
 * it wait as well, so that the large one is not starved. A request may have
 * a priority.
 *
 * @param permits - How many permits there are; `Infinity` for no limit.
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
    this._permits = new Permits("semaphore", countOrInfinity("create semaphore", "permits", permits, 1), options);
    showQueue(this, this._permits, () => `${this.available} of ${permits} permits available`);
  }

  /**
   * Takes `n` permits.
   *
   * Parks when: fewer than `n` permits are available, or other requests wait. A release resumes the task. Yields: a lease of the
   * permits; release it, or hold it with `using`. If cancelled, or if another case wins: the request leaves the queue, and permits
   * that it was already granted pass to the next request.
   *
   * @param options - `priority`: see {@link RequestOptions}.
   * @throws RangeError when `n` is not a whole number from 1 to the number of permits, or the priority is not a number.
   */
  acquire(n: number = 1, options?: RequestOptions): Operation<Lease> {
    return this._permits.acquire(this._assertCount(n), "acquire", options);
  }

  /**
   * Takes `n` permits without parking; returns undefined when fewer are available, or when requests wait.
   *
   * @throws RangeError as `acquire`.
   */
  tryAcquire(n: number = 1): Lease | undefined {
    return this._permits.tryAcquire(this._assertCount(n), "acquire");
  }

  /** How many permits are available. */
  get available(): number {
    return this._permits.available;
  }

  private _assertCount(n: number): number {
    const { name, total } = this._permits;
    if (wholeNumber(`acquire from ${name}`, "n", n, 1) <= total) return n;
    throw new RangeError(
      `Cannot acquire from ${name}: n must be at most ${total} (the number of permits), got ${shown(n)}`,
    );
  }
}

import type { Operation } from "../operation/operation.js";
import { type Lease, Permits } from "./lease.js";
import { type RequestOptions, type SyncOptions, showQueue } from "./wait-queue.js";

/**
 * Lets one task at a time hold a lock: a semaphore with one permit. Releasing the lock passes it to the task that has
 * waited longest, or whose request has the highest priority. The lock is not reentrant: a task that holds it and requests it again deadlocks with itself.
 *
 * No other task runs between two `yield*` of a task. So a lock is needed only where a task parks and other tasks must stay
 * out meanwhile.
 *
 * @example
 * ```ts
 * import { go, Mutex, sleep } from "millrace";
 *
 * const mutex = new Mutex();
 * let balance = 0;
 * function* deposit(amount: number) {
 *   using _ = yield* mutex.lock();
 *   const before = balance;
 *   yield* sleep(1);
 *   balance = before + amount;
 * }
 * await Promise.all([go(deposit, 1), go(deposit, 2)]);
 * console.log(balance); // 3
 * ```
 */
export class Mutex {
  private readonly _permits: Permits;

  constructor(options: SyncOptions = {}) {
    this._permits = new Permits("mutex", 1, options);
    showQueue(this, this._permits, () => (this.locked ? "locked" : "free"));
  }

  /**
   * Takes the lock.
   *
   * Parks when: the lock is held, or other requests wait for it. A release resumes the task. Yields: a lease; release it, or hold
   * it with `using`. If cancelled, or if another case wins: the request leaves the queue, and a lock that it was already granted
   * passes to the next request.
   *
   * @param options - `priority`: see {@link RequestOptions}.
   * @throws RangeError when the priority is not a number.
   */
  lock(options?: RequestOptions): Operation<Lease> {
    return this._permits.acquire(1, "lock", options);
  }

  /** Takes the lock without parking; returns undefined when the lock is held. */
  tryLock(): Lease | undefined {
    return this._permits.tryAcquire(1, "lock");
  }

  /** Whether the lock is held. */
  get locked(): boolean {
    return this._permits.available === 0;
  }
}

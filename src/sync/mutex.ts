import type { Operation } from "../operation/operation.js";
import { Acquire, type Lease } from "./lease.js";
import type { SyncOptions } from "./line.js";
import { Permits } from "./permits.js";

/**
 * A lock that one task has at a time: a semaphore with one permit. Whoever releases it hands it to the one who has waited
 * longest. It is not reentrant: who has it and asks for it again waits for himself.
 *
 * Tasks run undisturbed between two `yield*`, so a lock is needed only where what must not be disturbed waits itself.
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
  }

  /**
   * Takes the lock. Parks when: somebody has it, or waits for it. Yields: a lease; release it, or hold it with `using`. If
   * cancelled, or if another case wins: it leaves the line, and a lock that it was given meanwhile goes to the next.
   */
  lock(): Operation<Lease> {
    return new Acquire(this._permits, 1, "lock");
  }

  /** Takes the lock without parking; undefined when somebody has it. */
  tryLock(): Lease | undefined {
    return new Acquire(this._permits, 1, "lock").now();
  }

  /** Whether somebody has it. */
  get locked(): boolean {
    return this._permits.available === 0;
  }
}

import type { Operation } from "../operation/operation.js";
import { type Lease, Permits } from "./lease.js";
import { type RequestOptions, type SyncOptions, showQueue } from "./wait-queue.js";

/** The number of permits: more than there can be readers. */
const ALL = 0x1fffffffffffff;

/**
 * Lets many tasks hold a lock for reading, or one task for writing: a semaphore of which a reader takes one permit and a
 * writer takes all. Requests are granted in the order in which they were made. Adjacent readers in the queue enter
 * together. A writer that waits holds back the readers behind it, so neither side starves.
 *
 * A task that reads must not request the lock again: a writer may wait between its two requests, and then the task
 * deadlocks.
 *
 * @example
 * ```ts
 * import { go, RwLock, sleep } from "millrace";
 *
 * const lock = new RwLock();
 * const log: string[] = [];
 * function* reader(name: string) {
 *   using _ = yield* lock.read();
 *   log.push(name);
 *   yield* sleep(1);
 * }
 * function* writer() {
 *   using _ = yield* lock.write();
 *   log.push(`written with ${lock.readers} readers`);
 * }
 * await Promise.all([go(reader, "a"), go(reader, "b"), go(writer), go(reader, "c")]);
 * console.log(log.join(", ")); // a, b, written with 0 readers, c
 * ```
 */
export class RwLock {
  private readonly _permits: Permits;

  constructor(options: SyncOptions = {}) {
    this._permits = new Permits("lock", ALL, options);
    showQueue(this, this._permits, () => (this.writing ? "held by a writer" : `held by ${this.readers} readers`));
  }

  /**
   * Takes the lock for reading.
   *
   * Parks when: the lock is held for writing, or other requests wait. A release resumes the task. Yields: a lease; release it, or
   * hold it with `using`. If cancelled, or if another case wins: the request leaves the queue, and a lock that it was already
   * granted is released.
   *
   * @param options - `priority`: see {@link RequestOptions}.
   * @throws RangeError when the priority is not a number.
   */
  read(options?: RequestOptions): Operation<Lease> {
    return this._permits.acquire(1, "read", options);
  }

  /**
   * Takes the lock for writing.
   *
   * Parks when: the lock is held, or other requests wait. A release resumes the task. Yields: a lease; release it, or hold it
   * with `using`. If cancelled, or if another case wins: the request leaves the queue, and the requests behind it are granted if
   * that is possible.
   *
   * @param options - `priority`: see {@link RequestOptions}.
   * @throws RangeError when the priority is not a number.
   */
  write(options?: RequestOptions): Operation<Lease> {
    return this._permits.acquire(ALL, "write", options);
  }

  /** Takes the lock for reading without parking; returns undefined when it is held for writing, or when requests wait. */
  tryRead(): Lease | undefined {
    return this._permits.tryAcquire(1, "read");
  }

  /** Takes the lock for writing without parking; returns undefined when it is held, or when requests wait. */
  tryWrite(): Lease | undefined {
    return this._permits.tryAcquire(ALL, "write");
  }

  /** How many leases for reading are held. */
  get readers(): number {
    return this.writing ? 0 : ALL - this._permits.available;
  }

  /** Whether the lock is held for writing. */
  get writing(): boolean {
    return this._permits.available === 0;
  }
}

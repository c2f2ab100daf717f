import type { Operation } from "../operation/operation.js";
import { Acquire, type Lease } from "./lease.js";
import type { SyncOptions } from "./line.js";
import { Permits } from "./permits.js";

/** More readers than there can be. */
const ALL = Number.MAX_SAFE_INTEGER;

/**
 * A lock that many have for reading at a time, or one for writing: a semaphore of which a reader takes one permit and a
 * writer all. It is given out in the order of asking: readers who stand together enter together, and a writer who waits
 * holds back the readers behind him, so neither side starves. A reader must not ask again while he has it: a writer may
 * wait between the two.
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
  }

  /**
   * Takes the lock for reading. Parks when: somebody writes, or anybody waits. Yields: a lease; release it, or hold it with
   * `using`. If cancelled, or if another case wins: it leaves the line, and loses nothing for those behind it.
   */
  read(): Operation<Lease> {
    return new Acquire(this._permits, 1, "read");
  }

  /**
   * Takes the lock for writing. Parks when: somebody reads, writes or waits. Yields: a lease; release it, or hold it with
   * `using`. If cancelled, or if another case wins: it leaves the line, and those behind it enter if they can.
   */
  write(): Operation<Lease> {
    return new Acquire(this._permits, ALL, "write");
  }

  /** Takes the lock for reading without parking; undefined when somebody writes or waits. */
  tryRead(): Lease | undefined {
    return new Acquire(this._permits, 1, "read").now();
  }

  /** Takes the lock for writing without parking; undefined when somebody has it or waits. */
  tryWrite(): Lease | undefined {
    return new Acquire(this._permits, ALL, "write").now();
  }

  /** How many have it for reading. */
  get readers(): number {
    return this.writing ? 0 : ALL - this._permits.available;
  }

  /** Whether somebody has it for writing. */
  get writing(): boolean {
    return this._permits.available === 0;
  }
}

// What the tests of lock-like things share: each kind as one thing that can be taken, and given back, by one at a time.

import { Mutex, type Operation, Pool, RwLock, Semaphore } from "millrace";

/** A thing that one has at a time. */
export interface Lock {
  take(): Operation<Disposable>;
  /** Whether nobody has it. */
  readonly free: boolean;
}

export interface Kind {
  readonly kind: string;
  make(): Promise<Lock>;
}

export const kinds: readonly Kind[] = [
  {
    kind: "Mutex",
    async make() {
      const mutex = new Mutex();
      return {
        take: () => mutex.lock(),
        get free() {
          return !mutex.locked;
        },
      };
    },
  },
  ...[1, 3].map((n) => ({
    kind: `Semaphore, ${n} of ${n}`,
    async make() {
      const semaphore = new Semaphore(n);
      return {
        take: () => semaphore.acquire(n),
        get free() {
          return semaphore.available === n;
        },
      };
    },
  })),
  {
    kind: "RwLock, for writing",
    async make() {
      const lock = new RwLock();
      return {
        take: () => lock.write(),
        get free() {
          return !lock.writing;
        },
      };
    },
  },
  {
    kind: "Pool of one",
    async make() {
      const pool = new Pool({ create: () => "resource", max: 1 });
      (await pool.acquire()).release();
      return {
        take: () => pool.acquire(),
        get free() {
          return pool.idle === 1;
        },
      };
    },
  },
];

// What the tests of locks share: each kind as one thing that one holder at a time can take and give back.

import { Mutex, type Operation, Pool, RwLock, Semaphore } from "millrace";

/** A thing with one holder at a time. */
export interface Lock {
  take(): Operation<Disposable>;
  /** Whether it has no holder. */
  readonly free: boolean;
}

export interface Kind {
  readonly kind: string;
  make(): Promise<Lock>;
}

export const kinds: readonly Kind[] = [
  {
    kind: "Mutex.lock()",
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
    kind: `Semaphore.acquire(${n}) of ${n}`,
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
    kind: "RwLock.write()",
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
    kind: "Pool.acquire() of one resource",
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

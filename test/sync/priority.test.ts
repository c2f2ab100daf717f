// Requests with priorities, the same claims for everything that has a queue.

import fc from "fast-check";
import {
  go,
  Mutex,
  type Operation,
  Pool,
  RateLimiter,
  type RequestOptions,
  type Routine,
  RwLock,
  Semaphore,
  select,
  sleep,
  type Task,
} from "millrace";
import { describe, expect, test } from "vitest";
import { virtualTime } from "../support/virtual.js";

/** A thing with one holder at a time, held for 10 ms or by itself. */
interface Kind {
  readonly kind: string;
  make(): (options?: RequestOptions) => Operation<Disposable | void>;
}

const kinds: readonly Kind[] = [
  {
    kind: "Mutex.lock()",
    make: () => {
      const mutex = new Mutex();
      return (options) => mutex.lock(options);
    },
  },
  {
    kind: "Semaphore.acquire()",
    make: () => {
      const semaphore = new Semaphore(2);
      return (options) => semaphore.acquire(2, options);
    },
  },
  {
    kind: "RwLock.write()",
    make: () => {
      const lock = new RwLock();
      return (options) => lock.write(options);
    },
  },
  {
    kind: "Pool.acquire()",
    make: () => {
      const pool = new Pool({ create: () => "resource", max: 1 });
      return (options) => pool.acquire(options);
    },
  },
  {
    kind: "Pool.acquire() of a pool that validates",
    make: () => {
      const pool = new Pool({ create: () => "resource", max: 1, validate: () => true });
      return (options) => pool.acquire(options);
    },
  },
  {
    kind: "RateLimiter.acquire()",
    make: () => {
      const limiter = new RateLimiter({ limit: 1, per: 10 });
      return (options) => limiter.acquire(1, options);
    },
  },
];

function* use(take: Operation<Disposable | void>, log: string[], name: string): Routine<void> {
  const lease = yield* take;
  log.push(name);
  try {
    yield* sleep(10);
  } finally {
    lease?.[Symbol.dispose]();
  }
}

describe.each(kinds)("$kind", ({ make }) => {
  const start = (
    asks: readonly (readonly [name: string, priority?: number])[],
  ): { log: string[]; tasks: Task<void>[] } => {
    const ask = make();
    const log: string[] = [];
    go(use, ask({ priority: Infinity }), log, "first");
    const tasks = asks.map(([name, priority]) => go(use, ask(priority === undefined ? {} : { priority }), log, name));
    return { log, tasks };
  };

  test("grants the highest priority first, and equal priorities in the order of the calls", async () => {
    using time = virtualTime();
    const { log } = start([["a"], ["b", -1], ["c", 5], ["d", 0], ["e", 5], ["f", Infinity], ["g", 2.5], ["h", -1]]);
    await time.advance(200);
    expect(log).toEqual(["first", "f", "c", "e", "g", "a", "d", "b", "h"]);
  });

  test("lets requests of any priority leave, and grants the rest in order", async () => {
    using time = virtualTime();
    const { log, tasks } = start([["a", 1], ["b", 2], ["c", 1], ["d", 2], ["e", 1], ["f"]]);
    await time.settle();
    // The last of its priority, the first, and one in the middle.
    for (const at of [3, 1, 2]) tasks[at]!.cancel();
    await time.advance(200);
    expect(log).toEqual(["first", "a", "e", "f"]);
  });

  test("takes a request out of its queue when another case of its select wins", async () => {
    using time = virtualTime();
    const ask = make();
    const log: string[] = [];
    go(use, ask({ priority: Infinity }), log, "first");
    go(function* (): Routine<void> {
      log.push((yield* select({ urgent: ask({ priority: 9 }), late: sleep(5) })).key);
    });
    go(use, ask(), log, "second");
    await time.advance(200);
    expect(log).toEqual(["first", "late", "second"]);
  });

  test("is granted in the order that a list sorted by priority has, whatever comes and leaves", async () => {
    const asks = fc.array(fc.record({ priority: fc.integer({ min: -2, max: 2 }), leaves: fc.boolean() }), {
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(asks, async (asks) => {
        using time = virtualTime();
        const { log, tasks } = start(asks.map(({ priority }, n) => [String(n), priority]));
        await time.settle();
        for (const [n, { leaves }] of asks.entries()) if (leaves) tasks[n]!.cancel();
        await time.advance(200);
        const rest = [...asks.entries()].filter(([, { leaves }]) => !leaves);
        rest.sort(([, a], [, b]) => b.priority - a.priority);
        expect(log).toEqual(["first", ...rest.map(([n]) => String(n))]);
      }),
      { numRuns: 40 },
    );
  });

  test("refuses a priority that is no number", () => {
    for (const priority of [Number.NaN, "high" as never])
      expect(() => make()({ priority })).toThrow(/priority must be a number, got (?:NaN|"high")/);
  });
});

test("Semaphore.acquire() with a higher priority overtakes a large request that waits for more permits", async () => {
  using time = virtualTime();
  const semaphore = new Semaphore(3);
  const log: string[] = [];
  const held = await semaphore.acquire(2);
  go(use, semaphore.acquire(3), log, "large");
  await time.settle();
  expect(semaphore.tryAcquire(1)).toBe(undefined);
  const now = await select({ urgent: semaphore.acquire(1, { priority: 1 }) }, { default: undefined });
  expect(now.key).toBe("urgent");
  now.value?.release();
  go(use, semaphore.acquire(1), log, "small");
  go(use, semaphore.acquire(1, { priority: 1 }), log, "urgent");
  await time.advance(15);
  expect(log).toEqual(["urgent"]);
  await time.advance(20);
  held.release();
  await time.advance(20);
  expect(log).toEqual(["urgent", "large", "small"]);
});

test("Mutex.lock() serves 20 000 waiters of two priorities, each priority in order", async () => {
  using time = virtualTime();
  const mutex = new Mutex();
  const held = await mutex.lock();
  let served = "";
  for (let n = 0; n < 20_000; n++) {
    go(function* (): Routine<void> {
      using _ = yield* mutex.lock({ priority: n % 2 });
      if (n < 4) served += n;
    });
  }
  await time.settle();
  held.release();
  await time.settle();
  expect(served).toBe("1302");
});

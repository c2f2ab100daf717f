import fc from "fast-check";
import {
  type AsyncRoutine,
  always,
  CancelledError,
  type DeadlockError,
  go,
  now,
  Pool,
  type PoolLease,
  type PoolOptions,
  type Routine,
  run,
  select,
  settled,
  sleep,
  TimeoutError,
  withTimeout,
} from "millrace";
import { describe, expect, test } from "vitest";
import { virtualTime } from "../support/virtual.js";

/** A pool of numbered resources, each of which takes 10 ms to make and 5 ms to destroy, and a log of both. */
function numbered(options: Partial<PoolOptions<number>> = {}): { pool: Pool<number>; log: string[] } {
  const log: string[] = [];
  let made = 0;
  const pool = new Pool<number>({
    max: 2,
    *create() {
      const n = ++made;
      log.push(`create ${n}`);
      yield* sleep(10);
      return n;
    },
    *destroy(n) {
      log.push(`destroy ${n}`);
      yield* sleep(5);
    },
    ...options,
  });
  return { pool, log };
}

/** Acquires a resource, notes it with the time, and keeps it for some time. */
function* user(pool: Pool<number>, log: string[], name: string, ms: number): Routine<void> {
  using lease = yield* pool.acquire();
  log.push(`${name}: ${lease.value} at ${now()}`);
  yield* sleep(ms);
}

describe("Pool", () => {
  test("acquire() makes resources on demand, at most max, and lends them again in the order of the calls", async () => {
    using time = virtualTime();
    const { pool, log } = numbered();
    expect([pool.size, pool.idle]).toEqual([0, 0]);
    for (const name of ["a", "b", "c", "d"]) go(user, pool, log, name, 20);
    await time.advance(10);
    expect([pool.size, pool.idle]).toEqual([2, 0]);
    await time.advance(1000);
    expect(log).toEqual(["create 1", "create 2", "a: 1 at 10", "b: 2 at 10", "c: 1 at 30", "d: 2 at 30"]);
    expect([pool.size, pool.idle, time.timers]).toEqual([2, 2, 0]);
  });

  const ways: [string, PoolOptions<number>["create"]][] = [
    ["a value", () => 1],
    ["a promise", () => Promise.resolve(1)],
    ["an operation", () => sleep(5).map(() => 1)],
    [
      "a routine",
      function* () {
        yield* sleep(5);
        return 1;
      },
    ],
    [
      "an async routine",
      async function* (): AsyncRoutine<number> {
        await null;
        yield* sleep(5);
        return 1;
      },
    ],
  ];

  test.each(ways)("accepts a create function that returns %s", async (_, create) => {
    using time = virtualTime();
    const pool = new Pool({ create, max: 1 });
    const lease = pool.acquire().then();
    await time.advance(5);
    expect((await lease).value).toBe(1);
  });

  test("lends the most recently used resource first, so that the unused ones can expire", async () => {
    using time = virtualTime();
    const { pool, log } = numbered({ max: 3, idle: 100 });
    for (const [name, ms] of Object.entries({ a: 10, b: 20, c: 30 })) go(user, pool, log, name, ms);
    await time.advance(45);
    expect(pool.idle).toBe(3);
    for (let n = 0; n < 5; n++) {
      go(user, pool, log, `again ${n}`, 10);
      await time.advance(30);
    }
    expect(log.filter((line) => line.startsWith("again")).map((line) => line.split(" ")[2])).toEqual([
      "3",
      "3",
      "3",
      "3",
      "3",
    ]);
    expect([pool.size, pool.idle]).toEqual([1, 1]);
    expect(log.filter((line) => line.startsWith("destroy"))).toEqual(["destroy 1", "destroy 2"]);
    await time.advance(100);
    expect([pool.size, time.timers]).toEqual([0, 0]);
  });

  test("frees a slot only after its resource has been destroyed", async () => {
    using time = virtualTime();
    const { pool, log } = numbered({ max: 1 });
    const first = pool.acquire().then((lease) => lease.discard());
    await time.advance(10);
    await first;
    go(user, pool, log, "next", 0);
    await time.advance(100);
    expect(log).toEqual(["create 1", "destroy 1", "create 2", "next: 2 at 25"]);
  });

  test("PoolLease.discard() destroys the resource once, and a later release() does nothing", async () => {
    using time = virtualTime();
    const { pool, log } = numbered({ create: () => 7 });
    const lease = await pool.acquire();
    lease.discard();
    lease.discard();
    lease.release();
    await time.advance(10);
    expect([log, pool.size, pool.idle]).toEqual([["destroy 7"], 0, 0]);
  });

  test("gives a resource that was made for a cancelled task to the next task, and makes no second one", async () => {
    using time = virtualTime();
    const { pool, log } = numbered();
    const leaver = go(user, pool, log, "leaver", 0);
    await time.advance(5);
    leaver.cancel();
    go(user, pool, log, "next", 20);
    await time.advance(100);
    expect(log).toEqual(["create 1", "next: 1 at 10"]);
    expect([pool.size, pool.idle]).toEqual([1, 1]);
  });

  test("keeps a resource that was made for a task that timed out", async () => {
    using time = virtualTime();
    const { pool, log } = numbered();
    const late = expect(withTimeout(5, pool.acquire()).then()).rejects.toBeInstanceOf(TimeoutError);
    await time.advance(20);
    await late;
    expect([pool.size, pool.idle]).toEqual([1, 1]);
    go(user, pool, log, "next", 0);
    await time.settle();
    expect(log).toEqual(["create 1", "next: 1 at 20"]);
  });

  test("acquire() in a select makes no resource if another case is ready", async () => {
    using time = virtualTime();
    const { pool, log } = numbered();
    await select({ lease: pool.acquire(), ready: always(1) }, { mode: "priority" });
    expect((await select({ lease: pool.acquire() }, { default: null })).key).toBe("default");
    await time.settle();
    expect([log, pool.size]).toEqual([[], 0]);
  });

  test("acquire() throws a failure of create to one waiter, and the remaining waiters are served", async () => {
    using time = virtualTime();
    const error = new Error("refused");
    let attempts = 0;
    const pool = new Pool({
      *create() {
        yield* sleep(10);
        if (++attempts === 2) throw error;
        return attempts;
      },
      max: 1,
    });
    const outcomes: unknown[] = [];
    for (let n = 0; n < 3; n++) {
      go(function* (): Routine<void> {
        try {
          const lease = yield* pool.acquire();
          outcomes.push(lease.value);
          lease.discard();
        } catch (error) {
          outcomes.push(error);
        }
      });
    }
    await time.advance(100);
    expect(outcomes).toEqual([1, error, 3]);
    expect([pool.size, time.reported]).toEqual([0, []]);
  });

  test("throws a failure of create to its waiter, and reports it if the waiter was cancelled", async () => {
    using time = virtualTime();
    const error = new Error("refused");
    const pool = new Pool<number>({
      create: () => {
        throw error;
      },
      max: 1,
    });
    await expect(pool.acquire().then()).rejects.toBe(error);
    expect(time.reported).toEqual([]);
    const task = go(function* (): Routine<void> {
      yield* pool.acquire();
    });
    // This turn comes after the one in which create is called, and so does its failure.
    go(function* (): Routine<void> {
      task.cancel();
    });
    await time.settle();
    expect([task.status, time.reported, pool.size]).toEqual(["cancelled", [error], 0]);
  });

  test("reports a failure of create that was passed to a task that is cancelled before it resumes", async () => {
    using time = virtualTime();
    const error = new Error("refused");
    const pool = new Pool<number>({
      create: () =>
        sleep(10).map(() => {
          throw error;
        }),
      max: 1,
    });
    const task = go(function* (): Routine<void> {
      yield* pool.acquire();
    });
    await time.settle();
    await time.advance(9);
    // It runs after create has failed and before the waiting task resumes.
    go(function* (): Routine<void> {
      yield* sleep(1);
      task.cancel();
    });
    await time.advance(1);
    expect([task.status, time.reported.length, pool.size]).toEqual(["cancelled", 1, 0]);
  });

  test("calls validate before it lends a resource again, and never for a new resource", async () => {
    using time = virtualTime();
    const asked: number[] = [];
    const { pool, log } = numbered({
      max: 1,
      *validate(n) {
        asked.push(n);
        yield* sleep(1);
        return n !== 1;
      },
    });
    for (const name of ["a", "b", "c"]) go(user, pool, log, name, 20);
    await time.advance(1000);
    expect(log).toEqual(["create 1", "a: 1 at 10", "destroy 1", "create 2", "b: 2 at 46", "c: 2 at 67"]);
    expect([asked, pool.size, pool.idle]).toEqual([[1, 2], 1, 1]);
  });

  test("acquire() throws what validate throws, and the resource is destroyed", async () => {
    using time = virtualTime();
    const error = new Error("cannot ask");
    let broken = true;
    const { pool, log } = numbered({
      max: 1,
      create: () => 1,
      validate() {
        if (broken) throw error;
        return true;
      },
    });
    (await pool.acquire()).release();
    const failed = expect(pool.acquire().then()).rejects.toBe(error);
    await time.advance(5);
    await failed;
    expect([log, pool.size]).toEqual([["destroy 1"], 0]);
    broken = false;
    expect((await pool.acquire()).value).toBe(1);
  });

  test("destroys a resource that was idle for the idle time, unless it is acquired before", async () => {
    using time = virtualTime();
    const { pool, log } = numbered({ max: 1, create: () => 1, idle: 50 });
    (await pool.acquire()).release();
    await time.advance(49);
    const lease = await pool.acquire();
    await time.advance(100);
    expect([log, pool.size]).toEqual([[], 1]);
    lease.release();
    await time.advance(49);
    expect(pool.idle).toBe(1);
    await time.advance(1);
    expect([log, pool.idle, pool.size]).toEqual([["destroy 1"], 0, 1]);
    await time.advance(5);
    expect([pool.size, time.timers]).toEqual([0, 0]);
  });

  test("keeps no resource with idle: 0, and sets no timer with idle: Infinity", async () => {
    using time = virtualTime();
    for (const [idle, kept] of [
      [0, 0],
      [Infinity, 1],
    ] as const) {
      const { pool } = numbered({ create: () => 1, idle });
      (await pool.acquire()).release();
      await time.advance(5);
      expect([pool.size, time.timers]).toEqual([kept, 0]);
    }
  });

  test("close() destroys idle resources now and lent ones on release, and acquire() throws from then on", async () => {
    using time = virtualTime();
    const { pool, log } = numbered();
    const leases: PoolLease<number>[] = [];
    for (let n = 0; n < 2; n++) void pool.acquire().then((lease) => leases.push(lease));
    await time.advance(10);
    leases[0]!.release();
    (await pool.acquire()).release();
    const again = await pool.acquire();
    const waiters = [pool.acquire().then(), pool.acquire().then()];
    const rejected = Promise.all(
      waiters.map((waiter) => expect(waiter).rejects.toThrow("Cannot acquire from pool: the pool is closed")),
    );
    await time.settle();
    const closing = pool.close();
    expect(pool.close()).toBe(closing);
    await rejected;
    await expect(pool.acquire().then()).rejects.toThrow("Cannot acquire from pool: the pool is closed");
    again.release();
    await time.advance(5);
    expect([closing.status, pool.size]).toEqual(["parked", 1]);
    leases[1]!.release();
    await time.advance(5);
    await closing;
    expect([log.slice(2), pool.size, pool.idle]).toEqual([["destroy 1", "destroy 2"], 0, 0]);
  });

  test("close() waits for a resource that is being made, and destroys it", async () => {
    using time = virtualTime();
    const { pool, log } = numbered();
    const failed = expect(pool.acquire().then()).rejects.toThrow("the pool is closed");
    await time.advance(5);
    const closing = pool.close();
    await failed;
    await time.advance(10);
    await closing;
    expect(log).toEqual(["create 1", "destroy 1"]);
  });

  test("is closed by `await using` at the end of the block, which throws the failures of destroy", async () => {
    using time = virtualTime();
    const errors = [new Error("one"), new Error("two")];
    const use = async (max: number): Promise<void> => {
      let made = 0;
      await using pool = new Pool({
        create: () => made++,
        destroy: (n) => Promise.reject(errors[n]),
        max,
      });
      const leases = await Promise.all(Array.from({ length: max }, () => pool.acquire()));
      for (const lease of leases) lease.release();
    };
    await expect(use(1)).rejects.toBe(errors[0]);
    await expect(use(2)).rejects.toMatchObject({
      errors: errors.toReversed(), // the most recently used resource is destroyed first
      message: "2 resources could not be destroyed: Error: two",
    });
    await time.settle();
    expect(time.reported).toEqual([]);
  });

  test("reports a failure of destroy while it is open, and frees the slot", async () => {
    using time = virtualTime();
    const error = new Error("stuck");
    const { pool } = numbered({ create: () => 1, destroy: () => settled(Promise.reject(error)), max: 1 });
    (await pool.acquire()).discard();
    await time.settle();
    expect([time.reported, pool.size]).toEqual([[error], 0]);
    expect((await pool.acquire()).value).toBe(1);
  });

  test("works without destroy, and lends any value, also undefined", async () => {
    using _ = virtualTime();
    await using pool = new Pool({ create: () => undefined, max: 1 });
    using lease = await pool.acquire();
    expect([lease.value, pool.size]).toEqual([undefined, 1]);
  });

  test("refuses an invalid max or idle", () => {
    const create = (): number => 1;
    for (const max of [0, -1, 1.5, Number.NaN]) {
      expect(() => new Pool({ create, max })).toThrow(
        `Cannot create pool: max must be a whole number, 1 or more, got ${max}`,
      );
    }
    for (const idle of [-1, Number.NaN]) {
      expect(() => new Pool({ create, max: 1, idle })).toThrow(
        `Cannot create pool: idle must be a number of milliseconds, 0 or more, got ${idle}`,
      );
    }
  });

  test("acquire() that can never be served is a deadlock, whose report names the pool (EN-1)", async () => {
    using time = virtualTime();
    const stuck = run(function* main(): Routine<void> {
      const { pool } = numbered({ max: 1, name: "connections" });
      yield* pool.acquire();
      yield* pool.acquire();
    }).catch((error: unknown) => error as DeadlockError);
    await time.advance(10);
    await time.settle();
    expect(((await stuck) as DeadlockError).tasks[0]?.waitsFor).toBe("acquire from pool connections");
  });
});

type Step = { do: "acquire" | "choose" | "cancel" | "release" | "discard" | "wait"; which: number };
const steps = fc.array(
  fc.record({
    do: fc.constantFrom<Step["do"]>("acquire", "acquire", "choose", "cancel", "release", "release", "discard", "wait"),
    which: fc.nat(20),
  }),
  { maxLength: 60 },
);

test("Pool in random use never exceeds max, lends no resource twice, serves every waiter and destroys every resource", async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: 3 }), fc.boolean(), async (list, max, validates) => {
      using time = virtualTime();
      const live = new Set<number>();
      const lent = new Map<number, PoolLease<number>>();
      let made = 0;
      const pool = new Pool<number>({
        max,
        *create() {
          yield* sleep(3);
          if (++made % 5 === 0) throw new Error("create");
          live.add(made);
          expect(live.size).toBeLessThanOrEqual(max);
          return made;
        },
        *destroy(n) {
          yield* sleep(2);
          expect(lent.has(n)).toBe(false);
          expect(live.delete(n)).toBe(true);
        },
        idle: 20,
        ...(validates && { validate: (n: number) => n % 3 !== 0 }),
      });
      const tasks: ReturnType<typeof start>[] = [];
      let waiting = 0;
      function start(chooses: boolean) {
        return go(function* (): Routine<void> {
          waiting++;
          try {
            const acquire = pool.acquire();
            const got = chooses ? (yield* select({ acquire, late: sleep(4) })).value : yield* acquire;
            if (got === undefined) return;
            expect(lent.has(got.value)).toBe(false);
            expect(live.has(got.value)).toBe(true);
            lent.set(got.value, got);
          } catch (error) {
            expect(String(error)).toBe("Error: create");
          } finally {
            waiting--;
          }
        });
      }
      const giveBack = (which: number, how: "release" | "discard"): void => {
        const lease = [...lent.values()][which % Math.max(1, lent.size)];
        if (lease === undefined) return;
        lent.delete(lease.value);
        lease[how]();
      };
      for (const step of list) {
        if (step.do === "acquire" || step.do === "choose") tasks.push(start(step.do === "choose"));
        else if (step.do === "cancel") tasks[step.which % Math.max(1, tasks.length)]?.cancel();
        else if (step.do === "wait") await time.advance(step.which);
        else giveBack(step.which, step.do);
        expect(pool.size).toBeLessThanOrEqual(max);
        expect(live.size).toBeLessThanOrEqual(pool.size);
      }
      // 1. At rest, a task waits only if all resources are lent.
      await time.advance(15);
      if (waiting > 0) expect([lent.size, pool.idle]).toEqual([max, 0]);
      // 2. When all leases are released, every waiter is served.
      while (lent.size > 0 || waiting > 0) {
        giveBack(0, "release");
        await time.advance(10);
      }
      // 3. Resources that were idle long enough, and the rest at close(), are destroyed.
      await time.advance(40);
      expect([pool.size, pool.idle, live.size, time.timers]).toEqual([0, 0, 0, 0]);
      await pool.close();
      for (const task of tasks) await task.then().catch((error) => expect(error).toBeInstanceOf(CancelledError));
      expect(time.reported.every((error) => String(error) === "Error: create")).toBe(true);
    }),
    { numRuns: 100 },
  );
});

import { channel, DeadlockError, go, Mutex, type Routine, run, Semaphore, select, sleep } from "millrace";
import { describe, expect, test } from "vitest";
import { CROWD, spaced } from "../support/stress.js";
import { virtualTime } from "../support/virtual.js";

/** Takes permits, notes its name, and keeps the permits for some time. */
function* user(log: string[], name: string, semaphore: Semaphore, n: number, ms: number): Routine<void> {
  using _ = yield* semaphore.acquire(n);
  log.push(name);
  yield* sleep(ms);
}

describe("Semaphore", () => {
  test("tryAcquire() takes permits while there are enough, and available counts the rest", () => {
    const semaphore = new Semaphore(5);
    const two = semaphore.tryAcquire(2)!;
    const three = semaphore.tryAcquire(3)!;
    expect([semaphore.available, semaphore.tryAcquire()]).toEqual([0, undefined]);
    two.release();
    expect([two.held, three.held, semaphore.available]).toEqual([false, true, 2]);
    three.release();
    expect(semaphore.available).toBe(5);
  });

  test("acquire() of many permits is not starved by later small requests", async () => {
    using time = virtualTime();
    const semaphore = new Semaphore(3);
    const log: string[] = [];
    // Small requests come faster than they end: if they could overtake, three permits would never be free together.
    go(function* (): Routine<void> {
      for (let n = 0; n < 20; n++) {
        go(user, log, `small ${n}`, semaphore, 1, 25);
        yield* sleep(10);
      }
    });
    go(function* (): Routine<void> {
      yield* sleep(15);
      go(user, log, "large", semaphore, 3, 10);
    });
    await time.advance(1000);
    expect(log.slice(0, 4)).toEqual(["small 0", "small 1", "large", "small 2"]);
    expect([log.length, semaphore.available]).toEqual([21, 3]);
  });

  test("tryAcquire() does not overtake a waiter, even if enough permits are free", async () => {
    using time = virtualTime();
    const semaphore = new Semaphore(3);
    const first = semaphore.tryAcquire(2)!;
    const large = go(function* (): Routine<void> {
      using _ = yield* semaphore.acquire(3);
    });
    await time.settle();
    expect([semaphore.available, semaphore.tryAcquire(1)]).toEqual([1, undefined]);
    first.release();
    await large;
    expect(semaphore.tryAcquire(1)).toBeDefined();
  });

  test("serves all waiters that fit in the step in which the waiter before them is cancelled", async () => {
    using time = virtualTime();
    const semaphore = new Semaphore(3);
    const log: string[] = [];
    const first = semaphore.tryAcquire(1)!;
    const large = go(user, log, "large", semaphore, 3, 1e6);
    for (const name of ["a", "b", "c"]) go(user, log, name, semaphore, 1, 1e6);
    await time.settle();
    large.cancel();
    expect(semaphore.available).toBe(0);
    await time.settle();
    expect(log).toEqual(["a", "b"]);
    first.release();
    await time.settle();
    expect(log).toEqual(["a", "b", "c"]);
    await time.advance(2e6);
    expect(time.timers).toBe(0);
  });

  test("one release serves as many waiters as fit, in the order of the calls", async () => {
    using time = virtualTime();
    const semaphore = new Semaphore(6);
    const log: string[] = [];
    const all = semaphore.tryAcquire(6)!;
    for (const n of [1, 2, 3, 1]) go(user, log, `takes ${n}`, semaphore, n, 10);
    await time.settle();
    all.release();
    expect(semaphore.available).toBe(0);
    await time.advance(9);
    expect(log).toEqual(["takes 1", "takes 2", "takes 3"]);
    await time.advance(20);
    expect(time.timers).toBe(0);
  });

  test(`one release serves ${spaced(CROWD)} waiters without growing the stack (CH-13)`, async () => {
    using time = virtualTime();
    const count = CROWD;
    const semaphore = new Semaphore(count);
    const all = semaphore.tryAcquire(count)!;
    let served = 0;
    for (let n = 0; n < count; n++) {
      go(function* (): Routine<void> {
        using _ = yield* semaphore.acquire();
        served++;
      });
    }
    await time.settle();
    all.release();
    await time.settle();
    expect([served, semaphore.available]).toEqual([count, count]);
  });

  test("a chain of 20 000 selects, each of which lets the next one be served, does not grow the stack (CH-13)", async () => {
    using time = virtualTime();
    const count = 20_000;
    // In each queue, the first request is a case of the select before and is large. It holds back a small request.
    const lines = Array.from({ length: count + 1 }, () => new Semaphore(2));
    const leases = lines.map((line, n) => line.tryAcquire(n === 0 ? 2 : 1)!);
    let served = 0;
    for (let n = 0; n < count; n++) {
      const small = lines[n]!.acquire(1);
      const large = lines[n + 1]!.acquire(2);
      go(function* (): Routine<void> {
        const { key } = yield* select({ small, large });
        if (key === "small") served++;
      });
    }
    await time.settle();
    leases[0]!.release();
    await time.settle();
    expect(served).toBe(count);
  });

  test("acquire() in a select gets a permit that is released while the other cases are queued", async () => {
    using _ = virtualTime();
    const semaphore = new Semaphore(1);
    const first = semaphore.tryAcquire()!;
    const task = go(function* (): Routine<string> {
      const gives = channel<never>().receive();
      const block = gives.block.bind(gives);
      gives.block = () => {
        first.release();
        block();
      };
      return (yield* select({ gives, takes: semaphore.acquire() }, { mode: "priority" })).key;
    });
    expect(await task).toBe("takes");
  });

  test.each([0, -1, 1.5, Number.NaN, "1" as unknown as number])("refuses %o as the number of permits", (permits) => {
    expect(() => new Semaphore(permits)).toThrow(RangeError);
    expect(() => new Semaphore(permits)).toThrow(
      `Cannot create semaphore: permits must be a whole number, 1 or more, or Infinity, got ${typeof permits === "string" ? '"1"' : permits}`,
    );
  });

  test("acquire() and tryAcquire() refuse more permits than there are, and acquire() an invalid number", () => {
    const semaphore = new Semaphore(3, { name: "seats" });
    const message = "Cannot acquire from semaphore seats: n must be at most 3 (the number of permits), got 4";
    for (const ask of [() => semaphore.acquire(4), () => semaphore.tryAcquire(4)]) {
      expect(ask).toThrow(RangeError);
      expect(ask).toThrow(message);
    }
    for (const n of [0, -1, 1.5, Number.NaN]) expect(() => semaphore.acquire(n)).toThrow(RangeError);
    expect(semaphore.available).toBe(3);
  });

  test("a deadlock report names the semaphore that a task waits for (EN-1)", async () => {
    using time = virtualTime();
    const stuck = run(function* main(): Routine<void> {
      const semaphore = new Semaphore(2, { name: "seats" });
      yield* semaphore.acquire(1);
      yield* semaphore.acquire(2);
    });
    const error = stuck.catch((error: unknown) => error as DeadlockError);
    await time.settle();
    expect(await error).toBeInstanceOf(DeadlockError);
    expect(((await error) as DeadlockError).tasks[0]?.waitsFor).toBe("acquire semaphore seats");
  });
});

describe("Mutex", () => {
  test("tryLock() locks a free mutex and returns undefined for a locked one, and release() unlocks it", () => {
    const mutex = new Mutex();
    const lease = mutex.tryLock()!;
    expect([mutex.locked, mutex.tryLock()]).toEqual([true, undefined]);
    lease.release();
    expect([mutex.locked, lease.held]).toEqual([false, false]);
  });

  test("a deadlock report names the mutexes, what each task waits for, and the cycle (EN-1)", async () => {
    using time = virtualTime();
    const stuck = run(function* main(): Routine<void> {
      const [accounts, log] = [new Mutex({ name: "accounts" }), new Mutex({ name: "log" })];
      function* both(first: Mutex, second: Mutex): Routine<void> {
        using _first = yield* first.lock();
        yield* sleep(1);
        using _second = yield* second.lock();
      }
      const tasks = [go(both, accounts, log), go(both, log, accounts)];
      for (const task of tasks) yield* task;
    });
    const error = stuck.catch((error: unknown) => error as DeadlockError);
    await time.advance(1);
    await time.settle();
    const { tasks, message } = (await error) as DeadlockError;
    expect(tasks.map(({ waitsFor }) => waitsFor).slice(1)).toEqual(["lock mutex log", "lock mutex accounts"]);
    expect(message).toContain("cycle: main#0/both#0 → main#0/both#1 → main#0/both#0");
  });

  test("three tasks that queue for a mutex are no deadlock while the holder sleeps", async () => {
    using time = virtualTime();
    const mutex = new Mutex();
    const log: string[] = [];
    const done = run(function* main(): Routine<void> {
      const tasks = ["a", "b", "c"].map((name) =>
        go(function* (): Routine<void> {
          using _ = yield* mutex.lock();
          yield* sleep(10);
          log.push(name);
        }),
      );
      for (const task of tasks) yield* task;
    });
    await time.advance(30);
    await done;
    expect(log).toEqual(["a", "b", "c"]);
  });
});

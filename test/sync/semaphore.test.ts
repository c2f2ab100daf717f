import { channel, DeadlockError, go, Mutex, type Routine, run, Semaphore, select, sleep } from "millrace";
import { describe, expect, test } from "vitest";
import { virtualTime } from "../support/virtual.js";

/** Takes permits, says so, and keeps them for some time. */
function* user(log: string[], name: string, semaphore: Semaphore, n: number, ms: number): Routine<void> {
  using _ = yield* semaphore.acquire(n);
  log.push(name);
  yield* sleep(ms);
}

describe("Semaphore", () => {
  test("gives out as many permits as there are, and counts what is left", () => {
    const semaphore = new Semaphore(5);
    const two = semaphore.tryAcquire(2)!;
    const three = semaphore.tryAcquire(3)!;
    expect([semaphore.available, semaphore.tryAcquire()]).toEqual([0, undefined]);
    two.release();
    expect([two.held, three.held, semaphore.available]).toEqual([false, true, 2]);
    three.release();
    expect(semaphore.available).toBe(5);
  });

  test("a large request at the head is not starved by small ones that come later", async () => {
    using time = virtualTime();
    const semaphore = new Semaphore(3);
    const log: string[] = [];
    // Small ones come faster than they go: if they could pass, three permits would never be free together.
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

  test("tryAcquire does not go past those who wait, even if there is enough for it", async () => {
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

  test("when the head gives up, all behind it that fit are served in the same step", async () => {
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
  });

  test("one release serves as many as fit, in the order of asking", async () => {
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
  });

  test("one release serves 100 000 waiters, and the stack does not grow (CH-13)", async () => {
    using time = virtualTime();
    const count = 100_000;
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

  test("a chain of selects, each of which leaves the next line when it is served, does not grow the stack", async () => {
    using time = virtualTime();
    const count = 20_000;
    // In each line a large request stands at the head that is a case of the select before, and holds back a small one.
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

  test("a case of a select that finds its permits set free as the others queue up has them", async () => {
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

  test.each([0, -1, 1.5, Number.NaN, "1" as unknown as number])(
    "permits must be whole and at least 1: %s",
    (permits) => {
      expect(() => new Semaphore(permits)).toThrow(RangeError);
      expect(() => new Semaphore(permits)).toThrow(
        `Cannot create semaphore: permits must be a whole number, 1 or more, got ${typeof permits === "string" ? '"1"' : permits}`,
      );
    },
  );

  test("more than there will ever be is refused at once, and so is what is no number of permits", () => {
    const semaphore = new Semaphore(3, { name: "seats" });
    const message = "Cannot acquire from semaphore seats: n must be at most 3 (the number of permits), got 4";
    for (const ask of [() => semaphore.acquire(4), () => semaphore.tryAcquire(4)]) {
      expect(ask).toThrow(RangeError);
      expect(ask).toThrow(message);
    }
    for (const n of [0, -1, 1.5, Number.NaN]) expect(() => semaphore.acquire(n)).toThrow(RangeError);
    expect(semaphore.available).toBe(3);
  });

  test("a deadlock names what is waited for (EN-1)", async () => {
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
  test("is a semaphore of one permit: locked, and free again", () => {
    const mutex = new Mutex();
    const lease = mutex.tryLock()!;
    expect([mutex.locked, mutex.tryLock()]).toEqual([true, undefined]);
    lease.release();
    expect([mutex.locked, lease.held]).toEqual([false, false]);
  });

  test("a deadlock names it, whom each waits for, and the circle (EN-1)", async () => {
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

  test("three who stand behind each other are no cycle, and the one who sleeps with the lock keeps them alive", async () => {
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

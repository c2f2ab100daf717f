import {
  CancelledError,
  Condition,
  channel,
  type DeadlockError,
  go,
  Mutex,
  pause,
  type Routine,
  RwLock,
  run,
  Semaphore,
  select,
  sleep,
  TimeoutError,
  withTimeout,
} from "millrace";
import { describe, expect, test } from "vitest";
import { CROWD, spaced } from "../support/stress.js";
import { virtualTime } from "../support/virtual.js";

describe("Condition without a lease", () => {
  test("signal() resumes the longest waiter and broadcast() all current waiters; without a waiter both do nothing", async () => {
    using time = virtualTime();
    const condition = new Condition();
    const log: string[] = [];
    condition.signal();
    condition.broadcast();
    for (const name of ["a", "b", "c", "d"]) void condition.wait().then(() => log.push(name));
    await time.settle();
    expect(log).toEqual([]);
    condition.signal();
    await time.settle();
    expect(log).toEqual(["a"]);
    condition.broadcast();
    void condition.wait().then(() => log.push("e"));
    await time.settle();
    expect(log).toEqual(["a", "b", "c", "d"]);
  });

  test("signal() goes to the next waiter if the signalled select is cancelled before it resumes", async () => {
    using time = virtualTime();
    const condition = new Condition();
    const log: string[] = [];
    function* waiter(name: string): Routine<void> {
      yield* select({ called: condition.wait(), late: sleep(1e6) });
      log.push(name);
    }
    const [a, b] = ["a", "b", "c", "d"].map((name) => go(waiter, name));
    await time.settle();
    condition.signal();
    a!.cancel();
    b!.cancel();
    await time.settle();
    expect(log).toEqual(["c"]);
    await time.advance(1e6);
    expect(log).toEqual(["c", "d"]);
  });

  test("broadcast() does not reach a later waiter, even if a released task is cancelled", async () => {
    using time = virtualTime();
    const condition = new Condition();
    const log: string[] = [];
    const task = go(function* (): Routine<void> {
      yield* condition.wait();
    });
    await time.settle();
    condition.broadcast();
    void condition.wait().then(() => log.push("later"));
    task.cancel();
    await time.settle();
    expect([task.status, log]).toEqual(["cancelled", []]);
  });

  test("until() does not park if its test holds, and a signal resumes it only if its test holds", async () => {
    using time = virtualTime();
    const condition = new Condition();
    const log: string[] = [];
    let level = 0;
    await condition.until(() => level === 0);
    for (const least of [3, 1, 2]) void condition.until(() => level >= least).then(() => log.push(`${least}`));
    await time.settle();
    condition.signal();
    await time.settle();
    expect(log).toEqual([]);
    level = 2;
    // A signal is not spent on a waiter whose test is false.
    condition.signal();
    await time.settle();
    expect(log).toEqual(["1"]);
    condition.broadcast();
    await time.settle();
    expect(log).toEqual(["1", "2"]);
    level = 3;
    condition.broadcast();
    await time.settle();
    expect(log).toEqual(["1", "2", "3"]);
  });

  test("until() throws what its test throws in the waiting task, and signal() does not throw", async () => {
    using time = virtualTime();
    const condition = new Condition();
    const error = new Error("test");
    let broken = false;
    const test = (): boolean => {
      if (broken) throw error;
      return false;
    };
    const failed = expect(condition.until(test).then()).rejects.toBe(error);
    await time.settle();
    broken = true;
    condition.signal();
    await failed;
    await expect(condition.until(test).then()).rejects.toBe(error);
  });

  test(`wait() leaves the queue when it times out or is not chosen; one broadcast() resumes ${spaced(CROWD)} waiters (CH-13)`, async () => {
    using time = virtualTime();
    const condition = new Condition();
    const late = expect(withTimeout(5, condition.wait()).then()).rejects.toBeInstanceOf(TimeoutError);
    await time.advance(5);
    await late;
    expect((await select({ called: condition.wait() }, { default: null })).key).toBe("default");
    let called = 0;
    for (let n = 0; n < CROWD; n++) {
      go(function* (): Routine<void> {
        yield* condition.wait();
        called++;
      });
    }
    await time.settle();
    condition.signal();
    await time.settle();
    expect(called).toBe(1);
    condition.broadcast();
    await time.settle();
    expect(called).toBe(CROWD);
  });
});

describe("Condition with a lease", () => {
  test("wait() releases the lock while it is parked, and holds it again when it resumes", async () => {
    using time = virtualTime();
    const mutex = new Mutex();
    const condition = new Condition();
    const log: string[] = [];
    const waiter = go(function* (): Routine<void> {
      using lease = yield* mutex.lock();
      log.push("waits");
      yield* condition.wait(lease);
      log.push(`goes on, ${lease.held ? "held" : "released"}`);
      yield* pause();
      log.push("done");
    });
    await go(function* (): Routine<void> {
      yield* pause();
      using _ = yield* mutex.lock();
      condition.signal();
      log.push("signals");
      yield* sleep(0);
      yield* pause();
      log.push("releases");
    });
    await waiter;
    await time.settle();
    expect(log).toEqual(["waits", "signals", "releases", "goes on, held", "done"]);
    expect(mutex.locked).toBe(false);
  });

  test("until() resumes with its test true, even if another task held the lock in between", async () => {
    using time = virtualTime();
    const mutex = new Mutex();
    const filled = new Condition();
    const items: number[] = [];
    const got: [string, number | undefined][] = [];
    function* consumer(name: string): Routine<void> {
      for (;;) {
        using lease = yield* mutex.lock();
        yield* filled.until(() => items.length > 0, lease);
        got.push([name, items.shift()]);
        yield* sleep(1);
      }
    }
    const consumers = ["a", "b", "c"].map((name) => go(consumer, name));
    await time.settle();
    go(function* (): Routine<void> {
      for (let n = 0; n < 20; n++) {
        using _ = yield* mutex.lock();
        items.push(n);
        // All consumers are signalled, for one item.
        filled.broadcast();
      }
    });
    await time.advance(100);
    expect(got.map(([, item]) => item)).toEqual(Array.from({ length: 20 }, (_, n) => n));
    for (const task of consumers) task.cancel();
    await time.settle();
    expect(mutex.locked).toBe(false);
  });

  test("until() whose test is false once it has the lock keeps its place, and passes the signal on", async () => {
    using time = virtualTime();
    const mutex = new Mutex();
    const condition = new Condition();
    const log: string[] = [];
    let [left, right] = [0, 0];
    function* waiter(name: string, test: () => boolean): Routine<void> {
      using lease = yield* mutex.lock();
      yield* condition.until(test, lease);
      log.push(name);
    }
    go(waiter, "first", () => left > 0);
    go(waiter, "second", () => left > 0);
    go(waiter, "third", () => right > 0);
    await time.settle();
    const holder = await mutex.lock();
    // This task is ahead of the signalled waiter in the queue of the lock, and makes its test false.
    const overtaker = go(function* (): Routine<void> {
      using _ = yield* mutex.lock();
      left = 0;
    });
    await time.settle();
    left = right = 1;
    condition.signal();
    holder.release();
    await overtaker;
    await time.settle();
    expect(log).toEqual(["third"]);
    left = 1;
    condition.signal();
    await time.settle();
    expect(log).toEqual(["third", "first"]);
    expect(mutex.locked).toBe(false);
  });

  test("wait() that is cancelled ends without the lock, and its signal goes to the next waiter", async () => {
    using time = virtualTime();
    const mutex = new Mutex();
    const condition = new Condition();
    const log: string[] = [];
    function* waiter(name: string): Routine<void> {
      using lease = yield* mutex.lock();
      try {
        yield* condition.wait(lease);
        log.push(name);
      } finally {
        log.push(`${name}: ${lease.held ? "held" : "released"}`);
      }
    }
    const [a, b, c, d] = ["a", "b", "c", "d"].map((name) => go(waiter, name));
    await time.settle();
    // 1. Cancelled while it waits for the signal.
    a!.cancel();
    await time.settle();
    expect([log.splice(0), mutex.locked]).toEqual([["a: released"], false]);
    // 2. Cancelled while it waits for the lock.
    const holder = await mutex.lock();
    condition.signal();
    b!.cancel();
    holder.release();
    // 3. Cancelled after it got the lock and before it resumed.
    c!.cancel();
    await time.settle();
    expect(log).toEqual(["b: released", "c: released", "d", "d: held"]);
    expect([d!.status, mutex.locked]).toEqual(["done", false]);
  });

  test("until() that did not have to park still holds the lock when it is cancelled", async () => {
    using time = virtualTime();
    const mutex = new Mutex();
    const condition = new Condition();
    let held: boolean | undefined;
    const task = go(function* (): Routine<void> {
      using lease = yield* mutex.lock();
      try {
        for (;;) yield* condition.until(() => true, lease);
      } finally {
        held = lease.held;
      }
    });
    go(function* (): Routine<void> {
      task.cancel();
    });
    await time.settle();
    expect([task.status, held, mutex.locked]).toEqual(["cancelled", true, false]);
  });

  test("wait() that loses a select leaves its lease released, and disposing of that lease releases no other", async () => {
    using time = virtualTime();
    const mutex = new Mutex();
    const condition = new Condition();
    const other = channel<string>();
    const task = go(function* (): Routine<string> {
      using lease = yield* mutex.lock();
      const { key } = yield* select({ called: condition.wait(lease), other });
      using again = yield* mutex.lock();
      return `${key}, ${lease.held}, ${again.held}`;
    });
    await time.settle();
    other.trySend("now");
    expect(await task).toBe("other, false, true");
    expect(mutex.locked).toBe(false);
    condition.signal();
    expect(mutex.locked).toBe(false);
  });

  test("wait() releases and takes again what the lease held: permits of a Semaphore, a write lock", async () => {
    using time = virtualTime();
    const [semaphore, lock, condition] = [new Semaphore(5), new RwLock(), new Condition()];
    const task = go(function* (): Routine<void> {
      using three = yield* semaphore.acquire(3);
      using written = yield* lock.write();
      yield* condition.wait(three);
      yield* condition.wait(written);
      yield* sleep(5);
    });
    await time.settle();
    expect([semaphore.available, lock.writing]).toEqual([5, true]);
    condition.signal();
    await time.settle();
    expect([semaphore.available, lock.writing]).toEqual([2, false]);
    condition.signal();
    await time.settle();
    expect([semaphore.available, lock.writing]).toEqual([2, true]);
    await time.advance(5);
    await task;
    expect([semaphore.available, lock.writing]).toEqual([5, false]);
  });

  test("wait() and until() refuse a lease that was released, and leave the lock free", async () => {
    const mutex = new Mutex();
    const condition = new Condition();
    const lease = mutex.tryLock()!;
    lease.release();
    await expect(condition.wait(lease).then()).rejects.toThrow(
      "Cannot wait for condition: the lease must be held, got a released lease",
    );
    await expect(condition.until(() => true, lease).then()).rejects.toThrow(TypeError);
    expect(mutex.locked).toBe(false);
  });

  test("wait() that no task signals is a deadlock, and so is a signaller that keeps the lock (EN-1)", async () => {
    using time = virtualTime();
    const dies = (signals: boolean): Promise<DeadlockError> =>
      run(function* main(): Routine<void> {
        const mutex = new Mutex();
        const condition = new Condition();
        const waiter = go(function* waiter(): Routine<void> {
          using lease = yield* mutex.lock();
          yield* condition.wait(lease);
        });
        yield* pause();
        if (signals) {
          yield* mutex.lock();
          condition.signal();
        }
        yield* waiter;
      }).catch((error: unknown) => error) as Promise<DeadlockError>;
    const [silent, keeps] = [dies(false), dies(true)];
    await time.settle();
    expect((await silent).tasks[1]?.waitsFor).toBe("wait for condition");
    expect((await keeps).tasks[1]?.waitsFor).toBe("lock mutex");
    expect([...(await keeps).cycle].sort()).toEqual(["main#0", "main#0/waiter#0"]);
  });
});

test("a bounded buffer of two Conditions and a Mutex loses no item while its users are cancelled at random times", async () => {
  using time = virtualTime(7);
  const mutex = new Mutex();
  const [filled, emptied] = [new Condition(), new Condition()];
  const items: number[] = [];
  const [put, taken] = [new Set<number>(), new Set<number>()];
  function* producer(n: number): Routine<void> {
    using lease = yield* mutex.lock();
    yield* emptied.until(() => items.length < 3, lease);
    items.push(n);
    put.add(n);
    yield* pause();
    filled.signal();
  }
  function* consumer(): Routine<void> {
    using lease = yield* mutex.lock();
    yield* filled.until(() => items.length > 0, lease);
    taken.add(items.shift()!);
    emptied.signal();
  }
  const tasks = Array.from({ length: 600 }, (_, n) => (n % 2 === 0 ? go(producer, n) : go(consumer)));
  for (let n = 0; n < 600; n += 7) {
    go(function* (): Routine<void> {
      for (let turns = n % 13; turns > 0; turns--) yield* pause();
      tasks[n]!.cancel();
    });
  }
  await time.settle();
  while (items.length > 0) await go(consumer);
  for (const task of tasks) task.cancel();
  await Promise.all(tasks.map((task) => task.then().catch((error) => expect(error).toBeInstanceOf(CancelledError))));
  expect([...taken].sort((a, b) => a - b)).toEqual([...put].sort((a, b) => a - b));
  expect(taken.size).toBeGreaterThan(200);
  expect(mutex.locked).toBe(false);
});

// The same claims for everything that is held by a lease: cancelling a waiter never loses the permits that it waited for.

import {
  type AsyncRoutine,
  alt,
  always,
  CancelledError,
  channel,
  DeadlockError,
  go,
  type Operation,
  pause,
  type Routine,
  run,
  select,
  sleep,
  type Task,
  TimeoutError,
  withTimeout,
} from "millrace";
import { describe, expect, test } from "vitest";
import { scaled, spaced } from "../support/stress.js";
import { virtualTime } from "../support/virtual.js";
import { kinds, type Lock } from "./locks.js";

/** Enough waiters to overflow the stack if each were served inside the call that serves the one before. */
const MANY = scaled(15_000, 30_000);
/** Waiters of a queue that they leave in any order: no call resumes many of them. */
const LEAVERS = scaled(2000, 30_000);

/** Takes a lock, notes its name, and keeps the lock until release() is called. */
function keeper(log: string[], name: string, take: Operation<Disposable>): { task: Task<void>; release: () => void } {
  const enough = channel<void>(1);
  const task = go(function* keep(): Routine<void> {
    using _ = yield* take;
    log.push(name);
    yield* enough.receive();
  });
  return { task, release: () => void enough.trySend() };
}

describe.each(kinds)("$kind", ({ make }) => {
  test("is granted in the order of the calls", async () => {
    using time = virtualTime();
    const lock = await make();
    const log: string[] = [];
    const keepers = ["a", "b", "c", "d"].map((name) => keeper(log, name, lock.take()));
    for (let n = 0; n < keepers.length; n++) {
      await time.settle();
      expect(log).toEqual(["a", "b", "c", "d"].slice(0, n + 1));
      keepers[n]!.release();
    }
    await time.settle();
    expect(lock.free).toBe(true);
  });

  test("goes to the parked waiter on release, and not to a call that comes in the same step", async () => {
    using time = virtualTime();
    const lock = await make();
    const log: string[] = [];
    const first = await lock.take();
    keeper(log, "waiter", lock.take());
    await time.settle();
    const task = go(function* (): Routine<void> {
      first[Symbol.dispose]();
      const { key } = yield* select({ again: lock.take() }, { default: null });
      log.push(key);
    });
    await task;
    await time.settle();
    expect(log).toEqual(["default", "waiter"]);
  });

  test("leaves the queue when it is cancelled, and the waiter behind it is next", async () => {
    using time = virtualTime();
    const lock = await make();
    const log: string[] = [];
    const [a, b, c] = ["a", "b", "c"].map((name) => keeper(log, name, lock.take()));
    await time.settle();
    b!.task.cancel();
    await expect(b!.task.then()).rejects.toBeInstanceOf(CancelledError);
    a!.release();
    await time.settle();
    expect(log).toEqual(["a", "c"]);
    c!.release();
    await time.settle();
    expect(lock.free).toBe(true);
  });

  const wrappings: [string, (take: Operation<Disposable>) => Operation<Disposable>][] = [
    ["alone", (take) => take],
    ["under map", (take) => take.map((lease) => lease)],
    ["in a select", (take) => select({ take, late: sleep(1e6) }).map(({ value }) => value as Disposable)],
    ["in nested choices", (take) => alt(alt(take, sleep(1e6).map(never)), sleep(1e6).map(never))],
    ["under withTimeout", (take) => withTimeout(1e6, take)],
  ];

  test.each(wrappings)(
    "performed %s goes to the next waiter if its task is cancelled after the grant and before it resumes",
    async (_, wrap) => {
      using time = virtualTime();
      const lock = await make();
      const log: string[] = [];
      const first = await lock.take();
      const b = keeper(log, "b", wrap(lock.take()));
      const c = keeper(log, "c", wrap(lock.take()));
      await time.settle();
      first[Symbol.dispose]();
      b.task.cancel();
      await time.settle();
      expect(log).toEqual(["c"]);
      c.release();
      await time.settle();
      expect([lock.free, time.timers]).toEqual([true, 0]);
    },
  );

  test("is released if its task is cancelled after the grant, while the task yields to others at the end of a streak", async () => {
    using time = virtualTime();
    const lock = await make();
    const log: string[] = [];
    const task = go(function* (): Routine<void> {
      // After a long streak of completions, the next operation completes and the task goes to the end of the run queue.
      for (let n = 0; n < 64; n++) yield* always(n);
      using _ = yield* lock.take();
      log.push("had it");
    });
    go(function* (): Routine<void> {
      log.push(lock.free ? "free" : "taken");
      task.cancel();
    });
    await time.settle();
    expect([log, lock.free]).toEqual([["taken"], true]);
  });

  test("leaves the queue in the same step in which another case of its select wins", async () => {
    using time = virtualTime();
    const lock = await make();
    const log: string[] = [];
    const first = await lock.take();
    const other = channel<string>();
    const chooser = go(function* (): Routine<string> {
      return (yield* select({ lock: lock.take(), other })).key;
    });
    const behind = keeper(log, "behind", lock.take());
    await time.settle();
    other.trySend("now");
    first[Symbol.dispose]();
    expect(await chooser).toBe("other");
    await time.settle();
    expect(log).toEqual(["behind"]);
    behind.release();
    await time.settle();
    expect(lock.free).toBe(true);
  });

  test("takes one lock only in a select over several locks that are released in one step", async () => {
    using time = virtualTime();
    const locks = await Promise.all([1, 2, 3].map(() => make()));
    const leases: Disposable[] = [];
    for (const lock of locks) leases.push(await lock.take());
    const chooser = go(function* (): Routine<Disposable> {
      return yield* alt(...locks.map((lock) => lock.take()));
    });
    await time.settle();
    for (const lease of leases.reverse()) lease[Symbol.dispose]();
    expect(locks.map((lock) => lock.free)).toEqual([true, true, false]);
    (await chooser)[Symbol.dispose]();
    expect(locks.map((lock) => lock.free)).toEqual([true, true, true]);
  });

  test("releases the lock that it took in a select that is cancelled before it resumes", async () => {
    using time = virtualTime();
    const locks = await Promise.all([1, 2].map(() => make()));
    const leases: Disposable[] = [];
    for (const lock of locks) leases.push(await lock.take());
    const chooser = go(function* (): Routine<void> {
      yield* select({ a: locks[0]!.take(), b: locks[1]!.take() });
    });
    const log: string[] = [];
    const behind = locks.map((lock, n) => keeper(log, `behind ${n}`, lock.take()));
    await time.settle();
    for (const lease of leases) lease[Symbol.dispose]();
    chooser.cancel();
    await time.settle();
    expect(log.sort()).toEqual(["behind 0", "behind 1"]);
    for (const { release } of behind) release();
    await time.settle();
    expect(locks.map((lock) => lock.free)).toEqual([true, true]);
  });

  test("leaves the queue when withTimeout() throws, and leaves no timer when it is granted in time (TM-5)", async () => {
    using time = virtualTime();
    const lock = await make();
    const first = await lock.take();
    const late = withTimeout(10, lock.take()).then();
    const failed = expect(late).rejects.toBeInstanceOf(TimeoutError);
    await time.advance(10);
    await failed;
    first[Symbol.dispose]();
    expect(lock.free).toBe(true);
    using _ = await withTimeout(10, lock.take());
    await time.settle();
    expect([lock.free, time.timers]).toEqual([false, 0]);
  });

  test("leaves nothing behind in a select that takes a ready case", async () => {
    using _ = virtualTime();
    const lock = await make();
    const first = await lock.take();
    for (let n = 0; n < 100; n++) await select({ lock: lock.take(), ready: always(n) }, { mode: "priority" });
    first[Symbol.dispose]();
    expect(lock.free).toBe(true);
  });

  test(`is granted to ${spaced(MANY)} waiters one after the other without growing the stack (CH-13)`, async () => {
    using time = virtualTime();
    const lock = await make();
    const first = await lock.take();
    let served = 0;
    for (let n = 0; n < MANY; n++) {
      go(function* (): Routine<void> {
        using _ = yield* lock.take();
        served++;
      });
    }
    await time.settle();
    first[Symbol.dispose]();
    await time.settle();
    expect([served, lock.free]).toEqual([MANY, true]);
  });

  test(`is free again after ${spaced(MANY)} waiters were cancelled in the step of the release, without growing the stack (CH-13)`, async () => {
    using time = virtualTime();
    const lock = await make();
    const first = await lock.take();
    const tasks = Array.from({ length: MANY }, () =>
      go(function* (): Routine<void> {
        using _ = yield* lock.take();
        yield* pause();
      }),
    );
    await time.settle();
    first[Symbol.dispose]();
    for (const task of tasks) task.cancel();
    await time.settle();
    expect(tasks.every((task) => task.status === "cancelled")).toBe(true);
    expect(lock.free).toBe(true);
  });

  test(`lets ${spaced(LEAVERS)} waiters leave from the middle of the queue, and is then granted to the last waiter (CH-14)`, async () => {
    using time = virtualTime();
    const lock = await make();
    const log: string[] = [];
    const first = await lock.take();
    const tasks = Array.from({ length: LEAVERS }, () =>
      go(function* (): Routine<void> {
        yield* lock.take();
      }),
    );
    await time.settle();
    keeper(log, "last", lock.take());
    await time.settle();
    for (let n = 0; n < tasks.length; n++) tasks[(n * 7919) % tasks.length]!.cancel();
    await time.settle();
    first[Symbol.dispose]();
    await time.settle();
    expect(log).toEqual(["last"]);
  });

  test("is given back once if its lease is disposed of twice", async () => {
    using time = virtualTime();
    const lock = await make();
    const log: string[] = [];
    const first = await lock.take();
    const a = keeper(log, "a", lock.take());
    keeper(log, "b", lock.take());
    await time.settle();
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    await time.settle();
    expect([log, lock.free]).toEqual([["a"], false]);
    a.release();
    await time.settle();
    first[Symbol.dispose]();
    expect([log, lock.free]).toEqual([["a", "b"], false]);
  });

  const forms: [string, (lock: Lock, log: string[], name: string) => PromiseLike<void>][] = [
    [
      "function*",
      (lock, log, name) =>
        go(function* (): Routine<void> {
          using _ = yield* lock.take();
          log.push(name);
          yield* sleep(5);
          log.push(name);
        }),
    ],
    [
      "async function*",
      (lock, log, name) =>
        go(async function* (): AsyncRoutine<void> {
          await null;
          using _ = yield* lock.take();
          log.push(name);
          yield* sleep(5);
          log.push(name);
        }),
    ],
    [
      "await",
      async (lock, log, name) => {
        using _ = await lock.take();
        log.push(name);
        await sleep(5);
        log.push(name);
      },
    ],
  ];

  test.each(forms)("is held by one holder at a time in the form %s", async (_, form) => {
    using time = virtualTime();
    const lock = await make();
    const log: string[] = [];
    const all = Promise.all(["a", "b", "c"].map((name) => form(lock, log, name)));
    await time.advance(15);
    await all;
    expect(log).toEqual(["a", "a", "b", "b", "c", "c"]);
    expect(lock.free).toBe(true);
  });

  test("is released if an async go block is cancelled after the grant and before it resumes", async () => {
    using time = virtualTime();
    const lock = await make();
    for (const settles of [true, false]) {
      const first = await lock.take();
      const task = go(async function* (): AsyncRoutine<void> {
        using _ = yield* lock.take();
        yield* pause();
      });
      if (settles) await time.settle();
      else await null;
      first[Symbol.dispose]();
      task.cancel();
      await time.settle();
      expect([task.status, lock.free]).toEqual(["cancelled", true]);
    }
  });

  test.each(["throws", "is cancelled", "returns"])("is released by `using` when the body %s", async (how) => {
    using time = virtualTime();
    const lock = await make();
    const task = go(function* (): Routine<void> {
      using _ = yield* lock.take();
      if (how === "throws") throw new Error("in the body");
      if (how === "is cancelled") yield* sleep(1e6);
    });
    const ended = task.then().catch(() => {});
    await time.settle();
    task.cancel();
    await ended;
    expect([task.status, lock.free]).toEqual([{ throws: "failed", returns: "done" }[how] ?? "cancelled", true]);
  });

  test("yields a new lease each time that the same operation is performed (OP-1)", async () => {
    using _ = virtualTime();
    const lock = await make();
    const take = lock.take();
    const seen = new Set<Disposable>();
    await go(function* (): Routine<void> {
      for (let n = 0; n < 3; n++) {
        using lease = yield* take;
        seen.add(lease);
      }
    });
    expect([seen.size, lock.free]).toEqual([3, true]);
  });

  test("performed again by its holder is a deadlock, which run() reports (EN-1)", async () => {
    using time = virtualTime();
    const lock = await make();
    const stuck = run(function* main(): Routine<void> {
      using _ = yield* lock.take();
      yield* lock.take();
    });
    const failed = expect(stuck).rejects.toBeInstanceOf(DeadlockError);
    await time.settle();
    await failed;
  });

  test("performed by two tasks on two locks in opposite orders is a deadlock, whose report contains the cycle (EN-1)", async () => {
    using time = virtualTime();
    const [a, b] = [await make(), await make()];
    function* taker(first: Lock, second: Lock): Routine<void> {
      using _first = yield* first.take();
      yield* sleep(1);
      using _second = yield* second.take();
    }
    const stuck = run(function* main(): Routine<void> {
      const tasks = [go(taker, a, b), go(taker, b, a)];
      for (const task of tasks) yield* task;
    }).catch((error: unknown) => error as DeadlockError);
    await time.advance(1);
    await time.settle();
    const error = (await stuck) as DeadlockError;
    expect(error).toBeInstanceOf(DeadlockError);
    expect(error.cycle.map((name) => name.split("/").at(-1)).sort()).toEqual(["taker#0", "taker#1"]);
  });
});

function never(): never {
  throw new Error("this case cannot happen");
}

test(`alt() over two locks of any kind is granted to ${spaced(MANY)} tasks without growing the stack (CH-13)`, async () => {
  using time = virtualTime();
  for (const { make } of kinds) {
    const [a, b] = [await make(), await make()];
    const leases = [await a.take(), await b.take()];
    let served = 0;
    for (let n = 0; n < MANY; n++) {
      go(function* (): Routine<void> {
        using _ = yield* alt(a.take(), b.take());
        served++;
      });
    }
    await time.settle();
    for (const lease of leases) lease[Symbol.dispose]();
    await time.settle();
    expect([served, a.free, b.free]).toEqual([MANY, true, true]);
  }
});

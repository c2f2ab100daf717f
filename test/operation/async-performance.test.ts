// What only the async form has to go through: its driver does not know at once what it waits for.

import {
  type AsyncRoutine,
  always,
  CancelledError,
  CLOSED,
  channel,
  EMPTY,
  go,
  guard,
  type Operation,
  pause,
  type Routine,
  run,
  select,
  sleep,
  withNack,
} from "millrace";
import { describe, expect, test } from "vitest";
import { CROWD, scaled, spaced } from "../support/stress.js";
import { joined, microtasks } from "../support/tasks.js";
import { virtualTime } from "../support/virtual.js";

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: unknown) => void } {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

describe("cancelled in a raw await", () => {
  test("a task cancelled in a raw await ends at its next operation, which takes nothing (GO-4)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const numbers = channel<number>(1);
    numbers.trySend(1);
    const { promise, resolve } = deferred<void>();
    const task = go(async function* (): AsyncRoutine<void> {
      try {
        await promise;
        log.push("awaited");
        log.push(`got ${String(yield* numbers.receive())}`);
      } catch {
        log.push("caught");
      } finally {
        log.push("finally");
      }
    });
    await time.settle();
    task.cancel();
    await time.settle();
    expect(log).toEqual([]);
    resolve();
    await time.settle();
    expect(log).toEqual(["awaited", "finally"]);
    expect(task.status).toBe("cancelled");
    expect(numbers.length).toBe(1);
  });

  test("a task cancelled in a raw await that returns before its next operation is done; if it throws, it has failed (GO-4)", async () => {
    using time = virtualTime();
    const first = deferred<string>();
    const second = deferred<string>();
    const body = async function* (promise: Promise<string>): AsyncRoutine<string> {
      return await promise;
    };
    const [returns, throws] = [go(body, first.promise), go(body, second.promise)];
    await time.settle();
    returns.cancel();
    throws.cancel();
    const error = new Error("no");
    first.resolve("value");
    second.reject(error);
    await time.settle();
    expect(await joined(returns)).toEqual(["done", "value"]);
    expect(await joined(throws)).toBe(error);
  });

  test("a task cancelled in a raw await does not change the order of other tasks, new or old (GO-4, CH-2)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const numbers = channel<number>();
    const receiver = async function* (name: string): AsyncRoutine<void> {
      for (let n = 0; n < 2; n++) log.push(`${name} got ${String(yield* numbers.receive())}`);
    };
    go(receiver, "old");
    await time.settle();
    const { promise, resolve } = deferred<void>();
    const hanging = go(async function* (): AsyncRoutine<void> {
      await promise;
    });
    await time.settle();
    go(receiver, "young");
    await microtasks(20);
    hanging.cancel();
    go(receiver, "late");
    await time.settle();
    for (let n = 1; n <= 6; n++) {
      expect(numbers.trySend(n)).toBe(true);
      await time.settle();
    }
    expect(log).toEqual(["old got 1", "young got 2", "late got 3", "old got 4", "young got 5", "late got 6"]);
    expect(hanging.status).toBe("running");
    resolve();
    await time.settle();
    expect(hanging.status).toBe("done");
  });

  test("a task cancelled in a raw await runs all of its finally, which may await and park (GO-4)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const [first, last] = [deferred<void>(), deferred<string>()];
    const words = channel<string>();
    const task = go(async function* (): AsyncRoutine<void> {
      try {
        await first.promise;
        yield* pause();
        log.push("never");
      } finally {
        log.push(await last.promise);
        log.push(String(yield* words.receive()));
      }
    });
    await time.settle();
    task.cancel("r");
    first.resolve();
    await time.settle();
    last.resolve("awaited in finally");
    await time.settle();
    expect(task.status).not.toBe("cancelled");
    words.trySend("received in finally");
    await time.settle();
    expect(log).toEqual(["awaited in finally", "received in finally"]);
    expect(await joined(task)).toBeInstanceOf(CancelledError);
  });

  test("several tasks cancelled in a raw await each end at their own next operation (GO-4)", async () => {
    using time = virtualTime();
    const gates = [deferred<void>(), deferred<void>(), deferred<void>()];
    const tasks = gates.map((gate) =>
      go(async function* (): AsyncRoutine<string> {
        await gate.promise;
        yield* pause();
        return "went on";
      }),
    );
    await time.settle();
    tasks[0]!.cancel();
    tasks[2]!.cancel();
    for (const gate of gates) gate.resolve();
    await time.settle();
    expect(tasks.map((task) => task.status)).toEqual(["cancelled", "done", "cancelled"]);
  });
});

describe("through nested helpers", () => {
  async function* inner(log: string[], at: Operation<unknown>): AsyncRoutine<unknown> {
    try {
      return yield* at;
    } finally {
      log.push("inner finally");
    }
  }

  async function* middle(log: string[], at: Operation<unknown>): AsyncRoutine<unknown> {
    try {
      return yield* inner(log, at);
    } catch (error) {
      log.push(`middle caught ${String(error)}`);
      return "mended";
    } finally {
      log.push("middle finally");
    }
  }

  function* sync(log: string[], at: Operation<unknown>): Routine<unknown> {
    try {
      return yield* at;
    } finally {
      log.push("sync finally");
    }
  }

  async function* overSync(log: string[], at: Operation<unknown>): AsyncRoutine<unknown> {
    try {
      return yield* sync(log, at);
    } finally {
      log.push("outer finally");
    }
  }

  const waits = [
    { age: "just parked", wait: () => microtasks(30) },
    { age: "long parked", wait: (time: ReturnType<typeof virtualTime>) => time.settle() },
  ];

  test.each(waits)(
    "$age: cancelling a task in nested async helpers runs every finally from the inside out (GO-4)",
    async ({ wait }) => {
      using time = virtualTime();
      const log: string[] = [];
      const numbers = channel<number>();
      const task = go(middle, log, numbers.receive());
      await wait(time);
      task.cancel();
      await time.settle();
      expect(log).toEqual(["inner finally", "middle finally"]);
      expect(task.status).toBe("cancelled");
      expect(numbers.trySend(1)).toBe(false);
    },
  );

  test.each(waits)(
    "$age: cancelling an async body runs the finally of a sync helper (GO-3, GO-4)",
    async ({ wait }) => {
      using time = virtualTime();
      const log: string[] = [];
      const numbers = channel<number>();
      const [a, b] = [go(overSync, log, numbers.receive()), go(overSync, [], numbers.receive())];
      await wait(time);
      a.cancel();
      await time.settle();
      expect(log).toEqual(["sync finally", "outer finally"]);
      expect([a.status, b.status]).toEqual(["cancelled", "parked"]);
      expect(numbers.trySend(5)).toBe(true);
      expect(await b).toBe(5);
      expect(numbers.trySend(6)).toBe(false);
    },
  );

  test.each(waits)("$age: an exception of a mapped function unwinds nested async helpers (OP-3)", async ({ wait }) => {
    using time = virtualTime();
    const log: string[] = [];
    const numbers = channel<number>();
    const failing = (): Operation<unknown> =>
      numbers.receive().map(() => {
        throw new Error("mapped");
      });
    const task = go(middle, log, failing());
    const overFailing = go(overSync, [], failing());
    await wait(time);
    numbers.trySend(1);
    numbers.trySend(2);
    await time.settle();
    expect(await task).toBe("mended");
    expect(await joined(overFailing)).toEqual(new Error("mapped"));
    expect(log).toEqual(["inner finally", "middle caught Error: mapped", "middle finally"]);
  });
});

describe("a sync routine inside an async body", () => {
  test("a sync routine inside an async body meets a peer that comes in the step in which it parks (CH-5, CH-8)", async () => {
    using time = virtualTime();
    const numbers = channel<number>();
    function* receiveTwo(): Routine<unknown[]> {
      return [yield* numbers.receive(), yield* numbers.receive()];
    }
    const task = go(async function* (): AsyncRoutine<unknown[]> {
      return yield* receiveTwo();
    });
    const sender = go(function* (): Routine<void> {
      yield* numbers.send(1);
      yield* numbers.send(2);
    });
    await time.settle();
    expect([task.status, sender.status]).toEqual(["done", "done"]);
    expect(await task).toEqual([1, 2]);
  });

  test("a sync routine inside an async body stands in the queue from the moment at which it parked (CH-2)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const numbers = channel<number>();
    function* receive(name: string): Routine<void> {
      log.push(`${name} got ${String(yield* numbers.receive())}`);
    }
    go(async function* (): AsyncRoutine<void> {
      yield* receive("first");
    });
    go(receive, "second");
    await time.settle();
    numbers.trySend(1);
    numbers.trySend(2);
    await time.settle();
    expect(log).toEqual(["first got 1", "second got 2"]);
  });

  test("a sync routine inside an async body performs pause(), sleep(), joins and select() (GO-3)", async () => {
    using time = virtualTime();
    const numbers = channel<number>();
    const other = go(function* (): Routine<string> {
      yield* sleep(5);
      return "joined";
    });
    function* all(): Routine<unknown[]> {
      yield* pause();
      yield* sleep(10);
      const choice = yield* select({ numbers, late: sleep(20) });
      return [yield* other, choice.key, time.now()];
    }
    const task = go(async function* (): AsyncRoutine<unknown[]> {
      return yield* all();
    });
    await time.advance(100);
    expect(await task).toEqual(["joined", "late", 30]);
  });

  test("a sync routine inside an async body throws the error of maxPending at its yield* (CH-11)", async () => {
    using time = virtualTime();
    const numbers = channel<number>(0, { name: "small", maxPending: 0 });
    function* receive(): Routine<string> {
      try {
        yield* numbers.receive();
        return "received";
      } catch (error) {
        return String(error);
      }
    }
    const task = go(async function* (): AsyncRoutine<string> {
      return yield* receive();
    });
    await time.settle();
    expect(await task).toMatch(/RangeError: Cannot wait for small/);
  });
});

test("guard() and withNack() make their operation once for each performance, and withNack() sees a cancelled task, in every form (OP-4)", async () => {
  using time = virtualTime();
  const log: string[] = [];
  const silent = channel<number>();
  const watched = (name: string): Operation<unknown> =>
    withNack((lost) => {
      log.push(`${name} made`);
      go(function* (): Routine<void> {
        yield* lost;
        log.push(`${name} lost`);
      });
      return silent.receive();
    });
  function* sync(name: string): Routine<void> {
    yield* watched(name);
  }
  const tasks = [
    go(sync, "sync"),
    go(async function* (): AsyncRoutine<void> {
      yield* watched("async");
    }),
    go(async function* (): AsyncRoutine<void> {
      yield* sync("delegated");
    }),
  ];
  await time.settle();
  expect([...log].sort()).toEqual(["async made", "delegated made", "sync made"]);
  for (const task of tasks) task.cancel();
  await time.settle();
  expect(log.filter((line) => line.endsWith("lost")).sort()).toEqual(["async lost", "delegated lost", "sync lost"]);
  expect(silent.trySend(1)).toBe(false);
});

test("the error of an operation that throws when it is polled is thrown at the yield* (OP-4)", async () => {
  using time = virtualTime();
  const task = go(async function* (): AsyncRoutine<string> {
    try {
      yield* guard((): Operation<string> => {
        throw new Error("in guard");
      });
      return "nothing thrown";
    } catch (error) {
      return (error as Error).message;
    }
  });
  await time.settle();
  expect(await task).toBe("in guard");
});

test("performing an operation that is parked already throws at the second yield*, and the first stays parked (OP-1)", async () => {
  using time = virtualTime();
  const numbers = channel<number>();
  const receive = numbers.receive();
  const body = async function* (): AsyncRoutine<string> {
    try {
      return `got ${String(yield* receive)}`;
    } catch (error) {
      return String(error);
    }
  };
  const [first, second] = [go(body), go(body)];
  await time.settle();
  expect(numbers.trySend(1)).toBe(true);
  expect(await first).toBe("got 1");
  expect(await second).toMatch(
    /^TypeError: Cannot perform operation: it is parked already \(receive from channel#\d+\)/,
  );
});

test("one async body may await several operations at once with Promise.all() (GO-3)", async () => {
  using time = virtualTime();
  const [a, b] = [channel<string>(), channel<string>()];
  const task = go(async function* (): AsyncRoutine<unknown> {
    yield* pause();
    return await Promise.all([a.receive(), b.receive()]);
  });
  await time.settle();
  b.trySend("b");
  a.trySend("a");
  await time.settle();
  expect(await task).toEqual(["a", "b"]);
});

test("for await over a channel inside an async body ends with the channel (GO-3, CH-20)", async () => {
  using time = virtualTime();
  const numbers = channel<number>();
  const task = go(async function* (): AsyncRoutine<number> {
    let sum = 0;
    for await (const n of numbers) {
      yield* pause();
      sum += n;
    }
    return sum;
  });
  go(function* (): Routine<void> {
    for (let n = 1; n <= 4; n++) yield* numbers.send(n);
    numbers.close();
  });
  await time.settle();
  expect(await task).toBe(10);
});

test(`${spaced(CROWD)} async bodies parked on one channel are released in order, in one step, without recursion (CH-13, CH-21)`, async () => {
  const numbers = channel<number>();
  const log: number[] = [];
  const tasks = Array.from({ length: CROWD }, (_, index) =>
    go(async function* (): AsyncRoutine<void> {
      if ((yield* numbers.receive()) === CLOSED) log.push(index);
    }),
  );
  await go(function* (): Routine<void> {
    yield* sleep(0);
    yield* pause();
  });
  numbers.close();
  for (const task of tasks) await task;
  expect(log.length).toBe(CROWD);
  expect(log.every((index, place) => index === place)).toBe(true);
});

test("cancelling one of 10 000 parked async bodies leaves 9 999 places in order (CH-2, CH-14)", async () => {
  using time = virtualTime();
  const numbers = channel<number>();
  const got: unknown[] = [];
  const tasks = Array.from({ length: 10_000 }, (_, index) =>
    go(async function* (): AsyncRoutine<void> {
      yield* numbers.receive();
      got.push(index);
    }),
  );
  await microtasks(50);
  tasks[5_000]!.cancel();
  await time.settle();
  let sent = 0;
  while (numbers.trySend(sent)) sent++;
  await time.settle();
  expect(sent).toBe(9_999);
  expect(got).toEqual(Array.from({ length: 10_000 }, (_, index) => index).filter((index) => index !== 5_000));
  expect(tasks[5_000]!.status).toBe("cancelled");
});

test("Task.status of an async body is parked once it has been parked for a while, running in a raw await", async () => {
  using time = virtualTime();
  const { promise } = deferred<void>();
  const parked = go(async function* (): AsyncRoutine<void> {
    yield* channel<number>().receive();
  });
  const awaiting = go(async function* (): AsyncRoutine<void> {
    await promise;
  });
  await time.settle();
  expect([parked.status, awaiting.status]).toEqual(["parked", "running"]);
});

const TIMES = scaled(100_000, 1_000_000);
test(`${spaced(TIMES)} times always() in an async body keep the stack and the memory flat (GO-5)`, async () => {
  const task = go(async function* (): AsyncRoutine<number> {
    let sum = 0;
    for (let n = 0; n < TIMES; n++) sum += yield* always(1);
    return sum;
  });
  expect(await task).toBe(TIMES);
});

test("run() with async bodies started by async bodies after an await counts them as its own (EN-1)", async () => {
  using time = virtualTime();
  const numbers = channel<number>();
  const result = run(async function* main(): AsyncRoutine<unknown> {
    await Promise.resolve();
    go(async function* child(): AsyncRoutine<void> {
      await Promise.resolve();
      yield* numbers.send(3);
    });
    return yield* numbers.receive();
  });
  await time.settle();
  expect(await result).toBe(3);
  expect(numbers.tryReceive()).toBe(EMPTY);
});

describe("values that are at hand", () => {
  test("each of many bodies gets its own values, in order", async () => {
    const bodies = Array.from({ length: 200 }, (_, body) =>
      go(async function* (): AsyncRoutine<string[]> {
        const values = channel<string>(8);
        const got: string[] = [];
        for (let n = 0; n < 8; n++) yield* values.send(`${body}:${n}`);
        for (let n = 0; n < 8; n++) got.push(`${String(yield* values.receive())} ${yield* always(n)}`);
        return got;
      }),
    );
    for (const [body, task] of bodies.entries()) {
      expect(await task).toEqual(Array.from({ length: 8 }, (_, n) => `${body}:${n} ${n}`));
    }
  });

  test("an exception of a receive that was parked is thrown in the body, once", async () => {
    const values = channel<number>();
    const task = go(async function* (): AsyncRoutine<string> {
      try {
        yield* values.receive();
        return "received";
      } catch (error) {
        return `caught ${(error as Error).message}; ${yield* always("went on")}`;
      }
    });
    await microtasks(20);
    values.close(new Error("broken"));
    expect(await task).toBe("caught broken; went on");
  });
});

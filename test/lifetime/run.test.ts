// EN-1 and what of EN-3 can be seen without a process; process.node.test.ts has the rest.

import {
  type AsyncRoutine,
  alt,
  always,
  type Channel,
  channel,
  DeadlockError,
  go,
  never,
  type Operation,
  pause,
  promiseChannel,
  type Routine,
  run,
  scope,
  select,
  settled,
  sleep,
  type Task,
  ticker,
  upon,
  withTimeout,
} from "millrace";
import { describe, expect, test } from "vitest";
import { virtualTime } from "../support/virtual.js";

const forms = [
  {
    form: "function*",
    *perform(...operations: Operation<unknown>[]): Routine<unknown> {
      let last: unknown;
      for (const operation of operations) last = yield* operation;
      return last;
    },
    *philosopher(left: Channel<string>, right: Channel<string>): Routine<void> {
      yield* left.receive();
      yield* pause();
      yield* right.receive();
    },
    main: (begin: () => void, at: Operation<unknown>) =>
      function* main(): Routine<unknown> {
        begin();
        return yield* at;
      },
  },
  {
    form: "async function*",
    async *perform(...operations: Operation<unknown>[]): AsyncRoutine<unknown> {
      let last: unknown;
      for (const operation of operations) last = yield* operation;
      return last;
    },
    async *philosopher(left: Channel<string>, right: Channel<string>): AsyncRoutine<void> {
      yield* left.receive();
      yield* pause();
      yield* right.receive();
    },
    main: (begin: () => void, at: Operation<unknown>) =>
      async function* main(): AsyncRoutine<unknown> {
        begin();
        return yield* at;
      },
  },
];

async function outcome(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch((error: unknown) => error);
}

describe.each(forms)("run() of $form", (form) => {
  test("run() resolves to what the program returns, and rejects with the very error that it throws (EN-1)", async () => {
    using time = virtualTime();
    expect(await run(form.perform, always(7))).toBe(7);
    const error = new Error("thrown");
    const failing = always(0).map(() => {
      throw error;
    });
    expect(await outcome(run(form.perform, failing))).toBe(error);
    await time.settle();
    expect(time.reported).toEqual([]);
  });

  test("run() rejects as soon as all its tasks are parked, and names each task and its operation (EN-1)", async () => {
    using time = virtualTime();
    const [a, b] = [channel<number>(0, { name: "a" }), channel<number>(0, { name: "b" })];
    const ended = outcome(run(form.main(() => void go(form.perform, b.send(1)), a.receive())));
    await time.settle();
    await time.settle();
    const error = (await ended) as DeadlockError;
    expect(error).toBeInstanceOf(DeadlockError);
    expect(error.tasks.map(({ name, waitsFor }) => `${name.split("/").at(-1)}: ${waitsFor}`)).toEqual([
      "main#0: receive from a",
      "perform#0: send to b",
    ]);
    expect(error.message).toContain("receive from a");
    expect(error.message).toContain("send to b");
  });

  test("the DeadlockError of run() shows the cycle of the dining philosophers (EN-1)", async () => {
    using time = virtualTime();
    const ended = outcome(
      run(function* table(): Routine<void> {
        const forks = [0, 1, 2].map((n) => channel<string>(1, { name: `fork ${n}` }));
        const seats: Task<void>[] = [];
        for (let n = 0; n < 3; n++) {
          yield* forks[n]!.send("fork");
          seats.push(go(form.philosopher, forks[n]!, forks[(n + 1) % 3]!));
        }
        for (const seat of seats) yield* seat;
      }),
    );
    await time.settle();
    await time.settle();
    const error = (await ended) as DeadlockError;
    expect(error).toBeInstanceOf(DeadlockError);
    expect(error.tasks.length).toBe(4);
    if (form.form === "function*") {
      expect(error.cycle.length).toBe(3);
      expect([...error.cycle].sort()).toEqual(
        [0, 1, 2].map((n) => expect.stringMatching(new RegExp(`philosopher#${n}$`))),
      );
      expect(error.message).toContain("cycle: ");
    }
  });

  test("two tasks that join each other are a cycle in the DeadlockError (EN-1)", async () => {
    using time = virtualTime();
    const tasks: Task<unknown>[] = [];
    const joins = (n: number): Operation<unknown> => pause().map(() => n);
    const ended = outcome(
      run(function* main(): Routine<void> {
        for (const n of [0, 1]) {
          tasks.push(
            go(function* joiner(): Routine<void> {
              yield* joins(n);
              yield* tasks[1 - n]!;
            }),
          );
        }
        yield* tasks[0]!;
      }),
    );
    await time.settle();
    await time.settle();
    const error = (await ended) as DeadlockError;
    expect(error).toBeInstanceOf(DeadlockError);
    expect(error.cycle.map((name) => name.split("/").at(-1)).sort()).toEqual(["joiner#0", "joiner#1"]);
  });

  test("run() reports a deadlock inside a select, in a scope, and at never() (EN-1)", async () => {
    using time = virtualTime();
    const [a, b] = [channel<number>(0, { name: "a" }), channel<number>(0, { name: "b" })];
    const stuck: Operation<unknown>[] = [
      select({ a, b: b.send(1) }),
      alt(a.receive(), never()),
      scope(form.main(() => {}, a.receive())),
      promiseChannel<number>().receive(),
      a.whenClosed(),
    ];
    for (const operation of stuck) {
      const ended = outcome(run(form.perform, operation));
      await time.settle();
      await time.settle();
      expect(await Promise.race([ended, Promise.resolve(operation)])).toBeInstanceOf(DeadlockError);
    }
  });

  test("run() reports no deadlock while a task waits for a sleep, a deadline, a promise, a ticker or a far timer (EN-1)", async () => {
    using time = virtualTime();
    const silent = channel<number>();
    const slow = new Promise<string>((resolve) => {
      void go(function* (): Routine<void> {
        yield* sleep(500);
        resolve("promised");
      });
    });
    const results = [
      run(form.perform, sleep(100), always("slept")),
      run(
        form.perform,
        alt(
          silent.receive(),
          sleep(1e8).map(() => "far"),
        ),
      ),
      outcome(run(form.perform, withTimeout(50, silent.receive()))).then(String),
      run(form.perform, settled(slow)),
      run(form.perform, ticker(1000).receive()),
    ].map((result) => result.then(String));
    await time.advance(2000);
    await time.advance(1e8);
    const [slept, far, late, promised, tick] = await Promise.all(results);
    expect([slept, far, promised, tick]).toEqual(["slept", "far", "promised", "1"]);
    expect(late).toMatch(/^TimeoutError/);
  });

  test("run() reports no deadlock while a scope has a deadline or upon() waits for a timer (EN-1, SC-2)", async () => {
    using time = virtualTime();
    const parked = function* (): Routine<void> {
      yield* channel<number>().receive();
    };
    const late = outcome(
      run(
        form.perform,
        scope(
          function* (s) {
            s.go(parked);
          },
          { deadline: 50 },
        ),
      ),
    ).then(String);
    const called = run(function* () {
      const done = channel<string>();
      using _ = upon(sleep(50), () => done.trySend("called"));
      return yield* done.receive();
    });
    await time.advance(100);
    expect([await late, await called]).toEqual(["TimeoutError: Timed out: the scope took longer than 50 ms", "called"]);
  });

  test("an upon() that has called back, or was disposed of, hides no deadlock (EN-1)", async () => {
    using time = virtualTime();
    const main = function* (dispose: boolean): Routine<unknown> {
      const waiting = upon(sleep(dispose ? 1e6 : 50), () => {});
      if (dispose) waiting[Symbol.dispose]();
      return yield* channel<number>().receive();
    };
    const [disposed, called] = [true, false].map((dispose) => outcome(run(main, dispose)));
    await time.settle();
    expect(await disposed).toBeInstanceOf(DeadlockError);
    await time.advance(100);
    expect(await called).toBeInstanceOf(DeadlockError);
  });

  test("tasks that sleep outside of run() hide no deadlock inside (EN-1)", async () => {
    using time = virtualTime();
    const outside = go(form.perform, sleep(1e6));
    const ended = outcome(run(form.perform, channel<number>().receive()));
    await time.settle();
    await time.settle();
    expect(await ended).toBeInstanceOf(DeadlockError);
    expect(outside.status).toBe("parked");
    outside.cancel();
  });

  test("tasks that are parked when main of run() returns stay parked (EN-3)", async () => {
    using time = virtualTime();
    let left: Task<unknown> | undefined;
    const numbers = channel<number>();
    await run(
      form.main(() => {
        left = go(form.perform, numbers.receive());
      }, pause()),
    );
    await time.settle();
    await time.settle();
    expect([left!.status, time.reported]).toEqual(["parked", []]);
    numbers.trySend(1);
    expect(await left).toBe(1);
  });

  test("a deadlock in one of two run() at once rejects that one only (EN-1)", async () => {
    using time = virtualTime();
    const stuck = outcome(run(form.perform, channel<number>().receive()));
    const fine = run(form.perform, sleep(50), always("fine"));
    await time.settle();
    await time.settle();
    expect(await stuck).toBeInstanceOf(DeadlockError);
    expect(((await stuck) as DeadlockError).tasks.length).toBe(1);
    await time.advance(50);
    expect(await fine).toBe("fine");
  });

  test("run() reports no deadlock while its tasks hand over values, however long (EN-1)", async () => {
    using _ = virtualTime();
    const numbers = channel<number>();
    const sum = await run(function* main(): Routine<number> {
      go(function* (): Routine<void> {
        for (let n = 0; n < 10_000; n++) {
          yield* numbers.send(n);
          yield* pause();
        }
      });
      let sum = 0;
      for (let n = 0; n < 10_000; n++) sum += (yield* numbers.receive()) as number;
      return sum;
    });
    expect(sum).toBe(49_995_000);
  });
});

test("run() reports no deadlock while an async body is in a raw await (EN-1)", async () => {
  using time = virtualTime();
  let open!: (value: string) => void;
  const gate = new Promise<string>((resolve) => {
    open = resolve;
  });
  const result = run(async function* main(): AsyncRoutine<string> {
    return await gate;
  });
  await time.settle();
  await time.settle();
  open("awaited");
  expect(await result).toBe("awaited");
});

test("run() reports no deadlock while a child is in a raw await and main is parked (EN-1)", async () => {
  using time = virtualTime();
  let open!: () => void;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const numbers = channel<number>();
  const result = run(async function* main(): AsyncRoutine<unknown> {
    go(async function* child(): AsyncRoutine<void> {
      await gate;
      yield* numbers.send(1);
    });
    return yield* numbers.receive();
  });
  await time.settle();
  await time.settle();
  open();
  await time.settle();
  expect(await result).toBe(1);
});

test("a DeadlockError says where each task was started (EN-1)", async () => {
  using time = virtualTime();
  const ended = outcome(
    run(function* main(): Routine<void> {
      yield* channel<number>().receive();
    }),
  );
  await time.settle();
  await time.settle();
  const { tasks } = (await ended) as DeadlockError;
  expect(tasks[0]!.startedAt).toContain("run.test");
});

test("a task that run() reports as deadlocked stays parked and can still be resumed (EN-1)", async () => {
  using time = virtualTime();
  const numbers = channel<number>();
  let main: Task<unknown> | undefined;
  const ended = outcome(
    run(function* (): Routine<unknown> {
      main = go(function* inner(): Routine<unknown> {
        return yield* numbers.receive();
      });
      return yield* main;
    }),
  );
  await time.settle();
  await time.settle();
  expect(await ended).toBeInstanceOf(DeadlockError);
  expect(numbers.trySend(4)).toBe(true);
  expect(await main).toBe(4);
});

import {
  type AsyncRoutine,
  always,
  type Channel,
  type Closed,
  channel,
  go,
  type Operation,
  pause,
  type ReceiveChannel,
  type Routine,
  run,
  type Scope,
  scope,
  select,
  settled,
  sleep,
  type Task,
  timeout,
  type Value,
  withTimeout,
} from "millrace";
import { expectTypeOf, test } from "vitest";

declare const numbers: Channel<number>;
declare const words: ReceiveChannel<string>;

test("yield* infers the value of an operation in both forms", () => {
  go(function* () {
    expectTypeOf(yield* numbers.receive()).toEqualTypeOf<number | Closed>();
    expectTypeOf(yield* numbers.send(1)).toEqualTypeOf<boolean>();
    expectTypeOf(yield* sleep(1)).toEqualTypeOf<void>();
    expectTypeOf(yield* pause()).toEqualTypeOf<void>();
    expectTypeOf(yield* always({ a: 1 })).toEqualTypeOf<{ a: number }>();
    expectTypeOf(yield* settled(Promise.resolve("x"))).toEqualTypeOf<string>();
    expectTypeOf(yield* numbers.receive().map(String)).toEqualTypeOf<string>();
  });
  go(async function* () {
    expectTypeOf(yield* numbers.receive()).toEqualTypeOf<number | Closed>();
    expectTypeOf(yield* numbers.send(1)).toEqualTypeOf<boolean>();
    expectTypeOf(yield* always({ a: 1 })).toEqualTypeOf<{ a: number }>();
    expectTypeOf(await numbers.receive()).toEqualTypeOf<number | Closed>();
    expectTypeOf(yield* numbers.receive().map(String)).toEqualTypeOf<string>();
  });
});

test("yield* infers what a delegate returns, a sync one in an async body included", () => {
  function* sync(n: number): Routine<string> {
    yield* sleep(n);
    return "";
  }
  async function* async(n: number): AsyncRoutine<bigint> {
    yield* sleep(n);
    return 1n;
  }
  go(function* () {
    expectTypeOf(yield* sync(1)).toEqualTypeOf<string>();
  });
  go(async function* () {
    expectTypeOf(yield* sync(1)).toEqualTypeOf<string>();
    expectTypeOf(yield* async(1)).toEqualTypeOf<bigint>();
  });
});

test("go() takes the arguments of its body, and returns a Task of what that returns", () => {
  const sync = go(
    function* (a: number, b: string) {
      yield* sleep(a);
      return b;
    },
    1,
    "x",
  );
  expectTypeOf(sync).toEqualTypeOf<Task<string>>();
  const async = go(async function* (a: number) {
    yield* sleep(a);
    return await Promise.resolve(a);
  }, 1);
  expectTypeOf(async).toEqualTypeOf<Task<number>>();
  const written = function* (n: number): Routine<void> {
    yield* sleep(n);
  };
  expectTypeOf(go(written, 1)).toEqualTypeOf<Task<void>>();
  // @ts-expect-error an argument is missing
  go(written);
  // @ts-expect-error an argument is of the wrong type
  go(written, "1");
  // @ts-expect-error one too many
  go(written, 1, 2);
  expectTypeOf(go(() => 5)).toEqualTypeOf<Task<number>>();
  expectTypeOf(go(async () => 5)).toEqualTypeOf<Task<number>>();
});

test("only operations can be performed", () => {
  // @ts-expect-error a plain yield performs nothing
  go(function* () {
    yield 5;
  });
  go(function* () {
    // @ts-expect-error a number is nothing to delegate to
    yield* 5;
  });
});

test("Task<T> is an operation of T, in joins, awaits and selects", () => {
  const task = go(function* () {
    yield* pause();
    return 1 as const;
  });
  expectTypeOf<Value<typeof task>>().toEqualTypeOf<1>();
  expectTypeOf(task).toExtend<Operation<number>>();
  expectTypeOf<Awaited<typeof task>>().toEqualTypeOf<1>();
  expectTypeOf(task.status).toEqualTypeOf<"ready" | "parked" | "running" | "done" | "failed" | "cancelled">();
  go(function* () {
    expectTypeOf(yield* task).toEqualTypeOf<1>();
    const choice = yield* select({ task, words, late: timeout(5) });
    expectTypeOf(choice.key).toEqualTypeOf<"task" | "words" | "late">();
    if (choice.key === "task") expectTypeOf(choice.value).toEqualTypeOf<1>();
    if (choice.key === "words") expectTypeOf(choice.value).toEqualTypeOf<string | Closed>();
    if (choice.key === "late") expectTypeOf(choice.value).toEqualTypeOf<Closed>();
  });
  const wider: Task<number> = task;
  // @ts-expect-error covariant, not the other way
  const narrower: Task<2> = wider;
  void narrower;
});

test("run() returns a promise of what main returns", () => {
  const done = run(function* (n: number) {
    yield* sleep(n);
    return "x";
  }, 1);
  expectTypeOf(done).toEqualTypeOf<Promise<string>>();
  const fromAsync = run(async function* () {
    yield* pause();
    return await Promise.resolve(1);
  });
  expectTypeOf(fromAsync).toEqualTypeOf<Promise<number>>();
});

test("scope() yields what its body returns, and its go is go", () => {
  const opened = scope(function* (s) {
    expectTypeOf(s).toEqualTypeOf<Scope>();
    expectTypeOf(s.signal).toEqualTypeOf<AbortSignal>();
    const child = s.go(function* (n: number) {
      yield* sleep(n);
      return n;
    }, 1);
    expectTypeOf(child).toEqualTypeOf<Task<number>>();
    return `${yield* child}`;
  });
  expectTypeOf(opened).toEqualTypeOf<Operation<string>>();
  expectTypeOf(
    scope(async function* (s) {
      await fetch("", { signal: s.signal });
      yield* pause();
      return 1;
    }),
  ).toEqualTypeOf<Operation<number>>();
});

test("withTimeout() keeps the type of its operation", () => {
  expectTypeOf(withTimeout(5, numbers.receive())).toEqualTypeOf<Operation<number | Closed>>();
  expectTypeOf(withTimeout(5, always("x" as const))).toEqualTypeOf<Operation<"x">>();
});

test("nothing of it is any", () => {
  expectTypeOf<Value<Task<string>>>().not.toBeAny();
  expectTypeOf(channel<number>().receive()).not.toBeAny();
  go(function* () {
    const received = yield* numbers.receive();
    expectTypeOf(received).not.toBeAny();
    const chosen = yield* select({ numbers, words });
    expectTypeOf(chosen.value).not.toBeAny();
  });
  go(async function* () {
    const received = yield* numbers.receive();
    expectTypeOf(received).not.toBeAny();
    expectTypeOf(yield* withTimeout(1, words.receive())).not.toBeAny();
  });
});

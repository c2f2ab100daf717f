import {
  type AsyncRoutine,
  always,
  type Channel,
  CLOSED,
  type Closed,
  channel,
  go,
  pause,
  type Routine,
  select,
  Task,
} from "millrace";
import { describe, expect, test } from "vitest";
import { scaled, spaced } from "../support/stress.js";
import { virtualTime } from "../support/virtual.js";

/** What the claims below are made about, in the one form and in the other. */
const forms = [
  {
    form: "function*",
    *note(log: string[], what: string): Routine<string> {
      log.push(what);
      return what;
    },
    *parent(log: string[], name: string, children: readonly string[]): Routine<void> {
      for (const child of children) go(this.note, log, child);
      log.push(name);
    },
    *sender(log: string[], to: Channel<number>, count: number): Routine<void> {
      for (let n = 1; n <= count; n++) {
        yield* to.send(n);
        log.push(`sent ${n}`);
      }
      to.close();
    },
    *receiver(log: string[], from: Channel<number>): Routine<number> {
      let sum = 0;
      for (let n: number | Closed; (n = yield* from.receive()) !== CLOSED; sum += n) log.push(`got ${n}`);
      return sum;
    },
    *join<T>(log: string[], task: Task<T>): Routine<T | string> {
      try {
        return yield* task;
      } catch (error) {
        log.push(`caught ${(error as Error).message}`);
        return "caught";
      }
    },
    *fail(error: unknown): Routine<never> {
      throw error;
    },
    *outer(a: number): Routine<number> {
      return (yield* this.inner(a)) + (yield* always(1));
    },
    *inner(a: number): Routine<number> {
      yield* pause();
      return a * 2;
    },
    *misuse(log: string[], yielded: unknown): Routine<string> {
      try {
        yield yielded as never;
      } catch (error) {
        log.push(String(error));
      }
      return yield* always("goes on");
    },
    *chain(left: number, done: Channel<string>): Routine<void> {
      if (left === 0) yield* done.send("end of the chain");
      else go((n: number) => this.chain(n, done), left - 1);
    },
  },
  {
    form: "async function*",
    async *note(log: string[], what: string): AsyncRoutine<string> {
      log.push(what);
      return what;
    },
    async *parent(log: string[], name: string, children: readonly string[]): AsyncRoutine<void> {
      for (const child of children) go(this.note, log, child);
      log.push(name);
    },
    async *sender(log: string[], to: Channel<number>, count: number): AsyncRoutine<void> {
      for (let n = 1; n <= count; n++) {
        yield* to.send(n);
        log.push(`sent ${n}`);
      }
      to.close();
    },
    async *receiver(log: string[], from: Channel<number>): AsyncRoutine<number> {
      let sum = 0;
      for (let n: number | Closed; (n = yield* from.receive()) !== CLOSED; sum += n) log.push(`got ${n}`);
      return sum;
    },
    async *join<T>(log: string[], task: Task<T>): AsyncRoutine<T | string> {
      try {
        return yield* task;
      } catch (error) {
        log.push(`caught ${(error as Error).message}`);
        return "caught";
      }
    },
    async *fail(error: unknown): AsyncRoutine<never> {
      throw error;
    },
    async *outer(a: number): AsyncRoutine<number> {
      return (yield* this.inner(a)) + (yield* always(1));
    },
    async *inner(a: number): AsyncRoutine<number> {
      yield* pause();
      return a * 2;
    },
    async *misuse(log: string[], yielded: unknown): AsyncRoutine<string> {
      try {
        yield yielded as never;
      } catch (error) {
        log.push(String(error));
      }
      return yield* always("goes on");
    },
    async *chain(left: number, done: Channel<string>): AsyncRoutine<void> {
      if (left === 0) yield* done.send("end of the chain");
      else go((n: number) => this.chain(n, done), left - 1);
    },
  },
];

describe.each(forms)("go($form)", (form) => {
  test("go() never runs the body inside the call, and starts tasks in the order of their creation (GO-1)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    for (const name of ["a", "b", "c"]) go(form.note, log, name);
    log.push("after the calls");
    await time.settle();
    expect(log).toEqual(["after the calls", "a", "b", "c"]);
  });

  test("go() inside a task starts the child in its turn, not at once (GO-1)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    go((...args) => form.parent(...args), log, "first", ["first's 1", "first's 2"]);
    go((...args) => form.parent(...args), log, "second", ["second's"]);
    await time.settle();
    expect(log).toEqual(["first", "second", "first's 1", "first's 2", "second's"]);
  });

  test("go() hands its arguments to the body and returns a Task that goes from ready to done (GO-1)", async () => {
    using _ = virtualTime();
    const task = go(form.note, [], "hello");
    expect(task).toBeInstanceOf(Task);
    expect(task.status).toBe("ready");
    expect(await task).toBe("hello");
    expect(task.status).toBe("done");
  });

  test("Task.name is the body's name and how many its parent had started before", async () => {
    using time = virtualTime();
    const names: string[] = [];
    const family = go(function* family(): Routine<void> {
      names.push(go(form.note, [], "1").name, go(form.fail, 0).name);
    });
    await time.settle();
    expect(names).toEqual([`${family.name}/note#0`, `${family.name}/fail#1`]);
    expect(family.name).toMatch(/^family#\d+$/);
  });

  test("go(): sender and receiver over a rendezvous channel alternate exactly (GO-1, GO-3, CH-7)", async () => {
    using _ = virtualTime();
    const log: string[] = [];
    const numbers = channel<number>();
    const sum = go(form.receiver, log, numbers);
    go(form.sender, log, numbers, 3);
    expect(await sum).toBe(6);
    expect([...log].sort()).toEqual(["got 1", "got 2", "got 3", "sent 1", "sent 2", "sent 3"]);
    for (const n of [1, 2]) expect(log.indexOf(`got ${n}`)).toBeLessThan(log.indexOf(`got ${n + 1}`));
    // 1: the receiver waits; 2: the sender hands over and runs on to its next send; 3: it parks there.
    expect(log[0]).toBe("sent 1");
    expect(log[1]).toBe("got 1");
  });

  test("Task: yield* joins in a go block, await joins in plain code, and both may come late (GO-2)", async () => {
    using _ = virtualTime();
    const task = go(form.note, [], "value");
    const early = [go(form.join<string>, [], task), go(form.join<string>, [], task)];
    expect(await Promise.all(early)).toEqual(["value", "value"]);
    expect(await task).toBe("value");
    expect(await go(form.join<string>, [], task)).toBe("value");
    expect(await select({ task })).toEqual({ key: "task", value: "value" });
  });

  test("Task: a failure is rethrown to every joiner, as the very value that was thrown (GO-2)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const error = new Error("boom");
    const task = go(form.fail, error);
    const joiners = [go(form.join<never>, log, task), go(form.join<never>, log, task)];
    await expect(task.then()).rejects.toBe(error);
    expect(await Promise.all(joiners)).toEqual(["caught", "caught"]);
    await expect(select({ task }).then()).rejects.toBe(error);
    expect(log).toEqual(["caught boom", "caught boom"]);
    expect(task.status).toBe("failed");
    await time.settle();
    expect(time.reported).toEqual([]);
  });

  test("Task: a failure that no task joined is reported once, and a late joiner takes it back (GO-2)", async () => {
    using time = virtualTime();
    const error = new Error("unnoticed");
    const task = go(form.fail, error);
    await time.settle();
    await time.settle();
    expect(time.reported).toEqual([error]);
    await expect(task.then()).rejects.toBe(error);
    expect(time.reported).toEqual([]);
  });

  test("Task: what is thrown may be anything, undefined included (GO-2)", async () => {
    using time = virtualTime();
    const task = go(form.fail, undefined);
    await time.settle();
    expect(time.reported).toEqual([undefined]);
    const outcome = await task.then(
      () => "fulfilled",
      (error) => ["rejected", error],
    );
    expect(outcome).toEqual(["rejected", undefined]);
  });

  test("a go block returns a value, and delegates to other routines with yield* (GO-3)", async () => {
    using _ = virtualTime();
    expect(await go(() => form.outer(20))).toBe(41);
  });

  test("a task that throws does not stop the tasks behind it in the run queue (GO-6)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const numbers = channel<number>();
    const sum = go(form.receiver, log, numbers);
    const errors = [1, 2, 3].map((n) => new Error(`${n}`));
    for (const error of errors) go(form.fail, error);
    go(form.sender, log, numbers, 2);
    go(form.fail, errors[0]);
    go(form.note, log, "last");
    await time.settle();
    expect(await sum).toBe(3);
    expect(log).toContain("last");
    expect(time.reported).toEqual([...errors, errors[0]]);
  });

  test.each([
    ["a number", 42, "42"],
    ["undefined", undefined, "undefined"],
    ["a string", "text", '"text"'],
    ["an object", { some: "thing" }, "an object (Object)"],
    ["a symbol", Symbol("s"), "Symbol(s)"],
    ["null", null, "null"],
    ["a function", function named() {}, "function named"],
  ])(
    "yielding %s throws a TypeError at that yield, naming it, and the block goes on (GO-7)",
    async (_, yielded, name) => {
      using time = virtualTime();
      const log: string[] = [];
      const task = go(form.misuse, log, yielded);
      await time.settle();
      expect(await task).toBe("goes on");
      expect(log).toEqual([
        expect.stringMatching(/^TypeError: Cannot park .*misuse#\d+: go blocks yield\* operations only/),
      ]);
      expect(log[0]!.endsWith(`got ${name}`)).toBe(true);
    },
  );

  const spawns = scaled(100_000, 1_000_000);
  test(`a chain of ${spaced(spawns)} spawns, each by the one before, does not grow the stack (GO-8)`, async () => {
    const done = channel<string>();
    go((n: number) => form.chain(n, done), spawns);
    expect(await done.receive()).toBe("end of the chain");
  });
});

test("go(): both forms take their turns in one order (GO-1)", async () => {
  using time = virtualTime();
  const [sync, async] = forms;
  const log: string[] = [];
  go(sync!.note, log, "1");
  go(async!.note, log, "2");
  go(sync!.note, log, "3");
  go(async!.note, log, "4");
  go(sync!.note, log, "5");
  await time.settle();
  expect(log).toEqual(["1", "2", "3", "4", "5"]);
});

test("an async go block may await any promise (GO-3)", async () => {
  using _ = virtualTime();
  const numbers = channel<number>(1);
  const task = go(async function* (): AsyncRoutine<number> {
    const a = await Promise.resolve(1);
    yield* numbers.send(a);
    const b = await numbers.receive();
    await expect(Promise.reject(new Error("no"))).rejects.toThrow("no");
    return a + (b === CLOSED ? 0 : b);
  });
  expect(await task).toBe(2);
});

test("an async go block delegates to sync routines and to async ones, in any depth (GO-3)", async () => {
  using time = virtualTime();
  const numbers = channel<number>();
  function* sync(): Routine<number> {
    const n = yield* numbers.receive();
    yield* pause();
    return n === CLOSED ? -1 : n;
  }
  async function* middle(): AsyncRoutine<number> {
    return (yield* sync()) + (yield* numbers.receive().map((n) => (n === CLOSED ? -1 : n)));
  }
  const task = go(async function* (): AsyncRoutine<number> {
    return (yield* middle()) * 10 + (yield* sync());
  });
  go(function* (): Routine<void> {
    for (const n of [1, 2, 3]) yield* numbers.send(n);
  });
  await time.settle();
  expect(task.status).toBe("done");
  expect(await task).toBe(33);
});

test("a sync routine inside an async go block gets every value, however many are ready in a row (GO-3, GO-5)", async () => {
  using _ = virtualTime();
  const numbers = channel<number>(1000);
  for (let n = 0; n < 1000; n++) numbers.trySend(n);
  function* drain(): Routine<unknown[]> {
    const got: unknown[] = [];
    while (got.length < 1000) got.push(yield* numbers.receive());
    return got;
  }
  const task = go(async function* (): AsyncRoutine<unknown[]> {
    return yield* drain();
  });
  const wrong = (await task).filter((value, n) => value !== n);
  expect(wrong.length).toBe(0);
});

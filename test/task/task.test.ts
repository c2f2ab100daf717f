import {
  type AsyncRoutine,
  always,
  CancelledError,
  type Channel,
  channel,
  go,
  type Operation,
  pause,
  type Routine,
  select,
  sleep,
  type Task,
} from "millrace";
import { describe, expect, test } from "vitest";
import { CROWD, spaced } from "../support/stress.js";
import { joined, microtasks } from "../support/tasks.js";
import { virtualTime } from "../support/virtual.js";

const forms = [
  {
    form: "function*",
    *wait(log: string[], name: string, at: Operation<unknown>): Routine<string> {
      try {
        const value = yield* at;
        log.push(`${name}: got ${String(value)}`);
        return name;
      } catch (error) {
        log.push(`${name}: caught ${String(error)}`);
        return "swallowed";
      } finally {
        log.push(`${name}: finally`);
      }
    },
    *parkInFinally(log: string[], at: Operation<unknown>, then: Operation<unknown>): Routine<void> {
      try {
        yield* at;
      } finally {
        log.push("finally begins");
        log.push(`finally got ${String(yield* then)}`);
      }
    },
    *failInFinally(at: Operation<unknown>, error: unknown): Routine<void> {
      try {
        yield* at;
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
        throw error;
      }
    },
    *nested(log: string[], at: Operation<unknown>): Routine<void> {
      try {
        yield* this.parkInFinally(log, at, pause());
      } finally {
        log.push("outer finally");
      }
    },
    *cancelItself(log: string[], self: () => Task<unknown>): Routine<string> {
      try {
        self().cancel("enough");
        log.push("runs on");
        yield* pause();
        log.push("never");
        return "never";
      } finally {
        log.push("finally");
      }
    },
    *cancelItselfAndReturn(self: () => Task<unknown>): Routine<string> {
      self().cancel();
      return "returned before it waited";
    },
    *cancelOther(other: Task<unknown>, times: number): Routine<void> {
      for (let n = 0; n < times; n++) other.cancel(n);
    },
    *spin(log: string[], most: number): Routine<void> {
      try {
        for (let n = 0; n < most; n++) yield* always(n);
        log.push("spun to the end");
      } finally {
        log.push("finally");
      }
    },
  },
  {
    form: "async function*",
    async *wait(log: string[], name: string, at: Operation<unknown>): AsyncRoutine<string> {
      try {
        const value = yield* at;
        log.push(`${name}: got ${String(value)}`);
        return name;
      } catch (error) {
        log.push(`${name}: caught ${String(error)}`);
        return "swallowed";
      } finally {
        log.push(`${name}: finally`);
      }
    },
    async *parkInFinally(log: string[], at: Operation<unknown>, then: Operation<unknown>): AsyncRoutine<void> {
      try {
        yield* at;
      } finally {
        log.push("finally begins");
        log.push(`finally got ${String(yield* then)}`);
      }
    },
    async *failInFinally(at: Operation<unknown>, error: unknown): AsyncRoutine<void> {
      try {
        yield* at;
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
        throw error;
      }
    },
    async *nested(log: string[], at: Operation<unknown>): AsyncRoutine<void> {
      try {
        yield* this.parkInFinally(log, at, pause());
      } finally {
        log.push("outer finally");
      }
    },
    async *cancelItself(log: string[], self: () => Task<unknown>): AsyncRoutine<string> {
      try {
        self().cancel("enough");
        log.push("runs on");
        yield* pause();
        log.push("never");
        return "never";
      } finally {
        log.push("finally");
      }
    },
    async *cancelItselfAndReturn(self: () => Task<unknown>): AsyncRoutine<string> {
      self().cancel();
      return "returned before it waited";
    },
    async *cancelOther(other: Task<unknown>, times: number): AsyncRoutine<void> {
      for (let n = 0; n < times; n++) other.cancel(n);
    },
    async *spin(log: string[], most: number): AsyncRoutine<void> {
      try {
        for (let n = 0; n < most; n++) yield* always(n);
        log.push("spun to the end");
      } finally {
        log.push("finally");
      }
    },
  },
];

/** How long a task has been parked when it is cancelled: an async body's wait becomes known only after a while. */
const ages = [
  { age: "just parked", wait: () => microtasks(20) },
  { age: "long parked", wait: (time: ReturnType<typeof virtualTime>) => time.settle() },
];

const cancelledWith = (reason: unknown) => expect.objectContaining({ name: "CancelledError", cause: reason });

describe.each(forms)("Task.cancel() of $form", (form) => {
  describe.each(ages)("$age", ({ wait }) => {
    test("Task.cancel() ends the block by return(): finally runs, and catch does not (GO-4)", async () => {
      using time = virtualTime();
      const log: string[] = [];
      const silent = channel<number>();
      const task = go(form.wait, log, "task", silent.receive());
      await wait(time);
      task.cancel("reason");
      await time.settle();
      expect(task.status).toBe("cancelled");
      expect(log).toEqual(["task: finally"]);
      expect(await joined(task)).toEqual(cancelledWith("reason"));
      expect(await joined(task)).toBeInstanceOf(CancelledError);
      // 2: noneParked stands in the channel any more.
      expect(silent.trySend(1)).toBe(false);
      expect(time.reported).toEqual([]);
    });

    test("Task.cancel() of one of many tasks leaves the other tasks at their places in the queue (GO-4, CH-2)", async () => {
      using time = virtualTime();
      const log: string[] = [];
      const numbers = channel<number>();
      const tasks = ["a", "b", "c", "d"].map((name) => go(form.wait, log, name, numbers.receive()));
      await wait(time);
      tasks[1]!.cancel();
      await microtasks(20);
      for (let n = 1; n <= 4; n++) log.push(`trySend ${n}: ${numbers.trySend(n)}`);
      await time.settle();
      expect(tasks.map((task) => task.status)).toEqual(["done", "cancelled", "done", "done"]);
      const got = log.filter((line) => line.includes("got"));
      expect(got).toEqual(["a: got 1", "c: got 2", "d: got 3"]);
      expect(log).toContain("trySend 4: false");
      expect(log).toContain("b: finally");
    });

    test("Task.cancel() of a parked sender withdraws the value that it offers (GO-4)", async () => {
      using time = virtualTime();
      const numbers = channel<number>();
      const tasks = [1, 2, 3].map((n) => go(form.wait, [], `${n}`, numbers.send(n)));
      await wait(time);
      tasks[0]!.cancel();
      tasks[2]!.cancel();
      await microtasks(20);
      expect([numbers.tryReceive(), String(numbers.tryReceive())]).toEqual([2, "Symbol(millrace.EMPTY)"]);
      await time.settle();
      expect(tasks.map((task) => task.status)).toEqual(["cancelled", "done", "cancelled"]);
    });

    test("Task.cancel() takes every case of a parked select out of its queue, and clears its timer (GO-4, OP-6, TM-3)", async () => {
      using time = virtualTime();
      const [a, b] = [channel<number>(), channel<number>()];
      const task = go(form.wait, [], "task", select({ a, b: b.send(1), late: sleep(1000) }));
      await wait(time);
      await time.settle();
      expect(time.timers).toBe(1);
      task.cancel();
      await time.settle();
      expect(task.status).toBe("cancelled");
      expect(a.trySend(1)).toBe(false);
      expect(String(b.tryReceive())).toBe("Symbol(millrace.EMPTY)");
      expect(time.timers).toBe(0);
    });

    test("a finally that runs after Task.cancel() may park, and a join waits for its end (GO-4)", async () => {
      using time = virtualTime();
      const log: string[] = [];
      const [silent, last] = [channel<string>(), channel<string>()];
      const task = go(form.parkInFinally, log, silent.receive(), last.receive());
      await wait(time);
      task.cancel("why");
      await time.settle();
      expect(log).toEqual(["finally begins"]);
      expect(task.status).toBe("parked");
      last.trySend("bye");
      await time.settle();
      expect(log).toEqual(["finally begins", "finally got bye"]);
      expect(await joined(task)).toEqual(cancelledWith("why"));
    });

    test("a second Task.cancel() during finally changes neither the reason nor the parked operation (GO-4)", async () => {
      using time = virtualTime();
      const log: string[] = [];
      const [silent, last] = [channel<string>(), channel<string>()];
      const task = go(form.parkInFinally, log, silent.receive(), last.receive());
      await wait(time);
      task.cancel("first");
      await wait(time);
      task.cancel("second");
      await wait(time);
      await time.settle();
      expect(task.status).toBe("parked");
      expect(last.trySend("bye")).toBe(true);
      expect(await joined(task)).toEqual(cancelledWith("first"));
      expect(log).toEqual(["finally begins", "finally got bye"]);
    });

    test("a finally that throws after Task.cancel() makes the task fail (GO-4)", async () => {
      using time = virtualTime();
      const error = new Error("in finally");
      const task = go(form.failInFinally, channel<number>().receive(), error);
      await wait(time);
      task.cancel();
      await time.settle();
      expect(task.status).toBe("failed");
      expect(time.reported).toEqual([error]);
      expect(await joined(task)).toBe(error);
    });

    test("Task.cancel() runs the finally of delegates first, and then that of the block (GO-4)", async () => {
      using time = virtualTime();
      const log: string[] = [];
      const task = go(() => form.nested(log, channel<number>().receive()));
      await wait(time);
      task.cancel();
      await time.settle();
      expect(log).toEqual(["finally begins", "finally got undefined", "outer finally"]);
      expect(task.status).toBe("cancelled");
    });

    test("Task.cancel() by another task, many times, ends the task once (GO-4)", async () => {
      using time = virtualTime();
      const log: string[] = [];
      const task = go(form.wait, log, "task", channel<number>().receive());
      await wait(time);
      await go(form.cancelOther, task, 3);
      expect(await joined(task)).toEqual(cancelledWith(0));
      await time.settle();
      expect(log).toEqual(["task: finally"]);
    });

    test("a value that was handed to a task before Task.cancel(), and not taken yet, goes to onUndelivered (GO-4, CH-27)", async () => {
      using time = virtualTime();
      const [log, undelivered]: [string[], string[]] = [[], []];
      const strings = channel<string>(0, { onUndelivered: (value) => undelivered.push(value) });
      const task = go(form.wait, log, "task", strings.receive());
      await wait(time);
      expect(strings.trySend("parcel")).toBe(true);
      task.cancel();
      await time.settle();
      // Either way it is not lost.
      const taken = log.includes("task: got parcel") ? ["parcel"] : [];
      expect([...taken, ...undelivered]).toEqual(["parcel"]);
      expect(log.at(-1)).toBe("task: finally");
    });

    test("a value that was handed to a mapped select before Task.cancel() goes to onUndelivered unmapped (GO-4, CH-27, OP-3)", async () => {
      using time = virtualTime();
      const [log, undelivered]: [string[], string[]] = [[], []];
      const strings = channel<string>(0, { onUndelivered: (value) => undelivered.push(value) });
      const choice = select({ strings, other: channel<number>() }).map(({ value }) => {
        log.push("mapped");
        return value;
      });
      const task = go(form.wait, log, "task", choice);
      await wait(time);
      expect(strings.trySend("parcel")).toBe(true);
      task.cancel();
      await time.settle();
      if (log.includes("mapped")) expect([log[1], undelivered]).toEqual(["task: got parcel", []]);
      else expect([log, undelivered]).toEqual([["task: finally"], ["parcel"]]);
    });

    test("Task.cancel() leaves the operation free to be performed by another task (GO-4, OP-1)", async () => {
      using time = virtualTime();
      const numbers = channel<number>();
      const receive = numbers.receive();
      const task = go(form.wait, [], "task", receive);
      await wait(time);
      task.cancel();
      await time.settle();
      const next = receive.then();
      await time.settle();
      expect(numbers.trySend(7)).toBe(true);
      expect(await next).toBe(7);
    });
  });

  test("Task.cancel() before the first turn: the body never runs (GO-4)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const task = go(form.wait, log, "task", always(1));
    task.cancel("early");
    await time.settle();
    expect(log).toEqual([]);
    expect(task.status).toBe("cancelled");
    expect(await joined(task)).toEqual(cancelledWith("early"));
  });

  test("Task.cancel() by the task itself takes effect at its next operation (GO-4)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const task: Task<string> = go(form.cancelItself, log, () => task);
    await time.settle();
    expect(log).toEqual(["runs on", "finally"]);
    expect(await joined(task)).toEqual(cancelledWith("enough"));
  });

  test("Task.cancel() of a task that returns before its next operation has no effect (GO-4)", async () => {
    using time = virtualTime();
    const task: Task<string> = go(form.cancelItselfAndReturn, () => task);
    await time.settle();
    expect(await joined(task)).toEqual(["done", "returned before it waited"]);
    expect(task.status).toBe("done");
  });

  test("Task.cancel() of a task that is done or has failed is a no-op (GO-4)", async () => {
    using time = virtualTime();
    const done = go(form.wait, [], "task", always(1));
    const error = new Error("failed");
    const failed = go(form.failInFinally, always(1), error);
    await time.settle();
    done.cancel();
    failed.cancel();
    await time.settle();
    expect(await joined(done)).toEqual(["done", "task"]);
    expect(await joined(failed)).toBe(error);
  });

  test("Task.cancel() of a task that joins leaves the joined task running (GO-4)", async () => {
    using time = virtualTime();
    const numbers = channel<number>();
    const task = go(form.wait, [], "task", numbers.receive());
    const joiner = go(form.wait, [], "joiner", task);
    await time.settle();
    joiner.cancel();
    await time.settle();
    expect([task.status, joiner.status]).toEqual(["parked", "cancelled"]);
    numbers.trySend(1);
    expect(await task).toBe("task");
  });

  test("joining a cancelled task throws a CancelledError that names it (GO-4)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const task = go(form.wait, [], "task", channel<number>().receive());
    const joiner = go(form.wait, log, "joiner", task);
    task.cancel();
    await time.settle();
    expect(await joiner).toBe("swallowed");
    expect(log).toEqual([`joiner: caught CancelledError: Task ${task.name} was cancelled`, "joiner: finally"]);
    expect(time.reported).toEqual([]);
  });

  test("Task.cancel() ends a block that never parks, at its next turn (GO-4, GO-5)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const task = go(form.spin, log, 1_000_000);
    go(function* canceller(): Routine<void> {
      task.cancel();
    });
    await time.settle();
    expect(task.status).toBe("cancelled");
    expect(log).toEqual(["finally"]);
  });

  test("Task.cancel() of a receiver leaves the values of the buffer where they are (GO-4, CH-27)", async () => {
    using time = virtualTime();
    const numbers = channel<number>(2);
    numbers.trySend(1);
    const task = go(form.wait, [], "task", numbers.receive());
    task.cancel();
    await time.settle();
    expect(numbers.length).toBe(1);
  });

  test("Operation.map() runs in the performing task, and its exception is catchable there (OP-3)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const numbers: Channel<number> = channel<number>();
    const mapped = numbers.receive().map(() => {
      throw new Error("in map");
    });
    const task = go(form.wait, log, "task", mapped);
    await time.settle();
    expect(numbers.trySend(1)).toBe(true);
    expect(log).toEqual([]);
    await time.settle();
    expect(log).toEqual(["task: caught Error: in map", "task: finally"]);
    expect(await task).toBe("swallowed");
  });
});

test(`Task: cancelling a chain of ${spaced(CROWD)} tasks that each join the one before does not grow the stack (GO-4, CH-13)`, async () => {
  using time = virtualTime();
  const first = go(function* (): Routine<unknown> {
    return yield* channel<number>().receive();
  });
  let last: Task<unknown> = first;
  for (let n = 0; n < CROWD; n++) {
    last = go(function* (before: Task<unknown>): Routine<unknown> {
      return yield* before;
    }, last);
  }
  await time.settle();
  first.cancel("all");
  expect(await joined(last)).toEqual(cancelledWith("all"));
});

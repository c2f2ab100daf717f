import { CancelledError, channel, go, once, pause, type Routine, run, select, sleep, type Task } from "millrace";
import { describe, expect, test } from "vitest";
import { upTo } from "../support/flow.js";
import { type StageForm, stageForms, waiting } from "../support/stages.js";
import { virtualTime } from "../support/virtual.js";

const ask = (operation: ReturnType<typeof once<number>>): Task<number> =>
  go(function* (): Routine<number> {
    return yield* operation;
  });

describe.each(stageForms)("once() over a function that returns $form", ({ make, fail }: StageForm) => {
  test("calls the function on the first performance, and yields its value to every performance, for ever", async () => {
    using time = virtualTime();
    let made = 0;
    const value = once(() => make(10, ++made));
    expect(made).toBe(0);
    const tasks = upTo(3).map(() => ask(value));
    await time.advance(5);
    tasks.push(ask(value));
    await time.advance(5);
    expect(await Promise.all(tasks)).toEqual([1, 1, 1, 1]);
    expect(await ask(value)).toBe(1);
    expect((await select({ value, silent: channel() })).value).toBe(1);
    expect([await value.map((n) => n * 2), made]).toEqual([2, 1]);
    expect([time.timers, time.reported]).toEqual([0, []]);
  });

  test("throws a failure to all waiters, and calls the function again on the next performance", async () => {
    using time = virtualTime();
    const error = new Error("make");
    let made = 0;
    const value = once(() => (made++ === 0 ? fail(10, error) : make(10, made)));
    const failed = Promise.all([ask(value), ask(value)].map((task) => expect(task.then()).rejects.toBe(error)));
    await time.advance(10);
    await failed;
    const next = ask(value);
    await time.advance(10);
    expect([await next, time.reported]).toEqual([2, []]);
  });
});

describe.each(waiting)("once() over a function that returns $form", ({ make, stops }: StageForm) => {
  test("continues for the remaining tasks when the task that started it is cancelled", async () => {
    using time = virtualTime();
    let made = 0;
    const value = once(() => make(10, ++made));
    const [first, second] = [ask(value), ask(value)];
    await time.advance(5);
    first.cancel();
    await expect(first.then()).rejects.toBeInstanceOf(CancelledError);
    await time.advance(5);
    expect([await second, made]).toEqual([1, 1]);
  });

  test("is cancelled when its last task has left, and is started anew by the next performance", async () => {
    using time = virtualTime();
    const made: number[] = [];
    const over: boolean[] = [];
    const value = once(() => make(10, made.push(time.now()), { over: (done) => void over.push(done) }));
    const tasks = [ask(value), ask(value)];
    await time.advance(5);
    for (const task of tasks) task.cancel();
    const next = ask(value);
    await time.advance(9);
    expect(next.status).toBe("parked");
    await time.advance(1);
    expect([await next, made]).toEqual([2, [0, 5]]);
    if (over.length === 2) expect(over).toEqual([!stops, true]);
  });
});

describe("once()", () => {
  test("does not start in a select with a ready case, and is cancelled if it starts and then loses (OP-6)", async () => {
    using time = virtualTime();
    let made = 0;
    const value = once(function* (): Routine<number> {
      made++;
      yield* sleep(10);
      return made;
    });
    const ready = channel<number>(1);
    for (let n = 0; n < 20; n++) {
      ready.trySend(n);
      expect((await select({ value, ready })).key).toBe("ready");
    }
    await time.settle();
    expect([made, time.timers]).toEqual([0, 0]);
    const choice = select({ value, late: sleep(5) }).then();
    await time.advance(5);
    expect((await choice).key).toBe("late");
    await time.settle();
    expect([made, time.timers]).toEqual([1, 0]);
  });

  test("discards the result of a cancelled run whose finally block parks (GO-4)", async () => {
    using time = virtualTime();
    let made = 0;
    const value = once(function* (): Routine<number> {
      const number = ++made;
      try {
        yield* sleep(10);
      } finally {
        yield* sleep(20);
      }
      return number;
    });
    const first = ask(value);
    await time.advance(5);
    first.cancel();
    await time.advance(50);
    const second = ask(value);
    await time.advance(50);
    expect([await second, await value]).toEqual([2, 2]);
  });

  test("keeps undefined as a value", async () => {
    using _ = virtualTime();
    let made = 0;
    const nothing = once(() => void made++);
    expect([await nothing, await nothing, made]).toEqual([undefined, undefined, 1]);
  });

  test("keeps its value when a task that received it is cancelled", async () => {
    using time = virtualTime();
    const value = once(() => pause().map(() => 7));
    const [stays, leaver] = [ask(value), ask(value)];
    await time.settle();
    leaver.cancel();
    expect([await stays, await value]).toEqual([7, 7]);
  });

  test("that performs itself is a deadlock, which run() reports (EN-1)", async () => {
    const dead = run(function* main(): Routine<number> {
      const value: ReturnType<typeof once<number>> = once(function* (): Routine<number> {
        return yield* value;
      });
      return yield* value;
    });
    await expect(dead).rejects.toThrow("Deadlock");
  });

  test("refuses a value that is not a function", () => {
    expect(() => once(7 as never)).toThrow("Cannot create once: make must be a function or an operation, got 7");
  });
});

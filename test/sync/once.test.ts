import { CancelledError, channel, go, once, pause, type Routine, run, select, sleep, type Task } from "millrace";
import { describe, expect, test } from "vitest";
import { upTo } from "../support/reader.js";
import { type StageForm, stageForms, waiting } from "../support/stages.js";
import { virtualTime } from "../support/virtual.js";

const ask = (operation: ReturnType<typeof once<number>>): Task<number> =>
  go(function* (): Routine<number> {
    return yield* operation;
  });

describe.each(stageForms)("once() of what returns $form", ({ make, fail }: StageForm) => {
  test("the first performer starts it, and all get the value, for ever", async () => {
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

  test("a failure goes to all who wait, and is not kept", async () => {
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

describe.each(waiting)("once() of what returns $form", ({ make, stops }: StageForm) => {
  test("when the performer that started it is cancelled, it goes on for the others", async () => {
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

  test("when nobody is left it is cancelled, and who comes next makes it anew", async () => {
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

describe("once", () => {
  test("OP-6: as a case that loses it is as if nobody had asked", async () => {
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

  test("GO-4: one that is cancelled, and parks in its finally, makes nothing", async () => {
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

  test("undefined is a value", async () => {
    using _ = virtualTime();
    let made = 0;
    const nothing = once(() => void made++);
    expect([await nothing, await nothing, made]).toEqual([undefined, undefined, 1]);
  });

  test("who leaves when it has landed takes nothing with it", async () => {
    using time = virtualTime();
    const value = once(() => pause().map(() => 7));
    const [stays, leaves] = [ask(value), ask(value)];
    await time.settle();
    leaves.cancel();
    expect([await stays, await value]).toEqual([7, 7]);
  });

  test("EN-1: made of itself it is a deadlock, and run says so", async () => {
    const dead = run(function* main(): Routine<number> {
      const value: ReturnType<typeof once<number>> = once(function* (): Routine<number> {
        return yield* value;
      });
      return yield* value;
    });
    await expect(dead).rejects.toThrow("Deadlock");
  });

  test("refuses what makes nothing", () => {
    expect(() => once(7 as never)).toThrow("Cannot create once: make must be a function, got 7");
  });
});

import { go, now, pause, type Routine, run, select, sleep } from "millrace";
import { expect, test } from "vitest";
import { virtualTime } from "../support/virtual.js";

test.each(["done", "failed", "cancelled"])("Task.whenOver() completes however the task ended: %s", async (status) => {
  using time = virtualTime();
  const error = new Error("body");
  const task = go(function* (): Routine<void> {
    yield* pause();
    if (status === "failed") throw error;
    if (status === "cancelled") yield* sleep(1e6);
  });
  const over = task.whenOver().then(() => task.status);
  await time.settle();
  task.cancel();
  expect(await over).toBe(status);
  // It is no join: what the task threw is reported, and whoever joins takes that back.
  await time.settle();
  expect(time.reported).toEqual(status === "failed" ? [error] : []);
  expect((await select({ again: task.whenOver() }, { default: null })).key).toBe("again");
  await task.then().catch(() => {});
  expect(time.reported).toEqual([]);
});

test("Task.whenOver() of a task that waits for it is a deadlock that `run` finds (EN-1)", async () => {
  using time = virtualTime();
  const stuck = run(function* main(): Routine<void> {
    const one = go(function* one(): Routine<void> {
      yield* pause();
      yield* two.whenOver();
    });
    const two = go(function* two(): Routine<void> {
      yield* one.whenOver();
    });
    yield* one;
  });
  const failed = expect(stuck).rejects.toThrow(/cycle: /);
  await time.settle();
  await failed;
});

test("now() reads the clock by which sleep() counts", async () => {
  using time = virtualTime();
  const task = go(function* (): Routine<number> {
    const start = now();
    yield* sleep(250);
    return now() - start;
  });
  await time.advance(250);
  expect(await task).toBe(250);
});

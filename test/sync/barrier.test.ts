import {
  alt,
  Barrier,
  channel,
  type DeadlockError,
  go,
  type Routine,
  run,
  select,
  type Task,
  withTimeout,
} from "millrace";
import { expect, test } from "vitest";
import { CROWD, spaced } from "../support/stress.js";
import { virtualTime } from "../support/virtual.js";

const arrive = (barrier: Barrier): Task<number> =>
  go(function* (): Routine<number> {
    return yield* barrier.wait();
  });

test("Barrier.wait() completes for all parties when the last one arrives, and yields each its place of arrival", async () => {
  using time = virtualTime();
  const barrier = new Barrier(3);
  const [a, b] = [arrive(barrier), arrive(barrier)];
  await time.settle();
  expect([a.status, b.status, barrier.waiting, barrier.parties]).toEqual(["parked", "parked", 2, 3]);
  const c = arrive(barrier);
  expect(await Promise.all([a, b, c])).toEqual([0, 1, 2]);
  expect(barrier.waiting).toBe(0);
});

test("Barrier can be used again, and no party gets more than one round ahead of another", async () => {
  using time = virtualTime();
  const barrier = new Barrier(4);
  const rounds = [0, 0, 0, 0];
  const tasks = rounds.map((_, n) =>
    go(function* (): Routine<void> {
      for (let round = 0; round < 1000; round++) {
        expect(Math.max(...rounds) - Math.min(...rounds)).toBeLessThanOrEqual(1);
        rounds[n]!++;
        yield* barrier.wait();
      }
    }),
  );
  await Promise.all(tasks);
  await time.settle();
  expect(rounds).toEqual([1000, 1000, 1000, 1000]);
});

test("Barrier does not count a waiter that was cancelled, timed out or not chosen by a select; the rest keep waiting", async () => {
  using time = virtualTime();
  const barrier = new Barrier(3);
  const cancelled = arrive(barrier);
  const late = expect(withTimeout(5, barrier.wait()).then()).rejects.toThrow(/wait at barrier/);
  await time.settle();
  cancelled.cancel();
  await time.advance(5);
  await late;
  expect((await select({ barrier: barrier.wait() }, { default: null })).key).toBe("default");
  const stay = [arrive(barrier), arrive(barrier)];
  await time.settle();
  expect([barrier.waiting, stay[0]!.status]).toEqual([2, "parked"]);
  expect(await Promise.all([...stay, arrive(barrier)])).toEqual([0, 1, 2]);
});

test("Barrier releases the remaining parties if one is cancelled in the step in which the last party arrives", async () => {
  using time = virtualTime();
  const barrier = new Barrier(3);
  const [a, b] = [arrive(barrier), arrive(barrier)];
  await time.settle();
  go(function* (): Routine<void> {
    yield* barrier.wait();
    a.cancel();
  });
  expect(await b).toBe(1);
  await time.settle();
  expect([a.status, barrier.waiting]).toEqual(["cancelled", 0]);
});

test("Barrier.wait() as a case of a select either completes or leaves the barrier, never both", async () => {
  using time = virtualTime();
  const barrier = new Barrier(2);
  const other = channel<string>();
  const chooser = (): Task<string> =>
    go(function* (): Routine<string> {
      return (yield* select({ barrier: barrier.wait(), other })).key;
    });
  const first = chooser();
  await time.settle();
  other.trySend("x");
  expect([await first, barrier.waiting]).toEqual(["other", 0]);
  const second = chooser();
  await time.settle();
  expect(await arrive(barrier)).toBe(1);
  expect([await second, other.trySend("y")]).toEqual(["barrier", false]);
});

test("two Barrier.wait() cases of one select count as one party (OP-10)", async () => {
  using time = virtualTime();
  const barrier = new Barrier(3);
  const twice = go(function* (): Routine<number> {
    return yield* alt(barrier.wait(), alt(barrier.wait().map((index) => index)));
  });
  await time.settle();
  const second = arrive(barrier);
  await time.settle();
  expect([twice.status, second.status]).toEqual(["parked", "parked"]);
  expect(await Promise.all([twice, second, arrive(barrier)])).toEqual([0, 1, 2]);
  expect(barrier.waiting).toBe(0);
});

test("Barrier.wait() completes alone if parties is 1, and an invalid number of parties is refused", async () => {
  expect(await new Barrier(1).wait()).toBe(0);
  for (const parties of [0, -1, 1.5, Number.NaN]) {
    expect(() => new Barrier(parties)).toThrow(
      `Cannot create barrier: parties must be a whole number, 1 or more, got ${parties}`,
    );
  }
});

test(`Barrier releases ${spaced(CROWD)} parties when the last one arrives, without growing the stack (CH-13)`, async () => {
  using time = virtualTime();
  const barrier = new Barrier(CROWD);
  let sum = 0;
  for (let n = 0; n < CROWD; n++) {
    go(function* (): Routine<void> {
      const index = yield* barrier.wait();
      sum += index;
    });
  }
  await time.settle();
  expect(sum).toBe((CROWD * (CROWD - 1)) / 2);
});

test("Barrier.wait() without enough parties is a deadlock, whose report counts the parties that arrived (EN-1)", async () => {
  using time = virtualTime();
  const stuck = run(function* main(): Routine<void> {
    yield* new Barrier(2).wait();
  }).catch((error: unknown) => error as DeadlockError);
  await time.settle();
  expect(((await stuck) as DeadlockError).tasks[0]?.waitsFor).toBe("wait at barrier (1 of 2 have arrived)");
});

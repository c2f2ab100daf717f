import {
  type DeadlockError,
  go,
  Latch,
  never,
  pause,
  type Routine,
  run,
  select,
  sleep,
  type Task,
  WaitGroup,
  withTimeout,
} from "millrace";
import { describe, expect, test } from "vitest";
import { CROWD, spaced } from "../support/stress.js";
import { virtualTime } from "../support/virtual.js";

interface Zeroing {
  readonly count: number;
  down(): void;
  wait: Latch["wait"];
}

const kinds: [string, (count: number) => Zeroing][] = [
  [
    "Latch",
    (count) => {
      const latch = new Latch(count);
      return {
        get count() {
          return latch.count;
        },
        down: () => latch.countDown(),
        wait: () => latch.wait(),
      };
    },
  ],
  [
    "WaitGroup",
    (count) => {
      const group = new WaitGroup();
      group.add(count);
      return {
        get count() {
          return group.count;
        },
        down: () => group.done(),
        wait: () => group.wait(),
      };
    },
  ],
];

describe.each(kinds)("%s", (name, make) => {
  test("wait() completes for all waiters in the order of arrival when the count is zero, and never parks at zero", async () => {
    using time = virtualTime();
    const zeroing = make(2);
    const log: string[] = [];
    for (const name of ["a", "b"]) void zeroing.wait().then(() => log.push(name));
    await time.settle();
    zeroing.down();
    await time.settle();
    expect([log, zeroing.count]).toEqual([[], 1]);
    zeroing.down();
    await time.settle();
    expect([log, zeroing.count]).toEqual([["a", "b"], 0]);
    expect((await select({ again: zeroing.wait() }, { default: null })).key).toBe("again");
  });

  test(`one countdown releases ${spaced(CROWD)} calls of wait() without growing the stack (CH-13)`, async () => {
    using time = virtualTime();
    const zeroing = make(1);
    let released = 0;
    for (let n = 0; n < CROWD; n++) {
      go(function* (): Routine<void> {
        yield* zeroing.wait();
        released++;
      });
    }
    await time.settle();
    zeroing.down();
    await time.settle();
    expect(released).toBe(CROWD);
  });

  test("wait() does not complete after it was cancelled or timed out, nor in a select that takes its default", async () => {
    using time = virtualTime();
    const zeroing = make(1);
    const task = go(function* (): Routine<void> {
      yield* zeroing.wait();
    });
    const late = expect(withTimeout(5, zeroing.wait()).then()).rejects.toThrow(
      `Timed out: wait for ${name === "Latch" ? "latch" : "wait group"} (1 to go) took longer than 5 ms`,
    );
    expect((await select({ zero: zeroing.wait() }, { default: null })).key).toBe("default");
    await time.settle();
    task.cancel();
    await time.advance(5);
    await late;
    zeroing.down();
    await time.settle();
    expect(task.status).toBe("cancelled");
  });

  test("wait() for a count that never reaches zero is a deadlock, whose report contains the count (EN-1)", async () => {
    using time = virtualTime();
    const stuck = run(function* main(): Routine<void> {
      yield* make(3).wait();
    }).catch((error: unknown) => error as DeadlockError);
    await time.settle();
    expect(((await stuck) as DeadlockError).tasks[0]?.waitsFor).toMatch(/^wait for (latch|wait group) \(3 to go\)$/);
  });
});

test("Latch.countDown(n) subtracts n, never goes below zero, and the latch stays open at zero", async () => {
  const latch = new Latch(5);
  latch.countDown(3);
  expect(latch.count).toBe(2);
  latch.countDown(7);
  latch.countDown();
  expect(latch.count).toBe(0);
  await latch.wait();
  await new Latch(0).wait();
  expect(new Latch().count).toBe(1);
});

test("Latch refuses an invalid count, and Latch.countDown() throws a RangeError for one", () => {
  for (const count of [-1, 0.5, Number.NaN]) {
    expect(() => new Latch(count)).toThrow(
      `Cannot create latch: count must be a whole number, 0 or more, got ${count}`,
    );
    expect(() => new Latch(2).countDown(count)).toThrow(RangeError);
  }
  expect(() => new Latch(2).countDown(0)).toThrow(RangeError);
});

test("WaitGroup can be used again, and add() that would make the count negative or fractional throws and changes nothing", async () => {
  const group = new WaitGroup();
  await group.wait();
  group.add(2);
  group.add(-2);
  await group.wait();
  group.add(1);
  expect(() => group.add(-2)).toThrow(
    "Cannot add to wait group: its count must stay a whole number, 0 or more, got -1",
  );
  expect(() => group.add(0.5)).toThrow(RangeError);
  expect(() => group.add(Number.NaN)).toThrow(RangeError);
  expect(group.count).toBe(1);
  group.done();
  expect(() => group.done()).toThrow(RangeError);
});

test("WaitGroup.go() counts a task until it returned, threw or was cancelled, even before its first turn", async () => {
  using time = virtualTime();
  const group = new WaitGroup();
  const error = new Error("one of them");
  const returns = group.go(function* (value: string): Routine<string> {
    yield* sleep(10);
    return value;
  }, "value");
  const throws: Task<void> = group.go(async function* () {
    yield* sleep(20);
    throw error;
  });
  const unstarted = group.go(function* (): Routine<void> {
    yield* never();
  });
  const cancelled = group.go(function* (): Routine<void> {
    try {
      yield* never();
    } finally {
      yield* sleep(5);
    }
  });
  unstarted.cancel();
  let over = -1;
  void group.wait().then(() => {
    over = time.now();
  });
  expect(group.count).toBe(4);
  await time.settle();
  expect(group.count).toBe(3);
  cancelled.cancel();
  await time.advance(10);
  expect([group.count, await returns]).toEqual([1, "value"]);
  await time.advance(10);
  expect([group.count, over]).toEqual([0, 20]);
  // The group does not join the task, so the error is reported until a joiner gets it.
  expect(time.reported).toEqual([error]);
  await expect(throws.then()).rejects.toBe(error);
  expect(time.reported).toEqual([]);
});

test("WaitGroup.go() throws a TypeError for what is no work, and counts nothing", () => {
  const group = new WaitGroup();
  expect(() => group.go(1 as never)).toThrow(TypeError);
  expect(group.count).toBe(0);
});

test("WaitGroup.wait() completes after the last task, including tasks that its tasks started", async () => {
  using _ = virtualTime();
  const group = new WaitGroup();
  let count = 0;
  function* grow(depth: number): Routine<void> {
    yield* pause();
    count++;
    if (depth > 0) for (const next of [depth - 1, depth - 1]) group.go(grow, next);
  }
  group.go(grow, 5);
  await group.wait();
  expect(count).toBe(63);
});

// The full search on programs with known numbers of states, and shared state that the audit and the cross-check find.

import { channel, go, pause, type Routine, select, sleep } from "millrace";
import { choose, type Proved, verify } from "millrace/testing";
import { describe, expect, test } from "vitest";

/** Philosophers whose forks are channels with one token each. The last philosopher may take the right fork first. */
const philosophers = (n: number, rightHanded: boolean) =>
  function* main(): Routine<void> {
    const forks = Array.from({ length: n }, (_, at) => channel<number>(1, { name: `fork ${at}` }));
    for (const fork of forks) yield* fork.send(0);
    for (const [at, left] of forks.entries()) {
      const right = forks[(at + 1) % n]!;
      const [first, second] = rightHanded && at === n - 1 ? [right, left] : [left, right];
      go(function* philosopher() {
        yield* first.receive();
        yield* second.receive();
        yield* first.send(0);
        yield* second.send(0);
      });
    }
  };

const producersAndConsumers = (count: number, items: number, capacity: number) =>
  function* main(): Routine<void> {
    const queue = channel<number>(capacity);
    for (let producer = 0; producer < count; producer++) {
      go(function* produce() {
        for (let item = 0; item < items; item++) yield* queue.send(producer * 10 + item);
      });
    }
    for (let consumer = 0; consumer < count; consumer++) {
      go(function* consume() {
        let sum = 0;
        for (let item = 0; item < items; item++) sum += Number(yield* queue.receive());
        return sum;
      });
    }
  };

describe("the full search", () => {
  test("of seven philosophers visits 24 482 states, and finds the shortest leak", async () => {
    const verdict = await verify(philosophers(7, false), { engine: "model", all: true });
    expect(verdict).toMatchObject({ status: "failed", kind: "leak", states: 24_482, events: 94_710 });
    expect(verdict.status === "failed" && verdict.schedule.steps).toHaveLength(14);
  });

  test.each([
    [0, 2401, 4230],
    [2, 7516, 14_106],
  ])(
    "of three producers and three consumers with capacity %d visits %d states and %d events",
    async (capacity, states, events) => {
      const verdict = await verify(producersAndConsumers(3, 2, capacity), { engine: "model", all: true });
      expect(verdict).toMatchObject({ status: "proved", states, events });
    },
  );
});

test("the default search proves twelve philosophers in less than 20 000 states", async () => {
  const verdict = await verify(philosophers(12, true), { maxStates: 20_000 });
  expect(verdict.status).toBe("proved");
});

/** A variable that the source of a program does not show. */
const hidden = <T>(value: T): { held: T } => ({ held: value });

describe("shared state that the source does not show", () => {
  test("is reported if tasks send the value of a shared counter", async () => {
    const verdict = await verify(function* () {
      const count = hidden(0);
      const done = channel<number>();
      const token = channel<number>();
      for (let n = 0; n < 2; n++) {
        go(function* () {
          yield* token.receive();
          yield* done.send(++count.held);
        });
      }
      yield* token.send(1);
      yield* token.send(1);
      return Number(yield* done.receive()) + Number(yield* done.receive());
    });
    expect(verdict).toMatchObject({ status: "failed", kind: "shared-state" });
  });

  test("is reported if tasks push to and read a shared array", async () => {
    const verdict = await verify(function* () {
      const queue = hidden<number[]>([]);
      const [wake, done] = [channel<number>(1), channel<number>()];
      go(function* produce() {
        for (let n = 0; n < 2; n++) {
          queue.held.push(n);
          wake.trySend(1);
        }
        yield* done.send(1);
      });
      go(function* consume() {
        yield* wake.receive();
        yield* done.send(queue.held.length);
      });
      yield* done.receive();
      yield* done.receive();
    });
    expect(verdict).toMatchObject({ status: "failed", kind: "shared-state" });
  });

  test("is reported if a counter is written after a pause, as a run of the program returns another value", async () => {
    const verdict = await verify(function* () {
      const count = hidden(0);
      const increment = function* () {
        const before = count.held;
        yield* pause();
        count.held = before + 1;
      };
      const tasks = [go(increment), go(increment)];
      for (const task of tasks) yield* task;
      return count.held;
    });
    expect(verdict).toMatchObject({ status: "failed", kind: "shared-state", engine: "model" });
    expect(verdict.status === "failed" && verdict.report).toContain("run on the scheduler it returns 2");
  });

  test("is reported if a program behaves differently each time it is run", async () => {
    let calls = 0;
    const verdict = await verify(function* () {
      yield* sleep(++calls);
      return yield* choose(1, 2);
    });
    expect(verdict).toMatchObject({ status: "failed", kind: "shared-state" });
  });

  test("is reported if a failing schedule cannot be replayed", async () => {
    const verdict = await verify(function* () {
      const count = hidden(0);
      const gate = channel<number>();
      const [one, two] = [channel<number>(), channel<number>()];
      for (let n = 0; n < 2; n++) {
        go(function* () {
          yield* gate.receive();
          yield* (++count.held === 1 ? one : two).send(0);
        });
      }
      yield* gate.send(0);
      if ((yield* select({ one, two })).key === "two") throw new Error("The first is the second");
      yield* gate.send(0);
      yield* two.receive();
    });
    expect(verdict).toMatchObject({ status: "failed", kind: "shared-state" });
    expect(verdict.status === "failed" && verdict.report).toContain("The failing schedule could not be replayed");
  });

  test("is not reported if tasks share only channels; the proof says that it was audited", async () => {
    const verdict = (await verify(producersAndConsumers(2, 2, 1))) as Proved<void>;
    expect([verdict.status, verdict.assumptions.join()]).toEqual(["proved", expect.stringContaining("audited")]);
  });
});

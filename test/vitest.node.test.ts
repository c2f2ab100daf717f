// The matchers of millrace/vitest, in vitest.

import { channel, go, type Routine, select } from "millrace";
import { choose, daemon } from "millrace/testing";
import { test } from "millrace/vitest";
import { expect } from "vitest";

/** Two tasks take two locks, in the same order or not. */
const locks = (sameOrder: boolean) =>
  function* main(): Routine<string> {
    const [a, b] = [channel<1>(1), channel<1>(1)];
    const take = function* (first: typeof a, second: typeof a): Routine<void> {
      yield* first.send(1);
      yield* second.send(1);
      yield* second.receive();
      yield* first.receive();
    };
    const tasks = [go(take, a, b), sameOrder ? go(take, a, b) : go(take, b, a)];
    for (const task of tasks) yield* task;
    return "taken";
  };

function* race(): Routine<string> {
  const [a, b] = [channel<1>(), channel<1>()];
  for (const out of [a, b]) {
    daemon(
      go(function* () {
        yield* out.send(1);
      }),
    );
  }
  return (yield* select({ a, b })).key;
}

async function messageOf(expectation: Promise<void>): Promise<string> {
  const error = await expectation.then(
    () => null,
    (error: unknown) => error as Error,
  );
  expect(error).toBeInstanceOf(Error);
  return error!.message;
}

test("toBeDeadlockFree() passes if a program is proved, and fails with the schedule of a deadlock", async () => {
  await expect(locks(true)).toBeDeadlockFree();
  await expect(locks(false)).not.toBeDeadlockFree();
  const message = await messageOf(expect(locks(false)).toBeDeadlockFree());
  expect(message).toMatch(/^✗ main: deadlock, shortest schedule has 2 events/);
  expect(message).toContain("replay(");
});

test("toAlwaysReturn() compares as toEqual() does, under every schedule", async () => {
  await expect(locks(true)).toAlwaysReturn("taken");
  await expect(function* () {
    return [yield* choose(1, 1)];
  }).toAlwaysReturn([1]);
  await expect(race).not.toAlwaysReturn("a");
  expect(await messageOf(expect(race).toAlwaysReturn("a"))).toContain(
    'Expected "a" under every schedule. ✗ race: outcome',
  );
  await expect(race).toAlwaysReturn(expect.stringMatching(/^[ab]$/));
});

test("toFailWith() passes for the kind of failure, and otherwise names the kind that was found", async () => {
  await expect(locks(false)).toFailWith("deadlock");
  await expect(locks(false)).not.toFailWith("leak");
  expect(await messageOf(expect(locks(true)).toFailWith("deadlock"))).toMatch(
    /Expected a schedule that fails with deadlock. proved: \d+ states, [\d.]+ ms/,
  );
});

test("the matchers fail if verify() reaches a limit", async () => {
  const message = await messageOf(expect(locks(true)).toBeDeadlockFree({ maxStates: 2, engine: "states" }));
  expect(message).toContain("bounded: it reached maxStates");
  const opposite = await messageOf(expect(locks(true)).not.toBeDeadlockFree({ maxStates: 2, engine: "states" }));
  expect(opposite).toContain("Cannot decide the expectation or its negation");
});

test("the matchers refuse a value that is no program", async () => {
  await expect(expect(5).toBeDeadlockFree()).rejects.toThrow("the program must be a function*, got 5");
});

test.schedules("test.schedules verifies a program as one test", locks(true), { outcomes: ["taken"] });

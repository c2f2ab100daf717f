// A cell of which only the latest value counts, and whose changes are operations (rules OP-1, OP-3, OP-6, CH-13).

import fc from "fast-check";
import { CancelledError, CLOSED, EMPTY, go, type Routine, run, select, sleep, upon, watch } from "millrace";
import { expect, test } from "vitest";
import type { List } from "../../../src/structures/list.js";
import { outcome } from "../../support/flow.js";
import { CROWD, spaced } from "../../support/stress.js";
import { virtualTime } from "../../support/virtual.js";

test("Watch.changed() completes at the next change for all waiters, in their order, and not when the same value is set", async () => {
  using time = virtualTime();
  const cell = watch(1);
  const log: string[] = [];
  for (const name of ["a", "b"]) {
    go(function* (): Routine<void> {
      log.push(`${name} ${yield* cell.changed()}`);
    });
  }
  await time.settle();
  cell.set(1);
  await time.settle();
  expect(log).toEqual([]);
  cell.set(2);
  cell.update((n) => n + 1);
  await time.settle();
  expect([log, cell.value]).toEqual([["a 3", "b 3"], 3]);
});

test("Watch.changed() that is performed again yields changes made in between, several of them as one", async () => {
  using _ = virtualTime();
  const cell = watch(0);
  const changed = cell.changed();
  cell.set(1);
  expect(await changed).toBe(1);
  for (const n of [2, 3]) cell.set(n);
  expect(await changed).toBe(3);
  expect(await select({ changed }, { default: "none" })).toEqual({ key: "default", value: "none" });
});

test("Watch.until() yields the value for which its test held, and throws what its test throws in the waiting task", async () => {
  using time = virtualTime();
  const cell = watch(0);
  const error = new Error("test");
  const high = outcome(cell.until((n) => n > 2));
  const broken = outcome(
    cell.until((n) => {
      if (n > 0) throw error;
      return false;
    }),
  );
  await time.settle();
  for (const n of [1, 2, 3, 0]) cell.set(n);
  expect([await high, await broken]).toEqual([3, error]);
  expect(await cell.until((n) => n === 0)).toBe(0);
});

test("Watch.changes() gives a slow reader only the latest value", async () => {
  using time = virtualTime();
  const cell = watch("a");
  const changes = cell.changes();
  for (const value of ["b", "c"]) cell.set(value);
  expect([changes.tryReceive(), changes.tryReceive()]).toEqual(["c", EMPTY]);
  const next = changes.receive().then();
  await time.settle();
  cell.set("d");
  expect(await next).toBe("d");
});

test("Watch.changed() and Watch.until() leave the cell when they lose a select", async () => {
  using time = virtualTime();
  const cell = watch(0);
  for (let n = 0; n < 100; n++) {
    const choice = select({ changed: cell.changed(), until: cell.until((n) => n < 0), late: sleep(1) }).then();
    await time.advance(1);
    expect((await choice).key).toBe("late");
  }
  expect((cell as unknown as { waiting: List }).waiting.empty).toBe(true);
});

test("Watch.changed() keeps a change for later if it loses a select or its task is cancelled", async () => {
  using time = virtualTime();
  const cell = watch(0);
  const changed = cell.changed();
  expect((await select({ changed }, { default: null })).key).toBe("default");
  const reader = go(function* (): Routine<number> {
    return yield* changed;
  });
  await time.settle();
  cell.set(1);
  reader.cancel();
  await expect(reader.then()).rejects.toBeInstanceOf(CancelledError);
  expect((await select({ changed }, { default: null })).value).toBe(1);
  expect((await select({ changed }, { default: null })).value).toBe(null);
});

test("Watch.changed() cannot be performed twice at the same time by one operation (OP-1)", async () => {
  using time = virtualTime();
  const cell = watch(0);
  const changed = cell.changed();
  const first = changed.then();
  await time.settle();
  await expect(Promise.resolve().then(() => changed.then())).rejects.toBeInstanceOf(TypeError);
  cell.set(1);
  expect(await first).toBe(1);
});

test("Watch.set() and Watch.update() return whether the value changed, which the option equals decides", () => {
  const cell = watch({ x: 1 }, { equals: (a, b) => a.x === b.x });
  const first = cell.value;
  expect([cell.set({ x: 1 }), cell.value === first]).toEqual([false, true]);
  expect([cell.update(({ x }) => ({ x: x + 1 })), cell.value.x]).toEqual([true, 2]);
  expect([watch(Number.NaN).set(Number.NaN), watch(0).set(-0)]).toEqual([false, true]);
  expect(() => watch(0, { equals: 1 as never })).toThrow("Cannot watch: equals must be a function, got 1");
  expect(() => cell.until(1 as never)).toThrow("Cannot wait for value: test must be a function, got 1");
});

test(`Watch.set() releases ${spaced(CROWD)} waiters in one step without growing the stack (CH-13)`, async () => {
  using time = virtualTime();
  const cell = watch(0);
  let sum = 0;
  for (let n = 0; n < CROWD; n++) cell.changed().then((value) => void (sum += value));
  await time.settle();
  cell.set(1);
  await time.settle();
  expect(sum).toBe(CROWD);
});

test("Watch.changed() that is performed in the step of a change waits for the next change", () => {
  using _ = virtualTime();
  const cell = watch(0);
  const seen: number[] = [];
  const changed = cell.changed();
  const again = (): unknown =>
    upon(changed, (value) => {
      seen.push(value);
      again();
    });
  again();
  for (const n of [1, 2, 3]) cell.set(n);
  expect(seen).toEqual([1, 2, 3]);
});

test("Watch.until() keeps the order of the waiters whose test fails", async () => {
  using time = virtualTime();
  const cell = watch(0);
  const log: string[] = [];
  for (const [name, least] of [
    ["a", 2],
    ["b", 1],
    ["c", 2],
  ] as const) {
    cell.until((n) => n >= least).then((n) => void log.push(`${name} ${n}`));
  }
  await time.settle();
  cell.set(1);
  await time.settle();
  cell.set(2);
  await time.settle();
  expect(log).toEqual(["b 1", "a 2", "c 2"]);
});

test("Watch.close(cause) lets a missed change be seen first, and then throws the cause to every waiter (CB-3)", async () => {
  using time = virtualTime();
  const cause = new Error("over");
  const cell = watch(0);
  const [changed, late, changes] = [cell.changed(), cell.changed(), cell.changes()];
  const parked = outcome(cell.until((n) => n > 5));
  await time.settle();
  cell.set(1);
  await late;
  const waiting = outcome(late);
  await time.settle();
  expect([cell.close(cause), cell.close(), cell.closed, cell.set(2), cell.value]).toEqual([
    true,
    false,
    true,
    false,
    1,
  ]);
  expect(await Promise.all([parked, waiting])).toEqual([cause, cause]);
  expect([await outcome(changed), await outcome(changed), await outcome(cell.changed())]).toEqual([1, cause, cause]);
  expect([changes.closed, changes.tryReceive(), changes.closed]).toEqual([false, 1, true]);
  expect(() => changes.tryReceive()).toThrow(cause);
  expect(await cell.until((n) => n === 1)).toBe(1);
});

test("Watch.close() ends the channels of changes(), and changed() throws a CancelledError (CB-2)", async () => {
  using time = virtualTime();
  const cell = watch(0);
  const seen: number[] = [];
  const reader = (async () => {
    for await (const n of cell.changes()) seen.push(n);
  })();
  const waiting = outcome(cell.changed());
  await time.settle();
  cell.set(1);
  expect(await waiting).toBe(1);
  await time.settle();
  cell.set(2);
  cell.close();
  await reader;
  expect([seen, await outcome(cell.changed())]).toEqual([[1, 2], expect.any(CancelledError)]);
  expect(cell.changes().closed).toBe(true);
  expect(await cell.changes().receive()).toBe(CLOSED);
});

test("Watch.changed() in a program without other tasks is a deadlock (EN-1)", async () => {
  using _ = virtualTime();
  const dead = run(function* main(): Routine<void> {
    yield* watch(0).changed();
  });
  await expect(dead).rejects.toThrow("a watch to change");
});

test("Watch.changes() gives a reader at any pace some of the values, in order, and the last value", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat({ max: 3 })),
      fc.array(fc.nat({ max: 5 }), { maxLength: 5 }),
      fc.nat(),
      async (gaps, paces, seed) => {
        using time = virtualTime(seed);
        const cell = watch(0);
        const readers = paces.map((pace) =>
          go(function* (): Routine<number[]> {
            const seen: number[] = [];
            const changes = cell.changes();
            for (let n: number | typeof CLOSED; (n = yield* changes.receive()) !== CLOSED; yield* sleep(pace))
              seen.push(n);
            return seen;
          }),
        );
        await time.settle();
        go(function* (): Routine<void> {
          for (const gap of gaps) {
            yield* sleep(gap);
            cell.update((n) => n + 1);
          }
          cell.close();
        });
        await time.advance(1000);
        for (const reader of readers) {
          const seen = await reader;
          expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
          expect(seen.at(-1) ?? 0).toBe(gaps.length);
        }
        expect((cell as unknown as { waiting: List }).waiting.empty).toBe(true);
      },
    ),
    { numRuns: 40 },
  );
});

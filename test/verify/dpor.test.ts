// Dynamic partial-order reduction, the oracle of the fuzz, on programs with known numbers of traces.

import { describe, expect, test } from "vitest";
import { channel, go, type Routine, scope, sleep } from "../../src/index.js";
import { Properties } from "../../src/testing/explore/search/properties.js";
import { Ineligible } from "../../src/testing/explore/search/search.js";
import { forever, invariant } from "../../src/testing.js";
import { staged } from "../fuzz/compare.js";
import { Traces } from "../fuzz/dpor/dpor.js";

/** Philosophers whose forks are channels with one token each. The last philosopher may take the right fork first. */
const philosophers = (n: number, rightHanded: boolean) =>
  function* main(): Routine<void> {
    const forks = Array.from({ length: n }, () => channel<number>(1));
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

/** Philosophers whose forks are locks: a value in the buffer means that the fork is taken. */
const locking = (n: number) =>
  function* main(): Routine<void> {
    const forks = Array.from({ length: n }, () => channel<number>(1));
    for (const [at, left] of forks.entries()) {
      const right = forks[(at + 1) % n]!;
      const [first, second] = at === n - 1 ? [right, left] : [left, right];
      go(function* philosopher() {
        yield* first.send(0);
        yield* second.send(0);
        yield* second.receive();
        yield* first.receive();
      });
    }
  };

function* producersAndConsumers(): Routine<void> {
  const queue = channel<number>();
  for (let producer = 0; producer < 3; producer++) {
    go(function* produce() {
      for (let item = 0; item < 2; item++) yield* queue.send(producer * 10 + item);
    });
  }
  for (let consumer = 0; consumer < 3; consumer++) {
    go(function* consume() {
      let sum = 0;
      for (let item = 0; item < 2; item++) sum += Number(yield* queue.receive());
      return sum;
    });
  }
}

/** Explores every trace of a program: the kind of failure that is found, if any, and how many schedules were explored. */
function traces(main: () => Routine<unknown>): { kind: string | undefined; executions: number } {
  return staged(
    main,
    (model) => {
      const search = new Traces(model, new Properties({}), false);
      expect(search.explore(() => false)).toBe(true);
      return { kind: search.found?.violation.kind, executions: search.executions };
    },
    new Set(),
  );
}

describe("dynamic partial-order reduction", () => {
  test.each([3, 5, 7, 12, 14])("explores 2^n - 2 schedules of %d philosophers if one is right-handed", (n) => {
    const executions = 2 ** n - 2;
    expect(traces(philosophers(n, true))).toEqual({ kind: undefined, executions });
    if (n === 12) expect(traces(locking(n))).toEqual({ kind: undefined, executions });
  });

  test("explores 504 schedules of three producers and three consumers on an unbuffered channel", () => {
    expect(traces(producersAndConsumers)).toEqual({ kind: undefined, executions: 504 });
  });

  test("finds the leak of five philosophers", () => {
    expect(traces(philosophers(5, false)).kind).toBe("leak");
  });

  test.each([
    [
      "loops that never end",
      function* (): Routine<void> {
        yield* forever(function* () {
          yield* sleep(1);
        });
      },
    ],
    [
      "scopes, or tasks that are cancelled",
      function* (): Routine<void> {
        yield* scope(function* (s) {
          s.cancel();
        });
      },
    ],
    [
      "invariants",
      function* (): Routine<void> {
        const belt = channel<number>(1);
        invariant("it is empty", () => belt.length === 0);
        yield* belt.receive();
      },
    ],
  ])("refuses a program with %s", (what, main) => {
    expect(() => traces(main)).toThrow(new Ineligible(what));
  });
});

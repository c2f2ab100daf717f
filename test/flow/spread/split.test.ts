import fc from "fast-check";
import { CLOSED, channel, EMPTY, from, go, type Routine, sleep, sliding, split } from "millrace";
import { describe, expect, test } from "vitest";
import { read, watched } from "../../support/flow.js";
import { noneParked, queues } from "../../support/model.js";
import { virtualTime } from "../../support/virtual.js";

const even = (n: number): boolean => n % 2 === 0;

describe("split()", () => {
  test("sends each value to its side, in order, and closes both sides", async () => {
    using time = virtualTime();
    const [yes, no] = split(from([1, 2, 3, 4, 5]), even);
    const seen = [read(yes), read(no)];
    await time.settle();
    expect(seen).toEqual([
      { values: [2, 4], end: "closed" },
      { values: [1, 3, 5], end: "closed" },
    ]);
  });

  test("waits until a value is taken, and reads nothing ahead", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const [yes, no] = split(source, even);
    const sends = [2, 1, 3].map((n) => source.send(n).then());
    await time.settle();
    expect([queues(source).senders, no.tryReceive()]).toEqual([2, EMPTY]);
    expect(yes.tryReceive()).toBe(2);
    await time.settle();
    expect([queues(source).senders, no.tryReceive()]).toEqual([1, 1]);
    await time.settle();
    expect([queues(source), no.tryReceive(), await Promise.all(sends)]).toEqual([
      { senders: 0, receivers: 0 },
      3,
      [true, true, true],
    ]);
  });

  test("with a capacity stores values of one side without holding up the other", async () => {
    using time = virtualTime();
    const one = split(from([2, 4, 1]), even, { capacity: 2 });
    await time.settle();
    expect([one[1].tryReceive(), one[0].tryReceive(), one[0].tryReceive()]).toEqual([1, 2, 4]);
    const two = split(from([2, 4, 6, 1, 3]), even, { capacity: [sliding<number>(1), 1] });
    await time.settle();
    expect([two[1].tryReceive(), two[0].tryReceive()]).toEqual([1, 6]);
  });

  test("with one side cancelled goes on with the other (CB-6) (core.async: the other side is stranded)", async () => {
    using time = virtualTime();
    const lost: number[] = [];
    const [yes, no] = split(from([1, 2, 3, 4, 5]), even, { onUndelivered: (n) => void lost.push(n) });
    yes.cancel();
    const seen = read(no);
    await time.settle();
    expect([seen, lost]).toEqual([{ values: [1, 3, 5], end: "closed" }, [2, 4]]);
  });

  test.each([0, 1])(
    "passes a value that it offers to side %i when that side is cancelled to onUndelivered, and goes on (CB-6)",
    async (which) => {
      using time = virtualTime();
      const lost: number[] = [];
      const sides = split(from([which, 1 - which, which, 1 - which]), (n) => n === 0, {
        onUndelivered: (n) => void lost.push(n),
      });
      await time.settle();
      sides[which]!.cancel();
      const seen = read(sides[1 - which]!);
      await time.settle();
      expect([seen, lost]).toEqual([{ values: [1 - which, 1 - which], end: "closed" }, [which, which]]);
    },
  );

  test("passes the stored values of a side that is cancelled to onUndelivered (CB-6)", async () => {
    using time = virtualTime();
    const lost: number[] = [];
    const [yes] = split(from([2, 4, 6]), even, { capacity: 2, onUndelivered: (n) => void lost.push(n) });
    await time.settle();
    yes.cancel();
    await time.settle();
    expect(lost).toEqual([2, 4, 6]);
  });

  const moments = [
    ["before its first turn", async () => {}, []],
    ["while the source is silent", (time: { settle(): Promise<void> }) => time.settle(), []],
    ["while it offers a value", (time: { settle(): Promise<void> }) => time.settle(), [1, 2, 3]],
  ] as const;

  test.each(moments)(
    "releases its source in the step in which both sides have been cancelled %s (CB-2)",
    async (_, wait, values) => {
      using time = virtualTime();
      const { source, released } = watched<number>(...values);
      const lost: number[] = [];
      await time.settle();
      const [yes, no] = split(source, even, { onUndelivered: (n) => void lost.push(n) });
      await wait(time);
      yes.cancel("one");
      expect(source.closed).toBe(false);
      no.cancel("two");
      expect(source.closed).toBe(true);
      await time.settle();
      expect([released, lost, time.reported]).toEqual([["two"], values.slice(0, 1), []]);
    },
  );

  test("takes nothing more and leaves your channel open when both sides are cancelled (CB-2)", async () => {
    using time = virtualTime();
    const source = channel<number>(2);
    const [yes, no] = split(source, even);
    await time.settle();
    yes.cancel();
    no.cancel();
    expect([source.trySend(1), queues(source)]).toEqual([true, noneParked]);
    await time.settle();
    expect(source.tryReceive()).toBe(1);
  });

  test.each([true, false])("obeys own: %s", async (own) => {
    using time = virtualTime();
    const source = own ? channel<number>() : watched<number>().source;
    for (const side of split(source, even, { own })) side.cancel();
    await time.settle();
    expect(source.closed).toBe(own);
  });

  test("closes both sides with the cause of its source, after their values (CB-3)", async () => {
    using time = virtualTime();
    const cause = new Error("broken");
    const source = channel<number>(2);
    source.trySend(1);
    source.close(cause);
    const seen = split(source, even).map((side) => read(side));
    await time.settle();
    expect([seen, time.reported]).toEqual([
      [
        { values: [], end: { cause } },
        { values: [1], end: { cause } },
      ],
      [],
    ]);
  });

  test("closes both sides with the error of its test, releases its source, and reports the value (CB-3)", async () => {
    using time = virtualTime();
    const cause = new Error("test");
    const lost: number[] = [];
    const { source, released } = watched(1, 2);
    const seen = split(
      source,
      (n) => {
        if (n === 2) throw cause;
        return true;
      },
      { onUndelivered: (n) => void lost.push(n) },
    ).map((side) => read(side));
    await time.settle();
    expect([seen, lost, released.length]).toEqual([
      [
        { values: [1], end: { cause } },
        { values: [], end: { cause } },
      ],
      [2],
      1,
    ]);
  });

  test("cancels only the side whose for await is left early", async () => {
    using time = virtualTime();
    const [yes, no] = split(from([2, 1, 4, 3]), even);
    for await (const n of yes) {
      expect(n).toBe(2);
      break;
    }
    const seen = read(no);
    await time.settle();
    expect([yes.closed, seen.values]).toEqual([true, [1, 3]]);
  });

  test("passes the value of a receiver that is cancelled before it resumed to onUndelivered (CH-27)", async () => {
    using time = virtualTime();
    const lost: number[] = [];
    const source = channel<number>();
    const [yes] = split(source, even, { onUndelivered: (n) => void lost.push(n) });
    const taker = go(function* (): Routine<unknown> {
      return yield* yes.receive();
    });
    await time.settle();
    // 1. The task of split() runs, and hands the value over. 2. The receiver is cancelled before it resumes.
    source.trySend(2);
    go(function* (): Routine<void> {
      taker.cancel();
    });
    await time.settle();
    expect([taker.status, lost, yes.tryReceive()]).toEqual(["cancelled", [2], EMPTY]);
  });

  test("does not report a value that was received in the step in which both sides were cancelled (CB-4)", async () => {
    using time = virtualTime();
    const lost: number[] = [];
    const [yes, no] = split(from([2, 4]), even, { onUndelivered: (n) => void lost.push(n) });
    await time.settle();
    // 1. It offers 2, which is received. Its task has not resumed when both sides are cancelled.
    expect(yes.tryReceive()).toBe(2);
    yes.cancel();
    no.cancel();
    await time.settle();
    expect(lost).toEqual([]);
  });

  test("delivers each value on its side or reports it, exactly once, whenever sides leave (CB-4)", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(20), { maxLength: 12 }),
        fc.tuple(fc.nat(12), fc.nat(12)),
        fc.nat(2),
        async (values, stops, capacity) => {
          using time = virtualTime();
          const lost: number[] = [];
          const got: number[] = [];
          const source = channel<number>(values.length + 1);
          for (const value of values) source.trySend(value);
          source.close();
          const sides = split(source, even, { capacity, onUndelivered: (n) => void lost.push(n) });
          sides.forEach((side, at) => {
            go(function* (): Routine<void> {
              for (let left = stops[at]!; left > 0; left--) {
                const value = yield* side.receive();
                if (value === CLOSED) return;
                expect(even(value)).toBe(at === 0);
                got.push(value);
                yield* sleep(1);
              }
              side.cancel();
            });
          });
          await time.advance(100);
          const left: number[] = [];
          for (let value = source.tryReceive(); typeof value === "number"; value = source.tryReceive())
            left.push(value);
          const sorted = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b);
          expect(sorted([...got, ...lost, ...left])).toEqual(sorted(values));
          if (stops.every((stop) => stop >= values.length + 1)) expect(lost).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("refuses a source that is no channel, a test that is no function, and an invalid capacity", () => {
    expect(() => split({} as never, even)).toThrow("Cannot split: source must be a receive channel");
    expect(() => split(channel<number>(), 1 as never)).toThrow(
      new TypeError("Cannot split: test must be a function, got 1"),
    );
    expect(() => split(channel<number>(), even, { capacity: -1 })).toThrow(RangeError);
  });
});

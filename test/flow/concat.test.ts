import { CLOSED, channel, concat, from, go, type Routine, select, sleep } from "millrace";
import { describe, expect, test } from "vitest";
import { nobody, queues } from "../rules/model.js";
import { read, watched } from "../support/flow.js";
import { virtualTime } from "../support/virtual.js";

describe("concat", () => {
  test("CB-5: of none it is closed at once", () => {
    const none = concat([]);
    expect([none.closed, none.tryReceive()]).toEqual([true, CLOSED]);
  });

  test("reads each to its end before it touches the next", async () => {
    using time = virtualTime();
    const [a, b] = [channel<number>(), channel<number>(2)];
    for (const n of [3, 4]) b.trySend(n);
    b.close();
    const joined = concat([a, b]);
    const seen = read(joined);
    a.send(1).then();
    await time.settle();
    expect([seen, b.length]).toEqual([{ values: [1], end: "open" }, 2]);
    const last = a.send(2).then();
    a.close();
    await time.settle();
    expect([await last, seen, joined.closed]).toEqual([true, { values: [1, 2, 3, 4], end: "closed" }, true]);
  });

  test("empty ones are passed over, and a list of any kind will do", async () => {
    using time = virtualTime();
    const seen = read(concat(new Set([from<number>([]), from([1]), from<number>([]), from([2]), from<number>([])])));
    await time.settle();
    expect(seen).toEqual({ values: [1, 2], end: "closed" });
  });

  test("CH-13: three hundred thousand empty ones do not grow the stack, nor are they moved up each time", async () => {
    using time = virtualTime();
    // Moved up, they take longer than a test may.
    const seen = read(concat([...Array.from({ length: 300_000 }, () => from<number>([])), from([1])]));
    await time.settle();
    expect(seen).toEqual({ values: [1], end: "closed" });
  });

  test("CB-3: a cause ends it, and releases those that come after with it", async () => {
    using time = virtualTime();
    const cause = new Error("broken");
    const broken = channel<number>(1);
    const { source, released, taken } = watched(1);
    broken.trySend(1);
    broken.close(cause);
    const seen = read(concat([broken, source]));
    await time.settle();
    expect([seen, released, taken]).toEqual([{ values: [1], end: { cause } }, [cause], 0]);
  });

  test("CB-2: cancelling it releases all that it owns with the reason, begun or not", async () => {
    using time = virtualTime();
    const mine = channel<number>();
    const [first, second] = [watched<number>(), watched(1)];
    const joined = concat([first.source, mine, second.source]);
    const seen = read(joined);
    await time.settle();
    joined.cancel("enough");
    await time.settle();
    expect([seen.end, first.released, second.released, mine.closed]).toEqual(["closed", ["enough"], ["enough"], false]);
  });

  test("own is heeded", async () => {
    using time = virtualTime();
    const mine = channel<number>();
    concat([mine], { own: true }).cancel();
    const { source, released } = watched<number>();
    await time.settle();
    concat([source], { own: false }).cancel();
    await time.settle();
    expect([mine.closed, released]).toEqual([true, []]);
  });

  test("CB-4: a receiver that loses a choice takes nothing", async () => {
    using time = virtualTime();
    const a = channel<number>();
    const joined = concat([a]);
    const choice = go(function* (): Routine<string> {
      return (yield* select({ joined, late: sleep(5) })).key;
    });
    await time.advance(5);
    expect([await choice, queues(a)]).toEqual(["late", nobody]);
    a.send(1).then();
    await time.settle();
    expect(joined.tryReceive()).toBe(1);
  });

  test("what is no channel is refused", () => {
    expect(() => concat([channel(), {} as never])).toThrow("Cannot concat: source must be a receive channel");
  });
});

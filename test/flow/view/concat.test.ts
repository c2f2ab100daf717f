import { CLOSED, channel, concat, from, go, type Routine, select, sleep } from "millrace";
import { describe, expect, test } from "vitest";
import { read, watched } from "../../support/flow.js";
import { noneParked, queues } from "../../support/model.js";
import { scaled, spaced } from "../../support/stress.js";
import { virtualTime } from "../../support/virtual.js";

describe("concat()", () => {
  test("of no sources is closed at once (CB-5)", () => {
    const none = concat([]);
    expect([none.closed, none.tryReceive()]).toEqual([true, CLOSED]);
  });

  test("reads each source to its end before it reads the next", async () => {
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

  test("skips empty sources, and accepts any iterable of sources", async () => {
    using time = virtualTime();
    const seen = read(concat(new Set([from<number>([]), from([1]), from<number>([]), from([2]), from<number>([])])));
    await time.settle();
    expect(seen).toEqual({ values: [1, 2], end: "closed" });
  });

  const empty = scaled(50_000, 300_000);
  test(`skips ${spaced(empty)} empty sources in linear time, without growing the stack (CH-13)`, async () => {
    using time = virtualTime();
    // If the list were shifted for each source, the test would time out.
    const seen = read(concat([...Array.from({ length: empty }, () => from<number>([])), from([1])]));
    await time.settle();
    expect(seen).toEqual({ values: [1], end: "closed" });
  });

  test("ends with the cause of a source, and releases the later sources with that cause (CB-3)", async () => {
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

  test("releases all owned sources with the reason when it is cancelled, begun or not (CB-2)", async () => {
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

  test("obeys the option own", async () => {
    using time = virtualTime();
    const mine = channel<number>();
    concat([mine], { own: true }).cancel();
    const { source, released } = watched<number>();
    await time.settle();
    concat([source], { own: false }).cancel();
    await time.settle();
    expect([mine.closed, released]).toEqual([true, []]);
  });

  test("takes nothing for a receiver that loses a select (CB-4)", async () => {
    using time = virtualTime();
    const a = channel<number>();
    const joined = concat([a]);
    const choice = go(function* (): Routine<string> {
      return (yield* select({ joined, late: sleep(5) })).key;
    });
    await time.advance(5);
    expect([await choice, queues(a)]).toEqual(["late", noneParked]);
    a.send(1).then();
    await time.settle();
    expect(joined.tryReceive()).toBe(1);
  });

  test("refuses a source that is no channel", () => {
    expect(() => concat([channel(), {} as never])).toThrow("Cannot concat: source must be a receive channel");
  });
});

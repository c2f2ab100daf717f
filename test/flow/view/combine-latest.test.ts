import { CLOSED, channel, combineLatest, EMPTY, from, go, type Routine, select, sleep } from "millrace";
import { describe, expect, test } from "vitest";
import { read, watched } from "../../support/flow.js";
import { noneParked, queues } from "../../support/model.js";
import { virtualTime } from "../../support/virtual.js";

describe("combineLatest()", () => {
  test("of no sources is closed at once (CB-5)", () => {
    for (const none of [combineLatest([]), combineLatest({})])
      expect([none.closed, none.tryReceive()]).toEqual([true, CLOSED]);
  });

  test("emits once every source has had a value, and then at each value", async () => {
    using time = virtualTime();
    const [a, b] = [channel<string>(), channel<number>()];
    const seen = read(combineLatest([a, b]));
    await time.settle();
    for (const [to, value] of [
      [a, "x"],
      [a, "y"],
      [b, 1],
      [b, 2],
      [a, "z"],
    ] as const) {
      expect((to as { trySend(value: unknown): boolean }).trySend(value)).toBe(true);
      await time.settle();
    }
    expect(seen.values).toEqual([
      ["y", 1],
      ["y", 2],
      ["z", 2],
    ]);
  });

  test("of a record emits new records whose keys are in the order of the record", async () => {
    using _ = virtualTime();
    const [b, a] = [channel<string>(1), channel<number>(1)];
    const combined = combineLatest({ b, a });
    a.trySend(1);
    expect(combined.tryReceive()).toBe(EMPTY);
    b.trySend("x");
    const first = combined.tryReceive();
    a.trySend(2);
    const second = combined.tryReceive();
    expect([first, second]).toEqual([
      { b: "x", a: 1 },
      { b: "x", a: 2 },
    ]);
    expect(Object.keys(first)).toEqual(["b", "a"]);
  });

  test("takes nothing from its sources until its output is read", async () => {
    using time = virtualTime();
    const [a, b] = [channel<number>(), channel<number>()];
    a.send(1).then();
    b.send(2).then();
    const combined = combineLatest([a, b]);
    await time.settle();
    expect([queues(a).senders, queues(b).senders]).toEqual([1, 1]);
    expect([combined.tryReceive(), queues(a), queues(b)]).toEqual([[1, 2], noneParked, noneParked]);
  });

  test("keeps the last value of a source that has ended, and ends when all sources have ended", async () => {
    using time = virtualTime();
    const [a, b] = [channel<number>(), channel<number>()];
    const combined = combineLatest([a, b]);
    const seen = read(combined);
    await time.settle();
    a.trySend(1);
    await time.settle();
    a.close();
    await time.settle();
    for (const n of [10, 20]) {
      b.trySend(n);
      await time.settle();
    }
    expect(seen).toEqual({
      values: [
        [1, 10],
        [1, 20],
      ],
      end: "open",
    });
    b.close();
    await time.settle();
    expect([seen.end, combined.closed]).toEqual(["closed", true]);
  });

  test("ends and releases its other sources if a source ends without a value (CB-2)", async () => {
    using time = virtualTime();
    const empty = channel<number>();
    const { source, released } = watched(1, 2, 3);
    const seen = read(combineLatest([source, empty]));
    await time.settle();
    empty.close();
    await time.settle();
    expect([seen, released.length]).toEqual([{ values: [], end: "closed" }, 1]);
  });

  test("ends with the cause of a source, and releases its other sources with that cause (CB-3)", async () => {
    using time = virtualTime();
    const cause = new Error("broken");
    const broken = channel<number>();
    const { source, released } = watched(1);
    const seen = read(combineLatest({ broken, source }));
    await time.settle();
    broken.close(cause);
    await time.settle();
    expect([seen, released]).toEqual([{ values: [], end: { cause } }, [cause]]);
  });

  test("releases an owned source with the reason when it is cancelled, and leaves your channel open (CB-2)", async () => {
    using time = virtualTime();
    const mine = channel<number>(1);
    const { source, released } = watched(1);
    const combined = combineLatest([source, mine]);
    const seen = read(combined);
    await time.settle();
    combined.cancel("enough");
    await time.settle();
    expect([seen.end, released, mine.closed, queues(mine)]).toEqual(["closed", ["enough"], false, noneParked]);
  });

  test.each([
    ["a list", (own: boolean, source: ReturnType<typeof channel<number>>) => combineLatest([source], { own })],
    ["a record", (own: boolean, source: ReturnType<typeof channel<number>>) => combineLatest({ source }, { own })],
  ])("of %s obeys the option own", async (_, make) => {
    using time = virtualTime();
    const mine = channel<number>();
    make(true, mine).cancel();
    const other = watched<number>();
    await time.settle();
    make(false, other.source as typeof mine).cancel();
    await time.settle();
    expect([mine.closed, other.released]).toEqual([true, []]);
  });

  test("keeps a value that it took for a receiver that left (CB-4)", async () => {
    using time = virtualTime();
    const [a, b] = [channel<number>(), channel<number>()];
    const combined = combineLatest([a, b]);
    const sent = a.send(1).then();
    const choice = select({ combined, late: sleep(5) }).then(({ key }) => key);
    await time.advance(5);
    expect([await choice, await sent, queues(a), queues(b)]).toEqual(["late", true, noneParked, noneParked]);
    b.send(2).then();
    await time.settle();
    expect(combined.tryReceive()).toEqual([1, 2]);
  });

  test("does not let one busy source starve another (OP-7)", async () => {
    using _ = virtualTime(5);
    function* endless(): Generator<number> {
      for (let n = 0; ; n++) yield n;
    }
    const combined = combineLatest([from(endless()), from(endless())]);
    const [a, b] = await go(function* (): Routine<[number, number]> {
      for (let n = 0; n < 2_000; n++) yield* combined.receive();
      return (yield* combined.receive()) as [number, number];
    });
    expect(Math.abs(a - b)).toBeLessThan(4.4 * Math.sqrt(2_000));
  });

  test("refuses a source that is no channel", () => {
    expect(() => combineLatest(5 as never)).toThrow(
      "Cannot combine latest values: sources must be a list of receive channels, got 5",
    );
    expect(() => combineLatest({ a: 5 } as never)).toThrow(TypeError);
    expect(() => combineLatest([channel(), {}] as never)).toThrow(TypeError);
  });
});

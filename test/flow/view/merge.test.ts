import { CLOSED, channel, EMPTY, from, go, merge, type Routine, select, sleep } from "millrace";
import { describe, expect, test } from "vitest";
import { read, watched } from "../../support/flow.js";
import { noneParked, queues } from "../../support/model.js";
import { scaled, spaced } from "../../support/stress.js";
import { virtualTime } from "../../support/virtual.js";

describe("merge()", () => {
  test("of an empty list or record is closed at once (CB-5)", () => {
    for (const none of [merge([]), merge({})]) expect([none.closed, none.tryReceive()]).toEqual([true, CLOSED]);
  });

  test("takes nothing until its output is read, and then one value for each read", async () => {
    using time = virtualTime();
    const [a, b] = [channel<number>(), channel<number>()];
    const sends = [a.send(1).then(), b.send(2).then()];
    const merged = merge([a, b]);
    await time.settle();
    expect([queues(a), queues(b)]).toEqual([
      { senders: 1, receivers: 0 },
      { senders: 1, receivers: 0 },
    ]);
    const got = [merged.tryReceive()];
    expect(queues(a).senders + queues(b).senders).toBe(1);
    got.push(merged.tryReceive());
    expect([got.sort(), merged.tryReceive(), await Promise.all(sends)]).toEqual([[1, 2], EMPTY, [true, true]]);
  });

  test("of a record yields each value with its key in the record", async () => {
    using _ = virtualTime();
    const [words, numbers] = [channel<string>(1), channel<number>(1)];
    const merged = merge({ words, numbers });
    words.trySend("a");
    expect(merged.tryReceive()).toEqual({ key: "words", value: "a" });
    numbers.trySend(1);
    expect(merged.tryReceive()).toEqual({ key: "numbers", value: 1 });
  });

  test("chooses uniformly among the sources that have a value (OP-7)", async () => {
    using _ = virtualTime(3);
    const rounds = 6_000;
    const counts: Record<string, number> = { a: 0, b: 0, c: 0 };
    const merged = merge({ a: from(endless()), b: from(endless()), c: from(endless()) });
    for (let n = 0; n < rounds; n++) counts[(merged.tryReceive() as { key: string }).key]!++;
    for (const count of Object.values(counts)) {
      expect(Math.abs(count - rounds / 3)).toBeLessThan(4.4 * Math.sqrt((rounds * 2) / 9));
    }
  });

  test("drops a source that closes, and ends when all sources have closed (OP-14)", async () => {
    using time = virtualTime();
    const [a, b] = [channel<number>(), channel<number>(2)];
    const merged = merge([a, b]);
    const seen = read(merged);
    await time.settle();
    a.close();
    b.trySend(1);
    await time.settle();
    expect(seen).toEqual({ values: [1], end: "open" });
    b.trySend(2);
    b.close();
    await time.settle();
    expect([seen, merged.closed]).toEqual([{ values: [1, 2], end: "closed" }, true]);
  });

  test("ends with the cause of a source, and releases its other sources with that cause (CB-3)", async () => {
    using time = virtualTime();
    const cause = new Error("broken");
    const broken = channel<number>();
    const { source, released } = watched<number>();
    const merged = merge([broken, source]);
    const seen = read(merged);
    await time.settle();
    broken.close(cause);
    await time.settle();
    expect([seen, released, merged.closed]).toEqual([{ values: [], end: { cause } }, [cause], true]);
    await expect(merged.receive().then()).rejects.toBe(cause);
  });

  test("releases an owned source with the reason when it is cancelled, and leaves your channel open (CB-2)", async () => {
    using time = virtualTime();
    const mine = channel<number>(1);
    const { source, released } = watched<number>();
    const merged = merge([mine, source]);
    const seen = read(merged);
    await time.settle();
    merged.cancel("enough");
    await time.settle();
    expect([seen.end, released, mine.closed, queues(mine)]).toEqual(["closed", ["enough"], false, noneParked]);
    expect(mine.trySend(1)).toBe(true);
  });

  test("cancels your channels with own: true, and leaves sources of combinators open with own: false", async () => {
    using time = virtualTime();
    const mine = channel<number>();
    merge([mine], { own: true }).cancel();
    const { source, released } = watched<number>();
    await time.settle();
    merge([source], { own: false }).cancel();
    await time.settle();
    expect([mine.closed, source.closed, released]).toEqual([true, false, []]);
  });

  test("takes nothing for a receiver that loses a select or is cancelled (CB-4)", async () => {
    using time = virtualTime();
    const [a, b] = [channel<number>(), channel<number>()];
    const merged = merge([a, b]);
    await go(function* (): Routine<void> {
      yield* select({ merged, late: sleep(0) });
    });
    const taker = go(function* (): Routine<unknown> {
      return yield* merged.receive();
    });
    await time.settle();
    taker.cancel();
    await taker.then(null, () => {});
    expect([queues(a), queues(b), a.trySend(1)]).toEqual([noneParked, noneParked, false]);
    const sent = b.send(2).then();
    await time.settle();
    expect([merged.tryReceive(), await sent]).toEqual([2, true]);
  });

  const lost = scaled(20_000, 100_000);
  test(`leaves its sources as they were after ${spaced(lost)} lost selects (OP-6)`, async () => {
    using _ = virtualTime();
    const [a, b, live] = [channel<number>(), channel<number>(), channel<number>(1)];
    const merged = merge([a, b]);
    await go(function* (): Routine<void> {
      const choice = select({ merged, live });
      for (let n = 0; n < lost; n++) {
        live.trySend(n);
        yield* choice;
      }
    });
    expect([queues(a), queues(b)]).toEqual([noneParked, noneParked]);
  });

  test("of one source twice yields each value once", async () => {
    using time = virtualTime();
    const numbers = channel<number>(3);
    for (const n of [1, 2, 3]) numbers.trySend(n);
    numbers.close();
    const seen = read(merge([numbers, numbers]));
    await time.settle();
    expect(seen).toEqual({ values: [1, 2, 3], end: "closed" });
  });

  test("of merges yields all values, and releases every source when it is left early", async () => {
    using time = virtualTime();
    const [left, right] = [watched(1), watched(2)];
    const merged = merge([merge([left.source]), merge([right.source])]);
    const got: number[] = [];
    for await (const n of merged) if (got.push(n) === 2) break;
    await time.settle();
    expect([got.sort(), left.released.length, right.released.length]).toEqual([[1, 2], 1, 1]);
  });

  test("refuses a source that is no channel", () => {
    expect(() => merge(5 as never)).toThrow(
      "Cannot merge: sources must be a list or a record of receive channels, got 5",
    );
    expect(() => merge([channel(), {}] as never)).toThrow(TypeError);
  });
});

function* endless(): Generator<number> {
  for (let n = 0; ; n++) yield n;
}

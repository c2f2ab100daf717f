import { CLOSED, channel, EMPTY, from, go, merge, type Routine, select, sleep } from "millrace";
import { describe, expect, test } from "vitest";
import { nobody, queues } from "../rules/model.js";
import { read, watched } from "../support/flow.js";
import { virtualTime } from "../support/virtual.js";

describe("merge", () => {
  test("CB-5: merge([]) and merge({}) are closed at once", () => {
    for (const none of [merge([]), merge({})]) expect([none.closed, none.tryReceive()]).toEqual([true, CLOSED]);
  });

  test("takes nothing until somebody receives, and then one value", async () => {
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

  test("of a record come keys and values, under the names of the record", async () => {
    using _ = virtualTime();
    const [words, numbers] = [channel<string>(1), channel<number>(1)];
    const merged = merge({ words, numbers });
    words.trySend("a");
    expect(merged.tryReceive()).toEqual({ key: "words", value: "a" });
    numbers.trySend(1);
    expect(merged.tryReceive()).toEqual({ key: "numbers", value: 1 });
  });

  test("OP-7: chooses uniformly among those that have a value", async () => {
    using _ = virtualTime(3);
    const rounds = 6_000;
    const counts: Record<string, number> = { a: 0, b: 0, c: 0 };
    const merged = merge({ a: from(endless()), b: from(endless()), c: from(endless()) });
    for (let n = 0; n < rounds; n++) counts[(merged.tryReceive() as { key: string }).key]!++;
    for (const count of Object.values(counts)) {
      expect(Math.abs(count - rounds / 3)).toBeLessThan(4.4 * Math.sqrt((rounds * 2) / 9));
    }
  });

  test("OP-14: a source that closes drops out; it ends when all have", async () => {
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

  test("CB-3: the cause of one ends it, and releases the others with it", async () => {
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

  test("CB-2: cancelling it releases what it owns with the reason, and leaves the rest alone", async () => {
    using time = virtualTime();
    const mine = channel<number>(1);
    const { source, released } = watched<number>();
    const merged = merge([mine, source]);
    const seen = read(merged);
    await time.settle();
    merged.cancel("enough");
    await time.settle();
    expect([seen.end, released, mine.closed, queues(mine)]).toEqual(["closed", ["enough"], false, nobody]);
    expect(mine.trySend(1)).toBe(true);
  });

  test("own: true cancels channels that the user made; own: false spares what combinators made", async () => {
    using time = virtualTime();
    const mine = channel<number>();
    merge([mine], { own: true }).cancel();
    const { source, released } = watched<number>();
    await time.settle();
    merge([source], { own: false }).cancel();
    await time.settle();
    expect([mine.closed, source.closed, released]).toEqual([true, false, []]);
  });

  test("CB-4: a receiver that loses a choice, or is cancelled, takes nothing", async () => {
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
    expect([queues(a), queues(b), a.trySend(1)]).toEqual([nobody, nobody, false]);
    const sent = b.send(2).then();
    await time.settle();
    expect([merged.tryReceive(), await sent]).toEqual([2, true]);
  });

  test("OP-6: a hundred thousand lost choices leave its sources as they were", async () => {
    using _ = virtualTime();
    const [a, b, live] = [channel<number>(), channel<number>(), channel<number>(1)];
    const merged = merge([a, b]);
    await go(function* (): Routine<void> {
      const choice = select({ merged, live });
      for (let n = 0; n < 100_000; n++) {
        live.trySend(n);
        yield* choice;
      }
    });
    expect([queues(a), queues(b)]).toEqual([nobody, nobody]);
  });

  test("a source that stands in it twice has each value once", async () => {
    using time = virtualTime();
    const numbers = channel<number>(3);
    for (const n of [1, 2, 3]) numbers.trySend(n);
    numbers.close();
    const seen = read(merge([numbers, numbers]));
    await time.settle();
    expect(seen).toEqual({ values: [1, 2, 3], end: "closed" });
  });

  test("merges nest: closing, cancelling and errors pass through", async () => {
    using time = virtualTime();
    const [left, right] = [watched(1), watched(2)];
    const merged = merge([merge([left.source]), merge([right.source])]);
    const got: number[] = [];
    for await (const n of merged) if (got.push(n) === 2) break;
    await time.settle();
    expect([got.sort(), left.released.length, right.released.length]).toEqual([[1, 2], 1, 1]);
  });

  test("what is no channel is refused", () => {
    expect(() => merge(5 as never)).toThrow(
      "Cannot merge: sources must be a list or a record of receive channels, got 5",
    );
    expect(() => merge([channel(), {}] as never)).toThrow(TypeError);
  });
});

function* endless(): Generator<number> {
  for (let n = 0; ; n++) yield n;
}

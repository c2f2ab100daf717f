import fc from "fast-check";
import { CLOSED, channel, EMPTY, from, go, type Routine, select, sleep, zip } from "millrace";
import { describe, expect, test } from "vitest";
import { read, watched } from "../../support/flow.js";
import { noneParked, queues } from "../../support/model.js";
import { virtualTime } from "../../support/virtual.js";

describe("zip()", () => {
  test("of no sources is closed at once (CB-5)", () => {
    const none = zip([]);
    expect([none.closed, none.tryReceive()]).toEqual([true, CLOSED]);
  });

  test("makes rows of one value from each source, in order, and takes nothing until its output is read", async () => {
    using time = virtualTime();
    const [a, b, c] = [channel<string>(2), channel<number>(2), channel<boolean>(2)];
    for (const [word, n] of [
      ["x", 1],
      ["y", 2],
    ] as const) {
      a.trySend(word);
      b.trySend(n);
      c.trySend(n > 1);
    }
    const rows = zip([a, b, c]);
    await time.settle();
    expect([a.length, b.length, c.length]).toEqual([2, 2, 2]);
    expect(rows.tryReceive()).toEqual(["x", 1, false]);
    expect([a.length, b.length, c.length]).toEqual([1, 1, 1]);
    expect([rows.tryReceive(), rows.tryReceive()]).toEqual([["y", 2, true], EMPTY]);
  });

  test("makes a new row whichever source has its value first", async () => {
    using time = virtualTime();
    const [a, b] = [channel<number>(), channel<number>()];
    const seen = read(zip([a, b]));
    await time.settle();
    for (const [to, value] of [
      [b, 10],
      [a, 1],
      [a, 2],
      [b, 20],
    ] as const) {
      expect(to.trySend(value)).toBe(true);
      await time.settle();
    }
    expect(seen.values).toEqual([
      [1, 10],
      [2, 20],
    ]);
  });

  test("takes no more from a source than the next row needs", async () => {
    using time = virtualTime();
    const [fast, slow] = [channel<number>(), channel<number>()];
    const sends = [1, 2, 3].map((n) => fast.send(n).then());
    const seen = read(zip([fast, slow]));
    await time.settle();
    expect([queues(fast).senders, seen.values]).toEqual([2, []]);
    slow.trySend(10);
    await time.settle();
    expect([queues(fast).senders, seen.values]).toEqual([1, [[1, 10]]]);
    fast.cancel();
    await Promise.all(sends);
  });

  test.each([0, 1])(
    "ends as soon as source %i has ended, though the other is silent, and releases the other",
    async (which) => {
      using time = virtualTime();
      const ending = channel<number>();
      const { source, released } = watched<number>();
      const rows = which === 0 ? zip([ending, source]) : zip([source, ending]);
      const seen = read(rows);
      await time.settle();
      expect(seen.end).toBe("open");
      ending.close();
      await time.settle();
      expect([seen.end, rows.closed, released]).toEqual(["closed", true, [undefined]]);
    },
  );

  test("takes nothing from the other sources once the first one has ended", async () => {
    using _ = virtualTime();
    const more = channel<number>(3);
    for (const n of [1, 2, 3]) more.trySend(n);
    const rows = zip([from([1, 2]), more]);
    expect([rows.tryReceive(), rows.tryReceive(), rows.tryReceive(), more.tryReceive()]).toEqual([
      [1, 1],
      [2, 2],
      CLOSED,
      3,
    ]);
  });

  test("passes the values of an incomplete row to onUndelivered", async () => {
    using time = virtualTime();
    const lost: number[] = [];
    const [a, b, c] = [channel<number>(), channel<number>(), channel<number>()];
    const seen = read(zip([a, b, c], { onUndelivered: (value) => void lost.push(value) }));
    await time.settle();
    c.trySend(3);
    a.trySend(1);
    await time.settle();
    b.close();
    await time.settle();
    expect([seen, lost]).toEqual([{ values: [], end: "closed" }, [1, 3]]);
  });

  test("loses no value for a receiver that leaves in the middle of a row (CB-4)", async () => {
    using time = virtualTime();
    const [a, b] = [channel<number>(), channel<number>()];
    const rows = zip([a, b]);
    const leaver = go(function* (): Routine<unknown> {
      return yield* rows.receive();
    });
    await time.settle();
    a.trySend(1);
    await time.settle();
    leaver.cancel();
    await leaver.then(null, () => {});
    expect([queues(a), queues(b)]).toEqual([noneParked, noneParked]);
    const seen = read(rows);
    await time.settle();
    b.trySend(10);
    await time.settle();
    expect(seen.values).toEqual([[1, 10]]);
  });

  test("keeps the values of an incomplete row when it loses a select (CB-4)", async () => {
    using time = virtualTime();
    const [a, b] = [channel<number>(), channel<number>()];
    const rows = zip([a, b]);
    const sent = a.send(1).then();
    const choice = select({ rows, late: sleep(5) }).then(({ key }) => key);
    await time.advance(5);
    expect([await choice, await sent, time.timers]).toEqual(["late", true, 0]);
    b.send(2).then();
    await time.settle();
    expect(rows.tryReceive()).toEqual([1, 2]);
  });

  test("keeps the row of a task that is cancelled after the row was complete and before it resumed (CH-27)", async () => {
    using time = virtualTime();
    const [a, b] = [channel<number>(), channel<number>()];
    const rows = zip([a, b]);
    const taker = go(function* (): Routine<unknown> {
      return yield* rows.receive();
    });
    await time.settle();
    a.trySend(1);
    b.trySend(2);
    taker.cancel();
    await taker.then(null, () => {});
    expect(rows.tryReceive()).toEqual([1, 2]);
  });

  test("ends with the cause of a source, releases the other sources with it, and reports the row (CB-3)", async () => {
    using time = virtualTime();
    const cause = new Error("broken");
    const lost: number[] = [];
    const broken = channel<number>();
    const { source, released } = watched(1, 2);
    const seen = read(zip([source, broken], { onUndelivered: (value) => void lost.push(value) }));
    await time.settle();
    broken.close(cause);
    await time.settle();
    expect([seen, released, lost]).toEqual([{ values: [], end: { cause } }, [cause], [1]]);
  });

  test("releases an owned source with the reason when it is cancelled, leaves your channel open, reports the row (CB-2)", async () => {
    using time = virtualTime();
    const lost: number[] = [];
    const mine = channel<number>(1);
    const { source, released } = watched(1);
    const rows = zip([source, mine], { onUndelivered: (value) => void lost.push(value) });
    const seen = read(rows);
    await time.settle();
    rows.cancel("enough");
    await time.settle();
    expect([seen.end, released, mine.closed, queues(mine), lost]).toEqual([
      "closed",
      ["enough"],
      false,
      noneParked,
      [1],
    ]);
  });

  test("cancels your channels with own: true, and leaves sources of combinators open with own: false", async () => {
    using time = virtualTime();
    const mine = channel<number>();
    const { source, released } = watched<number>();
    zip([mine], { own: true }).cancel();
    await time.settle();
    zip([source], { own: false }).cancel();
    await time.settle();
    expect([mine.closed, source.closed, released]).toEqual([true, false, []]);
  });

  test("of one source twice puts two of its values into each row", async () => {
    using time = virtualTime();
    const numbers = from([1, 2, 3, 4, 5]);
    const seen = read(zip([numbers, numbers]));
    await time.settle();
    expect(seen).toEqual({
      values: [
        [1, 2],
        [3, 4],
      ],
      end: "closed",
    });
  });

  test("treats undefined as any other value (CH-9)", async () => {
    using time = virtualTime();
    const seen = read(zip([from([undefined, undefined]), from([1, 2])]));
    await time.settle();
    expect(seen.values).toEqual([
      [undefined, 1],
      [undefined, 2],
    ]);
  });

  test("refuses a source that is no channel", () => {
    expect(() => zip([channel(), 1 as never])).toThrow(
      "Cannot zip: source must be a receive channel, a stream or an iterable, got 1",
    );
    expect(() => zip(5 as never)).toThrow("Cannot zip: sources must be a list of receive channels, got 5");
    expect(() => zip([channel(), null] as never)).toThrow("got null");
  });

  test("makes the rows of the lists, whatever the paces, the lengths and the capacities", async () => {
    const list = fc.array(fc.tuple(fc.nat(99), fc.nat({ max: 2 })), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.array(list, { minLength: 1, maxLength: 4 }), fc.nat({ max: 2 }), async (lists, capacity) => {
        using time = virtualTime();
        const sources = lists.map((steps) => {
          const to = channel<number>(capacity);
          go(function* (): Routine<void> {
            for (const [value, wait] of steps) {
              yield* sleep(wait);
              if (!(yield* to.send(value))) return;
            }
            to.close();
          });
          return to;
        });
        const seen = read(zip(sources, { own: true }));
        await time.advance(100);
        const shortest = Math.min(...lists.map(({ length }) => length));
        const rows = Array.from({ length: shortest }, (_, at) => lists.map((steps) => steps[at]![0]));
        expect(seen).toEqual({ values: rows, end: "closed" });
        expect(sources.map(queues)).toEqual(sources.map(() => noneParked));
      }),
      { numRuns: 40 },
    );
  });
});

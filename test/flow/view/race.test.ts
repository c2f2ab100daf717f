import { CLOSED, channel, EMPTY, produce, race, select, sleep } from "millrace";
import { describe, expect, test } from "vitest";
import { read, watched } from "../../support/flow.js";
import { noneParked, queues } from "../../support/model.js";
import { virtualTime } from "../../support/virtual.js";

describe("race()", () => {
  test("of no sources is closed at once (CB-5)", () => {
    const none = race([]);
    expect([none.closed, none.tryReceive()]).toEqual([true, CLOSED]);
  });

  test("reads the source with the first value to its end, and releases the other sources in that step", async () => {
    using time = virtualTime();
    const slow = watched<string>();
    const quick = channel<string>();
    const first = race([slow.source, quick]);
    const seen = read(first);
    await time.settle();
    expect([slow.released, queues(quick)]).toEqual([[], { senders: 0, receivers: 1 }]);
    quick.trySend("a");
    expect(slow.source.closed).toBe(true);
    await time.settle();
    expect([seen, slow.released]).toEqual([{ values: ["a"], end: "open" }, [undefined]]);
    quick.trySend("b");
    await time.settle();
    quick.close();
    await time.settle();
    expect([seen, first.closed]).toEqual([{ values: ["a", "b"], end: "closed" }, true]);
  });

  test("takes nothing from the losing sources, and leaves your channels open (CB-4)", async () => {
    using time = virtualTime(2);
    const [a, b] = [channel<number>(2), channel<number>(2)];
    for (const to of [a, b]) for (const n of [1, 2]) to.trySend(n);
    a.close();
    b.close();
    const seen = read(race([a, b]));
    await time.settle();
    expect([seen.values, a.length + b.length]).toEqual([[1, 2], 2]);
  });

  test("begins with the first receive", async () => {
    using time = virtualTime();
    const [a, b] = [channel<number>(), channel<number>()];
    const first = race([a, b]);
    a.send(1).then();
    b.send(2).then();
    await time.settle();
    expect([queues(a).senders, queues(b).senders]).toEqual([1, 1]);
    const got = first.tryReceive();
    expect([got === 1 ? queues(b).senders : queues(a).senders, first.tryReceive()]).toEqual([1, EMPTY]);
  });

  test("lets each source that has a value at the start win equally often (OP-7)", async () => {
    using _ = virtualTime(11);
    const wins = [0, 0, 0];
    for (let n = 0; n < 3_000; n++) {
      const sources = wins.map((_, at) => {
        const to = channel<number>(1);
        to.trySend(at);
        return to;
      });
      wins[race(sources).tryReceive() as number]!++;
    }
    for (const count of wins) expect(Math.abs(count - 1_000)).toBeLessThan(4.4 * Math.sqrt((3_000 * 2) / 9));
  });

  test("drops a source that ends without a value, and ends when all sources have ended", async () => {
    using time = virtualTime();
    const [a, b] = [channel<number>(), channel<number>()];
    const seen = read(race([a, b]));
    await time.settle();
    a.close();
    await time.settle();
    expect(seen.end).toBe("open");
    b.close();
    await time.settle();
    expect(seen).toEqual({ values: [], end: "closed" });
  });

  test("ends with a cause before the first value, and releases the other sources with that cause (CB-3)", async () => {
    using time = virtualTime();
    const cause = new Error("broken");
    const broken = channel<number>();
    const { source, released } = watched<number>();
    const seen = read(race([broken, source]));
    await time.settle();
    broken.close(cause);
    await time.settle();
    expect([seen, released]).toEqual([{ values: [], end: { cause } }, [cause]]);
  });

  test("ends with the cause of the winner, and ignores the cause of a loser (CB-3)", async () => {
    using time = virtualTime();
    const cause = new Error("broken");
    const [winner, loser] = [channel<number>(), channel<number>()];
    const seen = read(race([winner, loser]));
    await time.settle();
    winner.trySend(1);
    await time.settle();
    loser.close(new Error("too late"));
    await time.settle();
    expect(seen).toEqual({ values: [1], end: "open" });
    winner.close(cause);
    await time.settle();
    expect([seen, time.reported]).toEqual([{ values: [1], end: { cause } }, []]);
  });

  test("releases all sources when it is cancelled before the first value, and the winner afterwards (CB-2)", async () => {
    using time = virtualTime();
    const [a, b] = [watched<number>(), watched<number>()];
    const early = race([a.source, b.source]);
    const seen = read(early);
    await time.settle();
    early.cancel("enough");
    await time.settle();
    expect([seen.end, a.released, b.released]).toEqual(["closed", ["enough"], ["enough"]]);
    const winner = watched(1, 2);
    const late = race([winner.source, channel<number>()]);
    await time.settle();
    expect(late.tryReceive()).toBe(1);
    late.cancel("enough");
    await time.settle();
    expect(winner.released).toEqual(["enough"]);
  });

  test("obeys the option own for the losers and for the winner", async () => {
    using time = virtualTime();
    const [winner, loser] = [channel<number>(1), channel<number>()];
    winner.trySend(1);
    const first = race([winner, loser], { own: true });
    expect([first.tryReceive(), loser.closed, winner.closed]).toEqual([1, true, false]);
    first.cancel();
    expect(winner.closed).toBe(true);
    const { source, released } = watched<number>();
    const spared = race([source, channel<number>()], { own: false });
    await time.settle();
    spared.cancel();
    await time.settle();
    expect(released).toEqual([]);
  });

  test("is not decided by a receiver that leaves", async () => {
    using time = virtualTime();
    const [a, b] = [channel<number>(), channel<number>()];
    const first = race([a, b]);
    const choice = select({ first, late: sleep(5) }).then(({ key }) => key);
    await time.advance(5);
    expect([await choice, queues(a), queues(b)]).toEqual(["late", noneParked, noneParked]);
    b.send(2).then();
    await time.settle();
    expect(first.tryReceive()).toBe(2);
  });

  test("of one source twice yields its values, and does not release it", async () => {
    using time = virtualTime();
    const { source, released } = watched(1, 2);
    const seen = read(race([source, source]));
    await time.settle();
    expect([seen.values, released]).toEqual([[1, 2], []]);
  });

  test("ends with the error of a source that fails at a deadline", async () => {
    using time = virtualTime();
    const late = new Error("too late");
    const deadline = produce<never>(function* () {
      yield* sleep(10);
      throw late;
    });
    const { source, released } = watched<number>();
    const seen = read(race<number>([source, deadline]));
    await time.advance(10);
    expect([seen.end, released]).toEqual([{ cause: late }, [late]]);
  });

  test("refuses a source that is no channel", () => {
    expect(() => race([channel(), {} as never])).toThrow("Cannot race: source must be a receive channel");
    expect(() => race(channel() as never)).toThrow("Cannot race: sources must be a list of receive channels, got");
  });
});

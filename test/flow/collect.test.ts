// CB-11: the ends of a flow are operations; leaving early cancels the source that they own.

import {
  CLOSED,
  channel,
  collect,
  forEach,
  from,
  go,
  type Operation,
  produce,
  type ReceiveChannel,
  type Routine,
  reduce,
  select,
  sleep,
} from "millrace";
import { describe, expect, test } from "vitest";
import { nobody, queues } from "../rules/model.js";
import { feed, upTo } from "../support/reader.js";
import { virtualTime } from "../support/virtual.js";

type Options = { own?: boolean };

const ends: {
  name: string;
  of: (source: ReceiveChannel<number>, options?: Options) => Operation<unknown>;
  all: unknown;
}[] = [
  { name: "collect", of: (source, options) => collect(source, options), all: [0, 1, 2] },
  { name: "reduce", of: (source, options) => reduce(source, (sum, n) => sum + n, 10, options), all: 13 },
  { name: "forEach", of: (source, options) => forEach(source, () => {}, options), all: undefined },
];

describe.each(ends)("$name", ({ of, all }) => {
  test("yields when the channel has ended, whatever its pace", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const got = of(source).then();
    feed(source, upTo(3));
    expect(await got).toEqual(all);
    expect(await of(from([0, 1, 2]))).toEqual(all);
    expect(time.reported).toEqual([]);
  });

  test("creating it takes nothing (OP-1)", async () => {
    using time = virtualTime();
    const source = channel<number>(3);
    source.trySend(1);
    of(source);
    await time.settle();
    expect(source.length).toBe(1);
  });

  test("throws the cause the channel was closed with (CB-3)", async () => {
    using time = virtualTime();
    const cause = new Error("cause");
    const source = channel<number>();
    const got = expect(of(source).then()).rejects.toBe(cause);
    feed(source, [1, 2], cause);
    await got;
    await time.settle();
    expect(time.reported).toEqual([]);
  });

  test.each([undefined, true, false])(
    "cancelled, it leaves a channel of yours as it is unless told so (own: %s)",
    async (own) => {
      using time = virtualTime();
      const source = channel<number>();
      const task = go(function* (): Routine<void> {
        yield* of(source, own === undefined ? {} : { own });
      });
      await time.settle();
      task.cancel();
      await time.settle();
      expect([queues(source), source.closed]).toEqual([nobody, own === true]);
    },
  );

  test("losing a select, it releases what a combinator made", async () => {
    using time = virtualTime();
    let released = 0;
    const source = produce<number>(
      function* () {
        yield* sleep(1000);
      },
      { release: () => void released++ },
    );
    const choice = select({ all: of(source), late: sleep(5) }).then();
    await time.advance(5);
    expect((await choice).key).toBe("late");
    await time.settle();
    expect([released, time.timers, source.tryReceive()]).toEqual([1, 0, CLOSED]);
  });

  test("refuses what is no source", () => {
    expect(() => of([1] as never)).toThrow(
      /source must be a receive channel, got an object \(Array\); create one with from\(\)$/,
    );
  });
});

describe("reduce and collect", () => {
  test("what a step throws is thrown, and releases the source", async () => {
    using time = virtualTime();
    const error = new Error("step");
    const source = channel<number>(3);
    for (const n of upTo(3)) source.trySend(n);
    const step = (sum: number, n: number): number => {
      if (n === 1) throw error;
      return sum + n;
    };
    await expect(reduce(source, step, 0, { own: true }).then()).rejects.toBe(error);
    expect([source.closed, source.length]).toEqual([true, 0]);
    await time.settle();
  });

  test("each performance has a list of its own", async () => {
    using _ = virtualTime();
    const source = channel<number>(4);
    source.trySend(1);
    source.close();
    const all = collect(source);
    expect([await all, await all]).toEqual([[1], []]);
  });

  test("two that share a source share its values", async () => {
    using _ = virtualTime();
    const source = channel<number>();
    feed(source, upTo(10));
    const all = collect(source);
    const [a, b] = await Promise.all([all, all]);
    expect([...a, ...b].sort((x, y) => x - y)).toEqual(upTo(10));
  });
});

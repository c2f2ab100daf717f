// CB-11: collect, reduce and forEach are operations. Leaving one early cancels a source that it owns.

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
import { feed, upTo } from "../../support/flow.js";
import { noneParked, queues } from "../../support/model.js";
import { virtualTime } from "../../support/virtual.js";

type Options = { own?: boolean };

const ends: {
  name: string;
  of: (source: ReceiveChannel<number>, options?: Options) => Operation<unknown>;
  all: unknown;
}[] = [
  { name: "collect()", of: (source, options) => collect(source, options), all: [0, 1, 2] },
  { name: "reduce()", of: (source, options) => reduce(source, (sum, n) => sum + n, 10, options), all: 13 },
  { name: "forEach()", of: (source, options) => forEach(source, () => {}, options), all: undefined },
];

describe.each(ends)("$name", ({ of, all }) => {
  test("completes when its source has ended, whether the source is slow or ready", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const got = of(source).then();
    feed(source, upTo(3));
    expect(await got).toEqual(all);
    expect(await of(from([0, 1, 2]))).toEqual(all);
    expect(time.reported).toEqual([]);
  });

  test("takes nothing when it is created (OP-1)", async () => {
    using time = virtualTime();
    const source = channel<number>(3);
    source.trySend(1);
    of(source);
    await time.settle();
    expect(source.length).toBe(1);
  });

  test("throws the cause with which its source was closed (CB-3)", async () => {
    using time = virtualTime();
    const cause = new Error("cause");
    const source = channel<number>();
    const got = expect(of(source).then()).rejects.toBe(cause);
    feed(source, [1, 2], { cause });
    await got;
    await time.settle();
    expect(time.reported).toEqual([]);
  });

  test.each([undefined, true, false])(
    "leaves your channel open when it is cancelled, unless own is true (own: %s) (CB-11)",
    async (own) => {
      using time = virtualTime();
      const source = channel<number>();
      const task = go(function* (): Routine<void> {
        yield* of(source, own === undefined ? {} : { own });
      });
      await time.settle();
      task.cancel();
      await time.settle();
      expect([queues(source), source.closed]).toEqual([noneParked, own === true]);
    },
  );

  test("releases a source that a combinator made when it loses a select (CB-11)", async () => {
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

  test("refuses a source that is no channel", () => {
    expect(() => of({} as never)).toThrow(
      /source must be a receive channel, a stream or an iterable, got an object \(Object\); make a channel of other sources with from\(\)$/,
    );
  });
});

describe("reduce() and collect()", () => {
  test("reduce() throws what its step throws, and releases an owned source (CB-11)", async () => {
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

  test("collect() makes a new array for each performance", async () => {
    using _ = virtualTime();
    const source = channel<number>(4);
    source.trySend(1);
    source.close();
    const all = collect(source);
    expect([await all, await all]).toEqual([[1], []]);
  });

  test("two performances of collect() on one source share its values", async () => {
    using _ = virtualTime();
    const source = channel<number>();
    feed(source, upTo(10));
    const all = collect(source);
    const [a, b] = await Promise.all([all, all]);
    expect([...a, ...b].sort((x, y) => x - y)).toEqual(upTo(10));
  });
});

test("forEach() has called its body for the values before an error of the source (CB-3)", async () => {
  using _ = virtualTime();
  const cause = new Error("cause");
  const source = channel<number>();
  const seen: number[] = [];
  feed(source, [1, 2], { cause });
  await expect(forEach(source, (n) => void seen.push(n)).then()).rejects.toBe(cause);
  expect(seen).toEqual([1, 2]);
});

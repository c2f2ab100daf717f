// Every step of millrace/transducers in three places: as the transform of a channel, in through() and in a stream. One table
// gives the expected values. Where another library with the same protocol has the step, its values are compared, too.

import * as thing from "@thi.ng/transducers";
import {
  CLOSED,
  channel,
  collect,
  forEach,
  from,
  go,
  produce,
  type ReceiveChannel,
  type Routine,
  type Stream,
  stream,
  through,
} from "millrace";
import {
  batch,
  compose,
  dedupe,
  distinct,
  drop,
  dropWhile,
  filter,
  flatMap,
  interpose,
  keep,
  map,
  partitionBy,
  scan,
  type Transducer,
  take,
  takeNth,
  takeWhile,
  tap,
  window,
} from "millrace/transducers";
import { describe, expect, test } from "vitest";
import { virtualTime } from "./support/virtual.js";

type Step = Transducer<number, unknown>;

interface Kind {
  readonly kind: string;
  readonly step: () => Step;
  /** As a method of a stream. A step without a method is tested with through(). */
  readonly chained?: (numbers: Stream<number>) => Stream<unknown>;
  readonly takes: readonly number[];
  readonly gives: readonly unknown[];
  /** Whether the step ends by itself, and so does not take all values. */
  readonly ends?: boolean;
  readonly theirs?: thing.Transducer<number, unknown>;
}

const even = (n: number): boolean => n % 2 === 0;
const small = (n: number): boolean => n < 3;
const twice = (n: number): number[] => [n, n];
const half = (n: number): number | undefined => (even(n) ? n / 2 : undefined);
const sum = (total: number, n: number): number => total + n;
const to = (n: number): number[] => Array.from({ length: n }, (_, at) => at + 1);

const kinds: Kind[] = [
  {
    kind: "map",
    step: () => map(half),
    chained: (s) => s.map(half),
    takes: [2, 3],
    gives: [1, undefined],
    theirs: thing.map(half),
  },
  {
    kind: "filter",
    step: () => filter(even),
    chained: (s) => s.filter(even),
    takes: to(5),
    gives: [2, 4],
    theirs: thing.filter(even),
  },
  {
    kind: "flatMap",
    step: () => flatMap(twice),
    chained: (s) => s.flatMap(twice),
    takes: [1, 2],
    gives: [1, 1, 2, 2],
    theirs: thing.mapcat(twice),
  },
  {
    kind: "flatMap to nothing",
    step: () => flatMap(() => []),
    chained: (s) => s.flatMap(() => []),
    takes: [1, 2],
    gives: [],
  },
  { kind: "scan", step: () => scan(sum, 0), chained: (s) => s.scan(sum, 0), takes: to(3), gives: [1, 3, 6] },
  { kind: "take(0)", step: () => take(0), chained: (s) => s.take(0), takes: to(3), gives: [], ends: true },
  {
    kind: "take(2)",
    step: () => take(2),
    chained: (s) => s.take(2),
    takes: to(4),
    gives: [1, 2],
    ends: true,
    theirs: thing.take(2),
  },
  {
    kind: "take(9)",
    step: () => take(9),
    chained: (s) => s.take(9),
    takes: to(2),
    gives: [1, 2],
    theirs: thing.take(9),
  },
  {
    kind: "takeWhile",
    step: () => takeWhile(small),
    chained: (s) => s.takeWhile(small),
    takes: [1, 2, 3, 1, 1, 1],
    gives: [1, 2],
    ends: true,
    theirs: thing.takeWhile(small),
  },
  {
    kind: "drop(0)",
    step: () => drop(0),
    chained: (s) => s.drop(0),
    takes: to(2),
    gives: [1, 2],
    theirs: thing.drop(0),
  },
  {
    kind: "drop(2)",
    step: () => drop(2),
    chained: (s) => s.drop(2),
    takes: to(4),
    gives: [3, 4],
    theirs: thing.drop(2),
  },
  {
    kind: "dropWhile",
    step: () => dropWhile(small),
    chained: (s) => s.dropWhile(small),
    takes: [1, 3, 1],
    gives: [3, 1],
    theirs: thing.dropWhile(small),
  },
  {
    kind: "distinct",
    step: () => distinct(),
    chained: (s) => s.distinct(),
    takes: [1, 2, 1, 3, 2],
    gives: [1, 2, 3],
    theirs: thing.distinct(),
  },
  {
    kind: "distinct by a key",
    step: () => distinct(even),
    chained: (s) => s.distinct(even),
    takes: to(4),
    gives: [1, 2],
    theirs: thing.distinct({ key: even }),
  },
  {
    kind: "dedupe",
    step: () => dedupe(),
    chained: (s) => s.dedupe(),
    takes: [1, 1, 2, 2, 1, NaN, NaN],
    gives: [1, 2, 1, NaN],
  },
  {
    kind: "dedupe without NaN",
    step: () => dedupe(),
    takes: [1, 1, 2, 2, 1],
    gives: [1, 2, 1],
    theirs: thing.dedupe(),
  },
  {
    kind: "dedupe by a key",
    step: () => dedupe(even),
    chained: (s) => s.dedupe(even),
    takes: [1, 3, 2, 4, 5],
    gives: [1, 2, 5],
    theirs: thing.dedupe((a, b) => even(a) === even(b)),
  },
  {
    kind: "dedupe by a key that is undefined",
    step: () => dedupe(() => undefined),
    chained: (s) => s.dedupe(() => undefined),
    takes: to(3),
    gives: [1],
  },
  {
    kind: "tap",
    step: () => tap(() => 99),
    chained: (s) => s.tap(() => 99),
    takes: to(2),
    gives: [1, 2],
    theirs: thing.sideEffect(() => 99),
  },
  {
    kind: "batch(2)",
    step: () => batch(2),
    chained: (s) => s.batch(2),
    takes: to(3),
    gives: [[1, 2], [3]],
    theirs: thing.partition(2, true),
  },
  {
    kind: "partitionBy",
    step: () => partitionBy(even),
    takes: [2, 4, 1, 6],
    gives: [[2, 4], [1], [6]],
    theirs: thing.partitionBy(even),
  },
  {
    kind: "window(2)",
    step: () => window(2),
    chained: (s) => s.window(2),
    takes: to(4),
    gives: [
      [1, 2],
      [2, 3],
      [3, 4],
    ],
    theirs: thing.partition(2, 1),
  },
  {
    kind: "window(1)",
    step: () => window(1),
    chained: (s) => s.window(1),
    takes: to(2),
    gives: [[1], [2]],
    theirs: thing.partition(1, 1),
  },
  {
    kind: "window(3) of too few values",
    step: () => window(3),
    chained: (s) => s.window(3),
    takes: to(2),
    gives: [],
    theirs: thing.partition(3, 1),
  },
  {
    kind: "window(3, 2)",
    step: () => window(3, 2),
    chained: (s) => s.window(3, 2),
    takes: to(8),
    gives: [
      [1, 2, 3],
      [3, 4, 5],
      [5, 6, 7],
    ],
    theirs: thing.partition(3, 2),
  },
  {
    kind: "window(2, 2)",
    step: () => window(2, 2),
    chained: (s) => s.window(2, 2),
    takes: to(5),
    gives: [
      [1, 2],
      [3, 4],
    ],
    theirs: thing.partition(2, 2),
  },
  {
    kind: "window(2, 5)",
    step: () => window(2, 5),
    chained: (s) => s.window(2, 5),
    takes: to(12),
    gives: [
      [1, 2],
      [6, 7],
      [11, 12],
    ],
    theirs: thing.partition(2, 5),
  },
  { kind: "takeNth(1)", step: () => takeNth(1), takes: to(2), gives: [1, 2], theirs: thing.takeNth(1) },
  { kind: "takeNth(3)", step: () => takeNth(3), takes: to(8), gives: [1, 4, 7], theirs: thing.takeNth(3) },
  {
    kind: "keep",
    step: () => keep(half),
    takes: [2, 3, 0],
    gives: [1, 0],
    theirs: thing.comp(thing.map(half), thing.keep()),
  },
  {
    kind: "keep of null",
    step: () => keep((n: number) => (even(n) ? null : false)),
    takes: to(3),
    gives: [false, false],
  },
  {
    kind: "interpose",
    step: () => interpose("|"),
    takes: to(3),
    gives: [1, "|", 2, "|", 3],
    theirs: thing.interpose("|"),
  },
  { kind: "interpose of one value", step: () => interpose("|"), takes: [1], gives: [1], theirs: thing.interpose("|") },
  {
    kind: "interpose, then takeWhile that ends at the separator",
    step: () =>
      compose(
        interpose<number, number>(0),
        takeWhile((n: number) => n !== 0),
      ),
    takes: to(5),
    gives: [1],
    ends: true,
  },
  {
    kind: "interpose, then take",
    step: () => compose(interpose<number, string>("|"), take(2)),
    takes: to(3),
    gives: [1, "|"],
    ends: true,
  },
  {
    kind: "window, then take",
    step: () => compose(window<number>(2), take(1)),
    chained: (s) => s.window(2).take(1),
    takes: to(4),
    gives: [[1, 2]],
    ends: true,
  },
  {
    kind: "flatMap, then take",
    step: () => compose(flatMap(twice), take(3)),
    chained: (s) => s.flatMap(twice).take(3),
    takes: to(4),
    gives: [1, 1, 2],
    ends: true,
  },
  {
    kind: "take, then batch",
    step: () => compose(take<number>(3), batch(2)),
    chained: (s) => s.take(3).batch(2),
    takes: to(5),
    gives: [[1, 2], [3]],
    ends: true,
  },
  {
    kind: "a chain of five steps",
    step: () =>
      compose(
        map((n: number) => n + 1),
        filter(even),
        drop<number>(1),
        flatMap(twice),
        distinct<number>(),
      ),
    chained: (s) =>
      s
        .map((n) => n + 1)
        .filter(even)
        .drop(1)
        .flatMap(twice)
        .distinct(),
    takes: [1, 3, 5, 7],
    gives: [4, 6, 8],
  },
];

/** A source that a task feeds. It notes how many values were taken, and whether it was released. */
function feeding(values: readonly number[], notes: { taken: number; released: number }): ReceiveChannel<number> {
  return produce<number>(
    function* feeding(out): Routine<void> {
      for (const value of values) {
        if (!(yield* out.send(value))) return;
        notes.taken++;
      }
    },
    { release: () => notes.released++ },
  );
}

const settings: { setting: string; run: (kind: Kind, source: ReceiveChannel<number>) => PromiseLike<unknown[]> }[] = [
  {
    setting: "as the transform of a channel",
    run({ step }, source) {
      const out = channel<number, unknown>(1, { transform: step() });
      go(function* (): Routine<void> {
        for (let value; (value = yield* source.receive()) !== CLOSED; ) if (!(yield* out.send(value))) break;
        source.cancel();
        out.close();
      });
      return collect(out);
    },
  },
  { setting: "in through()", run: ({ step }, source) => collect(through(source, step())) },
  {
    setting: "in a stream",
    run: ({ step, chained }, source) => (chained?.(stream(source)) ?? stream(source).through(step())).collect(),
  },
];

describe.each(settings)("a transducer $setting", ({ run }) => {
  test.each(kinds)(
    "$kind yields the expected values, takes no more than it needs, and releases its source (CH-28)",
    async (kind) => {
      using time = virtualTime();
      const notes = { taken: 0, released: 0 };
      expect(await run(kind, feeding(kind.takes, notes))).toEqual(kind.gives);
      await time.settle();
      expect(notes.released).toBe(1);
      if (kind.ends) expect(notes.taken).toBeLessThan(kind.takes.length);
      else expect(notes.taken).toBe(kind.takes.length);
    },
  );

  test("the error of a step comes after what the steps held (CB-3)", async () => {
    using time = virtualTime();
    const cause = new Error("three");
    const strict = compose(
      tap((n: number) => {
        if (n === 3) throw cause;
      }),
      batch<number>(2),
      interpose("|"),
    );
    const seen: unknown[] = [];
    const notes = { taken: 0, released: 0 };
    const step = (): Step =>
      compose(
        strict,
        tap((value) => seen.push(value)),
      );
    const over = run({ kind: "", step, takes: [], gives: [] }, feeding([1, 2, 4, 3, 5], notes));
    await expect(Promise.resolve(over)).rejects.toBe(cause);
    expect(seen).toEqual([[1, 2], "|", [4]]);
    await time.settle();
    expect(notes.released).toBe(1);
  });
});

describe("a transducer and @thi.ng/transducers", () => {
  const asked = kinds.filter(({ theirs }) => theirs !== undefined);
  test.each(asked)("$kind yields what @thi.ng/transducers yields", ({ theirs, takes, gives }) => {
    expect([...thing.iterator(theirs!, takes)]).toEqual(gives);
  });
});

/** A number, or a string in quotes. */
const shown = (value: unknown): string => (typeof value === "string" ? `"${value}"` : String(value));

describe("an invalid argument of a transducer", () => {
  const calls: [call: string, act: () => unknown][] = [0, -1, 1.5, Number.NaN, "2" as unknown as number].flatMap(
    (n): [string, () => unknown][] => [
      [`window(${shown(n)})`, () => window(n)],
      [`window(2, ${shown(n)})`, () => window(2, n)],
      [`takeNth(${shown(n)})`, () => takeNth(n)],
      [`batch(${shown(n)})`, () => batch(n)],
    ],
  );
  test.each(calls)("%s throws a RangeError", (_, act) => {
    expect(act).toThrow(RangeError);
  });
});

test("window() makes a new array for each window", async () => {
  const windows = await collect(through(from([1, 2, 3]), window<number>(2)));
  windows[0]!.push(99);
  expect(windows).toEqual([
    [1, 2, 99],
    [2, 3],
  ]);
});

test("tap() is called with each value that passes, in the order of the steps", async () => {
  const log: unknown[] = [];
  const noted = stream([1, 2, 3])
    .tap((n) => log.push(`in ${n}`))
    .filter(even)
    .tap((n) => log.push(`out ${n}`));
  await forEach(noted.channel(), (n) => void log.push(n));
  expect(log).toEqual(["in 1", "in 2", "out 2", 2, "in 3"]);
});

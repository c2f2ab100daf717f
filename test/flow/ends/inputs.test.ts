// Everything that reads, with every kind of source. One table of readers, one of sources.

import {
  batch,
  broadcast,
  buffer,
  channel,
  collect,
  combineLatest,
  concat,
  debounce,
  delay,
  exhaust,
  first,
  flatPipeline,
  forEach,
  from,
  type Input,
  latest,
  merge,
  type Operation,
  partition,
  pausable,
  pipe,
  pipeline,
  publish,
  type ReceiveChannel,
  race,
  reduce,
  type SendChannel,
  sample,
  split,
  stream,
  throttle,
  through,
  toReadableStream,
  watch,
  workers,
  zip,
} from "millrace";
import { map } from "millrace/transducers";
import { describe, expect, test } from "vitest";
import { virtualTime } from "../../support/virtual.js";

function filled(): ReceiveChannel<number> {
  const numbers = channel<number>(3);
  for (const n of [1, 2, 3]) numbers.trySend(n);
  numbers.close();
  return numbers;
}

function* counting(): Generator<number, void, undefined> {
  yield* [1, 2, 3];
}

async function* later(): AsyncGenerator<number, void, undefined> {
  yield* [1, 2, 3];
}

const sources: readonly { kind: string; make: () => Input<number> }[] = [
  { kind: "a channel", make: filled },
  { kind: "a channel that a combinator made", make: () => from([1, 2, 3]) },
  { kind: "a Stream", make: () => stream([0, 1, 2]).map((n) => n + 1) },
  { kind: "an array", make: () => [1, 2, 3] },
  { kind: "a Set", make: () => new Set([1, 2, 3]) },
  { kind: "a generator", make: counting },
  { kind: "an async generator", make: later },
  { kind: "a web stream", make: () => toReadableStream(from([1, 2, 3])) },
];

type Reader = { reader: string; read: (source: Input<number>) => PromiseLike<unknown>; seen: unknown };

const all = (output: ReceiveChannel<unknown>): Operation<unknown> => collect(output);

const readers: readonly Reader[] = [
  { reader: "collect()", read: collect, seen: [1, 2, 3] },
  { reader: "reduce()", read: (source) => reduce(source, (sum, n) => sum + n, 0), seen: 6 },
  { reader: "first()", read: (source) => first(source), seen: 1 },
  {
    reader: "forEach()",
    async read(source) {
      const seen: number[] = [];
      await forEach(source, (n) => seen.push(n));
      return seen;
    },
    seen: [1, 2, 3],
  },
  {
    reader: "workers()",
    async read(source) {
      const seen: number[] = [];
      await workers(source, 1, (n) => seen.push(n));
      return seen;
    },
    seen: [1, 2, 3],
  },
  {
    reader: "pipe()",
    read(source) {
      const to = channel<number>();
      pipe(source, to);
      return collect(to);
    },
    seen: [1, 2, 3],
  },
  { reader: "pipeline()", read: (source) => all(pipeline(source, 2, (n) => n * 2)), seen: [2, 4, 6] },
  { reader: "pipeline(), number first", read: (source) => all(pipeline(2, source, (n) => n * 2)), seen: [2, 4, 6] },
  {
    reader: "flatPipeline()",
    read: (source) =>
      all(
        flatPipeline(source, 2, function* (n, out: SendChannel<number>) {
          yield* out.send(n);
        }),
      ),
    seen: [1, 2, 3],
  },
  {
    reader: "latest()",
    read: (source) => all(latest(source, (n) => n)).then((values) => (values as number[]).at(-1)),
    seen: 3,
  },
  { reader: "exhaust()", read: (source) => first(exhaust(source, (n) => n)), seen: 1 },
  {
    reader: "through()",
    read: (source) =>
      all(
        through(
          source,
          map((n) => n),
        ),
      ),
    seen: [1, 2, 3],
  },
  { reader: "pausable()", read: (source) => all(pausable(source, watch(false))), seen: [1, 2, 3] },
  { reader: "merge() of a list", read: (source) => all(merge([source])), seen: [1, 2, 3] },
  { reader: "merge() of a record", read: (source) => first(merge({ a: source })), seen: { key: "a", value: 1 } },
  { reader: "zip()", read: (source) => all(zip([source, ["a"]])), seen: [[1, "a"]] },
  { reader: "concat()", read: (source) => all(concat([[0], source])), seen: [0, 1, 2, 3] },
  { reader: "race()", read: (source) => all(race([source])), seen: [1, 2, 3] },
  { reader: "combineLatest()", read: (source) => all(combineLatest([source])), seen: [[1], [2], [3]] },
  { reader: "combineLatest() of a record", read: (source) => first(combineLatest({ a: source })), seen: { a: 1 } },
  { reader: "batch()", read: (source) => all(batch(source, 3)), seen: [[1, 2, 3]] },
  { reader: "debounce()", read: (source) => all(debounce(source, 1)), seen: [3] },
  { reader: "throttle()", read: (source) => first(throttle(source, 1)), seen: 1 },
  { reader: "sample()", read: (source) => all(sample(source, 1)), seen: [3] },
  { reader: "delay()", read: (source) => all(delay(source, 1)), seen: [1, 2, 3] },
  { reader: "buffer()", read: (source) => all(buffer(source, 2)), seen: [1, 2, 3] },
  { reader: "split()", read: (source) => all(split(source, () => true)[0]), seen: [1, 2, 3] },
  {
    reader: "partition()",
    read: (source) => first(partition(source, () => "a")).then((part) => (part as { key: string }).key),
    seen: "a",
  },
  { reader: "broadcast()", read: (source) => all(broadcast(source).subscribe()), seen: [1, 2, 3] },
  { reader: "publish()", read: (source) => all(publish(source, () => "a").subscribe("a")), seen: [1, 2, 3] },
  { reader: "toReadableStream()", read: (source) => collect(toReadableStream(source)), seen: [1, 2, 3] },
  { reader: "stream()", read: (source) => stream(source).collect(), seen: [1, 2, 3] },
];

describe.each(readers)("$reader", ({ read, seen }) => {
  test.each(sources)("reads $kind (CB-13)", async ({ make }) => {
    using time = virtualTime();
    const done = Promise.resolve(read(make()));
    await time.advance(20);
    expect(await done).toEqual(seen);
  });

  test("refuses what cannot be read", async () => {
    const refused = (async () => read({} as never))();
    await expect(refused).rejects.toThrow(/an iterable, .*got an object \(Object\)/);
  });
});

describe("an operation that reads an iterable", () => {
  test("asks for its iterator when it is performed, and anew each time (OP-1, CB-13)", async () => {
    let iterators = 0;
    const source = {
      *[Symbol.iterator]() {
        iterators++;
        yield 1;
      },
    };
    const all = collect(source);
    expect(iterators).toBe(0);
    expect([await all, await all, iterators]).toEqual([[1], [1], 2]);
  });

  test("releases it when it is left early (CB-11, CB-13)", async () => {
    using time = virtualTime();
    const left: string[] = [];
    function* numbers(): Generator<number, void, undefined> {
      try {
        for (let n = 0; ; n++) yield n;
      } finally {
        left.push("left");
      }
    }
    await first(numbers());
    await expect(forEach(numbers(), () => Promise.reject(new Error("body"))).then()).rejects.toThrow("body");
    await time.settle();
    expect(left).toEqual(["left", "left"]);
  });
});

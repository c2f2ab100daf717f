import {
  CLOSED,
  channel,
  collect,
  EMPTY,
  go,
  pause,
  produce,
  type ReceiveChannel,
  type Routine,
  type Stream,
  select,
  sleep,
  sliding,
  stream,
} from "millrace";
import { map, take } from "millrace/transducers";
import { describe, expect, test } from "vitest";
import { noneParked, queues } from "../support/model.js";
import { noting, planned, pressed, type Seen } from "../support/timeline.js";
import { virtualTime } from "../support/virtual.js";

/** Numbers for ever; counts how many generators ran their finally block. */
function naturals(): { numbers: Generator<number>; returned: () => number } {
  let returned = 0;
  function* numbers(): Generator<number> {
    try {
      for (let n = 0; ; n++) yield n;
    } finally {
      returned++;
    }
  }
  const generator = numbers();
  generator.next();
  return { numbers: generator, returned: () => returned };
}

function holding(count: number): ReturnType<typeof channel<number>> {
  const holds = channel<number>(count);
  for (let n = 1; n <= count; n++) holds.trySend(n);
  return holds;
}

describe("stream()", () => {
  test("applies its steps from top to bottom", async () => {
    using _ = virtualTime();
    const made = stream([1, 2, 3, 4, 5, 6])
      .filter((n) => n % 2 === 0)
      .map((n) => n * n)
      .scan((sum, n) => sum + n, 0)
      .batch(2)
      .map((pair) => pair.join("+"));
    expect(await made.collect()).toEqual(["4+20", "56"]);
  });

  test("accepts a channel, an iterable, an async iterable and a web stream", async () => {
    const sources = [
      holding(2),
      new Set([1, 2]),
      (async function* () {
        yield 1;
        yield 2;
      })(),
      new ReadableStream<number>({
        start(controller) {
          for (const n of [1, 2]) controller.enqueue(n);
          controller.close();
        },
      }),
    ];
    for (const source of sources) expect(await stream<number>(source).take(2).collect()).toEqual([1, 2]);
    expect(() => stream(5 as unknown as number[])).toThrow(TypeError);
  });

  test("is not changed by its methods, which return new streams", async () => {
    using _ = virtualTime();
    const source = holding(4);
    const all = stream(source);
    const tens = all.map((n) => n * 10);
    expect(await tens.take(1).collect()).toEqual([10]);
    expect(
      await tens
        .map((n) => n + 1)
        .take(1)
        .collect(),
    ).toEqual([21]);
    expect(await all.take(2).collect()).toEqual([3, 4]);
  });

  test("makes one view over its source of several steps without time", () => {
    using _ = virtualTime();
    let receives = 0;
    const source = holding(3);
    const counted: ReceiveChannel<number> = {
      ...source,
      closed: false,
      cancel() {},
      tryReceive: () => EMPTY,
      receive() {
        receives++;
        return source.receive();
      },
    };
    const chain = stream(counted)
      .map((n) => n)
      .filter((n) => n > 0)
      .map(String)
      .channel();
    expect([chain.tryReceive(), chain.tryReceive(), receives]).toEqual(["1", "2", 1]);
  });

  test("can mix steps that wait with steps that do not", async () => {
    using time = virtualTime();
    const seen: Seen = [];
    const source = planned(
      time,
      [
        [0, 1],
        [2, 2],
        [30, 3],
        [31, 4],
        [60, 5],
      ],
      90,
    );
    const chain = stream(source)
      .map((n) => n * 10)
      .debounce(5)
      .delay(10)
      .map((n) => n + 1);
    noting(time, chain.channel(), seen);
    await time.advance(200);
    expect(seen).toEqual([
      [17, 21],
      [46, 41],
      [75, 51],
      [90, CLOSED],
    ]);
    expect(time.timers).toBe(0);
  });

  test.each<[string, (s: Stream<number>) => Stream<unknown>, Seen]>([
    [
      "batch(2, 5)",
      (s) => s.batch(2, 5),
      [
        [1, [1, 2]],
        [15, [3]],
        [20, CLOSED],
      ],
    ],
    [
      "throttle(8)",
      (s) => s.throttle(8),
      [
        [0, 1],
        [8, 2],
        [16, 3],
        [20, CLOSED],
      ],
    ],
    [
      "throttle(8, trailing: false)",
      (s) => s.throttle(8, { trailing: false }),
      [
        [0, 1],
        [10, 3],
        [20, CLOSED],
      ],
    ],
    [
      "sample(4)",
      (s) => s.sample(4),
      [
        [4, 2],
        [12, 3],
        [20, CLOSED],
      ],
    ],
    [
      "buffer(1)",
      (s) => s.buffer(1),
      [
        [0, 1],
        [1, 2],
        [10, 3],
        [20, CLOSED],
      ],
    ],
    [
      "buffer(sliding(1))",
      (s) => s.buffer(sliding(1)),
      [
        [0, 1],
        [1, 2],
        [10, 3],
        [20, CLOSED],
      ],
    ],
    [
      "delay(3)",
      (s) => s.delay(3),
      [
        [3, 1],
        [4, 2],
        [13, 3],
        [20, CLOSED],
      ],
    ],
    [
      "debounce(3)",
      (s) => s.debounce(3),
      [
        [4, 2],
        [13, 3],
        [20, CLOSED],
      ],
    ],
    [
      "through(map)",
      (s) => s.through(map(String)),
      [
        [0, "1"],
        [1, "2"],
        [10, "3"],
        [20, CLOSED],
      ],
    ],
  ])(".%s emits what the function of that name emits", async (_, method, expected) => {
    using time = virtualTime();
    const seen: Seen = [];
    noting(
      time,
      method(
        stream(
          planned(
            time,
            [
              [0, 1],
              [1, 2],
              [10, 3],
            ],
            20,
          ),
        ),
      ).channel(),
      seen,
    );
    await time.advance(100);
    expect(seen).toEqual(expected);
    expect(time.timers).toBe(0);
  });

  test(".merge() adds other channels, and ends when all have ended", async () => {
    using _ = virtualTime();
    const words = channel<string>(2);
    for (const word of ["a", "b"]) words.trySend(word);
    words.close();
    const all = await stream([1, 2])
      .merge(words, stream([true]).channel())
      .collect();
    expect(all.map(String).sort()).toEqual(["1", "2", "a", "b", "true"]);
  });

  test(".pipeline() works on several values at a time, and keeps the order", async () => {
    using time = virtualTime();
    const done = stream([3, 1, 2])
      .pipeline(3, function* (n) {
        yield* sleep(n * 10);
        return [n, time.now()];
      })
      .collect()
      .then();
    await time.advance(50);
    expect(await done).toEqual([
      [3, 30],
      [1, 10],
      [2, 20],
    ]);
  });

  test("throws a RangeError in the call of the method with the invalid argument", () => {
    const one = stream([1]);
    for (const act of [() => one.take(-1), () => one.batch(0), () => one.debounce(-1), () => one.window(2, 0)]) {
      expect(act).toThrow(RangeError);
    }
  });
});

describe("the endings of stream()", () => {
  test("to() sends every value to its sink, and closes the sink unless close is false", async () => {
    using _ = virtualTime();
    const out = channel<number>(4);
    await stream([1, 2, 3])
      .filter((n) => n !== 2)
      .to(out);
    expect([out.length, out.closed]).toEqual([2, true]);
    const open = channel<number>(4);
    await stream([1]).to(open, { close: false });
    expect([open.length, open.closed]).toEqual([1, false]);
  });

  test("reduce(), forEach() and for await consume a stream", async () => {
    using _ = virtualTime();
    const small = () => stream([1, 2, 3]).map((n) => n * 2);
    const seen: number[] = [];
    await small().forEach(function* (n): Routine<void> {
      yield* pause();
      seen.push(n);
    });
    for await (const n of small()) seen.push(n);
    expect([seen, await small().reduce((sum, n) => sum + n, 0)]).toEqual([[2, 4, 6, 2, 4, 6], 12]);
  });

  test("collect() is an operation, in a select and in go blocks of both forms", async () => {
    using time = virtualTime();
    const chosen = select({ all: stream([1]).collect(), late: sleep(5) }).then();
    const sync = go(function* (): Routine<number[]> {
      return yield* stream([2]).collect();
    });
    const async = go(async function* () {
      return yield* stream([3]).collect();
    });
    await time.settle();
    expect([(await chosen).value, await sync, await async]).toEqual([[1], [2], [3]]);
  });

  test("collect() throws an error of any step, and every step is released (CB-3)", async () => {
    using time = virtualTime();
    const { numbers, returned } = naturals();
    const broken = stream(numbers)
      .buffer(2)
      .map((n) => {
        if (n === 3) throw new Error(`no ${n}`);
        return n;
      })
      .delay(1)
      .batch(2)
      .collect()
      .then();
    const rejected = expect(broken).rejects.toThrow("no 3");
    await time.advance(100);
    await rejected;
    expect([returned(), time.timers, time.reported]).toEqual([1, 0, []]);
  });
});

describe("the ownership of a stream()", () => {
  test("leaves your channel open, and takes only as many values as it yields (CB-2)", async () => {
    using _ = virtualTime();
    const mine = holding(5);
    expect(await stream(mine).take(2).collect()).toEqual([1, 2]);
    expect([mine.closed, mine.length, queues(mine)]).toEqual([false, 3, noneParked]);
    for await (const _n of stream(mine).map((n) => n)) break;
    expect([mine.closed, mine.length]).toEqual([false, 2]);
  });

  test("lets every early ending run the finally block of a generator once (CB-2)", async () => {
    using time = virtualTime();
    const ways: ((s: Stream<number>) => PromiseLike<unknown>)[] = [
      (s) => s.take(2).collect(),
      (s) => s.take(2).to(channel<number>(5)),
      (s) =>
        s
          .map((n) => n)
          .takeWhile((n) => n < 3)
          .forEach(() => {}),
      (s) =>
        s
          .buffer(3)
          .map((n) => n)
          .take(2)
          .collect(),
      async (s) => {
        for await (const n of s) if (n === 2) break;
      },
    ];
    for (const way of ways) {
      const { numbers, returned } = naturals();
      await way(stream(numbers));
      await time.settle();
      expect(returned()).toBe(1);
    }
  });

  test("with take(0) consumes nothing, and releases what it owns (CB-5)", async () => {
    using _ = virtualTime();
    const mine = holding(3);
    const { numbers, returned } = naturals();
    expect(
      await stream(mine)
        .map((n) => n)
        .take(0)
        .collect(),
    ).toEqual([]);
    expect(await stream(numbers).take(0).collect()).toEqual([]);
    expect([mine.length, mine.closed, returned()]).toEqual([3, false, 1]);
  });

  test("passes a cancel upstream through every owned step in one turn, and leaves your channel open (CB-2)", async () => {
    using time = virtualTime();
    const reasons: unknown[] = [];
    const made = produce<number>(
      function* (out): Routine<void> {
        for (let n = 0; ; n++) {
          yield* out.send(n);
          yield* sleep(1);
        }
      },
      { release: (reason) => reasons.push(reason) },
    );
    const mine = channel<number>();
    const end = stream(made)
      .merge(mine)
      .map((n) => n)
      .buffer(2)
      .delay(5)
      .throttle(1)
      .batch(2, 5)
      .tap(() => {})
      .channel();
    await time.advance(20);
    end.cancel("enough");
    await time.settle();
    expect([reasons, made.closed, mine.closed, queues(mine)]).toEqual([["enough"], true, false, noneParked]);
    expect([time.timers, time.reported]).toEqual([0, []]);
  });

  test("releases the whole chain when its ending is cancelled (CB-11)", async () => {
    using time = virtualTime();
    const cancelled: unknown[] = [];
    const plan = [1, 2, 30].map((n) => [n, n] as const);
    const ending = go(function* (): Routine<void> {
      yield* stream(pressed(time, plan, { cancelled }))
        .map(String)
        .delay(10)
        .collect();
    });
    await time.advance(15);
    ending.cancel();
    await time.settle();
    expect([cancelled.length, time.timers]).toEqual([1, 0]);
  });

  test("lets collect() read a channel that channel() makes of the stream", async () => {
    using _ = virtualTime();
    expect(await collect(stream([1, 2, 3]).through(take(2)).channel())).toEqual([1, 2]);
  });
});

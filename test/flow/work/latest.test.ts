import { channel, collect, exhaust, latest, type ReceiveChannel, type Routine, sleep, stream } from "millrace";
import { describe, expect, test } from "vitest";
import { feed, read, watched } from "../../support/flow.js";
import { virtualTime } from "../../support/virtual.js";

/** Work that takes `ms`, with a `finally` that takes `last` ms; it notes what happens, and checks that it runs alone. */
function work(log: string[], ms: number, last = 0): (n: number) => Routine<string> {
  let running = 0;
  return function* (n) {
    let how = "given up";
    expect(++running).toBe(1);
    log.push(`${n} begun`);
    try {
      yield* sleep(ms);
      how = "done";
      return `<${n}>`;
    } finally {
      if (last > 0) yield* sleep(last);
      log.push(`${n} ${how}`);
      running--;
    }
  };
}

const settledBy = (output: ReceiveChannel<unknown>): Promise<unknown> =>
  collect(output).then(undefined, (error) => error);

describe("latest()", () => {
  test("gives up the work on a value when the next comes, and begins when that has ended", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const log: string[] = [];
    const seen = read(latest(source, work(log, 10, 3)));
    feed(source, [1, 2, 3], { pace: 5 });
    await time.advance(100);
    expect(log).toEqual(["1 begun", "1 given up", "2 begun", "2 given up", "3 begun", "3 done"]);
    expect([seen, time.timers]).toEqual([{ values: ["<3>"], end: "closed" }, 0]);
  });

  test("begins with the newest of the values that come while the work before is ending", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const log: string[] = [];
    const seen = read(latest(source, work(log, 50, 20)));
    feed(source, [1, 2, 3, 4], { pace: 5 });
    await time.advance(200);
    expect([log, seen.values]).toEqual([["1 begun", "1 given up", "4 begun", "4 done"], ["<4>"]]);
  });

  test("drops a result that has not been received when the next value comes", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const out = latest(source, work([], 10));
    feed(source, [1, 2], { pace: 20 });
    await time.advance(100);
    expect(await collect(out)).toEqual(["<2>"]);
  });

  test("yields each result when the work is faster than the source", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const seen = read(latest(source, work([], 5)));
    feed(source, [1, 2, 3], { pace: 10 });
    await time.advance(100);
    expect(seen).toEqual({ values: ["<1>", "<2>", "<3>"], end: "closed" });
  });
});

describe("exhaust()", () => {
  test("drops the values that come while it works, and while its result waits", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const log: string[] = [];
    const out = exhaust(source, work(log, 12));
    feed(source, [1, 2, 3, 4, 5, 6], { pace: 5 });
    await time.advance(22);
    const first = out.receive().then();
    await time.advance(13);
    expect(await first).toBe("<1>");
    const rest = collect(out).then();
    await time.advance(100);
    expect([await rest, log]).toEqual([["<5>"], ["1 begun", "1 done", "5 begun", "5 done"]]);
    expect(time.timers).toBe(0);
  });
});

describe.each([
  { name: "latest()", over: latest },
  { name: "exhaust()", over: exhaust },
])("$name", ({ over }) => {
  test("closes with the error of the work, and releases its source (CB-2, CB-3)", async () => {
    using time = virtualTime();
    const error = new Error("work");
    const { source, released } = watched(1);
    const end = settledBy(
      over(source, () => {
        throw error;
      }),
    );
    await time.settle();
    expect([await end, released.length, time.reported]).toEqual([error, 1, []]);
  });

  test("closes with the cause of its source, and gives up the work (CB-3)", async () => {
    using time = virtualTime();
    const cause = new Error("source");
    const source = channel<number>(1);
    const log: string[] = [];
    const end = settledBy(over(source, work(log, 50)));
    source.trySend(1);
    await time.advance(5);
    source.close(cause);
    await time.settle();
    expect([await end, log, time.timers]).toEqual([cause, ["1 begun", "1 given up"], 0]);
  });

  test("gives up the work and releases its source when its output is cancelled (CB-2)", async () => {
    using time = virtualTime();
    const { source, released } = watched(1);
    const log: string[] = [];
    const out = over(source, work(log, 50));
    await time.advance(5);
    out.cancel("enough");
    await time.settle();
    expect([log, released, time.timers]).toEqual([["1 begun", "1 given up"], ["enough"], 0]);
  });

  test("refuses what is no work", () => {
    expect(() => over([1], 5 as never)).toThrow("work must be a function or an operation, got 5");
  });
});

test("Stream has them as methods, with flatPipeline, workers, zip, concat, pausable and first", async () => {
  const numbers = stream([1]);
  expect(await numbers.latest((n) => n + 1).collect()).toEqual([2]);
  expect(
    await stream([1])
      .exhaust((n) => n + 1)
      .collect(),
  ).toEqual([2]);
  expect(await stream([1, 2]).zip(["a", "b"]).collect()).toEqual([
    [1, "a"],
    [2, "b"],
  ]);
  expect(
    await stream([1])
      .concat([2], stream([3]))
      .collect(),
  ).toEqual([1, 2, 3]);
  expect(
    await stream([1, 2])
      .flatPipeline<number>(2, function* (n, out) {
        yield* out.send(n);
        yield* out.send(-n);
      })
      .collect(),
  ).toEqual([1, -1, 2, -2]);
  const seen: number[] = [];
  await stream([1, 2]).workers(1, (n) => seen.push(n));
  expect([seen, await stream([3, 4]).first()]).toEqual([[1, 2], 3]);
});

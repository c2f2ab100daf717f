// CB-10: order, at most n values in flight, no value taken without a receiver, no error or stage that stalls unnoticed.

import fc from "fast-check";
import {
  always,
  CLOSED,
  channel,
  type DeadlockError,
  from,
  go,
  never,
  pipeline,
  produce,
  type ReceiveChannel,
  type Routine,
  run,
  type Settleable,
  sleep,
  TimeoutError,
  through,
  withTimeout,
} from "millrace";
import { usePolicy } from "millrace/host";
import { map } from "millrace/transducers";
import { afterEach, describe, expect, test } from "vitest";
import { feed, read, upTo } from "../../support/flow.js";
import { noneParked, queues } from "../../support/model.js";
import { type StageForm, stageForms, waiting } from "../../support/stages.js";
import { seeded, virtualTime } from "../../support/virtual.js";

/** A `finally` that throws. */
class Failing implements Disposable {
  constructor(readonly error: unknown) {}
  [Symbol.dispose](): void {
    throw this.error;
  }
}

afterEach(async () => {
  using time = virtualTime();
  await time.settle();
  expect(time.timers).toBe(0); // what one test leaves behind the next one would find
});

const silent = (): ReceiveChannel<number> => channel<number>();

describe.each(stageForms)("pipeline() with a stage that returns $form", ({ make, fail }: StageForm) => {
  test.each([1, 2, 8])("and n = %i yields the results in the order of the source (CB-10)", async (n) => {
    using time = virtualTime();
    const seen = read(pipeline(n, from(upTo(20)), (value) => make((value * 7) % 5, value * 10)));
    await time.advance(200);
    expect(seen).toEqual({ values: upTo(20).map((value) => value * 10), end: "closed" });
    expect([time.timers, time.reported]).toEqual([0, []]);
  });

  test("closes its output with the error of a stage as the cause, and releases its source (CB-3, CB-10)", async () => {
    using time = virtualTime();
    const error = new Error("stage");
    const released: unknown[] = [];
    const source = produce<number>(
      function* (out) {
        for (let n = 0; ; n++) yield* out.send(n);
      },
      { release: (reason) => void released.push(reason) },
    );
    const seen = read(pipeline(2, source, (value) => (value === 3 ? fail(1, error) : make(1, value))));
    await time.advance(100);
    expect(seen.end).toEqual({ cause: error });
    expect((seen.end as { cause: unknown }).cause).toBe(error);
    expect(seen.values).toEqual(upTo(seen.values.length));
    expect([released, source.closed, time.reported, time.timers]).toEqual([[error], true, [], 0]);
  });
});

describe.each(waiting)("pipeline() with a stage that returns $form", ({ make, fail, stops }: StageForm) => {
  test("has at most n values in flight, including results that were not received yet (CB-10)", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const fed = feed(source, upTo(10));
    let begun = 0;
    const output = pipeline(3, source, (value) => make(5, value, { begun: () => void begun++ }));
    await time.advance(100);
    expect([begun, fed.taken]).toEqual([3, 3]);
    expect(await output.receive()).toBe(0);
    await time.settle();
    expect([begun, fed.taken]).toEqual([4, 4]);
    await time.advance(5);
    output.cancel();
  });

  test("works on n values at the same time, and a result waits for its turn (CB-10)", async () => {
    using time = virtualTime();
    const got: string[] = [];
    go(function* (): Routine<void> {
      const output = pipeline(3, from([30, 10, 20, 10]), (ms) => make(ms, ms));
      for (let value: unknown; (value = yield* output.receive()) !== CLOSED; ) got.push(`${value} at ${time.now()}`);
      got.push(`end at ${time.now()}`);
    });
    await time.advance(100);
    // The fourth stage begins when the first result has been received.
    expect(got).toEqual(["30 at 30", "10 at 30", "20 at 30", "10 at 40", "end at 40"]);
  });

  test("with ordered: false yields each result as soon as it is there (CB-10)", async () => {
    using time = virtualTime();
    const got: string[] = [];
    go(function* (): Routine<void> {
      const output = pipeline(3, from([30, 10, 20, 5]), (ms) => make(ms, ms), { ordered: false });
      for (let value: unknown; (value = yield* output.receive()) !== CLOSED; ) got.push(`${value} at ${time.now()}`);
    });
    await time.advance(100);
    expect(got).toEqual(["10 at 10", "5 at 15", "20 at 20", "30 at 30"]);
  });

  test.each([true, false])(
    "stops consuming and cancels its stages in the step in which its output is cancelled (ordered: %s) (CB-2, CB-10)",
    async (ordered) => {
      using time = virtualTime();
      const source = channel<number>(8);
      let begun = 0;
      const over: boolean[] = [];
      const log = { begun: () => void begun++, over: (done: boolean) => void over.push(done) };
      const output = pipeline(3, source, (value) => make(50, value, log), { ordered });
      for (const value of [1, 2]) source.trySend(value);
      await time.advance(10);
      expect(begun).toBe(2);
      output.cancel("enough");
      expect(queues(source)).toEqual(noneParked);
      source.trySend(3);
      expect(output.tryReceive()).toBe(CLOSED);
      await time.settle();
      if (stops) expect(time.timers).toBe(0);
      await time.advance(100);
      expect([source.length, begun, source.closed, time.reported]).toEqual([1, 2, false, []]);
      if (over.length > 0) expect(over).toEqual([!stops, !stops]);
    },
  );

  test.each([true, false])(
    "cancels all other stages in flight on an error, also those of earlier values (ordered: %s) (CB-10)",
    async (ordered) => {
      using time = virtualTime();
      const error = new Error("second");
      const over: boolean[] = [];
      const log = { over: (done: boolean) => void over.push(done) };
      const output = pipeline(
        3,
        from([1, 2, 3, 4, 5]),
        (value) => (value === 2 ? fail(10, error) : make(1000, value, log)),
        { ordered },
      );
      const seen = read(output);
      await time.advance(10);
      expect(seen).toEqual({ values: [], end: { cause: error } });
      if (stops) expect(time.timers).toBe(0);
      if (over.length > 0) expect(over).toEqual([!stops, !stops]);
      await time.advance(2000);
      expect(time.reported).toEqual([]);
    },
  );

  test("closes with the cause of its source after everything in flight (CB-3)", async () => {
    using time = virtualTime();
    const cause = new Error("source");
    const source = channel<number>();
    feed(source, [20, 10, 5], { cause });
    const seen = read(pipeline(4, source, (ms) => make(ms, ms)));
    await time.advance(100);
    expect(seen).toEqual({ values: [20, 10, 5], end: { cause } });
    expect(time.reported).toEqual([]);
  });
});

describe("pipeline()", () => {
  test("yields the results that are on offer after an error, and then throws the error (CB-10)", async () => {
    using time = virtualTime();
    const error = new Error("late");
    const undelivered: number[] = [];
    const stage = function* (value: number): Routine<number> {
      yield* sleep(value);
      if (value === 20) throw error;
      return value;
    };
    const output = pipeline(4, from([5, 3, 20, 10]), stage, { onUndelivered: (n) => void undelivered.push(n) });
    await time.advance(50);
    // 10 was waiting for its turn behind the stage that failed.
    expect(undelivered).toEqual([10]);
    expect(read(output)).toMatchObject({ values: [] });
    const seen = read(output);
    await time.settle();
    expect(seen.end).toEqual({ cause: error });
    const again = pipeline(4, from([5, 3, 20, 10]), stage);
    await time.advance(50);
    const all = read(again);
    await time.settle();
    expect(all).toEqual({ values: [5, 3], end: { cause: error } });
  });

  test("throws an error even if an earlier stage never ends (CB-10)", async () => {
    using time = virtualTime();
    const error = new Error("third");
    const stage = (value: number): Settleable<number> => {
      if (value === 3) throw error;
      return value === 1 ? never() : value;
    };
    const seen = read(pipeline(4, from([1, 2, 3, 4]), stage));
    await time.settle();
    expect(seen).toEqual({ values: [], end: { cause: error } });
  });

  test("with ordered: false continues with n - 1 places if a stage never ends (CB-10)", async () => {
    using time = virtualTime();
    const stage = (value: number): Settleable<number> => (value === 2 ? never() : sleep(1).map(() => value));
    const seen = read(pipeline(2, from(upTo(6)), stage, { ordered: false }));
    await time.advance(20);
    expect(seen).toEqual({ values: [0, 1, 3, 4, 5], end: "open" });
  });

  test("has n values in flight behind a stage that never ends, and withTimeout() turns that into an error (CB-10)", async () => {
    using time = virtualTime();
    let begun = 0;
    const stuck = (value: number) => {
      begun++;
      return value === 2 ? never() : sleep(1).map(() => value);
    };
    const seen = read(pipeline(3, from(upTo(9)), stuck));
    await time.advance(100);
    expect([seen, begun]).toEqual([{ values: [0, 1], end: "open" }, 5]);
    const remedied = read(pipeline(3, from(upTo(9)), (value) => withTimeout(10, stuck(value))));
    await time.advance(100);
    expect(remedied.values).toEqual([0, 1]);
    expect((remedied.end as { cause: unknown }).cause).toBeInstanceOf(TimeoutError);
  });

  test("keeps the order of ready values over the end of a streak (CB-10, GO-5)", async () => {
    using time = virtualTime();
    const source = channel<number>(1000);
    for (const n of upTo(1000)) source.trySend(n);
    source.close();
    const seen = read(pipeline(7, source, (n) => n));
    await time.settle();
    expect(seen.values).toEqual(upTo(1000));
  });

  test("keeps the order whichever task is resumed first (CB-10)", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 6 }), async (seed, n) => {
        using time = virtualTime(seed);
        const random = seeded(seed);
        const below = (count: number): number => Math.floor(random() * count);
        using _ = usePolicy({ next: below, choose: below });
        const source = channel<number>();
        feed(source, upTo(30));
        const seen = read(pipeline(n, source, (value) => (value % 3 === 0 ? value : always(value))));
        await time.settle();
        expect(seen).toEqual({ values: upTo(30), end: "closed" });
      }),
      { numRuns: 50 },
    );
  });

  test("owns a source that a combinator made, and your channel only with own: true (CB-2)", async () => {
    using time = virtualTime();
    const cases = [
      { source: silent(), options: {}, closed: false },
      { source: silent(), options: { own: true }, closed: true },
      {
        source: through(
          silent(),
          map((n: number) => n),
        ),
        options: {},
        closed: true,
      },
      {
        source: through(
          silent(),
          map((n: number) => n),
        ),
        options: { own: false },
        closed: false,
      },
    ];
    for (const { source, options, closed } of cases) {
      const output = pipeline(2, source, (n) => n, options);
      output.cancel();
      expect(source.closed).toBe(closed);
      await time.settle();
    }
  });

  test("does not wait for a cancelled stage whose finally block parks, and consumes nothing after it (GO-4)", async () => {
    using time = virtualTime();
    const source = channel<number>(8);
    for (const n of [1, 2, 3, 4]) source.trySend(n);
    const log: string[] = [];
    const undelivered: unknown[] = [];
    const output = pipeline(2, source, tidying, { onUndelivered: (n) => void undelivered.push(n) });
    function* tidying(n: number): Routine<number> {
      try {
        yield* sleep(50);
      } finally {
        yield* sleep(10);
        log.push(`${n} tidied up at ${time.now()}`);
      }
      return n;
    }
    await time.advance(5);
    output.cancel();
    await time.advance(100);
    expect(log).toEqual(["1 tidied up at 15", "2 tidied up at 15"]);
    expect([source.length, time.timers, time.reported, undelivered]).toEqual([2, 0, [], []]);
  });

  test("reports once what a stage throws after the output was cancelled", async () => {
    using time = virtualTime();
    const error = new Error("in finally");
    const output = pipeline(2, from([1]), function* (): Routine<number> {
      using _ = new Failing(error);
      yield* sleep(50);
      return 1;
    });
    await time.advance(5);
    output.cancel();
    await time.advance(10);
    expect(time.reported).toEqual([error]);
  });

  test("reports a failure of a stage after the first failure", async () => {
    using time = virtualTime();
    const [first, second] = [new Error("first"), new Error("second")];
    const seen = read(
      pipeline(2, from([1, 2]), function* (n): Routine<number> {
        using _ = n === 2 ? new Failing(second) : null;
        yield* sleep(n * 10);
        throw first;
      }),
    );
    await time.advance(20);
    expect([seen.end, time.reported]).toEqual([{ cause: first }, [second]]);
  });

  test("leaves a value that it took for a task cancelled before it resumed to the channel's onUndelivered (CH-27)", async () => {
    using time = virtualTime();
    const lost: number[] = [];
    const source = channel<number>(0, { onUndelivered: (n) => void lost.push(n) });
    let begun = 0;
    const output = pipeline(2, source, (n) => {
      begun++;
      return n;
    });
    await time.settle();
    expect(source.trySend(1)).toBe(true);
    output.cancel();
    await time.settle();
    expect([lost, begun]).toEqual([[1], 0]);
  });

  test("that is cancelled before its first turn releases its source, and starts no stage", async () => {
    using time = virtualTime();
    const source = channel<number>(1);
    source.trySend(1);
    let begun = 0;
    const output = pipeline(
      3,
      source,
      () => {
        begun++;
      },
      { own: true },
    );
    output.cancel();
    await time.settle();
    expect([source.closed, begun, time.reported]).toEqual([true, 0, []]);
  });

  test("yields undefined and null as results, and refuses CLOSED as a result", async () => {
    using time = virtualTime();
    const seen = read(pipeline(2, from([undefined, null, 0]), (value) => value));
    const bad = read(pipeline(2, from([1]), () => CLOSED));
    await time.settle();
    expect(seen).toEqual({ values: [undefined, null, 0], end: "closed" });
    expect((bad.end as { cause: Error }).cause.message).toMatch(/^Cannot send to/);
  });

  test("in a deadlock report names what each stage waits for, also its turn to deliver (EN-1)", async () => {
    const dead = run(function* main(): Routine<void> {
      const output = pipeline(2, from([1, 2]), function* (n): Routine<number> {
        if (n === 1) yield* channel<number>(0, { name: "nothing" }).receive();
        return n;
      });
      yield* output.receive();
    });
    const error: DeadlockError = await dead.then(
      () => Promise.reject(new Error("alive")),
      (reason) => reason,
    );
    const waits = error.tasks.map(({ name, waitsFor }) => `${name}: ${waitsFor}`);
    expect(waits).toContain("main#0/pipeline#0: receive from nothing");
    expect(waits).toContain("main#0/pipeline#1: its turn to deliver");
  });

  test.each([0, -1, 1.5, Number.NaN, Number.NEGATIVE_INFINITY, "3"])("refuses n = %o, first or second", (n) => {
    const message = "Cannot start pipeline: n must be a whole number, 1 or more, or Infinity, got ";
    const error = new RangeError(`${message}${typeof n === "string" ? '"3"' : n}`);
    expect(() => pipeline(silent(), n as number, (value) => value)).toThrow(error);
    if (typeof n === "number") expect(() => pipeline(n, silent(), (value) => value)).toThrow(error);
  });

  test("refuses a source that is no channel, and a stage that is no function", () => {
    expect(() => pipeline(1, {} as never, (value) => value)).toThrow(/^Cannot start pipeline: source must be/);
    expect(() => pipeline(1, silent(), 5 as never)).toThrow(
      "Cannot start pipeline: stage must be a function or an operation, got 5",
    );
  });
});

describe("pipeline() compared with core.async", () => {
  test("stops consuming when its output is cancelled (core.async: pipeline continues to consume)", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const fed = feed(source, upTo(1000));
    const output = pipeline(2, source, (n) => sleep(1).map(() => n));
    expect(await Promise.all([output.receive(), time.advance(1)])).toEqual([0, undefined]);
    const { taken } = fed;
    output.cancel();
    await time.advance(1000);
    expect(fed.taken).toBe(taken);
    expect(queues(source)).toEqual({ senders: 1, receivers: 0 });
  });

  test("closes with the error of a stage (core.async: the value is left out and the error is lost)", async () => {
    using time = virtualTime();
    const error = new Error("stage");
    const seen = read(
      pipeline(2, from([1, 2]), () => {
        throw error;
      }),
    );
    await time.settle();
    expect([seen.end, time.reported]).toEqual([{ cause: error }, []]);
  });

  test("yields null as a result (core.async: nil cannot be a result of pipeline-async)", async () => {
    using time = virtualTime();
    const seen = read(pipeline(2, from([1, 2]), () => sleep(1).map(() => null)));
    await time.advance(5);
    expect(seen).toEqual({ values: [null, null], end: "closed" });
  });
});

type Job = { readonly ms: number; readonly form: number; readonly fails: boolean };

const jobs = fc.array(
  fc.record({
    ms: fc.nat({ max: 9 }),
    form: fc.nat({ max: stageForms.length - 1 }),
    fails: fc.integer({ min: 0, max: 30 }).map((n) => n === 0),
  }),
  { maxLength: 40 },
);

test("pipeline() keeps order and limit and loses no value, whatever the pace, the errors and the moment of a cancel (CB-10)", async () => {
  await fc.assert(
    fc.asyncProperty(
      jobs,
      fc.integer({ min: 1, max: 5 }),
      fc.boolean(),
      fc.nat({ max: 3 }),
      fc.option(fc.nat({ max: 60 }), { nil: null }),
      fc.nat(),
      async (items: readonly Job[], n, ordered, pace, cancelAt, seed) => {
        using time = virtualTime(seed);
        const source = channel<number>(0);
        const fed = feed(source, upTo(items.length));
        const done = new Set<number>();
        const undelivered: number[] = [];
        let begun = 0;
        let received = 0;
        const output = pipeline(
          n,
          source,
          (at) => {
            begun++;
            expect(begun - received).toBeLessThanOrEqual(n + 1); // one result may be received and not counted yet
            const { ms, form, fails } = items[at]!;
            const { make, fail } = stageForms[form]!;
            if (fails) return fail(ms, at);
            return make(ms, at, { over: (ok) => void (ok && done.add(at)) });
          },
          { ordered, onUndelivered: (at) => void undelivered.push(at) },
        );
        const got: number[] = [];
        let end: unknown = "open";
        go(function* reader(): Routine<void> {
          try {
            for (let at: number | typeof CLOSED; (at = yield* output.receive()) !== CLOSED; ) {
              received++;
              got.push(at);
              yield* sleep(pace);
            }
            end = "closed";
          } catch (cause) {
            end = cause;
          }
        });
        if (cancelAt !== null) {
          await time.advance(cancelAt);
          output.cancel();
          const { taken } = fed;
          await time.advance(1000);
          expect(fed.taken).toBe(taken);
        }
        await time.advance(1000);
        if (ordered) expect(got).toEqual(upTo(got.length));
        expect(new Set(got).size).toBe(got.length);
        expect(got.filter((at) => undelivered.includes(at))).toEqual([]);
        if (end === "open") throw new Error("the output never ended");
        if (typeof end === "number") expect(items[end]!.fails).toBe(true);
        else if (cancelAt === null) expect(got.length).toBe(items.length);
        // A promise, or a task of its own, may complete after it was abandoned.
        const stopped = [...done].filter((at) => /promise|async/.test(stageForms[items[at]!.form]!.form));
        const accounted = new Set([...got, ...undelivered, ...stopped]);
        expect([...done].filter((at) => !accounted.has(at))).toEqual([]);
        expect(time.timers).toBe(0);
        // A second stage that fails at the same moment is reported to the host.
        expect(time.reported.filter((at) => !items[at as number]!.fails)).toEqual([]);
      },
    ),
    { numRuns: 150 },
  );
});

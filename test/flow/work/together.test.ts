// all(), any() and hedge(): several pieces of work at the same time.

import {
  all,
  always,
  any,
  type Channel,
  call,
  channel,
  collect,
  flatPipeline,
  go,
  hedge,
  pipeline,
  type Routine,
  retry,
  Semaphore,
  select,
  settled,
  sleep,
  type Work,
  workers,
} from "millrace";
import { describe, expect, test } from "vitest";
import { upTo } from "../../support/flow.js";
import { virtualTime } from "../../support/virtual.js";

/** Work that takes `ms`, and notes how it ended; its `finally` takes `last` ms. */
function takes<T>(log: string[], name: string, ms: number, result: T, last = 0): () => Routine<T> {
  return function* () {
    let how = "given up";
    try {
      yield* sleep(ms);
      if (result instanceof Error) {
        how = "failed";
        throw result;
      }
      how = "done";
      return result;
    } finally {
      if (last > 0) yield* sleep(last);
      log.push(`${name} ${how}`);
    }
  };
}

describe("all()", () => {
  test("runs everything at the same time, and yields the results in order", async () => {
    using time = virtualTime();
    const done = all([takes([], "a", 20, 1), takes([], "b", 10, "two"), sleep(5).map(() => true)]).then();
    await time.advance(20);
    expect(await done).toEqual([1, "two", true]);
    expect([await all([]), await all(new Set([() => 1]))]).toEqual([[], [1]]);
  });

  test("yields a record for a record", async () => {
    using time = virtualTime();
    const done = all({ b: takes([], "b", 10, 2), a: async () => 1 }).then();
    await time.advance(10);
    expect(await done).toEqual({ b: 2, a: 1 });
    expect(Object.keys(await done)).toEqual(["b", "a"]);
  });

  test("cancels the others at the first failure, and throws it when they have ended (WK-3)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const error = new Error("second");
    const signals: AbortSignal[] = [];
    const failed = all([
      takes(log, "a", 100, 1, 10),
      takes(log, "b", 5, error),
      async (signal) => {
        signals.push(signal);
        await sleep(1000);
      },
    ]).then(
      () => "done",
      (thrown) => log.push(`threw ${(thrown as Error).message} at ${time.now()}`),
    );
    await time.advance(15);
    await failed;
    expect(log).toEqual(["b failed", "a given up", "threw second at 15"]);
    expect(signals[0]!.aborted).toBe(true);
    await time.advance(1000);
    expect(time.reported).toEqual([]);
  });

  test("refuses what is no list or record of work", () => {
    expect(() => all(5 as never)).toThrow("Cannot do all: works must be a list or a record of work, got 5");
    expect(() => all([5 as never])).toThrow("Cannot do all: work 1 must be a function or an operation, got 5");
  });
});

describe("any()", () => {
  test("yields the first success, and no failure before it; the others have ended by then (WK-3)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const first = any([
      takes(log, "a", 5, new Error("a")),
      takes(log, "b", 10, "b"),
      takes(log, "c", 100, "c", 10),
    ]).then((value) => log.push(`${value} at ${time.now()}`));
    await time.advance(20);
    await first;
    expect([log, time.timers, time.reported]).toEqual([["a failed", "b done", "c given up", "b at 20"], 0, []]);
  });

  test("throws an AggregateError in the order of the work if all fail, and of nothing for no work", async () => {
    using time = virtualTime();
    const [a, b] = [new Error("a"), new Error("b")];
    const failed = any([takes([], "a", 10, a), takes([], "b", 5, b)]).then(
      () => null,
      (error) => error,
    );
    await time.advance(10);
    const error = (await failed) as AggregateError;
    expect(error).toBeInstanceOf(AggregateError);
    expect([error.errors, error.cause]).toEqual([[a, b], a]);
    await expect(any([]).then()).rejects.toMatchObject({ errors: [] });
  });

  test("ignores a failure in the turn of the first success", async () => {
    using time = virtualTime();
    const first = any([takes([], "a", 5, "a"), takes([], "b", 5, new Error("b"))]).then();
    await time.advance(5);
    expect([await first, time.reported]).toEqual(["a", []]);
  });

  test("throws what the `finally` of a loser throws", async () => {
    using time = virtualTime();
    const error = new Error("cleaning up");
    const first = any([
      takes([], "a", 5, "a"),
      function* () {
        try {
          yield* sleep(100);
        } finally {
          // biome-ignore lint/correctness/noUnsafeFinally: this is the case under test
          throw error;
        }
      },
    ]).then();
    const failed = expect(first).rejects.toBe(error);
    await time.advance(5);
    await failed;
  });

  test("cancels everything when it is cancelled, or loses a select", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const won = select({ any: any([takes(log, "a", 50, 1), takes(log, "b", 50, 1)]), late: sleep(5) }).then();
    const task = go(function* () {
      return yield* any([takes(log, "c", 50, 1)]);
    });
    await time.advance(5);
    task.cancel();
    await time.settle();
    expect((await won).key).toBe("late");
    expect([log, time.timers]).toEqual([["a given up", "b given up", "c given up"], 0]);
  });

  test("refuses what is no list of work", () => {
    expect(() => any(5 as never)).toThrow("Cannot do any: works must be a list of work, got 5");
  });
});

describe("hedge()", () => {
  /** Attempts that take so long each, and yield their number or throw an error with it. */
  function attempts(
    time: { now(): number },
    log: string[],
    ms: readonly (number | `${number}`)[],
  ): Work<number, [n: number]> {
    return async (n: number, signal: AbortSignal) => {
      log.push(`${n} at ${time.now()}`);
      signal.addEventListener("abort", () => log.push(`${n} aborted`));
      const takes = ms[n - 1]!;
      await sleep(Number(takes));
      if (typeof takes === "string") throw new Error(`attempt ${n}`);
      return n;
    };
  }

  test("makes one attempt if that answers in time", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const answer = hedge(attempts(time, log, [10]), { after: 20 }).then();
    await time.advance(100);
    expect([await answer, log, time.timers]).toEqual([1, ["1 at 0"], 0]);
  });

  test("makes the next attempt after `after`, takes the first answer, and aborts the other (WK-3)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const answer = hedge(attempts(time, log, [100, 10]), { after: 20 }).then();
    await time.advance(30);
    expect([await answer, log]).toEqual([2, ["1 at 0", "2 at 20", "1 aborted"]]);
    const slow = hedge(attempts(time, log, [30, 100]), { after: 20 }).then();
    await time.advance(30);
    expect(await slow).toBe(1);
    await time.advance(100);
    expect(time.reported).toEqual([]);
  });

  test("makes the next attempt at once when one fails", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const answer = hedge(attempts(time, log, ["5", "5", 5]), {
      after: 1000,
      attempts: Number.POSITIVE_INFINITY,
    }).then();
    await time.advance(15);
    expect([await answer, log]).toEqual([3, ["1 at 0", "2 at 5", "3 at 10"]]);
  });

  test("throws an AggregateError if all attempts fail", async () => {
    using time = virtualTime();
    const failed = hedge(attempts(time, [], ["50", "5"]), { after: 20 }).then(
      () => null,
      (error) => (error as AggregateError).errors.map(String),
    );
    await time.advance(50);
    expect(await failed).toEqual(["Error: attempt 1", "Error: attempt 2"]);
  });

  test.each([
    [{ after: -1 }, "after must be a number of milliseconds, 0 or more, got -1"],
    [{ after: 5, attempts: 0 }, "attempts must be a whole number, 1 or more, or Infinity, got 0"],
  ])("refuses %o", (options, message) => {
    expect(() => hedge(() => 1, options)).toThrow(new RangeError(`Cannot hedge: ${message}`));
  });
});

describe("call()", () => {
  test("calls the function each time it is performed, with its arguments", async () => {
    let calls = 0;
    const next = call((by: number) => (calls += by), 2);
    expect(calls).toBe(0);
    expect([await next, await next, calls]).toEqual([2, 4, 4]);
  });

  test("is waited for when its task is cancelled, and not when it loses a select (WK-3)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const work = takes(log, "work", 50, 1, 10);
    const task = go(function* () {
      yield* call(work);
    });
    await time.advance(5);
    task.cancel();
    await time.settle();
    expect(task.status).not.toBe("cancelled");
    await time.advance(10);
    expect([task.status, log]).toEqual(["cancelled", ["work given up"]]);
    expect((await select({ work: call(work), late: sleep(0) })).key).toBe("late");
    await time.advance(10);
    expect([log.length, time.timers, time.reported]).toEqual([1, 0, []]);
  });

  test("refuses what is no work", () => {
    expect(() => call(5 as never)).toThrow("Cannot call: work must be a function or an operation, got 5");
  });

  test.each([
    { what: "a function*", dispose: Symbol.dispose, wraps: (lease: object) => lease },
    { what: "an async function", dispose: Symbol.asyncDispose, wraps: async (lease: object) => lease },
  ])("disposes of a result of $what that its caller does not get, as it is cancelled", async ({ dispose, wraps }) => {
    using time = virtualTime();
    let disposed = 0;
    const lease = { [dispose]: () => disposed++ };
    const caller = go(function* () {
      return yield* call(function* () {
        yield* sleep(10);
        return lease;
      });
    });
    await time.settle();
    go(function* () {
      yield* sleep(10);
      caller.cancel();
    });
    await time.advance(10);
    expect([caller.status, disposed]).toEqual(["cancelled", 1]);
    expect(await call(() => wraps(lease))).toBe(lease);
    expect(disposed).toBe(1);
  });
});

describe("a signal", () => {
  test("is given after the arguments to each function that can see it, and to no other (WK-1)", async () => {
    const seen: unknown[] = [];
    const note = (...args: unknown[]): void => {
      seen.push(args.map((arg) => (arg instanceof AbortSignal ? "signal" : arg)));
    };
    await call((a: number, signal: AbortSignal) => note(a, signal), 1);
    await call((...args: unknown[]) => note(...args), 1);
    await call(function () {
      // biome-ignore lint/complexity/noArguments: another way to see the signal
      note(...arguments);
    });
    await call((a: number, signal: AbortSignal | null = null) => note(a, signal), 1);
    await call(note as (a: number) => void, 1);
    await call(Math.max as (a: number, b: number) => number, 1, 2);
    expect(seen).toEqual([[1, "signal"], [1, "signal"], ["signal"], [1, "signal"], [1, "signal"]]);
  });

  test("of a function that returns a routine is aborted before the `finally` blocks of the routine (WK-2)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const task = go((signal) => {
      signal.addEventListener("abort", () => log.push("aborted"));
      return takes(log, "routine", 50, 1)();
    });
    await time.advance(5);
    task.cancel();
    await time.settle();
    expect(log).toEqual(["aborted", "routine given up"]);
  });

  test("of settled(function) is aborted when it loses, when all cases have left, and not when it wins (WK-2)", async () => {
    using time = virtualTime();
    const [lost, won] = [channel<string>(1), channel<AbortSignal>(1)];
    const open = channel<number>();
    const request = settled(async (signal) => {
      signal.addEventListener("abort", () => lost.trySend(`${open.trySend(1)}`)); // no receive of the select is left
      await sleep(50);
    });
    const first = select({ request, open, late: sleep(5) }).then();
    await time.advance(5);
    expect((await first).key).toBe("late");
    expect(await lost.receive()).toBe("false");
    const answer = settled(async (signal) => won.trySend(signal));
    expect([await answer, ((await won.receive()) as AbortSignal).aborted]).toEqual([true, false]);
    await time.advance(50);
    expect(time.reported).toEqual([]);
  });

  test("settled(function) starts only when it parks, and anew each time", async () => {
    let calls = 0;
    const request = settled(async () => ++calls);
    expect((await select({ now: always(1), request }, { mode: "priority" })).key).toBe("now");
    expect(calls).toBe(0);
    expect([await request, await request, calls]).toEqual([1, 2, 2]);
    await expect(settled((() => 5) as never).then()).rejects.toThrow("must return a promise, got 5");
  });
});

describe("a count of Infinity", () => {
  test.each([
    { what: "pipeline()", run: (n: number) => collect(pipeline(upTo(50), n, () => sleep(10))) },
    {
      what: "pipeline() without order",
      run: (n: number) => collect(pipeline(upTo(50), n, () => sleep(10), { ordered: false })),
    },
    { what: "flatPipeline()", run: (n: number) => collect(flatPipeline(upTo(50), n, () => sleep(10))) },
    { what: "workers()", run: (n: number) => workers(upTo(50), n, () => sleep(10)) },
  ])("lets $what work on all values at once", async ({ run }) => {
    using time = virtualTime();
    const done = (n: number) => run(n).then(() => time.now());
    const all = done(Number.POSITIVE_INFINITY);
    await time.advance(10);
    expect(await all).toBe(10);
    const some = done(25);
    await time.advance(20);
    expect([await some, time.timers]).toEqual([30, 0]);
  });

  test("keeps the order of a pipeline, and gives up all stages when the output is cancelled", async () => {
    using time = virtualTime();
    const out = pipeline([30, 10, 20], Number.POSITIVE_INFINITY, (ms) => sleep(ms).map(() => ms));
    const all = collect(out).then();
    await time.advance(30);
    expect(await all).toEqual([30, 10, 20]);
    const endless = pipeline(channelOf(1, 2, 3), Number.POSITIVE_INFINITY, () => sleep(1000));
    await time.settle();
    expect(time.timers).toBe(1);
    endless.cancel();
    await time.settle();
    expect(time.timers).toBe(0);
  });

  test("is no limit for a Semaphore, and for the attempts of retry()", async () => {
    const permits = new Semaphore(Number.POSITIVE_INFINITY);
    for (let n = 0; n < 100; n++) expect(permits.tryAcquire()).toBeDefined();
    expect(await retry((n) => (n < 20 ? Promise.reject(n) : n), { attempts: Number.POSITIVE_INFINITY, delay: 0 })).toBe(
      20,
    );
  });
});

function channelOf<T>(...values: T[]): Channel<T> {
  const made = channel<T>(values.length);
  for (const value of values) made.trySend(value);
  return made;
}

import { CancelledError, CLOSED, channel, go, produce, type Routine, select, sleep, workers } from "millrace";
import { describe, expect, test } from "vitest";
import { feed, upTo } from "../../support/flow.js";
import { noneParked, queues } from "../../support/model.js";
import { type StageForm, stageForms, waiting } from "../../support/stages.js";
import { virtualTime } from "../../support/virtual.js";

const nothing = (): void => {};

/** A source that a combinator made, and the reasons with which it was released. */
function endless(): { source: ReturnType<typeof produce<number>>; released: unknown[] } {
  const released: unknown[] = [];
  const source = produce<number>(
    function* (out) {
      for (let n = 0; ; n++) yield* out.send(n);
    },
    { release: (reason) => void released.push(reason) },
  );
  return { source, released };
}

describe.each(stageForms)("workers() whose body returns $form", ({ make, fail }: StageForm) => {
  test("gives each value of the source to one of n tasks, and completes when all have ended", async () => {
    using time = virtualTime();
    const source = channel<number>();
    feed(source, upTo(30));
    const seen: number[] = [];
    const all = workers(4, source, (n) => make((n * 7) % 5, undefined, { over: () => void seen.push(n) })).then();
    await time.advance(100);
    await all;
    expect(seen.sort((a, b) => a - b)).toEqual(upTo(30));
    expect([time.timers, time.reported]).toEqual([0, []]);
  });

  test("throws the first failure, and releases its source", async () => {
    using time = virtualTime();
    const error = new Error("body");
    const { source, released } = endless();
    const all = workers(2, source, (n) => (n === 5 ? fail(1, error) : make(1, undefined)));
    const failed = expect(all.then()).rejects.toBe(error);
    await time.advance(20);
    await failed;
    expect([released.length, source.closed, time.timers, time.reported]).toEqual([1, true, 0, []]);
  });
});

describe.each(waiting)("workers() whose body returns $form", ({ make, stops }: StageForm) => {
  test("works on n values at the same time, by the workers 0 to n - 1", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const fed = feed(source, upTo(9));
    const log: string[] = [];
    const all = workers(3, source, (n, worker) =>
      make(10, undefined, { begun: () => void log.push(`${n} by ${worker} at ${time.now()}`) }),
    ).then();
    await time.settle();
    expect(fed.taken).toBe(3);
    await time.advance(10);
    await time.advance(50);
    await all;
    expect(log.slice(0, 6)).toEqual([
      "0 by 0 at 0",
      "1 by 1 at 0",
      "2 by 2 at 0",
      "3 by 0 at 10",
      "4 by 1 at 10",
      "5 by 2 at 10",
    ]);
  });

  test("that is cancelled takes nothing more in that step, and cancels its workers (CB-11)", async () => {
    using time = virtualTime();
    const source = channel<number>(8);
    for (const n of [1, 2]) source.trySend(n);
    const over: boolean[] = [];
    const task = go(function* (): Routine<void> {
      yield* workers(3, source, () => make(50, undefined, { over: (done) => void over.push(done) }), { own: true });
    });
    await time.advance(5);
    task.cancel("enough");
    expect(source.closed).toBe(true);
    await expect(task.then()).rejects.toBeInstanceOf(CancelledError);
    if (stops) expect(time.timers).toBe(0);
    await time.advance(100);
    if (over.length > 0) expect(over).toEqual([!stops, !stops]);
  });
});

describe("workers()", () => {
  test("throws a failure after the finally blocks of the other workers (SC-1)", async () => {
    using time = virtualTime();
    const error = new Error("one");
    const log: string[] = [];
    const source = channel<number>(2);
    for (const n of [1, 2]) source.trySend(n);
    const all = workers(2, source, function* (n): Routine<void> {
      if (n === 2) {
        yield* sleep(5);
        throw error;
      }
      try {
        yield* sleep(1000);
      } finally {
        yield* sleep(10);
        log.push(`tidied up at ${time.now()}`);
      }
    }).then(null, (reason) => log.push(`${reason === error} at ${time.now()}`));
    await time.advance(100);
    await all;
    expect(log).toEqual(["tidied up at 15", "true at 15"]);
    expect(queues(source)).toEqual(noneParked);
  });

  test("throws the cause of its source once, though all workers get it (CB-3)", async () => {
    using time = virtualTime();
    const cause = new Error("source");
    const source = channel<number>();
    const all = workers(5, source, nothing).then();
    const failed = expect(all).rejects.toBe(cause);
    await time.settle();
    source.close(cause);
    await failed;
    expect(time.reported).toEqual([]);
  });

  test("does nothing until it is performed, and completes over a closed channel", async () => {
    using time = virtualTime();
    const source = channel<number>(1);
    source.trySend(1);
    const all = workers(2, source, nothing);
    await time.settle();
    expect(source.length).toBe(1);
    source.close();
    await all;
    expect(source.length).toBe(0);
  });

  test("that loses a select takes nothing more, and releases its source (OP-6)", async () => {
    using time = virtualTime();
    const { source, released } = endless();
    const choice = select({ all: workers(2, source, () => sleep(20)), late: sleep(5) }).then();
    await time.advance(5);
    expect((await choice).key).toBe("late");
    await time.settle();
    expect([released.length, source.tryReceive(), time.timers]).toEqual([1, CLOSED, 0]);
  });

  test("that is cancelled before its first turn releases its source", async () => {
    using time = virtualTime();
    const { source, released } = endless();
    await time.settle();
    const task = go(function* (): Routine<void> {
      yield* workers(2, source, nothing);
    });
    const canceller = go(function* (): Routine<void> {
      task.cancel();
    });
    await canceller;
    await time.settle();
    expect(released.length).toBe(1);
  });

  test("leaves your channel open when a worker fails, with the values that were not taken (CB-2)", async () => {
    using time = virtualTime();
    const source = channel<number>(5);
    for (const n of upTo(5)) source.trySend(n);
    const failed = workers(1, source, (n) => {
      if (n === 1) throw new Error("second");
    }).then();
    await expect(failed).rejects.toThrow("second");
    await time.settle();
    expect([source.closed, source.length, queues(source)]).toEqual([false, 3, noneParked]);
  });

  test("refuses an invalid number, a source that is no channel, and a body that is no function", () => {
    expect(() => workers(0, channel(), nothing)).toThrow(RangeError);
    expect(() => workers(1, {} as never, nothing)).toThrow(/^Cannot start workers: source must be/);
    expect(() => workers(1, channel(), null as never)).toThrow("Cannot start workers: body must be a function");
  });
});

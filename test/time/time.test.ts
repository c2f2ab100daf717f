import {
  type AsyncRoutine,
  alt,
  always,
  CLOSED,
  channel,
  EMPTY,
  go,
  type Operation,
  type Routine,
  run,
  select,
  sleep,
  TimeoutError,
  ticker,
  timeout,
  withTimeout,
} from "millrace";
import { describe, expect, test } from "vitest";
import { CROWD, scaled, spaced } from "../support/stress.js";
import { virtualTime } from "../support/virtual.js";

const forms = [
  {
    form: "function*",
    *at(now: () => number, log: string[], name: string, operation: Operation<unknown>): Routine<void> {
      yield* operation;
      log.push(`${name} at ${now()}`);
    },
    *caught(operation: Operation<unknown>): Routine<unknown> {
      try {
        return yield* operation;
      } catch (error) {
        return error;
      }
    },
    *collect(from: { receive: () => Operation<unknown> }, now: () => number, count: number): Routine<string[]> {
      const ticks: string[] = [];
      while (ticks.length < count) ticks.push(`${String(yield* from.receive())} at ${now()}`);
      return ticks;
    },
  },
  {
    form: "async function*",
    async *at(now: () => number, log: string[], name: string, operation: Operation<unknown>): AsyncRoutine<void> {
      yield* operation;
      log.push(`${name} at ${now()}`);
    },
    async *caught(operation: Operation<unknown>): AsyncRoutine<unknown> {
      try {
        return yield* operation;
      } catch (error) {
        return error;
      }
    },
    async *collect(
      from: { receive: () => Operation<unknown> },
      now: () => number,
      count: number,
    ): AsyncRoutine<string[]> {
      const ticks: string[] = [];
      while (ticks.length < count) ticks.push(`${String(yield* from.receive())} at ${now()}`);
      return ticks;
    },
  },
];

describe.each(forms)("time in $form", (form) => {
  test("sleep() counts from the moment it is performed, timeout() from its creation (TM-1)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const [slept, timedOut] = [sleep(10), timeout(10)];
    await time.advance(6);
    go(form.at, time.now, log, "sleep", slept);
    go(form.at, time.now, log, "timeout", timedOut.receive());
    await time.advance(20);
    expect(log).toEqual(["timeout at 10", "sleep at 16"]);
  });

  test("timeout() closes for all receivers, for ever (TM-1)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const late = timeout(10);
    for (const name of ["a", "b"]) go(form.at, time.now, log, name, late.receive());
    expect([late.closed, late.tryReceive()]).toEqual([false, EMPTY]);
    await time.advance(10);
    go(form.at, time.now, log, "c", late.receive());
    await time.settle();
    expect(log).toEqual(["a at 10", "b at 10", "c at 10"]);
    expect([late.closed, late.tryReceive(), await late.receive()]).toEqual([true, CLOSED, CLOSED]);
  });

  test("timeout() cannot be closed early, and each call makes a channel of its own (TM-1)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const [a, b] = [timeout(10), timeout(10)];
    expect(a).not.toBe(b);
    expect("close" in a).toBe(false);
    a.cancel();
    expect([a.closed, b.closed]).toEqual([false, false]);
    go(form.at, time.now, log, "a", a.receive());
    await time.advance(9.5);
    expect(log).toEqual([]);
    await time.advance(0.5);
    expect(log).toEqual(["a at 10"]);
  });

  test("sleep() and timeout() are never over early, not by a fraction of a millisecond (TM-2)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    for (const ms of [10.5, 10.25, 10, 9.75]) go(form.at, time.now, log, `${ms}`, sleep(ms));
    await time.advance(9);
    expect(log).toEqual([]);
    await time.advance(100);
    const fired = log.map((line) => line.split(" at ").map(Number));
    expect(fired.map(([ms]) => ms)).toEqual([9.75, 10, 10.25, 10.5]);
    for (const [ms, at] of fired) expect(at).toBeGreaterThanOrEqual(ms!);
  });

  test("sleeps with equal deadlines are over in the order of their creation (TM-2)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    for (const name of ["a", "b", "c", "d"]) go(form.at, time.now, log, name, sleep(10));
    await time.advance(5);
    go(form.at, time.now, log, "e", sleep(5));
    await time.advance(5);
    expect(log).toEqual(["a at 10", "b at 10", "c at 10", "d at 10", "e at 10"]);
  });

  test.each([0, -1, -Infinity])("sleep(%d) and timeout(%d) are ready at once (TM-2)", async (ms) => {
    using time = virtualTime();
    const log: string[] = [];
    go(form.at, time.now, log, "sleep", sleep(ms));
    go(form.at, time.now, log, "timeout", timeout(ms).receive());
    await time.settle();
    expect(log).toEqual(["sleep at 0", "timeout at 0"]);
    expect(time.timers).toBe(0);
    const { key } = await select({ slept: sleep(ms) }, { default: 0 });
    expect(key).toBe("slept");
  });

  test("sleep() may be longer than the longest timer of the host (TM-2)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const month = 30 * 24 * 3600 * 1000;
    go(form.at, time.now, log, "a month", sleep(month));
    go(form.at, time.now, log, "2^31", sleep(2 ** 31));
    await time.advance(2 ** 31 - 1);
    expect(log).toEqual([]);
    await time.advance(1);
    expect(log).toEqual([`2^31 at ${2 ** 31}`]);
    await time.advance(month);
    expect(log[1]).toBe(`a month at ${month}`);
  });

  test("sleep(Infinity) is never over, and sets no timer that spins (TM-2)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const task = go(form.at, time.now, log, "never", sleep(Infinity));
    await time.advance(1000);
    expect(log).toEqual([]);
    task.cancel();
    await time.settle();
    expect([task.status, time.timers]).toEqual(["cancelled", 0]);
  });

  test("all timers share one host timer (TM-3)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    for (let n = 1; n <= 1000; n++) go(form.at, time.now, log, `${n}`, sleep(n % 50));
    await time.settle();
    expect(time.timers).toBe(1);
    await time.advance(50);
    expect(log.length).toBe(1000);
    expect(time.timers).toBe(0);
  });

  test("a sleep that loses a select clears its timer at once (TM-3, OP-6)", async () => {
    using time = virtualTime();
    const numbers = channel<number>();
    const log: string[] = [];
    go(form.at, time.now, log, "select", select({ numbers, late: sleep(1000), later: timeout(2000) }));
    await time.settle();
    expect(time.timers).toBe(1);
    numbers.trySend(1);
    await time.settle();
    expect(log).toEqual(["select at 0"]);
    expect(time.timers).toBe(0);
  });

  test("withTimeout() throws a TimeoutError, and the operation has left every queue (TM-5)", async () => {
    using time = virtualTime();
    const silent = channel<number>(0, { name: "silent" });
    const task = go(form.caught, withTimeout(10, silent.receive()));
    await time.advance(10);
    const error = await task;
    expect(error).toBeInstanceOf(TimeoutError);
    expect(String(error)).toBe("TimeoutError: Timed out: receive from silent took longer than 10 ms");
    expect(silent.trySend(1)).toBe(false);
    expect(time.timers).toBe(0);
  });

  test("withTimeout() yields the value that came in time, and its timer is gone (TM-5, TM-3)", async () => {
    using time = virtualTime();
    const numbers = channel<number>();
    const task = go(form.caught, withTimeout(10, numbers.receive()));
    await time.advance(9);
    numbers.trySend(7);
    await time.settle();
    expect(await task).toBe(7);
    expect(time.timers).toBe(0);
  });

  test("withTimeout() counts from when it is performed, and may be performed again (TM-5, OP-1)", async () => {
    using time = virtualTime();
    const silent = channel<number>();
    const guarded = withTimeout(10, silent.receive());
    await time.advance(50);
    for (const end of [60, 70]) {
      const task = go(form.caught, guarded);
      await time.settle();
      expect(task.status).not.toBe("done");
      await time.advance(10);
      expect(await task).toBeInstanceOf(TimeoutError);
      expect(time.now()).toBe(end);
    }
  });

  test("withTimeout(0, operation) yields the value of an operation that is ready (TM-5)", async () => {
    using _ = virtualTime();
    const numbers = channel<number>(1);
    numbers.trySend(1);
    expect(await go(form.caught, withTimeout(0, numbers.receive()))).toBe(1);
    expect(await go(form.caught, withTimeout(0, numbers.receive()))).toBeInstanceOf(TimeoutError);
  });

  test("ticker() ticks on the beat, numbered by the periods that have passed (TM-4)", async () => {
    using time = virtualTime();
    const task = go(form.collect, ticker(10), time.now, 3);
    await time.advance(30);
    expect(await task).toEqual(["1 at 10", "2 at 20", "3 at 30"]);
  });

  test("ticker() skips the ticks that no receiver took, and stays on the beat (TM-4)", async () => {
    using time = virtualTime();
    const ticks = ticker(10);
    await time.advance(35);
    const task = go(form.collect, ticks, time.now, 3);
    await time.advance(15);
    expect(await task).toEqual(["3 at 35", "4 at 40", "5 at 50"]);
  });

  test('ticker({ missed: "delay" }) starts the next period when the late tick is taken (TM-4)', async () => {
    using time = virtualTime();
    const ticks = ticker(10, { missed: "delay" });
    await time.advance(35);
    const task = go(form.collect, ticks, time.now, 3);
    await time.advance(20);
    expect(await task).toEqual(["1 at 35", "2 at 45", "3 at 55"]);
  });

  test("ticker() gives each tick to one receiver, and closes for all when cancelled (TM-4)", async () => {
    using time = virtualTime();
    const ticks = ticker(10);
    const [a, b] = [go(form.collect, ticks, time.now, 2), go(form.collect, ticks, time.now, 2)];
    await time.advance(20);
    expect(ticks.tryReceive()).toBe(EMPTY);
    ticks.cancel();
    await time.settle();
    const all = [...(await a), ...(await b)].sort();
    expect(all).toEqual(["1 at 10", "2 at 20", "Symbol(millrace.CLOSED) at 20", "Symbol(millrace.CLOSED) at 20"]);
    expect([ticks.closed, time.timers]).toEqual([true, 0]);
  });
});

test(`${spaced(CROWD)} timers fire in order of their deadlines, on one host timer (TM-3)`, async () => {
  using time = virtualTime();
  const fired: number[] = [];
  for (let n = 0; n < CROWD; n++) {
    go(function* (): Routine<void> {
      const ms = 1 + ((n * 7919) % 10);
      yield* sleep(ms);
      fired.push(ms);
    });
  }
  await time.settle();
  expect(time.timers).toBe(1);
  await time.advance(10);
  expect(fired.length).toBe(CROWD);
  expect(fired.every((ms, at) => at === 0 || fired[at - 1]! <= ms)).toBe(true);
});

const ROUNDS = scaled(100_000, 1_000_000);
test(`${spaced(ROUNDS)} selects that lose their timeout leave no timer (TM-3, OP-6)`, async () => {
  using time = virtualTime();
  const numbers = channel<number>();
  go(function* (): Routine<void> {
    for (let n = 0; n < ROUNDS; n++) yield* numbers.send(n);
    numbers.close();
  });
  const count = await go(function* (): Routine<number> {
    for (let count = 0; ; count++) if ((yield* alt(numbers, sleep(1e9))) === CLOSED) return count;
  });
  await time.settle();
  expect(count).toBe(ROUNDS);
  expect(time.timers).toBe(0);
});

test("a ticker that was only tried in a select can be cancelled (TM-4)", async () => {
  using time = virtualTime();
  const ticks = ticker(10);
  const choice = select({ ticks, other: always(1) }, { mode: "priority" });
  for (let n = 0; n < 3; n++) expect((await choice).key).toBe("other");
  ticks.cancel();
  expect((await choice).key).toBe("ticks");
  await time.settle();
  expect(time.timers).toBe(0);
});

test("timeout() and ticker() are iterable: for await ends when they close (TM-1, TM-4)", async () => {
  using time = virtualTime();
  const seen: number[] = [];
  const reading = (async () => {
    for await (const _ of timeout(5)) throw new Error("a timeout has no values");
    using ticks = ticker(10);
    for await (const tick of ticks) if (seen.push(tick) === 2) break;
  })();
  await time.advance(100);
  await reading;
  expect(seen).toEqual([1, 2]);
  await time.settle();
  expect(time.timers).toBe(0);
});

test("ticker({ signal }) is cancelled by an AbortSignal, one aborted before it starts included (TM-4)", async () => {
  using time = virtualTime();
  const controller = new AbortController();
  const ticks = ticker(10, { signal: controller.signal });
  const waiting = ticks.receive().then();
  await time.settle();
  controller.abort();
  await time.settle();
  expect(await waiting).toBe(CLOSED);
  expect(ticker(10, { signal: controller.signal }).closed).toBe(true);
});

test("sleep() that is performed again lasts as long again (TM-1, OP-1)", async () => {
  using time = virtualTime();
  const nap = sleep(10);
  const task = go(function* (): Routine<number[]> {
    const at: number[] = [];
    for (let n = 0; n < 3; n++) {
      yield* nap;
      at.push(time.now());
    }
    return at;
  });
  await time.advance(30);
  expect(await task).toEqual([10, 20, 30]);
});

test.each([
  { name: "sleep", make: () => sleep(Infinity) },
  { name: "timeout", make: () => timeout(Infinity).receive() },
])(
  "$name(Infinity) never ends, sets no timer, holds up no other, and hides no deadlock (TM-3, EN-1)",
  async ({ make }) => {
    using time = virtualTime();
    const order: string[] = [];
    const forEver = go(function* (): Routine<void> {
      yield* make();
      order.push("never");
    });
    await time.settle();
    expect(time.timers).toBe(0);
    const first = select({ never: make(), soon: sleep(5) }).then(({ key }) => order.push(key));
    await time.advance(5);
    await first;
    expect([order, forEver.status, time.timers]).toEqual([["soon"], "parked", 0]);
    forEver.cancel();
    await time.settle();
    expect(forEver.status).toBe("cancelled");
    const stuck = run(function* (): Routine<void> {
      yield* make();
    });
    const told = stuck.then(
      () => "ended",
      (error: unknown) => (error as Error).name,
    );
    await time.settle();
    expect(await told).toBe("DeadlockError");
  },
);

test("sleep() with unref wakes at its time, beside others, and leaves its timer when it is cancelled (TM-3)", async () => {
  using time = virtualTime();
  const log: string[] = [];
  const napping = [3, 1, 2].map((ms) =>
    go(function* () {
      yield* sleep(ms * 10, { unref: true });
      log.push(`background ${ms} at ${time.now()}`);
    }),
  );
  go(function* () {
    yield* sleep(15);
    log.push(`front at ${time.now()}`);
  });
  await time.settle();
  napping[0]!.cancel();
  await time.advance(100);
  expect(log).toEqual(["background 1 at 10", "front at 15", "background 2 at 20"]);
  expect(time.timers).toBe(0);
});

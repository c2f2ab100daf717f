// The limits of `verify`, in both engines: what is counted, the time, a signal; and the turns of the host meanwhile.

import { always, channel, go, never, type Routine, sleep } from "millrace";
import { forever, loop, type Verdict, type VerifyOptions, verify } from "millrace/testing";
import { describe, expect, test } from "vitest";
import { Limits } from "../../src/testing/simulation/limits.js";

type Main = () => Routine<unknown>;

/** Busy programs, of which the schedules are endless. */
const BUSY: Readonly<Record<string, Main>> = {
  *"a loop of which a round does nothing"() {
    go(forever, function* () {});
    yield* go(loop, 0, function* (n: number) {
      return n + 1;
    });
  },
  *"a loop that polls a channel"() {
    const jobs = channel<number>();
    go(forever, function* () {
      jobs.tryReceive();
    });
    yield* count();
  },
  *"a loop of operations that are ready at once"() {
    for (;;) yield* always(1);
  },
  *"a task that asks in a plain loop"() {
    const jobs = channel<number>();
    yield* go(function* () {
      for (let n = 0; ; n++) {
        jobs.tryReceive();
        yield* always(n);
      }
    });
  },
  *"two tasks that hand over growing numbers"() {
    const numbers = channel<number>();
    go(forever, function* () {
      yield* numbers.receive();
    });
    yield* go(loop, 0, function* (n: number) {
      yield* numbers.send(n);
      return n + 1;
    });
  },
};

function* count(): Routine<void> {
  yield* loop(0, function* (n: number) {
    yield* always(n);
    return n + 1;
  });
}

const ENGINES = ["model", "runs"] as const;

describe.each(Object.entries(BUSY))("%s", (_name, main) => {
  describe.each(ENGINES)("in the engine %s", (engine) => {
    test("a limit of time is kept", async () => {
      const verdict = await verify(main, { engine, maxMs: 100 });
      expect(verdict).toMatchObject({ status: "bounded", engine, reason: "it reached maxMs, 100 ms" });
    });

    test("an aborted signal ends it, and the host has turns until then", async () => {
      const stop = new AbortController();
      setTimeout(() => stop.abort(), 60);
      const verdict = await verify(main, { engine, signal: stop.signal });
      expect(verdict).toMatchObject({ status: "bounded", engine, reason: "its signal was aborted" });
    });
  });

  test("a limit of states is kept", async () => {
    const { states, ...verdict } = await verify(main, { engine: "model", maxStates: 50 });
    expect(verdict).toMatchObject({ status: "bounded", reason: "it reached maxStates, 50 states" });
    expect(states).toBeLessThanOrEqual(55);
  });
});

test("a task that polls for ever beside a main that ends needs no limit", async () => {
  const verdict = await verify(function* () {
    const jobs = channel<number>();
    go(forever, function* () {
      jobs.tryReceive();
    });
    return "done";
  });
  expect(verdict).toMatchObject({ status: "proved", engine: "model" });
});

describe("the advice of a verdict that is bounded", () => {
  const limits = { engine: "model", maxStates: 300 } as const;

  test.each<[string, string, () => Routine<void>]>([
    [
      "a loop that polls",
      "poller",
      function* () {
        const jobs = channel<number>();
        go(function* poller() {
          while (jobs.tryReceive() !== 7) yield* sleep(0);
        });
        yield* never();
      },
    ],
    [
      "a loop that sends",
      "producer",
      function* () {
        const jobs = channel<number>();
        go(function* producer() {
          for (;;) yield* jobs.send(7);
        });
        for (;;) yield* jobs.receive();
      },
    ],
    [
      "a loop that counts",
      "counter",
      function* () {
        go(function* counter() {
          yield* loop(0, function* (n) {
            yield* sleep(1);
            return n + 1;
          });
        });
      },
    ],
  ])("names the task of %s, and what to write instead", async (_, name, main) => {
    const verdict = await verify(main, limits);
    expect(verdict).toMatchObject({ status: "bounded", reason: "it reached maxStates, 300 states" });
    expect(verdict).toHaveProperty("advice");
    const { advice } = verdict as { advice?: string };
    expect(advice).toMatch(
      /^task \S+ performs \d+ operations and goes on: write a loop that never ends with forever\(\) or loop\(\), and give /,
    );
    expect(advice).toContain(name);
  });

  test("is missing where tasks are many, and none of them goes on", async () => {
    const verdict = await verify(philosophers, limits);
    expect(verdict).toMatchObject({ status: "bounded" });
    expect(verdict).not.toHaveProperty("advice");
  });
});

/** Philosophers who take either fork. */
function* philosophers(): Routine<void> {
  const forks = Array.from({ length: 6 }, () => channel<true>(1));
  const tasks = forks.map((left, nth) => {
    const right = forks[(nth + 1) % forks.length]!;
    const [first, second] = nth === 0 ? [right, left] : [left, right];
    return go(function* () {
      for (let round = 0; round < 2; round++) {
        yield* first.send(true);
        yield* second.send(true);
        yield* first.receive();
        yield* second.receive();
      }
    });
  });
  for (const task of tasks) yield* task;
}

test.each([
  [{ engine: "model", all: true, maxStates: 1000 }, "states", "it reached maxStates, 1000 states"],
  [{ engine: "model", maxStates: 1000 }, "states", "it reached maxStates, 1000 states"],
  [{ engine: "model", all: true, maxEvents: 1000 }, "events", "it reached maxEvents, 1000 events"],
  [{ engine: "runs", maxStates: 1000 }, "runs", "it reached maxStates, 1000 runs"],
  [{ engine: "runs", maxEvents: 1000 }, "events", "it reached maxEvents, 1000 events"],
] as const)("with %o there are hardly more %s than it says", async (options, counted, reason) => {
  const verdict: Verdict<unknown> = await verify(philosophers, options as VerifyOptions<unknown>);
  expect(verdict).toMatchObject({ status: "bounded", reason });
  expect(verdict[counted]).toBeGreaterThan(900);
  expect(verdict[counted]).toBeLessThan(1100);
});

test("a signal that is aborted already leaves nothing to explore", async () => {
  const verdict = await verify(philosophers, { signal: AbortSignal.abort() });
  expect(verdict).toMatchObject({ status: "bounded", reason: "its signal was aborted" });
});

test("other code of the process may use millrace while a program is verified", async () => {
  const numbers = channel<number>();
  const sum = (async () => {
    let total = 0;
    for await (const number of numbers) total += number;
    return total;
  })();
  let sent = 0;
  const timer = setInterval(() => {
    sent += 2;
    go(function* () {
      yield* numbers.send(2);
    });
  }, 5);
  await verify(philosophers, { all: true, maxMs: 300 });
  clearInterval(timer);
  await numbers.send(0);
  numbers.close();
  expect(sent).toBeGreaterThan(0);
  expect(await sum).toBe(sent);
});

test.each([
  ["maxStates", 0],
  ["maxEvents", -1],
  ["maxMs", Number.NaN],
])("%s must be above 0", async (name, limit) => {
  expect(() => verify(philosophers, { [name]: limit })).toThrow(`Cannot verify: ${name} must be above 0, got ${limit}`);
});

test("a signal must be a signal", () => {
  expect(() => verify(philosophers, { signal: {} as AbortSignal })).toThrow(
    "Cannot verify: signal must be an AbortSignal, got an object (Object)",
  );
});

test("Limits reads the clock after each check where checks take long", () => {
  const limits = new Limits({ maxMs: 20 }, {});
  let checks = 0;
  for (; !limits.late; checks++) {
    for (const until = performance.now() + 6; performance.now() < until; );
    limits.stops();
  }
  expect(checks).toBeLessThan(10);
});

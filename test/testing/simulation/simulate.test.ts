// Virtual time and repeatable schedules: what simulate() promises.

import {
  type AsyncRoutine,
  type Channel,
  CLOSED,
  channel,
  DeadlockError,
  go,
  pause,
  type Routine,
  select,
  settled,
  sleep,
  withTimeout,
} from "millrace";
import { choose, daemon, now, replay, ScheduleError, settle, simulate } from "millrace/testing";
import { describe, expect, test } from "vitest";
import { scheduler } from "../../../src/scheduler/scheduler.js";
import { decidedOf } from "../../../src/testing/report/token.js";

const HOUR = 3_600_000;

/** What a simulation failed with. */
async function failure(simulation: Promise<unknown>): Promise<ScheduleError> {
  const error = await simulation.then(
    () => null,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(ScheduleError);
  return error as ScheduleError;
}

/** Five philosophers who each take the left fork first. */
function* philosophers(): Routine<string> {
  const forks = Array.from({ length: 5 }, (_, at) => channel<true>(1, { name: `fork ${at}` }));
  const tasks = forks.map((left, at) =>
    go(function* philosopher(): Routine<void> {
      const right = forks[(at + 1) % 5]!;
      yield* left.send(true);
      yield* right.send(true);
      yield* right.receive();
      yield* left.receive();
    }),
  );
  for (const task of tasks) yield* task;
  return "fed";
}

/** A flag is looked at, others have a turn, and then it is believed. */
function* checkThenAct(): Routine<number> {
  let taken = 0;
  const tasks = [1, 2].map(() =>
    go(function* taker(): Routine<void> {
      const free = taken === 0;
      yield* pause();
      if (free) taken++;
    }),
  );
  for (const task of tasks) yield* task;
  if (taken > 1) throw new Error(`taken ${taken} times`);
  return taken;
}

describe("simulate", () => {
  test("simulate() of two sleeps of an hour takes no real time, and its verdict has the longest virtual time", async () => {
    const start = performance.now();
    const { elapsed, outcomes, schedules } = await simulate(function* (): Routine<number> {
      yield* sleep(HOUR);
      yield* sleep(HOUR);
      return now();
    });
    expect([elapsed, [...outcomes], schedules]).toEqual([2 * HOUR, [2 * HOUR], 100]);
    expect(performance.now() - start).toBeLessThan(HOUR / 100);
  });

  test("simulate() of two sleeps of an hour in an async body takes no real time", async () => {
    const { elapsed, outcomes } = await simulate(
      async function* (): AsyncRoutine<number> {
        yield* sleep(HOUR);
        await Promise.resolve();
        yield* sleep(HOUR);
        return now();
      },
      { schedules: 5 },
    );
    expect([elapsed, [...outcomes]]).toEqual([2 * HOUR, [2 * HOUR]]);
  });

  test("the virtual clock of simulate() starts at a date", async () => {
    const date = new Date("2030-01-01T00:00:00Z");
    const { outcomes } = await simulate(
      function* (): Routine<string> {
        yield* sleep(HOUR);
        return new Date(now()).toISOString();
      },
      { date },
    );
    expect([...outcomes]).toEqual(["2030-01-01T01:00:00.000Z"]);
  });

  test("simulate() counts equal outcomes once, and keeps different outcomes apart, whatever their types", async () => {
    class Point {
      readonly x: number;
      constructor(x: number) {
        this.x = x;
      }
    }
    const { outcomes } = await simulate(function* (): Routine<unknown[]> {
      const first = yield* choose(1, 2);
      return [new Map([["first", first]]), new Point(1), new Date(1), new Set(["same"])];
    });
    expect([...outcomes].map(([map]) => (map as Map<string, number>).get("first")).sort()).toEqual([1, 2]);
  });

  test("simulate() finds every outcome that the order of turns, a select or choose() allows", async () => {
    const { outcomes } = await simulate(function* (): Routine<string> {
      const [a, b] = [channel<string>(1), channel<string>(1)];
      go(function* (): Routine<void> {
        yield* a.send("a");
      });
      go(function* (): Routine<void> {
        yield* b.send("b");
      });
      yield* pause();
      const { value } = yield* select({ a, b });
      return `${String(value)}${yield* choose(1, 2, 3)}`;
    });
    expect([...outcomes].sort()).toEqual(["a1", "a2", "a3", "b1", "b2", "b3"]);
  });

  test("settle() waits until all other tasks are parked, and no time passes", async () => {
    const { outcomes } = await simulate(function* (): Routine<unknown> {
      const log: string[] = [];
      const numbers = channel<number>();
      for (const name of ["one", "other"]) {
        go(function* (): Routine<void> {
          for (let n = 0; n < 3; n++) yield* pause();
          log.push(`${name} ready`);
          yield* numbers.receive();
          log.push(name);
        });
      }
      go(function* (): Routine<void> {
        yield* sleep(1);
        log.push("too late");
      });
      yield* settle();
      return [log.sort(), now()];
    });
    expect([...outcomes]).toEqual([[["one ready", "other ready"], 0]]);
  });

  test("simulate() makes the same random choices for the same seed", async () => {
    const order = async (seed: number): Promise<string> => {
      const log: string[] = [];
      await simulate(
        function* (): Routine<void> {
          const tasks = [..."abcdef"].map((name) =>
            go(function* (): Routine<void> {
              log.push(name);
              yield* sleep(1);
              log.push(name.toUpperCase());
            }),
          );
          for (const task of tasks) yield* task;
        },
        { seed, schedules: 5, strategy: "random" },
      );
      return log.join("");
    };
    const first = await order(7);
    expect(await order(7)).toBe(first);
    expect(await order(8)).not.toBe(first);
    expect(first.startsWith("abcdefABCDEF")).toBe(true);
  });

  test("simulate() leaves tasks, clock and timers outside as they were", async () => {
    const inbox = channel<string>();
    const outside = go(function* (): Routine<unknown> {
      return yield* withTimeout(10_000, inbox.receive());
    });
    const ready = go(function* (): Routine<string> {
      yield* pause();
      return "ran";
    });
    await simulate(function* (): Routine<void> {
      yield* sleep(HOUR);
    });
    expect(await ready).toBe("ran");
    inbox.trySend("still here");
    expect(await outside).toBe("still here");
  });

  test("two calls of simulate() at the same time run one after the other", async () => {
    const program = function* (): Routine<number> {
      yield* sleep(5);
      return now();
    };
    const [one, other] = await Promise.all([simulate(program), simulate(program, { date: 100 })]);
    expect([[...one.outcomes], [...other.outcomes]]).toEqual([[5], [105]]);
  });

  test("simulate() waits for a promise that microtasks resolve before time passes", async () => {
    const { outcomes } = await simulate(
      function* (): Routine<string> {
        const slow = (async () => {
          for (let n = 0; n < 50; n++) await null;
          return "in time";
        })();
        return yield* withTimeout(1, settled(slow));
      },
      { schedules: 5 },
    );
    expect([...outcomes]).toEqual(["in time"]);
  });
});

describe("a failure", () => {
  test.each(["mixed", "random", "delays", "priorities"] as const)(
    "%s finds that philosophers starve",
    async (strategy) => {
      const error = await failure(simulate(philosophers, { strategy, schedules: 2000 }));
      expect(error.kind).toBe("deadlock");
      expect(error.cause).toBeInstanceOf(DeadlockError);
    },
  );

  test("simulate() with strategy 'fifo' misses a failure that needs another order, which other strategies find", async () => {
    const program = function* (): Routine<void> {
      const order: string[] = [];
      const tasks = ["first", "second"].map((name) =>
        go(function* (): Routine<void> {
          order.push(name);
        }),
      );
      for (const task of tasks) yield* task;
      if (order[0] === "second") throw new Error("overtaken");
    };
    await simulate(program, { strategy: "fifo" });
    const error = await failure(simulate(program));
    expect([error.kind, (error.cause as Error).message]).toEqual(["throw", "overtaken"]);
    // One decision is enough: the second of two that are ready runs first.
    expect(decidedOf(error.token).numbers.filter((decision) => decision > 0)).toEqual([1]);
  });

  test("simulate() shrinks a failure to no decision if it shows in first in, first out order", async () => {
    const error = await failure(simulate(checkThenAct, { strategy: "random" }));
    expect(decidedOf(error.token).numbers).toEqual([]);
    expect(error.message).toContain("first in, first out");
    expect(error.message).toContain("taken 2 times");
  });

  test("a failure of simulate() has a token that replays it, and its steps in a column for each task", async () => {
    const error = await failure(simulate(philosophers));
    const again = await failure(replay(error.token, philosophers));
    expect([again.kind, again.token, again.schedule]).toEqual([error.kind, error.token, error.schedule]);
    expect(error.message).toContain(`replay("${error.token}", main)`);
    expect(error.message).toContain("fork 0 ! true");
    expect(new Set(error.schedule.steps.map(({ task }) => task)).size).toBe(5);
  });

  test("simulate() fails if a task fails that no task joins", async () => {
    const error = await failure(
      simulate(function* (): Routine<void> {
        go(function* (): Routine<void> {
          throw new Error("alone");
        });
        yield* pause();
      }),
    );
    expect([error.kind, (error.cause as Error).message]).toEqual(["throw", "alone"]);
  });

  test("simulate() with leaks: true fails if a task is left parked", async () => {
    const program = function* (): Routine<string> {
      go(function* forgotten(): Routine<void> {
        yield* channel<number>(0, { name: "silent" }).receive();
      });
      yield* pause();
      return "done";
    };
    expect([...(await simulate(program)).outcomes]).toEqual(["done"]);
    const error = await failure(simulate(program, { leaks: true }));
    expect(error.kind).toBe("leak");
    expect(error.message).toContain("forgotten#0  blocked  receive from silent");
  });

  test("simulate() does not count a daemon() task as a leak", async () => {
    const error = await failure(
      simulate(
        function* (): Routine<void> {
          const [orders, silent] = [channel<number>(), channel<number>()];
          const wait = function* (on: Channel<number>): Routine<void> {
            yield* on.receive();
          };
          daemon(go(wait, orders));
          go(wait, silent);
        },
        { leaks: true },
      ),
    );
    expect(error.schedule.waiting.map(({ task }) => task)).toEqual(["wait#1"]);
  });

  test("simulate() fails and stops if a program never ends", async () => {
    let rounds = 0;
    const error = await failure(
      simulate(
        function* (): Routine<void> {
          for (;;) {
            rounds++;
            yield* pause();
          }
        },
        { schedules: 1 },
      ),
    );
    expect(error.kind).toBe("endless");
    const seen = rounds;
    await sleep(5);
    expect(rounds).toBe(seen);
  });

  test("simulate() fails if a program waits for a promise from outside, and names the task", async () => {
    const error = await failure(
      simulate(
        function* waiting(): Routine<void> {
          yield* settled(new Promise<void>(() => {}));
        },
        { schedules: 1 },
      ),
    );
    expect(error.kind).toBe("escaped");
    expect(error.message).toContain("waiting#0 waits for a promise");
  });

  test("simulate() says so if a failure does not come again", async () => {
    let runs = 0;
    const error = await failure(
      simulate(function* (): Routine<void> {
        yield* pause();
        if (runs++ === 3) throw new Error("once");
      }),
    );
    expect(error.message).toContain("not again: the program depends on something besides its schedule");
  });
});

describe("misuse", () => {
  const program = function* (): Routine<void> {};

  test.each([
    [{ schedules: 0 }, RangeError, "schedules must be a whole number, 1 or more, got 0"],
    [{ seed: 1.5 }, RangeError, "seed must be a whole number, got 1.5"],
    [{ strategy: "best" as "fifo" }, TypeError, "strategy must be one of"],
  ])("simulate(main, %o)", (options, type, message) => {
    expect(() => simulate(program, options)).toThrow(type);
    expect(() => simulate(program, options)).toThrow(message);
  });

  test.each(["", "millrace1", "other:1:", "millrace1:1:x y", "millrace1:-1:"])("replay(%j)", (token) => {
    expect(() => replay(token, program)).toThrow("Cannot replay: a token begins with millrace1:");
  });

  test("settle() and now() throw outside of a simulation, and choose() throws without choices", () => {
    expect(() => settle()).toThrow("Cannot settle");
    expect(() => now()).toThrow("Cannot ask for the time");
    expect(() => choose()).toThrow("Cannot choose");
  });
});

test("a receiver that one simulation leaves behind does not affect the next", async () => {
  const main = function* (): Routine<number> {
    const numbers = channel<number>();
    go(function* (): Routine<void> {
      yield* numbers.send(1);
      yield* sleep(HOUR);
      yield* numbers.send(2);
    });
    const value = yield* numbers.receive();
    return value === CLOSED ? -1 : value;
  };
  for (let n = 0; n < 3; n++) expect([...(await simulate(main)).outcomes]).toEqual([1]);
});

test("a task that still cleans up at the end of a run leaves the scheduler as it was", async () => {
  await simulate(
    async function* main() {
      const task = go(async function* () {
        try {
          yield* sleep(1000);
        } finally {
          yield* channel().receive();
        }
      });
      yield* sleep(1);
      task.cancel();
      yield* sleep(5);
    },
    { schedules: 2 },
  );
  expect([scheduler.cancelled.ending, scheduler.cancelled.cleaning]).toEqual([0, 0]);
});

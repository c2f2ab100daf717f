// Small programs with the combinators of the library, verified under every schedule.

import {
  broadcast,
  CancelledError,
  CLOSED,
  channel,
  collect,
  from,
  go,
  group,
  Mutex,
  merge,
  pause,
  pipeline,
  type Routine,
  Semaphore,
  scope,
  select,
  sleep,
  type Task,
  workers,
} from "millrace";
import { cell, type Proved, type VerifyOptions, verify } from "millrace/testing";
import { describe, expect, test } from "vitest";
import { expectOutcomes } from "./every-run.js";

/** What a program returns, proved for all schedules. */
async function outcomes<T>(main: () => Routine<T>, options?: VerifyOptions<T>): Promise<Set<T>> {
  const verdict = await verify(main, options);
  expect(verdict.status === "failed" ? verdict.report : verdict.status).toBe("proved");
  return (verdict as Proved<T>).outcomes;
}

function* joinAll<T>(tasks: readonly Task<T>[]): Routine<T[]> {
  const results: T[] = [];
  for (const task of tasks) results.push(yield* task);
  return results;
}

describe("mutex", () => {
  test("admits one task at a time, and every task in the end", async () => {
    const program = function* (): Routine<number> {
      const mutex = new Mutex();
      let [inside, most] = [0, 0];
      const enter = function* (): Routine<void> {
        using _ = yield* mutex.lock();
        most = Math.max(most, ++inside);
        yield* pause();
        inside--;
      };
      yield* joinAll([go(enter), go(enter), go(enter)]);
      return most;
    };
    expect(await outcomes(program)).toEqual(new Set([1]));
  });

  test("can be locked after a waiter has given up and another was cancelled", async () => {
    const program = function* (): Routine<string> {
      const mutex = new Mutex();
      const held = yield* mutex.lock();
      const impatient = go(function* () {
        const { key } = yield* select({ locked: mutex.lock(), late: sleep(1) });
        return key;
      });
      const cancelled = go(function* () {
        using _ = yield* mutex.lock();
      });
      yield* pause();
      cancelled.cancel();
      yield* sleep(2);
      held[Symbol.dispose]();
      using _ = yield* mutex.lock();
      return yield* impatient;
    };
    expect(await outcomes(program)).toEqual(new Set(["late"]));
  });
});

describe("semaphore", () => {
  test("never lends more permits than it has, and does not starve a large request", async () => {
    const program = function* (): Routine<number> {
      const permits = new Semaphore(2);
      const [taken, most] = [cell(0), cell(0)];
      const use = function* (n: number): Routine<void> {
        using _ = yield* permits.acquire(n);
        taken.value += n;
        most.value = Math.max(most.value, taken.value);
        yield* pause();
        taken.value -= n;
      };
      yield* joinAll([go(use, 1), go(use, 2), go(use, 1)]);
      return most.value;
    };
    expect(await outcomes(program)).toEqual(new Set([2]));
  });
});

describe("pipeline", () => {
  test("yields its results in order, whichever stage ends first", async () => {
    const program = function* (): Routine<string> {
      const slowFirst = function* (n: number): Routine<number> {
        if (n === 1) yield* pause();
        return n * 10;
      };
      return (yield* collect(pipeline(2, from([1, 2, 3]), slowFirst))).join();
    };
    await expectOutcomes(program, ["10,20,30"]);
  });

  test("ends with the error of a failing stage, and leaves no task parked", async () => {
    const program = function* (): Routine<string> {
      const failing = function* (n: number): Routine<number> {
        yield* pause();
        if (n === 2) throw new Error("two");
        return n;
      };
      try {
        return (yield* collect(pipeline(2, from([1, 2]), failing))).join();
      } catch (error) {
        return (error as Error).message;
      }
    };
    await expectOutcomes(program, ["two"]);
  });
});

test("broadcast: each subscriber receives every value in order", async () => {
  const program = function* (): Routine<string> {
    const source = channel<number>();
    const spread = broadcast(source);
    const read = function* (from: ReturnType<typeof spread.subscribe>): Routine<string> {
      const seen: number[] = [];
      for (let value: number | typeof CLOSED; (value = yield* from.receive()) !== CLOSED; ) seen.push(value);
      return seen.join();
    };
    const readers = [go(read, spread.subscribe()), go(read, spread.subscribe())];
    yield* source.send(1);
    yield* source.send(2);
    source.close();
    return (yield* joinAll(readers)).join(" ");
  };
  await expectOutcomes(program, ["1,2 1,2"]);
});

test("merge: every value arrives, and the values of each source stay in order", async () => {
  const program = function* (): Routine<string> {
    const [a, b] = [channel<string>(), channel<string>()];
    go(function* () {
      yield* a.send("a1");
      yield* a.send("a2");
      a.close();
    });
    go(function* () {
      yield* b.send("b");
      b.close();
    });
    return (yield* collect(merge([a, b]))).join();
  };
  await expectOutcomes(program, ["a1,a2,b", "a1,b,a2", "b,a1,a2"]);
});

describe("scope", () => {
  test("ends after all tasks that have begun in it, whenever one fails", async () => {
    const program = function* (): Routine<string> {
      const ended: string[] = [];
      const careful = function* (name: string): Routine<void> {
        try {
          yield* pause();
          if (name === "bad") throw new Error("bad");
          yield* sleep(10);
        } finally {
          ended.push(name);
        }
      };
      try {
        yield* scope(function* (s) {
          s.go(careful, "good");
          s.go(careful, "bad");
        });
        return "no failure";
      } catch (error) {
        return `${(error as Error).message}: ${[...ended].sort().join()}`;
      }
    };
    const found = await outcomes(program);
    // A task that was cancelled before its first turn has never begun, so its finally does not run.
    expect(found).toEqual(new Set(["bad: bad", "bad: bad,good"]));
  });

  test("that is cancelled has ended before a task that joins it goes on", async () => {
    const program = function* (): Routine<string> {
      let running = 0;
      const work = go(function* () {
        yield* scope(function* (s) {
          s.go(function* () {
            running++;
            try {
              yield* sleep(10);
            } finally {
              running--;
            }
          });
          yield* sleep(10);
        });
      });
      yield* pause();
      work.cancel();
      try {
        yield* work;
        return "done";
      } catch (error) {
        return `${error instanceof CancelledError} ${running}`;
      }
    };
    expect(await outcomes(program)).toEqual(new Set(["true 0"]));
  });
});

test("workers: each value is processed once, and all are when the operation completes", async () => {
  const program = function* (): Routine<string> {
    const done: number[] = [];
    yield* workers(2, from([1, 2, 3]), function* (n) {
      yield* pause();
      done.push(n);
    });
    return [...done].sort().join();
  };
  expect(await outcomes(program)).toEqual(new Set(["1,2,3"]));
});

test("group: the first failure cancels the rest, and wait() throws it", async () => {
  const program = function* (): Routine<string> {
    const tasks = group();
    tasks.tryGo(function* () {
      yield* pause();
      throw new Error("first");
    });
    tasks.tryGo(function* () {
      yield* sleep(1000);
    });
    try {
      yield* tasks.wait();
      return "no failure";
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(await outcomes(program)).toEqual(new Set(["first"]));
});

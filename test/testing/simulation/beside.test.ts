// Other code of the process waits for promises while a program is simulated or verified. What they resume is none of the program.

import { type AsyncRoutine, channel, go, type Routine, select, settled, sleep, timeout } from "millrace";
import { simulate, verify } from "millrace/testing";
import { describe, expect, test, vi } from "vitest";
import { scheduler } from "../../../src/scheduler/scheduler.js";

type Explore = (main: () => AsyncRoutine<number>) => Promise<unknown>;

const statusOf = async (engine: "model" | "runs", main: () => AsyncRoutine<number>): Promise<unknown> => {
  const verdict = await verify(main, { engine });
  return verdict.status === "proved" ? [...verdict.outcomes] : verdict;
};

const EXPLORE: Readonly<Record<string, Explore>> = {
  simulate: async (main) => [...(await simulate(main, { schedules: 3 })).outcomes],
  "verify by the model": (main) => statusOf("model", main),
  "verify by runs": (main) => statusOf("runs", main),
};

/** Waits in several ways for a promise, and for the real time after that. */
const BESIDE: Readonly<Record<string, (promise: Promise<string>) => Promise<unknown>>> = {
  "a select with a timeout": (promise) =>
    go(function* () {
      const { key } = yield* select({ promise: settled(promise), late: timeout(60_000) });
      yield* sleep(5);
      return key;
    }).then(String),
  "an async task": (promise) =>
    go(async function* () {
      yield* settled(promise);
      yield* sleep(5);
      return "promise";
    }).then(String),
  "a channel": (promise) => {
    const arrived = channel<string>();
    void promise.then(() => arrived.trySend("promise"));
    return go(function* (): Routine<unknown> {
      const value = yield* arrived.receive();
      yield* sleep(5);
      return value;
    }).then(String);
  },
};

/** Milliseconds for what takes a few turns on a machine that has nothing else to do. */
const PATIENCE = 20_000;

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

describe.each(Object.entries(EXPLORE))("%s", (_, explore) => {
  test.each(Object.entries(BESIDE))("%s of other code goes on in real time", async (_, wait) => {
    let resolve = (_: string): void => {};
    const promise = new Promise<string>((settle) => {
      resolve = settle;
    });
    const waiting = wait(promise);
    const alarm = go(() => sleep(20).map(() => "rang"));
    await turn();
    const main = async function* (): AsyncRoutine<number> {
      const values = channel<number>();
      go(async function* () {
        resolve("arrived");
        for (let turns = 0; turns < 8; turns++) await null;
        yield* values.send(1);
      });
      const value = yield* values.receive();
      yield* sleep(10);
      return value as number;
    };
    expect(await explore(main)).toEqual([1]);
    expect([await waiting, await alarm]).toEqual(["promise", "rang"]);
  });
});

test.each(["select", "task", "async task"])(
  "a %s of a program that has been given up is not resumed by a promise that arrives later",
  async (form) => {
    const resumed: string[] = [];
    let resolve = (): void => {};
    const promise = new Promise<void>((settle) => {
      resolve = settle;
    });
    const waits: Record<string, () => AsyncRoutine<void> | Routine<void>> = {
      *select() {
        yield* select({ promise: settled(promise), late: timeout(10) });
        resumed.push(form);
      },
      *task() {
        yield* settled(promise);
        resumed.push(form);
      },
      async *"async task"() {
        yield* settled(promise);
        resumed.push(form);
      },
    };
    const verdict = await verify(waits[form]!, { engine: "runs" });
    expect(verdict).toMatchObject({ status: "failed", kind: "escaped" });
    resolve();
    // Another program, whose alarms are others.
    const other = function* (): Routine<void> {
      yield* sleep(5);
    };
    expect(await verify(other)).toMatchObject({ status: "proved" });
    await turn();
    expect(resumed).toEqual([]);
  },
);

test("a task of a simulation that ends after it counts nowhere else", async () => {
  const before = { ...scheduler.cancelled };
  let resolve = (): void => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  let isOver = false;
  const main = function* (): Routine<void> {
    const task = go(async function* (): AsyncRoutine<void> {
      try {
        await promise;
        yield* sleep(1);
      } finally {
        isOver = true;
      }
    });
    yield* sleep(1);
    task.cancel();
  };
  await simulate(main, { schedules: 1 });
  resolve();
  await vi.waitFor(() => expect(isOver).toBe(true), PATIENCE);
  await turn();
  expect(scheduler.cancelled).toEqual(before);
});

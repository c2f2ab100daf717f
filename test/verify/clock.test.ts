// Verdicts do not depend on the speed of the machine: `verify` reaches the same verdict under a clock that jumps.

import { type VerifyOptions, verify } from "millrace/testing";
import { afterEach, describe, expect, test, vi } from "vitest";
import { scaled } from "../support/stress.js";
import { known } from "./programs/index.js";

/** Programs that take too long to be verified three times. */
const LARGE = scaled(200, 100_000);

/** Seconds by which the clock moves each time it is read: on time, on a slow machine, on one that was suspended. */
const JUMPS = [1, 1000];

afterEach(() => vi.restoreAllMocks());

/** Moves the clock by some seconds each time it is read. */
function slow(seconds: number): void {
  let now = 0;
  vi.spyOn(performance, "now").mockImplementation(() => (now += seconds * 1000));
}

/** A verdict without the time that it took. */
async function found(main: (typeof known)[number]["main"], options: VerifyOptions<unknown>): Promise<unknown> {
  const { ms: _, searchMs: __, ...rest } = await verify(main, options);
  return rest;
}

describe.each(known.filter(({ states = 0 }) => states < LARGE))("$name ($source)", ({ main }) => {
  test("has the same verdict, states and report under any clock", async () => {
    const expected = await found(main, {});
    for (const seconds of JUMPS) {
      slow(seconds);
      expect(await found(main, {})).toEqual(expected);
      vi.restoreAllMocks();
    }
  });
});

test("only maxMs makes a verdict depend on the clock", async () => {
  const { main } = known.find(({ name }) => name === "7 philosophers with select and default")!;
  slow(1);
  expect(await found(main, { maxMs: 3000 })).toMatchObject({ status: "bounded", reason: "it reached maxMs, 3000 ms" });
});

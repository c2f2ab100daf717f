// What runs show of a program that may have too many schedules: tasks may give way after every operation.

import type { Routine } from "millrace";
import { type Verdict, type VerifyOptions, verify } from "millrace/testing";
import { expect } from "vitest";
import { random } from "../../src/testing/simulation/decisions.js";
import { alone, play } from "../../src/testing/simulation/play.js";

/** Expects a proof, or that all schedules were run in which tasks give way only where they park. */
export function expectNoFailure<T>(verdict: Verdict<T>): void {
  if (verdict.status === "bounded") expect(verdict.reason).toContain("all were run in which this happens at most");
  else expect(verdict.status === "failed" ? verdict.report : verdict.status).toBe("proved");
}

/** Expects that a program returns each of some values under some schedule, and no other value. */
export async function expectOutcomes<T>(
  main: () => Routine<T>,
  outcomes: Iterable<T>,
  options: VerifyOptions<T> = {},
): Promise<void> {
  const all = [...outcomes];
  expectNoFailure(await verify(main, { ...options, outcomes: all }));
  for (const outcome of all) {
    const verdict = await verify(main, { ...options, outcomes: (value) => value !== outcome });
    expect(verdict).toMatchObject({ status: "failed", kind: "outcome" });
  }
}

/** How a program ends under thirty random schedules: with a result, or with a kind of failure. */
export function someEnds<T>(main: () => Routine<T>): Promise<(T | string)[]> {
  return alone(async () => {
    const ends: (T | string)[] = [];
    for (let nth = 101; nth <= 130; nth++) {
      const { ending } = await play(main, random(nth), nth, { leaks: true, untold: true });
      ends.push(ending.failed === null ? ending.value : ending.failed.kind);
    }
    return ends;
  });
}

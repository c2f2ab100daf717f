// Programs with twins: each is proved by the model within a number of states, and its twin, which has one mistake, fails.

import type { Routine } from "millrace";
import { verify } from "millrace/testing";
import { describe, expect, test } from "vitest";

export interface Twins {
  readonly main: () => Routine<unknown>;
  readonly outcomes: readonly unknown[];
  /** The program with a mistake, and the failure that comes of it. */
  readonly twin: () => Routine<unknown>;
  readonly fails: string;
}

/** Tests each of some programs, and its twin. */
export function testTwins(programs: Readonly<Record<string, Twins>>, maxStates: number): void {
  describe.each(Object.entries(programs))("%s", (_, { main, outcomes, twin, fails }) => {
    test("is proved by the model", async () => {
      const verdict = await verify(main, { engine: "model", maxStates });
      const shown = "report" in verdict ? verdict.report : verdict.status;
      expect(verdict.status === "proved" ? [...verdict.outcomes] : shown).toEqual(outcomes);
    });

    test(`fails with a mistake: ${fails}`, async () => {
      const verdict = await verify(twin, { engine: "model", maxStates });
      expect(verdict).toMatchObject({ status: "failed", kind: fails });
    });
  });
}

// The programs that others have verified, with their verdicts, and their counts where the semantics is the same.

import { verify } from "millrace/testing";
import { describe, expect, test } from "vitest";
import { known } from "./programs/index.js";

/** Programs with more states than this are gone through once, and nobody is searched for who is stuck while others go on. */
const LARGE = 100_000;

const statusOf = (verdict: string): string => (verdict === "ok" ? "proved" : "failed");

describe.each(known)("$name ($source)", ({ main, verdict, states = 0, events, shortest }) => {
  if (states < LARGE) {
    test(`is ${verdict}`, async () => {
      const found = await verify(main);
      expect(found.status).toBe(statusOf(verdict));
      if (found.status === "failed") expect(found.kind).toBe(verdict);
    });
  }

  if (states > 0) {
    test(`is ${verdict}, and has ${states} states`, async () => {
      const found = await verify(main, { engine: "model", all: true, stuck: false });
      expect(found).toMatchObject({ status: statusOf(verdict), states, ...(events !== undefined && { events }) });
      if (found.status === "failed" && shortest !== undefined) expect(found.schedule.steps).toHaveLength(shortest);
    });
  }
});

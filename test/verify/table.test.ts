// Programs from papers and tools, with their known verdicts, and known counts of states where the semantics is the same.

import { verify } from "millrace/testing";
import { describe, expect, test } from "vitest";
import { scaled } from "../support/stress.js";
import { known } from "./programs/index.js";

/** Programs with more states are verified only once, by the full search without the check for stuck tasks. */
const LARGE = scaled(30_000, 100_000);
/** Programs with more states are for `npm run stress`. */
const LARGEST = scaled(100_000, Infinity);

const statusOf = (verdict: string): string => (verdict === "ok" ? "proved" : "failed");

// vitest refuses a program without tests.
const shown = known.filter(({ states = 0 }) => states < LARGEST);

describe.each(shown)("$name ($source)", ({ main, verdict, states = 0, events, shortest }) => {
  if (states < LARGE) {
    test(`has the verdict ${verdict}`, async () => {
      const found = await verify(main);
      expect(found.status).toBe(statusOf(verdict));
      if (found.status === "failed") expect(found.kind).toBe(verdict);
    });
  }

  if (states > 0 && states < LARGEST) {
    test(`has the verdict ${verdict} and ${states} states in the full search`, async () => {
      const found = await verify(main, { engine: "model", all: true, stuck: false });
      expect(found).toMatchObject({ status: statusOf(verdict), states, ...(events !== undefined && { events }) });
      if (found.status === "failed" && shortest !== undefined) expect(found.schedule.steps).toHaveLength(shortest);
    });
  }
});

// Random programs of many kinds, each held against an interpreter that shares no code with `verify`.

import { expect, test } from "vitest";
import { scaled } from "../support/stress.js";
import { checkSeed, emptyTally } from "./oracle/campaign.js";

/** The first seed; another one with the environment variable `FUZZ_SEED`. */
const FIRST = Number(process.env.FUZZ_SEED ?? 1);
const PROGRAMS = scaled(1000, 15_000);
const CHUNK = 100;
/** Larger programs are left out. */
const MOST_STATES = scaled(400, 1500);

test.each(Array.from({ length: PROGRAMS / CHUNK }, (_, chunk) => FIRST + chunk * CHUNK))(
  "every verdict on the programs from seed %d on agrees with an interpreter that shares no code with the model",
  async (first) => {
    const tally = emptyTally();
    for (let seed = first; seed < first + CHUNK; seed++) await checkSeed(seed, tally, { mostStates: MOST_STATES });
    expect(tally.compared).toBeGreaterThan(CHUNK * 0.8);
    expect(Math.min(tally.proved, tally.failed)).toBeGreaterThan(CHUNK * 0.2);
  },
);

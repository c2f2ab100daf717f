// All programs with known verdicts.

import { type Verdict, verify } from "millrace/testing";
import { blog } from "./blog.js";
import { classics } from "./classics.js";
import { goker } from "./goker.js";
import { literature } from "./literature.js";
import { philosophers } from "./philosophers.js";
import type { Known } from "./program.js";

export const known: readonly Known[] = [...literature, ...philosophers, ...blog, ...classics, ...goker];

const verdicts = new Map<Known["main"], Promise<Verdict<unknown>>>();

/** The verdict on a known program by default: each is verified once for all tests of a file. */
export function verdictOn(main: Known["main"]): Promise<Verdict<unknown>> {
  const found = verdicts.get(main) ?? verify(main);
  verdicts.set(main, found);
  return found;
}

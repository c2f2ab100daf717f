// Many random programs, each held against the interpreter. A program that is judged wrongly is made smaller and shown.

import { compareEnough } from "../compare.js";
import { compareReduced } from "../symmetric.js";
import { type Compared, type CompareOptions, compare, type Fault } from "./compare.js";
import { generate, KINDS } from "./generate.js";
import type { Program } from "./language.js";
import { mainOf, render } from "./render.js";
import { shrunk } from "./shrink.js";

/** How many programs had which verdict. */
export interface Tally {
  compared: number;
  proved: number;
  failed: number;
  bounded: number;
  tooLarge: number;
}

export const emptyTally = (): Tally => ({ compared: 0, proved: 0, failed: 0, bounded: 0, tooLarge: 0 });

export interface CheckOptions {
  /** States of the interpreter; a program that has more is left out. */
  readonly mostStates: number;
  /** The kinds of programs; all by default. */
  readonly only?: readonly string[];
  /** Whether a program that is judged wrongly is made smaller; true by default. */
  readonly shrinks?: boolean;
}

/** One of so many programs is searched with and without reductions. */
const SEARCHED = 6;

/** What is compared for a seed: tasks may be left behind for every second one, and other ways of verifying are tried in turn. */
export function optionsFor(seed: number, maxStates: number): CompareOptions {
  const turn = seed % 24;
  return {
    maxStates,
    lenient: seed % 2 === 0,
    runs: turn < 2,
    all: turn === 2 || turn === 3,
    async: turn === 4 || turn === 5,
  };
}

/** Compares the program of a seed, and counts it. Throws an error with a small program if its verdict is wrong. */
export async function checkSeed(
  seed: number,
  tally: Tally,
  { mostStates, only = Object.keys(KINDS), shrinks = true }: CheckOptions,
): Promise<void> {
  const { kind, program } = generate(seed, only);
  const options = optionsFor(seed, mostStates);
  const { status, fault } = await compare(program, options);
  if (fault !== null) throw new Error(await reportOf(seed, kind, program, options, fault, shrinks));
  if (status !== "too large" && seed % SEARCHED === 0) {
    compareEnough(seed, mainOf(program));
    compareReduced(seed, mainOf(program));
  }
  if (status === "too large") tally.tooLarge++;
  else tally.compared++;
  if (status === "proved" || status === "failed" || status === "bounded") tally[status]++;
}

/** The fault in words, with the smallest program that shows it. */
export async function reportOf(
  seed: number,
  kind: string,
  program: Program,
  options: CompareOptions,
  fault: Fault,
  shrinks: boolean,
): Promise<string> {
  let shown = fault;
  const least = !shrinks
    ? program
    : await shrunk(program, async (candidate) => {
        const { fault: again }: Compared = await compare(candidate, options);
        if (again === null || signOf(again) !== signOf(fault)) return false;
        shown = again;
        return true;
      });
  const { what, given, expected } = shown;
  return `Seed ${seed} (${kind}): ${what}\n${render(least)}\nexpected: ${expected}\ngiven: ${given}\noptions: ${JSON.stringify(options)}`;
}

/** What has to stay the same while a program is made smaller. */
function signOf({ what, given }: Fault): string {
  return what === "unsound" ? what : `${what} ${given.split(/[ \n]/, 1)[0]}`;
}

export function shown({ compared, proved, failed, bounded, tooLarge }: Tally): string {
  return `${compared} programs compared: ${proved} proved, ${failed} failed, ${bounded} bounded; ${tooLarge} too large`;
}

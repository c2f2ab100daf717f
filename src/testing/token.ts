// A schedule as a word that can be pasted: the seed of all other chance, and the decisions in runs, in base 36.

import { shown } from "../errors.js";

/** What a run can be repeated from. */
export interface Schedule {
  /** Of everything else that is left to chance, such as jitter. */
  readonly seed: number;
  /** Which of those that were ready ran next, and which case or value was chosen; zeros at the end are left out. */
  readonly decisions: readonly number[];
}

const PREFIX = "millrace1";

/** Decisions are small, and most are zero: a run of zeros is its length in parentheses. */
export function tokenOf({ seed, decisions }: Schedule): string {
  const text = decisions.map((decision) => decision.toString(36)).join(".");
  const packed = text.replace(
    /(?<![^.])0(?:\.0){2,}(?![^.])/g,
    (zeros) => `(${((zeros.length + 1) / 2).toString(36)})`,
  );
  return [PREFIX, seed.toString(36), packed].join(":");
}

/** The schedule of a token. */
export function scheduleOf(token: string): Schedule {
  const [prefix, seed, packed] = typeof token === "string" ? token.split(":") : [];
  const decisions = packed === "" ? [] : packed?.split(".").flatMap(decisionsOf);
  const all = [Number.parseInt(seed ?? "", 36), ...(decisions ?? [Number.NaN])];
  if (prefix === PREFIX && all.every((number) => Number.isInteger(number) && number >= 0)) {
    return { seed: all[0]!, decisions: all.slice(1) };
  }
  throw new TypeError(`Cannot replay: a token begins with ${PREFIX}: and comes from a report, got ${shown(token)}`);
}

function decisionsOf(part: string): number[] {
  const zeros = /^\((\w+)\)$/.exec(part);
  if (zeros === null) return [/^\w+$/.test(part) ? Number.parseInt(part, 36) : Number.NaN];
  return new Array<number>(Number.parseInt(zeros[1]!, 36)).fill(0);
}

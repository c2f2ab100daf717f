// A schedule as a word that can be pasted: what was decided, as numbers in base 36, runs of zeros shortened.

import { shown } from "../errors.js";
import type { FailureKind } from "./verdict.js";

/** What a schedule can be repeated from. */
export interface Decided {
  /**
   * `decisions`: which of those that were ready ran next, and which case or value was chosen. `events`: which of the events
   * that could happen did.
   */
  readonly kind: "decisions" | "events";
  /** Of everything else that is left to chance, such as jitter. */
  readonly seed: number;
  /** Zeros at the end are left out. */
  readonly numbers: readonly number[];
  /** What is wrong with it, where the schedule alone does not show it: who may be stuck, or what `main` may return. */
  readonly shows?: FailureKind | undefined;
}

const SHOWN: readonly string[] = ["stuck", "closed", "throw", "unread", "outcome"] satisfies FailureKind[];
const PREFIXES = { decisions: "millrace1", events: "millrace1e" } as const;

/** Numbers are small, and most are zero: a run of zeros is its length in parentheses. */
export function tokenOf({ kind, seed, numbers, shows }: Decided): string {
  const text = numbers.map((number) => number.toString(36)).join(".");
  const packed = text.replace(
    /(?<![^.])0(?:\.0){2,}(?![^.])/g,
    (zeros) => `(${((zeros.length + 1) / 2).toString(36)})`,
  );
  return [PREFIXES[kind], seed.toString(36), packed, ...(shows === undefined ? [] : [shows])].join(":");
}

/** What a token stands for. */
export function decidedOf(token: string): Decided {
  const [prefix, seed, packed, shows] = typeof token === "string" ? token.split(":") : [];
  const kind = prefix === PREFIXES.events ? "events" : prefix === PREFIXES.decisions ? "decisions" : null;
  const unpacked = packed === "" ? [] : packed?.split(".").flatMap(numbersOf);
  const all = [Number.parseInt(seed ?? "", 36), ...(unpacked ?? [Number.NaN])];
  const known = kind !== null && (shows === undefined || SHOWN.includes(shows));
  if (known && all.every((number) => Number.isInteger(number) && number >= 0)) {
    return { kind, seed: all[0]!, numbers: all.slice(1), shows: shows as FailureKind | undefined };
  }
  throw new TypeError(
    `Cannot replay: a token begins with ${PREFIXES.decisions}: or ${PREFIXES.events}: and comes from a report, got ${shown(token)}`,
  );
}

function numbersOf(part: string): number[] {
  const zeros = /^\((\w+)\)$/.exec(part);
  if (zeros === null) return [/^\w+$/.test(part) ? Number.parseInt(part, 36) : Number.NaN];
  return new Array<number>(Number.parseInt(zeros[1]!, 36)).fill(0);
}

// A schedule as a word that can be pasted: what was decided, as numbers in base 36, runs of zeros shortened.

import { shown } from "../../structures/errors.js";
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
  /** Those who are stuck, by number. */
  readonly stuck?: readonly number[] | undefined;
  /** Tasks whose turns are events of their own, as they may be cancelled before; by number. */
  readonly marked?: readonly number[] | undefined;
}

const SHOWN: readonly string[] = ["stuck", "closed", "throw", "unread", "outcome"] satisfies FailureKind[];
const PREFIXES = { decisions: "millrace1", events: "millrace1e" } as const;

/** Numbers are small, and most are zero: a run of zeros is its length in parentheses. */
export function tokenOf({ kind, seed, numbers, shows, stuck = [], marked = [] }: Decided): string {
  const text = textOf(numbers);
  const packed = text.replace(
    /(?<![^.])0(?:\.0){2,}(?![^.])/g,
    (zeros) => `(${((zeros.length + 1) / 2).toString(36)})`,
  );
  const wrong = [...(shows === undefined ? [] : [shows]), ...(stuck.length > 0 ? [textOf(stuck)] : [])].join(".");
  const last = marked.length > 0 ? [wrong, textOf(marked)] : wrong === "" ? [] : [wrong];
  return [PREFIXES[kind], seed.toString(36), packed, ...last].join(":");
}

function textOf(numbers: readonly number[]): string {
  return numbers.map((number) => number.toString(36)).join(".");
}

/** What a token stands for. */
export function decidedOf(token: string): Decided {
  const [prefix, seed, packed, wrong = "", marks = ""] = typeof token === "string" ? token.split(":") : [];
  const [shows = "", ...who] = wrong.split(".");
  const kind = prefix === PREFIXES.events ? "events" : prefix === PREFIXES.decisions ? "decisions" : null;
  const numbers = packed === undefined ? [Number.NaN] : listOf(packed);
  const marked = listOf(marks);
  const stuck = who.length > 0 ? listOf(who.join(".")) : undefined;
  const all = [Number.parseInt(seed ?? "", 36), ...numbers, ...marked, ...(stuck ?? [])];
  const known = kind !== null && (shows === "" || SHOWN.includes(shows));
  if (known && all.every((number) => Number.isInteger(number) && number >= 0)) {
    return { kind, seed: all[0]!, numbers, shows: shows === "" ? undefined : (shows as FailureKind), stuck, marked };
  }
  throw new TypeError(
    `Cannot replay: a token begins with ${PREFIXES.decisions}: or ${PREFIXES.events}: and comes from a report, got ${shown(token)}`,
  );
}

function listOf(text: string): number[] {
  return text === "" ? [] : text.split(".").flatMap(numbersOf);
}

function numbersOf(part: string): number[] {
  const zeros = /^\((\w+)\)$/.exec(part);
  if (zeros === null) return [/^\w+$/.test(part) ? Number.parseInt(part, 36) : Number.NaN];
  return new Array<number>(Number.parseInt(zeros[1]!, 36)).fill(0);
}

// Tokens: a schedule as a short text that can be copied. It holds the decisions as numbers in base 36, with runs of zeros
// shortened.

import { shown } from "../../structures/errors.js";
import type { FailureKind } from "./verdict.js";

/** The contents of a token, from which a schedule can be repeated. */
export interface Decided {
  /**
   * The meaning of `numbers`. `decisions`: the index of the ready task that ran next, or of the case or value that was chosen.
   * `events`: the index of the event that happened among those that were possible.
   */
  readonly kind: "decisions" | "events";
  /** The seed of all other random numbers, such as jitter. */
  readonly seed: number;
  /** The decisions, without zeros at the end. */
  readonly numbers: readonly number[];
  /** The kind of the failure, if running the schedule does not show it: a stuck task, or a value that `main` must not return. */
  readonly shows?: FailureKind | undefined;
  /** The numbers of the stuck tasks. */
  readonly stuck?: readonly number[] | undefined;
  /**
   * The numbers of the tasks whose turns are events of their own, as the tasks may be cancelled before; and larger numbers for
   * locks of which more than usual is an event.
   */
  readonly marked?: readonly number[] | undefined;
  /** What else the model was refined by; see `refinementsOf` in explore/counterexample/rebuild.ts. */
  readonly refined?: readonly number[] | undefined;
}

const SHOWN: readonly string[] = [
  "stuck",
  "closed",
  "throw",
  "unread",
  "outcome",
  "unperformed",
] satisfies FailureKind[];
const PREFIXES = { decisions: "millrace1", events: "millrace1e" } as const;

/** Encodes a schedule. Most numbers are zero, and a run of zeros is written as its length in parentheses. */
export function tokenOf({ kind, seed, numbers, shows, stuck = [], marked = [], refined = [] }: Decided): string {
  const text = textOf(numbers);
  const packed = text.replace(
    /(?<![^.])0(?:\.0){2,}(?![^.])/g,
    (zeros) => `(${((zeros.length + 1) / 2).toString(36)})`,
  );
  const wrong = [...(shows === undefined ? [] : [shows]), ...(stuck.length > 0 ? [textOf(stuck)] : [])].join(".");
  const last = [wrong, textOf(marked), textOf(refined)];
  while (last.at(-1) === "") last.pop();
  return [PREFIXES[kind], seed.toString(36), packed, ...last].join(":");
}

function textOf(numbers: readonly number[]): string {
  return numbers.map((number) => number.toString(36)).join(".");
}

/** Decodes a token. */
export function decidedOf(token: string): Decided {
  const [prefix, seed, packed, wrong = "", marks = "", more = ""] = typeof token === "string" ? token.split(":") : [];
  const [shows = "", ...numbered] = wrong.split(".");
  const kind = prefix === PREFIXES.events ? "events" : prefix === PREFIXES.decisions ? "decisions" : null;
  const numbers = packed === undefined ? [Number.NaN] : listOf(packed);
  const marked = listOf(marks);
  const refined = listOf(more);
  const stuck = numbered.length > 0 ? listOf(numbered.join(".")) : undefined;
  const all = [Number.parseInt(seed ?? "", 36), ...numbers, ...marked, ...refined, ...(stuck ?? [])];
  const known = kind !== null && (shows === "" || SHOWN.includes(shows));
  if (known && all.every((number) => Number.isInteger(number) && number >= 0)) {
    const kindShown = shows === "" ? undefined : (shows as FailureKind);
    return { kind, seed: all[0]!, numbers, shows: kindShown, stuck, marked, refined };
  }
  throw new TypeError(
    `Cannot replay: a token begins with ${PREFIXES.decisions}: or ${PREFIXES.events}:, got ${shown(token)}; ` +
      "copy the whole token from a report",
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

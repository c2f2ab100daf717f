// The lines of a program at which operations are made and never performed, over many runs.
//
// An operation may be made in advance, for a case that does not come up in one run. So a line is at fault only if no operation of it
// has been used in any run, and if a task that made one there went on without it.

import { type Origin, originOf } from "../../scheduler/user-frames.js";
import { relative } from "./report.js";

/** Where an operation was made that was never performed, and a run in which that happens. */
export interface Unperformed<R> extends Origin {
  /** The operation, in words. */
  readonly what: string;
  readonly run: R;
}

/** The lines that are shown. */
const SHOWN = 10;

export class Survey<R> {
  private readonly _performed: Set<string>;
  private readonly _unperformed: Map<string, Unperformed<R>>;

  constructor() {
    this._performed = new Set();
    this._unperformed = new Map();
  }

  /** Notes that an operation was used. */
  performed(captured: Error): void {
    const origin = originOf(captured);
    if (origin !== null) this._performed.add(origin.key);
  }

  /** Notes that a task went on without an operation that it had made. */
  unperformed(origin: Origin, what: string, run: R): void {
    if (!this._unperformed.has(origin.key)) this._unperformed.set(origin.key, { ...origin, what, run });
  }

  /** The lines at fault. */
  get found(): Unperformed<R>[] {
    return [...this._unperformed.values()].filter(({ key }) => !this._performed.has(key));
  }
}

/** The error that names what was never performed, and the lines that made it. */
export function neverPerformed(found: readonly Unperformed<unknown>[]): Error {
  const lines = found.slice(0, SHOWN).map(({ what, line }) => `${what}, made at ${relative(line)}`);
  const left = found.length > SHOWN ? [`and ${found.length - SHOWN} more`] : [];
  const end = found.length === 1 ? "is never performed" : "are never performed";
  return new Error(`${[...lines, ...left].join("; ")}, ${end}: write yield* before it, or await in plain code`);
}

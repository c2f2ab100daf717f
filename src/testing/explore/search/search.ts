// What every way of searching has in common.

import type { Finding } from "./properties.js";

/** The program does what a search does not know. */
export class Ineligible extends Error {}

/** A failure, and the events that lead to it. */
export interface Found {
  readonly finding: Finding;
  readonly way: readonly Int32Array[];
}

export interface Search {
  readonly states: number;
  /** Events that have been taken. */
  readonly events: number;
  /** The first failure; null while there is none. */
  readonly found: Found | null;
  /** Goes on until so many states are stored, or a time has come; true when there is nothing more to find. */
  explore(most: number, late: () => boolean): boolean;
}

/** A search that takes turns with others. */
export interface Paced extends Search {
  /** Weight of this search in the portfolio; 0 drops it. */
  readonly pace: number;
}

// What all searches of the model have in common.

import type { Violation } from "./properties.js";

/** The program does something that a search does not support. */
export class Ineligible extends Error {}

/** A failure, and the events that lead to it. */
export interface Found {
  readonly violation: Violation;
  readonly schedule: readonly Int32Array[];
}

export interface Search {
  /** States that are stored. */
  readonly states: number;
  /** States that have been expanded in all, restarts included. */
  readonly expanded: number;
  /** Events that have been taken. */
  readonly events: number;
  /** Whether it has stored as many states, or taken as many events, as it may. */
  readonly isFull: boolean;
  /** Whether it has stopped in the midst of a turn, as the host is due for one or the time is over. */
  readonly interrupted: boolean;
  /** False once a reduced search has turned out to leave out next to nothing: the full search is faster then. */
  readonly reduces: boolean;
  /** The first failure; null while there is none. */
  readonly found: Found | null;
  /** Continues until it is full, is interrupted, or `pause`, asked after each turn, says so; true when it is complete. */
  explore(pause: () => boolean): boolean;
}

// A program whose verdict is known, and from where.

import type { Routine } from "millrace";

export interface Known {
  readonly name: string;
  /** The paper, the tool or the project that it comes from. */
  readonly source: string;
  readonly main: () => Routine<unknown>;
  readonly verdict: "ok" | "deadlock" | "leak" | "throw";
  /** It goes on for ever under some schedule, so that only a search through its states comes to an end. */
  readonly endless?: true;
  /** Known counts: all states, all events, the shortest schedule that fails. */
  readonly states?: number;
  readonly events?: number;
  readonly shortest?: number;
  /** Why a count differs from the one that others have published. */
  readonly note?: string;
}

/** Why programs that start a task and call something right after have fewer states here than where threads are preempted. */
export const ONE_TURN =
  "A task begins in a turn of its own: what it was started before, such as a close without waiting, happens first.";

/** Why programs with a timeout have other counts here than where a timeout is a task that sleeps, wakes and sends. */
export const NO_TASK =
  "A timeout is no task here: it fires in one event instead of three, and one that nobody waits for is no event at all.";

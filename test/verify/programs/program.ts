// A program with a known verdict, and its source.

import type { Routine } from "millrace";

export interface Known {
  readonly name: string;
  /** The paper, the tool or the project that it comes from. */
  readonly source: string;
  readonly main: () => Routine<unknown>;
  readonly verdict: "ok" | "deadlock" | "leak" | "throw";
  /** The program runs for ever under some schedule, so only a search of its states ends. */
  readonly endless?: true;
  /** Known counts: all states, all events, the shortest schedule that fails. */
  readonly states?: number;
  readonly events?: number;
  readonly shortest?: number;
  /** Why a count differs from the published count. */
  readonly note?: string;
}

/** Why programs with a plain call after `go` have fewer states here than with threads that are preempted. */
export const ONE_TURN =
  "A task begins in a turn of its own. Plain calls of its starter after `go`, such as a close, happen before that turn.";

/** Why programs with a timeout have other counts here than where a timeout is a task that sleeps, wakes up and sends. */
export const NO_TASK =
  "A timeout is not a task here: it fires in one event instead of three, and in none if no task waits for it.";

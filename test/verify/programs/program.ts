// A program whose verdict is known, and from where.

import type { Routine } from "millrace";

export interface Known {
  readonly name: string;
  /** The paper, the tool or the project that it comes from. */
  readonly source: string;
  readonly main: () => Routine<unknown>;
  readonly verdict: "ok" | "deadlock" | "leak" | "throw";
  /** Known counts: all states, all events, the shortest schedule that fails, schedules by traces. */
  readonly states?: number;
  readonly events?: number;
  readonly shortest?: number;
  readonly executions?: number;
  /** Why a count differs from the one that others have published. */
  readonly note?: string;
}

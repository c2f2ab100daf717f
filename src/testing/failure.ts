// What a test is told when a schedule fails: what happened, in which steps, who is parked where, and how to see it again.

import { DeadlockError } from "../errors.js";
import { type Schedule, tokenOf } from "./token.js";

/** What went wrong under a schedule. */
export type FailureKind = "deadlock" | "throw" | "leak" | "endless" | "escaped";

/** A step of a schedule: who did what. */
export interface Step {
  readonly task: string;
  readonly what: string;
}

/** Thrown by `simulate` and `replay` when the program fails under a schedule. */
export class ScheduleError extends Error {
  readonly kind: FailureKind;
  /** The schedule as a word: `replay(token, main)` runs it again. */
  readonly token: string;
  readonly schedule: Schedule;
  readonly steps: readonly Step[];

  /** @internal */
  constructor(kind: FailureKind, cause: unknown, schedule: Schedule, steps: readonly Step[], found: string) {
    super(reportOf(kind, cause, schedule, steps, found), { cause });
    this.name = "ScheduleError";
    this.kind = kind;
    this.token = tokenOf(schedule);
    this.schedule = schedule;
    this.steps = steps;
  }
}

function reportOf(
  kind: FailureKind,
  cause: unknown,
  schedule: Schedule,
  steps: readonly Step[],
  found: string,
): string {
  const moved = schedule.decisions.filter((decision) => decision > 0).length;
  return [
    `${kind}: ${headline(cause)}`,
    `  ${found}; ${moved === 0 ? "first in, first out" : `${moved} decisions differ from first in, first out`}`,
    ...(cause instanceof DeadlockError ? cause.message.split("\n").slice(1) : []),
    ...table(steps),
    `  replay(${JSON.stringify(tokenOf(schedule))}, main)`,
  ].join("\n");
}

function headline(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return text.split("\n")[0]!;
}

/** The last steps are where it went wrong. */
const SHOWN = 40;

/** A column for each task, a line for each step. */
function table(steps: readonly Step[]): string[] {
  if (steps.length === 0) return [];
  const last = steps.slice(-SHOWN);
  const names = [...new Set(last.map(({ task }) => task))];
  const widths = names.map((name) =>
    Math.max(name.length, ...last.filter(({ task }) => task === name).map(({ what }) => what.length)),
  );
  const count = String(steps.length).length;
  const line = (head: string, cells: readonly string[]): string =>
    `  ${head.padStart(count + 1)}  ${cells.map((cell, at) => cell.padEnd(widths[at]!)).join("  ")}`.trimEnd();
  const skipped = steps.length - last.length;
  return [
    line("", names),
    ...(skipped > 0 ? [`  ${"…".padStart(count + 1)}  ${skipped} steps before`] : []),
    ...last.map(({ task, what }, at) =>
      line(
        `${skipped + at + 1}.`,
        names.map((name) => (name === task ? what : "")),
      ),
    ),
  ];
}

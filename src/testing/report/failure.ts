// What a test is told when a schedule fails: what happened, in which steps, who is parked where, and how to see it again.

import { type Findings, reportOf } from "./report.js";
import type { Schedule } from "./schedule.js";
import type { FailureKind } from "./verdict.js";

/** Thrown by `simulate` and `replay` when the program fails under a schedule; `cause` is what was thrown. */
export class ScheduleError extends Error {
  readonly kind: FailureKind;
  readonly schedule: Schedule;
  /** The schedule as a word: `replay(token, main)` runs it again. */
  readonly token: string;

  /** @internal */
  constructor(findings: Findings) {
    super(reportOf(findings), { cause: findings.cause });
    this.name = "ScheduleError";
    this.kind = findings.kind;
    this.schedule = findings.schedule;
    this.token = findings.token;
  }
}

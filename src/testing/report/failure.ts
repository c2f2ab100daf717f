// The error that a test gets if a schedule fails: the failure, the steps, the parked tasks, and the token for `replay`.

import { type Findings, reportOf } from "./report.js";
import type { Schedule } from "./schedule.js";
import type { FailureKind } from "./verdict.js";

/**
 * Thrown by `simulate` and `replay` if the program fails under a schedule. `cause` is the exception of the program.
 *
 * @example
 * ```ts
 * import { channel } from "millrace";
 * import { ScheduleError, simulate } from "millrace/testing";
 *
 * const stuck = function* () {
 *   yield* channel<string>().receive();
 * };
 * await simulate(stuck).catch((error) => {
 *   if (error instanceof ScheduleError) console.log(error.kind); // deadlock
 * });
 * ```
 */
export class ScheduleError extends Error {
  /** The kind of the failure. */
  readonly kind: FailureKind;
  /** The steps of the schedule, and the tasks that are parked at its end. */
  readonly schedule: Schedule;
  /** The schedule as a short text: `replay(token, main)` runs it again. */
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

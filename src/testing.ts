/**
 * Tests in virtual time, with repeatable schedules and the simplest schedule that fails; and proofs, which explore every schedule.
 *
 * @module millrace/testing
 */

import { followHost } from "./scheduler/whole-host.js";

export { warnUnperformed } from "./lifetime/warnings.js";
export { assertNoLeaks, type Leak, type NoLeaksOptions, type TrackLeaksOptions, trackLeaks } from "./testing/leaks.js";
export { type Cell, cell, invariant } from "./testing/program/cell.js";
export { DONE, type Done, daemon, forever, loop } from "./testing/program/loop.js";
export { replay } from "./testing/replay.js";
export { ScheduleError } from "./testing/report/failure.js";
export { toMermaid } from "./testing/report/mermaid.js";
export type { FailedTask, Schedule, Step, Waiting } from "./testing/report/schedule.js";
export type {
  Bounded,
  Coverage,
  Engine,
  Failed,
  FailureKind,
  Proved,
  Verdict,
  VerifyOptions,
} from "./testing/report/verdict.js";
export type { Faults } from "./testing/simulation/faults.js";
export type { PlayOptions } from "./testing/simulation/play.js";
export { type SimulateOptions, type Simulation, type StrategyName, simulate } from "./testing/simulation/simulate.js";
export { choose, now, settle } from "./testing/simulation/verbs.js";
export { verify } from "./testing/verify.js";

followHost();

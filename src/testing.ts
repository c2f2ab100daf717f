/**
 * Tests without waiting: virtual time, repeatable schedules, the simplest schedule of a failure. And proofs: every schedule.
 *
 * @packageDocumentation
 */

export { type Cell, cell, invariant } from "./testing/cell.js";
export { ScheduleError } from "./testing/failure.js";
export type { Faults } from "./testing/faults.js";
export { assertNoLeaks, type Leak, type NoLeaksOptions, type TrackLeaksOptions, trackLeaks } from "./testing/leaks.js";
export { DONE, type Done, daemon, forever, loop } from "./testing/loop.js";
export { toMermaid } from "./testing/mermaid.js";
export type { PlayOptions } from "./testing/play.js";
export { replay } from "./testing/replay.js";
export type { Schedule, Step, Waiting } from "./testing/schedule.js";
export { type SimulateOptions, type Simulation, type StrategyName, simulate } from "./testing/simulate.js";
export { choose, now, settle } from "./testing/verbs.js";
export type {
  Bounded,
  Coverage,
  Engine,
  Failed,
  FailureKind,
  Proved,
  Verdict,
  VerifyOptions,
} from "./testing/verdict.js";
export { verify } from "./testing/verify.js";

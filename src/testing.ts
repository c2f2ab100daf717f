/**
 * Tests without waiting: virtual time, repeatable schedules, the simplest schedule of a failure.
 *
 * @packageDocumentation
 */

export { type FailureKind, ScheduleError, type Step } from "./testing/failure.js";
export { DONE, type Done, daemon, forever, loop } from "./testing/loop.js";
export { replay, type SimulateOptions, type Simulation, type StrategyName, simulate } from "./testing/simulate.js";
export type { Schedule } from "./testing/token.js";
export { choose, now, settle } from "./testing/verbs.js";
export type { Bounded, Coverage, Failed, Proved, Verdict, VerifyOptions } from "./testing/verdict.js";
export { verify } from "./testing/verify.js";

/**
 * Supervisors: failure is handled in one place. Children are started in order, restarted when they fail, and stopped in reverse
 * order, as by the supervisors of Erlang/OTP.
 *
 * @module millrace/supervise
 */

export { ChildError, MaxRestartsError, type Refusal, StartError } from "./supervise/errors.js";
export type { Exit } from "./supervise/exit.js";
export { supervise } from "./supervise/supervise.js";
export { IGNORE } from "./supervise/tree.js";
export type {
  AnyChild,
  Backoff,
  Child,
  ChildBody,
  ChildContext,
  ChildOptions,
  Children,
  ChildSpec,
  ChildStatus,
  Count,
  Restart,
  StartUp,
  Strategy,
  SuperviseOptions,
  Supervisor,
  SupervisorEvent,
  TreeOptions,
  TreeSpec,
} from "./supervise/types.js";

/**
 * Supervisors and actors: failure is handled in one place. Children are started in order, restarted when they fail, and stopped in
 * reverse order, as by the supervisors of Erlang/OTP. An actor is a child whose mailbox is a typed channel.
 *
 * @module millrace/supervise
 */

export { actor } from "./supervise/actor/actor.js";
export { ask, type Reply } from "./supervise/actor/ask.js";
export { type Isolation, isolate } from "./supervise/actor/isolate.js";
export {
  END,
  type MachineContext,
  type MachineOptions,
  machine,
  type Next,
  type States,
  type Typed,
} from "./supervise/actor/machine.js";
export { link, monitor, type Watched } from "./supervise/actor/monitor.js";
export { type Registry, registry } from "./supervise/actor/registry.js";
export { type Group, type GroupOptions, type Route, type RouterOptions, router } from "./supervise/actor/router.js";
export type {
  ActorContext,
  ActorOptions,
  Behaviour,
  Handler,
  Input,
  Leased,
  Mailbox,
} from "./supervise/actor/types.js";
export { ChildError, MaxRestartsError, type Refusal, StartError } from "./supervise/errors.js";
export type { Exit } from "./supervise/exit.js";
export { pool, supervise } from "./supervise/supervise.js";
export { IGNORE } from "./supervise/tree.js";
export type {
  Actor,
  ActorSpec,
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
  Keeping,
  OutermostOptions,
  Pool,
  PoolOptions,
  PoolSpec,
  PoolTreeOptions,
  Restart,
  StartUp,
  Strategy,
  Supervisable,
  SuperviseOptions,
  Supervisor,
  SupervisorEvent,
  TemplateBody,
  TreeOptions,
  TreeSpec,
  WorkerSpec,
} from "./supervise/types.js";

/**
 * CSP channels and go blocks: everything that can wait is an operation, performed with `yield*` or `await`.
 *
 * @packageDocumentation
 */

export { aborted, always, guard, never, settled, withNack } from "./basic.js";
export { type Buffer, dropping, fixed, sliding, type UnboundedOptions, unbounded } from "./buffer.js";
export {
  type Channel,
  type ChannelOptions,
  CLOSED,
  type Closed,
  channel,
  EMPTY,
  type ReceiveChannel,
  type SendChannel,
} from "./channel.js";
export { sleep, type Ticker, type TickerOptions, ticker, timeout, withTimeout } from "./clock.js";
export { CancelledError, DeadlockError, type ParkedTask, TimeoutError } from "./errors.js";
export { type AsyncRoutine, Operation, type Parked, type Routine, type Value } from "./operation.js";
export { promiseChannel } from "./promise-channel.js";
export { type Received, receiveAny } from "./receive-any.js";
export { run } from "./run.js";
export { type Scope, type ScopeOptions, scope } from "./scope.js";
export {
  alt,
  type Case,
  type Cases,
  type Selected,
  type SelectMode,
  type SelectOptions,
  select,
  when,
} from "./select.js";
export { go, pause, Task, type TaskStatus } from "./task.js";
export type { Reduced, Transducer, Transformer } from "./transducer.js";

/**
 * CSP channels and go blocks: everything that can wait is an operation, performed with `yield*` or `await`.
 *
 * @packageDocumentation
 */

export { always, aborted, guard, never, settled, withNack } from "./basic.js";
export { type Buffer, dropping, fixed, sliding, unbounded, type UnboundedOptions } from "./buffer.js";
export {
  type Channel,
  channel,
  type ChannelOptions,
  CLOSED,
  type Closed,
  EMPTY,
  type ReceiveChannel,
  type SendChannel,
} from "./channel.js";
export { sleep, type Ticker, ticker, type TickerOptions, timeout, withTimeout } from "./clock.js";
export { CancelledError, DeadlockError, type ParkedTask, TimeoutError } from "./errors.js";
export { type AsyncRoutine, Operation, type Parked, type Routine, type Value } from "./operation.js";
export { promiseChannel } from "./promise-channel.js";
export { receiveAny, type Received } from "./receive-any.js";
export { run } from "./run.js";
export { type Scope, scope, type ScopeOptions } from "./scope.js";
export { alt, type Case, type Cases, select, type Selected, type SelectMode, type SelectOptions, when } from "./select.js";
export { go, pause, Task, type TaskStatus } from "./task.js";
export type { Reduced, Transducer, Transformer } from "./transducer.js";

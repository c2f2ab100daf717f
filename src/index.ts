/**
 * CSP channels and go blocks: everything that can wait is an operation, performed with `yield*` or `await`.
 *
 * @packageDocumentation
 */

export { always, guard, never, withNack } from "./basic.js";
export { aborted, settled } from "./bridge.js";
export { type Buffer, dropping, fixed, sliding, type UnboundedOptions, unbounded } from "./buffer.js";
export { random } from "./chance.js";
export { channel } from "./channel.js";
export type { SelectMode } from "./choice.js";
export { now, sleep, type Ticker, type TickerOptions, ticker, timeout, withTimeout } from "./clock.js";
export { derive, type Emitter, type Feed } from "./derive.js";
export {
  type Channel,
  type ChannelOptions,
  CLOSED,
  type Closed,
  EMPTY,
  type ReceiveChannel,
  type SendChannel,
} from "./ends.js";
export { CancelledError, DeadlockError, type ParkedTask, TimeoutError } from "./errors.js";
export { batch } from "./flow/batch.js";
export { type Broadcast, type BroadcastOptions, broadcast } from "./flow/broadcast.js";
export { buffer } from "./flow/buffer.js";
export { collect, forEach, reduce } from "./flow/collect.js";
export { type Combined, combineLatest } from "./flow/combine-latest.js";
export { concat } from "./flow/concat.js";
export type { PipelineOptions } from "./flow/crew.js";
export { debounce } from "./flow/debounce.js";
export { delay } from "./flow/delay.js";
export { fanIn } from "./flow/fan-in.js";
export { flatPipeline } from "./flow/flat-pipeline.js";
export { from, type Source } from "./flow/from.js";
export { type EmitterLike, type EventName, type EventOf, type EventOptions, fromEvent } from "./flow/from-event.js";
export { type Group, type GroupOptions, group } from "./flow/group.js";
export type { Events, ListenOptions } from "./flow/listening.js";
export { type Keyed, merge } from "./flow/merge.js";
export { type Mix, type MixOptions, type MixState, mix } from "./flow/mix.js";
export type { ObservableLike, Observer } from "./flow/observe.js";
export type { OutletOptions } from "./flow/outlets.js";
export { type Part, type PartitionOptions, partition } from "./flow/partition.js";
export { type PipeOptions, pipe } from "./flow/pipe.js";
export { pipeline } from "./flow/pipeline.js";
export { type ProduceOptions, produce } from "./flow/produce.js";
export { type Publisher, publish } from "./flow/publish.js";
export { race } from "./flow/race.js";
export type { FlowOptions } from "./flow/release.js";
export { type RetryOptions, retry } from "./flow/retry.js";
export { sample } from "./flow/sample.js";
export type { Settleable } from "./flow/settle.js";
export type { Channels } from "./flow/sources.js";
export { type SplitOptions, split } from "./flow/split.js";
export { Stream, stream } from "./flow/stream.js";
export { type ReadableStreamOptions, toReadableStream, toWritableStream } from "./flow/streams.js";
export { DisconnectedError, type Policy, type SubscribeOptions, type Subscription } from "./flow/subscription.js";
export { type ThrottleOptions, throttle } from "./flow/throttle.js";
export { through } from "./flow/through.js";
export { type Watch, type WatchOptions, watch } from "./flow/watch.js";
export { workers } from "./flow/workers.js";
export { type ZipOptions, zip } from "./flow/zip.js";
export { go, pause } from "./go.js";
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
  type SelectOptions,
  select,
  when,
} from "./select.js";
export { Barrier } from "./sync/barrier.js";
export { Condition } from "./sync/condition.js";
export { Latch } from "./sync/latch.js";
export { Lease } from "./sync/lease.js";
export type { SyncOptions } from "./sync/line.js";
export { Mutex } from "./sync/mutex.js";
export { once } from "./sync/once.js";
export { Pool, PoolLease } from "./sync/pool.js";
export { RateLimiter, type RateLimiterOptions } from "./sync/rate-limiter.js";
export { RwLock } from "./sync/rw-lock.js";
export { Semaphore } from "./sync/semaphore.js";
export { type SingleflightOptions, singleflight } from "./sync/singleflight.js";
export type { PoolOptions } from "./sync/stock.js";
export { WaitGroup } from "./sync/wait-group.js";
export { Task, type TaskStatus } from "./task.js";
export type { Reduced, Transducer, Transformer } from "./transducer.js";
export { upon } from "./upon.js";

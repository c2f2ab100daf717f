/**
 * CSP channels and go blocks: everything that can wait is an operation, which you perform with `yield*` or `await`.
 *
 * @module millrace
 */

export { type Buffer, dropping, fixed, sliding, type UnboundedOptions, unbounded } from "./channel/buffer.js";
export { channel } from "./channel/channel.js";
export {
  type Channel,
  type ChannelOptions,
  CLOSED,
  type Closed,
  EMPTY,
  type Empty,
  type OwnedChannel,
  type ReceiveChannel,
  type SendChannel,
} from "./channel/ends.js";
export { promiseChannel } from "./channel/promise-channel.js";
export { type Received, receiveAny } from "./channel/receive-any.js";
export type { Reduced, Transducer, Transformer } from "./channel/transducer.js";
export type { SelectMode } from "./choice/choice.js";
export {
  alt,
  type Case,
  type Cases,
  type Selected,
  type SelectOptions,
  select,
  when,
} from "./choice/select.js";
export { derive, type Emitter, type Feed } from "./derived/derive.js";
export { from, type Source } from "./flow/bridge/from.js";
export { type EmitterOptions, type EndOptions, type EventOptions, fromEvent } from "./flow/bridge/from-event.js";
export type { Events, ListenOptions } from "./flow/bridge/listening.js";
export { type NextEmittedOptions, type NextEventOptions, nextEvent } from "./flow/bridge/next-event.js";
export type { ObservableLike, Observer } from "./flow/bridge/observe.js";
export { type ReadableStreamOptions, toReadableStream, toWritableStream } from "./flow/bridge/streams.js";
export type {
  Emitted,
  EmitterLike,
  EventName,
  EventOf,
  EventsOf,
  TargetOptions,
  TypeOf,
} from "./flow/bridge/targets.js";
export { collect, forEach, reduce } from "./flow/ends/collect.js";
export { first } from "./flow/ends/first.js";
export { type PipeOptions, pipe } from "./flow/ends/pipe.js";
export { type ProduceOptions, produce } from "./flow/ends/produce.js";
export type { FlowOptions } from "./flow/ends/release.js";
export type { Input } from "./flow/ends/source.js";
export { type Broadcast, type BroadcastOptions, broadcast } from "./flow/spread/broadcast.js";
export type { DistributionOptions } from "./flow/spread/distributor.js";
export { type Mix, type MixOptions, type MixState, mix } from "./flow/spread/mix.js";
export type { OutletOptions } from "./flow/spread/outputs.js";
export { type Part, type PartitionOptions, partition } from "./flow/spread/partition.js";
export { type Publisher, publish } from "./flow/spread/publish.js";
export { type SplitOptions, split } from "./flow/spread/split.js";
export {
  DisconnectedError,
  type Policy,
  type SubscribeOptions,
  type Subscription,
} from "./flow/spread/subscription.js";
export { type Watch, type WatchOptions, watch } from "./flow/spread/watch.js";
export { Stream, stream } from "./flow/stream.js";
export { batch } from "./flow/time/batch.js";
export { buffer } from "./flow/time/buffer.js";
export { type DebounceOptions, debounce } from "./flow/time/debounce.js";
export { delay } from "./flow/time/delay.js";
export type { AheadOptions } from "./flow/time/read-ahead.js";
export { sample } from "./flow/time/sample.js";
export { type ThrottleOptions, throttle } from "./flow/time/throttle.js";
export { type Combined, combineLatest } from "./flow/view/combine-latest.js";
export { concat } from "./flow/view/concat.js";
export { type Keyed, merge } from "./flow/view/merge.js";
export { type PauseSwitch, pausable } from "./flow/view/pausable.js";
export { race } from "./flow/view/race.js";
export type { Channels } from "./flow/view/sources.js";
export { through } from "./flow/view/through.js";
export { type ZipOptions, zip } from "./flow/view/zip.js";
export { fanIn } from "./flow/work/fan-in.js";
export { flatPipeline } from "./flow/work/flat-pipeline.js";
export { type Group, type GroupOptions, group, type Started } from "./flow/work/group.js";
export { exhaust, latest } from "./flow/work/latest.js";
export type { PipelineOptions } from "./flow/work/ordered-work.js";
export { pipeline } from "./flow/work/pipeline.js";
export { type RetryOptions, retry } from "./flow/work/retry.js";
export { all, any, type HedgeOptions, hedge, type ResultOf, type ResultsOf } from "./flow/work/together.js";
export { workers } from "./flow/work/workers.js";
export { run } from "./lifetime/run.js";
export { type Scope, type ScopeOptions, scope } from "./lifetime/scope.js";
export { always, guard, never, withNack } from "./operation/basic.js";
export { aborted, settled } from "./operation/bridge.js";
export {
  type AsyncRoutine,
  Operation,
  type Parked,
  type Routine,
  type Value,
  type WaitsFor,
} from "./operation/operation.js";
export { upon } from "./operation/upon.js";
export { Waiters } from "./operation/waiters.js";
export { random } from "./scheduler/scheduler.js";
export { CancelledError, DeadlockError, type ParkedTask, TimeoutError } from "./structures/errors.js";
export { named } from "./structures/named.js";
export { Barrier } from "./sync/barrier.js";
export { Condition } from "./sync/condition.js";
export { Latch } from "./sync/latch.js";
export { Lease } from "./sync/lease.js";
export { Mutex } from "./sync/mutex.js";
export { once } from "./sync/once.js";
export { Pool, PoolLease } from "./sync/pool.js";
export type { PoolOptions } from "./sync/pool-resources.js";
export { RateLimiter, type RateLimiterOptions } from "./sync/rate-limiter.js";
export { RwLock } from "./sync/rw-lock.js";
export { Semaphore } from "./sync/semaphore.js";
export { type SingleflightOptions, singleflight } from "./sync/singleflight.js";
export { WaitGroup } from "./sync/wait-group.js";
export type { RequestOptions, SyncOptions } from "./sync/wait-queue.js";
export { call } from "./task/call.js";
export { go, pause } from "./task/go.js";
export { type CancelOptions, Task, type TaskStatus } from "./task/task.js";
export type { Returned, Settleable, Work } from "./task/work.js";
export { now, type SleepOptions, sleep } from "./time/sleep.js";
export { type Ticker, type TickerOptions, ticker } from "./time/ticker.js";
export { timeout, withTimeout } from "./time/timeout.js";

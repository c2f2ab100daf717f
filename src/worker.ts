/**
 * Threads and processes whose channels are ordinary channels: workers as children of a supervisor, and pipelines over threads.
 *
 * @module millrace/worker
 */

export { expose, type Main, type WorkerContext } from "./worker/expose.js";
export {
  type ExposeStageOptions,
  exposeStage,
  type ParallelOptions,
  parallel,
  type StageOptions,
  type WorkerPool,
  type WorkerPoolOptions,
  workerPool,
} from "./worker/parallel.js";
export type { Worker, WorkerExit, WorkerOptions, WorkerSource } from "./worker/types.js";
export { worker, workerOf } from "./worker/worker.js";

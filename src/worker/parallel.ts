// A pipeline whose stage runs in threads.
//
// Values are pulled: a value is given to a worker when the worker has room for it, so a slow worker gets fewer. The room of a worker is
// the number of values that it may hold. The worker says how long each value took, and the room holds work for a few milliseconds: a
// message, which wakes a thread, then carries several values, and no worker hoards for long what another could do. Results are posted
// when half of the room is computed, so the next values arrive while the worker computes the other half.

import type { Channel, OwnedChannel } from "../channel/ends.js";
import { type Input, sourceOf } from "../flow/ends/source.js";
import type { PipelineOptions } from "../flow/work/ordered-work.js";
import { pipeline } from "../flow/work/pipeline.js";
import { all } from "../flow/work/together.js";
import { guard } from "../operation/basic.js";
import { Operation, type Routine, type WaitsFor } from "../operation/operation.js";
import { upon } from "../operation/upon.js";
import { Waiters } from "../operation/waiters.js";
import type { Connection } from "../remote/connection.js";
import { PeerLostError } from "../remote/errors.js";
import { assertCallback, assertFunction, assertOptions, wholeNumber } from "../structures/arguments.js";
import { functionOf, isValue, type Returned, settle } from "../task/work.js";
import { now } from "../time/sleep.js";
import { expose } from "./expose.js";
import type { Worker, WorkerOptions, WorkerSource } from "./types.js";
import { worker } from "./worker.js";

/** The name of the question that a stage answers. */
const STAGE = "millrace/stage";

/** A value, and how many results its worker may keep before it posts them. */
type Question<T> = readonly [T, number];

/** A result, and how many milliseconds it took. */
type Answer<U> = readonly [U, number];

/** Milliseconds of work after which a worker posts its results, few as they may be: some values take longer than others. */
const POSTED_AFTER = 4;

/** Options of {@link workerPool}. */
export interface WorkerPoolOptions extends Pick<WorkerOptions, "kind" | "name" | "limits" | "host" | "shutdown"> {
  /** The most values that a worker holds, the one that it works on included; 32 by default. */
  readonly prefetch?: number;
}

/** Options of {@link parallel} over a pool. */
export interface StageOptions<T, U> extends PipelineOptions<U> {
  /**
   * What happens to the values that a worker held when it died. A number (3 by default): each is given to another worker, until so
   * many workers in all have died with it. 1 means that none is. Then the output closes with the `PeerLostError`.
   */
  readonly attempts?: number;
  /** Lists what is to be moved with a value, and not copied. A value that was moved dies with its worker, so `attempts` is 1. */
  readonly transfer?: (value: T) => Transferable[];
}

/** Options of {@link parallel}. */
export interface ParallelOptions<T, U> extends StageOptions<T, U>, WorkerPoolOptions {}

/** Workers for any number of calls of {@link parallel}, made by {@link workerPool}. */
export interface WorkerPool extends AsyncDisposable {
  /** How many workers there are at most. */
  readonly size: number;
  /**
   * Stops the workers, each within its grace (`shutdown`).
   *
   * Parks until they have ended. Values that they hold, and values that come later, fail.
   */
  stop(reason?: unknown): Operation<void>;
}

/**
 * Keeps up to `n` workers for calls of {@link parallel}. To start a thread takes far longer than most values, and code is faster once it
 * has run for a while, so keep a pool where `parallel` is called again and again.
 *
 * A worker starts when a value is there for it, and one that dies is replaced. The process stays alive until the pool is stopped: stop it,
 * or declare it with `await using`.
 *
 * @param url - The file of the workers, which calls {@link exposeStage}, or a function that starts one.
 * @throws RangeError if `n` or `prefetch` is no whole number from 1 on.
 * @example
 * ```ts
 * import { collect } from "millrace";
 * import { parallel, workerPool } from "millrace/worker";
 *
 * const file = `
 *   import { exposeStage } from "${import.meta.resolve("millrace/worker")}";
 *   exposeStage((n) => n * n);
 * `;
 * const pool = workerPool(2, new URL(`data:text/javascript,${encodeURIComponent(file)}`));
 * console.log(await collect(parallel<number, number>(pool, [1, 2, 3]))); // [ 1, 4, 9 ]
 * console.log(await collect(parallel<number, number>(pool, [4, 5]))); // [ 16, 25 ]
 * await pool.stop();
 * ```
 */
export function workerPool(n: number, url: WorkerSource, options: WorkerPoolOptions = {}): WorkerPool {
  return crewOf("make worker pool", n, url, options);
}

function crewOf(act: string, n: number, url: WorkerSource, options: WorkerPoolOptions): Crew {
  wholeNumber(act, "n", n, 1);
  assertOptions(act, options);
  const { prefetch = 32, ...hiring } = options;
  wholeNumber(act, "prefetch", prefetch, 1);
  return new Crew(n, prefetch, url, hiring);
}

/**
 * Runs a stage in `n` threads, and yields the results in the order of the source. The file of the workers calls
 * {@link exposeStage}. A worker that dies is replaced, and what it held is given to another, so a stage may see a value more than once.
 *
 * Closes when: the source has ended and all results are delivered. When a stage throws, the output closes at once with that error.
 * Cancelling the output gives up the source. In all three cases the workers are stopped, unless they belong to a pool.
 *
 * At most `n * prefetch` values are in flight, including results that wait for their turn or their receiver.
 *
 * @param n - How many workers there are, or a {@link WorkerPool}.
 * @param source - What to read: a channel, a `Stream`, or anything iterable.
 * @param url - The file of the workers, or a function that starts one. A pool has it already.
 * @param options - `ordered`, `prefetch`, `attempts`, `transfer`, those of `worker` and those of `pipeline`.
 * @throws RangeError if `n`, `prefetch` or `attempts` is no whole number from 1 on.
 * @example
 * ```ts
 * import { parallel } from "millrace/worker";
 *
 * const file = `
 *   import { exposeStage } from "${import.meta.resolve("millrace/worker")}";
 *   exposeStage((n) => n * n);
 * `;
 * const squares = parallel<number, number>(2, [1, 2, 3], new URL(`data:text/javascript,${encodeURIComponent(file)}`));
 * for await (const square of squares) console.log(square); // 1, 4, 9
 * ```
 */
export function parallel<T, U>(
  n: number,
  source: Input<T>,
  url: WorkerSource,
  options?: ParallelOptions<T, U>,
): OwnedChannel<U>;
export function parallel<T, U>(pool: WorkerPool, source: Input<T>, options?: StageOptions<T, U>): OwnedChannel<U>;
export function parallel<T, U>(
  n: number | WorkerPool,
  source: Input<T>,
  ...rest: [(WorkerSource | StageOptions<T, U>)?, ParallelOptions<T, U>?]
): OwnedChannel<U> {
  if (n instanceof Crew) return stageOver<T, U>(n, source, rest[0] as StageOptions<T, U> | undefined);
  const [url, options = {}] = rest as [WorkerSource, ParallelOptions<T, U>?];
  assertOptions(ACT, options);
  const { ordered, onUndelivered, own, attempts, transfer, ...hiring } = options;
  const crew = crewOf(ACT, n as number, url, hiring);
  const out = stageOver<T, U>(crew, source, options);
  // Also when its receiver cancels it.
  upon((out as unknown as Channel<U>).whenClosed(), () => crew.dismiss());
  return out;
}

const ACT = "start parallel";

function stageOver<T, U>(crew: Crew, source: Input<T>, options: StageOptions<T, U> = {}): OwnedChannel<U> {
  assertOptions(ACT, options);
  const { ordered, onUndelivered, own, transfer, attempts = transfer === undefined ? 3 : 1 } = options;
  wholeNumber(ACT, "attempts", attempts, 1);
  assertCallback(ACT, "transfer", transfer);
  if (transfer !== undefined && attempts > 1)
    throw new RangeError(
      `Cannot ${ACT}: attempts must be 1 with transfer, as a value that was moved dies with its worker, got ${attempts}`,
    );
  const from = sourceOf(ACT, source);
  const asking = transfer === undefined ? {} : { transfer: ([value]: Question<T>): Transferable[] => transfer(value) };
  const flow = {
    ...(ordered !== undefined && { ordered }),
    ...(onUndelivered !== undefined && { onUndelivered }),
    ...(own !== undefined && { own }),
  };
  return pipeline<T, U>(
    from,
    crew.size * crew.prefetch,
    // A plain generator function: one with a wrapper would get an AbortSignal for each value.
    function* (value: T): Routine<U> {
      for (let left = attempts; ; ) {
        const place = yield* crew.room();
        try {
          const [result, ms] = yield* place.connection.ask<Question<T>, Answer<U>>(
            STAGE,
            [value, place.room >> 1],
            asking,
          );
          place.answered(ms);
          return result;
        } catch (error) {
          if (!(error instanceof PeerLostError) || --left === 0) throw error;
        } finally {
          place.leave();
        }
      }
    },
    flow,
  );
}

/** Options of {@link exposeStage}. */
export interface ExposeStageOptions<U> {
  /** Lists what is to be moved with a result, and not copied. */
  readonly transfer?: (result: U) => Transferable[];
}

/**
 * Makes a worker's file a stage of {@link parallel}: `stage` gets each value, and returns the result or a promise, an operation or a
 * routine of it. Call it once, before the first `await` at the top level of the file.
 *
 * @throws TypeError if `stage` is no function.
 */
export function exposeStage<T, U>(stage: (value: T) => Returned<U>, options: ExposeStageOptions<U> = {}): void {
  const act = "expose stage";
  assertFunction(act, "stage", stage);
  assertOptions(act, options);
  const { transfer } = options;
  assertCallback(act, "transfer", transfer);
  const work = functionOf<U, [T]>(stage, 1);
  let kept = 0;
  let computed = 0;
  let most = 1;
  const answering = {
    ...(transfer !== undefined && { transfer: ([result]: Answer<U>): Transferable[] => transfer(result) }),
    prompt: ([, ms]: Answer<U>): boolean => {
      computed += ms;
      if (++kept < most && computed < POSTED_AFTER) return false;
      kept = computed = 0;
      return true;
    },
  };
  expose((connection) => {
    connection.serve<Question<T>, Answer<U>>(
      STAGE,
      ([value, half]: Question<T>) => {
        most = half;
        const begun = now();
        const made = work(value);
        return isValue(made) ? ([made, now() - begun] as const) : waiting(settle(made));
      },
      answering,
    );
  });
}

/** The answer of a stage that waits. Meanwhile its thread can do other things, so no time is counted. */
function* waiting<U>(made: Operation<U> | Routine<U>): Routine<Answer<U>> {
  return [yield* made, 0];
}

/** Milliseconds of work that a worker may hold: many times the way of a message, there and back. */
const AHEAD = 8;

/** The place of a worker. One that has died is replaced when the place is next used. */
class Place {
  held: number;
  room: number;
  private readonly _crew: Crew;
  private _worker: Worker | null;
  /** Milliseconds that a value takes. */
  private _average: number;

  constructor(crew: Crew) {
    this.held = 0;
    this._average = AHEAD;
    this.room = Math.min(2, crew.prefetch);
    this._crew = crew;
    this._worker = null;
  }

  get connection(): Connection {
    if (this._worker === null || this._worker.connection.closed) {
      this._worker = this._crew.hire();
      // How it ends is told by the questions that it does not answer.
      upon(this._worker.exited(), nothing, nothing);
    }
    return this._worker.connection;
  }

  /** A value took the worker so long. */
  answered(ms: number): void {
    this._average += (ms - this._average) / 8;
    const { prefetch } = this._crew;
    const wanted = Math.min(prefetch, Math.max(2, Math.ceil(AHEAD / this._average)));
    this.room = Math.min(wanted, this.room * 2, prefetch);
  }

  leave(): void {
    this.held--;
    this._crew.next();
  }

  /** Stops its worker. */
  *stop(reason: unknown): Routine<void> {
    const leaving = this._worker;
    this._worker = null;
    if (leaving !== null) yield* leaving.stop(reason);
  }
}

/** The workers of a pool, or of one pipeline. */
class Crew implements WorkerPool {
  readonly prefetch: number;
  readonly waiting: Waiters<Room>;
  private readonly _places: readonly Place[];
  private readonly _source: WorkerSource;
  private readonly _options: WorkerOptions;
  private _stopped: boolean;

  constructor(n: number, prefetch: number, source: WorkerSource, options: WorkerOptions) {
    this.prefetch = prefetch;
    this.waiting = new Waiters();
    this._source = source;
    this._options = options;
    this._stopped = false;
    this._places = Array.from({ length: n }, () => new Place(this));
  }

  get size(): number {
    return this._places.length;
  }

  stop(reason?: unknown): Operation<void> {
    return guard(() => this._stop(reason));
  }

  private _stop(reason: unknown): Operation<void> {
    this._stopped = true;
    return all(this._places.map((place) => () => place.stop(reason))).map(nothing);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  hire(): Worker {
    if (this._stopped) throw new Error(`Cannot ${ACT}: its worker pool must run, got one that was stopped`);
    return worker(this._source, this._options);
  }

  /** Waits for a place that has room, and takes it. */
  room(): Operation<Place> {
    return new Room(this);
  }

  /** The place that holds the fewest values, if there is room. */
  take(): Place | null {
    let best: Place | null = null;
    for (const place of this._places)
      if (place.held < place.room && (best === null || place.held < best.held)) best = place;
    if (best !== null) best.held++;
    return best;
  }

  /** Gives room to those that wait for it. */
  next(): void {
    while (this.waiting.first !== null) {
      const place = this.take();
      if (place === null) return;
      this.waiting.next()!.complete(place);
    }
  }

  /** Stops the workers, and waits for nothing. */
  dismiss(): void {
    upon(this.stop("no more values"), nothing, nothing);
  }
}

class Room extends Operation<Place> {
  private readonly _crew: Crew;

  constructor(crew: Crew) {
    super();
    this._crew = crew;
  }

  poll(): boolean {
    this.value = this._crew.waiting.first === null ? this._crew.take() : null;
    return this.value !== null;
  }

  block(): void {
    this._crew.waiting.join(this);
  }

  override unblock(): void {
    this._crew.waiting.leave(this);
  }

  override discard(): void {
    (this.value as Place).leave();
  }

  override waitsFor(): WaitsFor {
    return { what: "a worker of parallel", external: true };
  }
}

function nothing(): void {}

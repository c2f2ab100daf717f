// A pipeline whose stage runs in threads.
//
// Values are pulled: a value is given to a worker when the worker has room for it, so a slow worker gets fewer. The room of a worker is
// the number of values that it may hold. The worker says how long each value took. The room holds work for the time that a message
// takes, so that tiny values travel many in a message and no worker runs dry, and no worker hoards what another could do.

import type { Channel, OwnedChannel } from "../channel/ends.js";
import { type Input, sourceOf } from "../flow/ends/source.js";
import type { PipelineOptions } from "../flow/work/ordered-work.js";
import { pipeline } from "../flow/work/pipeline.js";
import { Operation, type Routine, type WaitsFor } from "../operation/operation.js";
import { upon } from "../operation/upon.js";
import { Waiters } from "../operation/waiters.js";
import type { Connection } from "../remote/connection.js";
import { PeerLostError } from "../remote/errors.js";
import { assertFunction, assertOptions, wholeNumber } from "../structures/arguments.js";
import { named } from "../structures/named.js";
import { functionOf, isValue, type Returned, settle } from "../task/work.js";
import { now } from "../time/sleep.js";
import { expose } from "./expose.js";
import type { Worker, WorkerOptions, WorkerSource } from "./types.js";
import { worker } from "./worker.js";

/** The name of the question that a stage answers. */
const STAGE = "millrace/stage";

/** Options of {@link parallel}. */
export interface ParallelOptions<U>
  extends PipelineOptions<U>,
    Pick<WorkerOptions, "kind" | "name" | "limits" | "host" | "shutdown"> {
  /** The most values that a worker holds, the one that it works on included; 32 by default. */
  readonly prefetch?: number;
  /**
   * What happens to the values that a worker held when it died. A number (3 by default): each is given to another worker, until so
   * many workers in all have died with it. 1 means that none is. Then the output closes with the `PeerLostError`.
   */
  readonly attempts?: number;
}

/**
 * Runs a stage in `n` threads, and yields the results in the order of the source. The file of the workers calls
 * {@link exposeStage}. A worker that dies is replaced, and what it held is given to another, so a stage may see a value more than once.
 *
 * Closes when: the source has ended and all results are delivered. When a stage throws, the output closes at once with that error.
 * Cancelling the output gives up the source. In all three cases the workers are stopped.
 *
 * At most `n * prefetch` values are in flight, including results that wait for their turn or their receiver.
 *
 * @param n - How many workers there are.
 * @param source - What to read: a channel, a `Stream`, or anything iterable.
 * @param url - The file of the workers, or a function that starts one.
 * @param options - `ordered`, `prefetch`, `attempts`, those of `worker` and those of `pipeline`.
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
  options: ParallelOptions<U> = {},
): OwnedChannel<U> {
  const act = "start parallel";
  wholeNumber(act, "n", n, 1);
  assertOptions(act, options);
  const { prefetch = 32, attempts = 3, ordered, onUndelivered, own, ...hiring } = options;
  wholeNumber(act, "prefetch", prefetch, 1);
  wholeNumber(act, "attempts", attempts, 1);
  const from = sourceOf(act, source);
  const crew = new Crew(n, prefetch, url, hiring);
  const flow = {
    ...(ordered !== undefined && { ordered }),
    ...(onUndelivered !== undefined && { onUndelivered }),
    ...(own !== undefined && { own }),
  };
  const out = pipeline<T, U>(
    from,
    n * prefetch,
    named("parallel", function* (value: T): Routine<U> {
      for (let left = attempts; ; ) {
        const place = yield* crew.room();
        try {
          const [result, ms] = yield* place.connection.ask<T, readonly [U, number]>(STAGE, value);
          place.answered(ms);
          return result;
        } catch (error) {
          if (!(error instanceof PeerLostError) || --left === 0) throw error;
        } finally {
          place.leave();
        }
      }
    }),
    flow,
  );
  // Also when its receiver cancels it.
  upon((out as unknown as Channel<U>).whenClosed(), () => crew.dismiss());
  return out;
}

/**
 * Makes a worker's file a stage of {@link parallel}: `stage` gets each value, and returns the result or a promise, an operation or a
 * routine of it. Call it once, before the first `await` at the top level of the file.
 *
 * @throws TypeError if `stage` is no function.
 */
export function exposeStage<T, U>(stage: (value: T) => Returned<U>): void {
  assertFunction("expose stage", "stage", stage);
  const work = functionOf<U, [T]>(stage, 1);
  expose((connection) => {
    connection.serve(STAGE, (value: T) => {
      const begun = now();
      const made = work(value);
      return isValue(made) ? ([made, now() - begun] as const) : waiting(settle(made));
    });
  });
}

/** The answer of a stage that waits. Meanwhile its thread can do other things, so no time is counted. */
function* waiting<U>(made: Operation<U> | Routine<U>): Routine<readonly [U, number]> {
  return [yield* made, 0];
}

/** Milliseconds of work that a worker may hold: enough for the way of a message, there and back. */
const AHEAD = 2;

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

  dismiss(): void {
    if (this._worker !== null) upon(this._worker.stop("no more values"), nothing, nothing);
  }
}

/** The workers of a pipeline. */
class Crew {
  readonly prefetch: number;
  readonly waiting: Waiters<Room>;
  private readonly _places: readonly Place[];
  private readonly _source: WorkerSource;
  private readonly _options: WorkerOptions;

  constructor(n: number, prefetch: number, source: WorkerSource, options: WorkerOptions) {
    this.prefetch = prefetch;
    this.waiting = new Waiters();
    this._source = source;
    this._options = options;
    this._places = Array.from({ length: n }, () => new Place(this));
  }

  hire(): Worker {
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

  dismiss(): void {
    for (const place of this._places) place.dismiss();
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

// The combinators as a chain that reads top to bottom. A stream holds a source and the steps without time that are not
// applied yet. Any other method applies them as one view, so that a run of such steps costs one hand-over.

import type { Buffer } from "../channel/buffer.js";
import type { Closed, OwnedChannel, ReceiveChannel, SendChannel } from "../channel/ends.js";
import type { Transducer } from "../channel/transducer.js";
import type { Operation } from "../operation/operation.js";
import { shown } from "../structures/errors.js";
import { readable } from "../structures/readable.js";
import type { Task } from "../task/task.js";
import type { Work } from "../task/work.js";
import {
  batch as batches,
  compose,
  dedupe,
  distinct,
  drop,
  dropWhile,
  filter,
  flatMap,
  map,
  scan,
  take,
  takeWhile,
  tap,
  window,
} from "../transducers.js";
import { from, type Source } from "./bridge/from.js";
import { collect, forEach, reduce } from "./ends/collect.js";
import { first } from "./ends/first.js";
import { type PipeOptions, pipe } from "./ends/pipe.js";
import { release } from "./ends/release.js";
import type { Input } from "./ends/source.js";
import { batch } from "./time/batch.js";
import { buffer } from "./time/buffer.js";
import { type DebounceOptions, debounce } from "./time/debounce.js";
import { delay } from "./time/delay.js";
import { sample } from "./time/sample.js";
import { type ThrottleOptions, throttle } from "./time/throttle.js";
import { concat } from "./view/concat.js";
import { merge } from "./view/merge.js";
import { type PauseSwitch, pausable } from "./view/pausable.js";
import type { Channels } from "./view/sources.js";
import { through } from "./view/through.js";
import { zip } from "./view/zip.js";
import { flatPipeline } from "./work/flat-pipeline.js";
import { exhaust, latest } from "./work/latest.js";
import type { PipelineOptions } from "./work/ordered-work.js";
import { pipeline } from "./work/pipeline.js";
import { workers } from "./work/workers.js";

type Of<C> = C extends Input<infer T> ? T : never;

/**
 * A chain of combinators over a channel, made by {@link stream}. Each method returns a new stream and does not change this
 * one. But all streams over one source share its values: each value goes to the stream that receives it first.
 *
 * The steps without time are the steps of `millrace/transducers`, and receive only on demand. `batch` with `ms`,
 * `debounce`, `throttle`, `sample`, `delay`, `buffer`, `latest`, `exhaust` and the pipelines are the functions of the same names, and
 * read ahead.
 *
 * An ending that stops early releases what the chain has made, and an iterable or a web stream that the chain started with.
 * A channel that you created stays open.
 */
export class Stream<out T> implements AsyncIterable<T>, Disposable {
  private readonly _source: OwnedChannel<unknown>;
  private readonly _steps: Transducer<unknown, T> | null;

  /** @internal Call `stream` to create one. */
  constructor(source: OwnedChannel<unknown>, steps: Transducer<unknown, T> | null) {
    this._source = source;
    this._steps = steps;
    readable(this, () => `Stream of ${source}`);
  }

  /**
   * Applies a transducer: a step of `millrace/transducers`, or of any library that supports the protocol.
   *
   * @throws TypeError when the step is not a function.
   */
  through<U>(step: Transducer<T, U>): Stream<U> {
    if (typeof step !== "function")
      throw new TypeError(`Cannot transform: step must be a transducer function, got ${shown(step)}`);
    const { _steps: steps } = this;
    // Without earlier steps, the source has values of type T.
    return new Stream(
      this._source,
      steps === null ? (step as unknown as Transducer<unknown, U>) : compose(steps, step),
    );
  }

  map<U>(transform: (value: T) => U): Stream<U> {
    return this.through(map(transform));
  }

  filter<S extends T>(test: (value: T) => value is S): Stream<S>;
  filter(test: (value: T) => boolean): Stream<T>;
  filter(test: (value: T) => boolean): Stream<T> {
    return this.through(filter(test));
  }

  flatMap<U>(expand: (value: T) => Iterable<U>): Stream<U> {
    return this.through(flatMap(expand));
  }

  scan<U>(step: (state: U, value: T) => U, initial: U): Stream<U> {
    return this.through(scan(step, initial));
  }

  take(n: number): Stream<T> {
    return this.through(take(n));
  }

  takeWhile<S extends T>(test: (value: T) => value is S): Stream<S>;
  takeWhile(test: (value: T) => boolean): Stream<T>;
  takeWhile(test: (value: T) => boolean): Stream<T> {
    return this.through(takeWhile(test));
  }

  drop(n: number): Stream<T> {
    return this.through(drop(n));
  }

  dropWhile(test: (value: T) => boolean): Stream<T> {
    return this.through(dropWhile(test));
  }

  distinct(keyOf?: (value: T) => unknown): Stream<T> {
    return this.through(distinct(keyOf));
  }

  dedupe(keyOf?: (value: T) => unknown): Stream<T> {
    return this.through(dedupe(keyOf));
  }

  tap(look: (value: T) => void): Stream<T> {
    return this.through(tap(look));
  }

  window(size: number, step?: number): Stream<T[]> {
    return this.through(window<T>(size, step));
  }

  /**
   * Gathers values into arrays of `size`. With `ms`, a group is sent at the latest `ms` after its first value, even if it
   * is not full.
   */
  batch(size: number, ms?: number): Stream<T[]> {
    return ms === undefined ? this.through(batches<T>(size)) : this._over(batch(this.channel(), size, ms));
  }

  debounce(ms: number, options?: Omit<DebounceOptions<T>, "own">): Stream<T> {
    return this._over(debounce(this.channel(), ms, options));
  }

  throttle(ms: number, options?: Omit<ThrottleOptions<T>, "own">): Stream<T> {
    return this._over(throttle(this.channel(), ms, options));
  }

  sample(every: number | Input<unknown>): Stream<T> {
    return this._over(sample(this.channel(), every));
  }

  delay(ms: number): Stream<T> {
    return this._over(delay(this.channel(), ms));
  }

  buffer(capacity: number | Buffer<T>): Stream<T> {
    return this._over(buffer(this.channel(), capacity));
  }

  /**
   * Runs a stage for at most `n` values at a time. The stage may be any {@link Work}. As
   * {@link pipeline}.
   */
  pipeline<U>(n: number, stage: Work<U, [value: T]>, options?: Omit<PipelineOptions<U>, "own">): Stream<U> {
    return this._over(pipeline<T, U>(this.channel(), n, stage, options));
  }

  /** Runs a stage that sends any number of results for each value. As {@link flatPipeline}. */
  flatPipeline<U>(
    n: number,
    stage: Work<unknown, [value: T, out: SendChannel<U>]>,
    options?: Omit<PipelineOptions<U>, "own">,
  ): Stream<U> {
    return this._over(flatPipeline<T, U>(this.channel(), n, stage, options));
  }

  /** Works on the newest value only: a new value cancels the work on the one before. As {@link latest}. */
  latest<U>(work: Work<U, [value: T]>): Stream<U> {
    return this._over(latest<T, U>(this.channel(), work));
  }

  /** Works on one value at a time, and drops the values that come meanwhile. As {@link exhaust}. */
  exhaust<U>(work: Work<U, [value: T]>): Stream<U> {
    return this._over(exhaust<T, U>(this.channel(), work));
  }

  /** Pairs its values with those of other sources, first with first. As {@link zip}. */
  zip<O extends unknown[]>(...others: Channels<[...O]>): Stream<[T, ...O]> {
    return this._over(
      zip<unknown>([this.channel(), ...(others as readonly Input<unknown>[])]) as OwnedChannel<[T, ...O]>,
    );
  }

  /** Continues with the values of other sources, one after the other. As {@link concat}. */
  concat<C extends Input<unknown>[]>(...others: C): Stream<T | Of<C[number]>> {
    return this._over(concat<T | Of<C[number]>>([this.channel(), ...(others as Input<Of<C[number]>>[])]));
  }

  /** Takes values only while a switch is off. As {@link pausable}. */
  pausable(paused: PauseSwitch): Stream<T> {
    return this._over(pausable(this.channel(), paused));
  }

  /** Merges its values with the values of other channels, in the order in which they come. As {@link merge}. */
  merge<C extends Input<unknown>[]>(...others: C): Stream<T | Of<C[number]>> {
    return this._over(merge<T | Of<C[number]>>([this.channel(), ...(others as Input<Of<C[number]>>[])]));
  }

  /** Returns the values as a channel. Every ending starts with this channel. */
  channel(): OwnedChannel<T> {
    const { _source: source, _steps: steps } = this;
    return steps === null ? (source as OwnedChannel<T>) : through(source, steps);
  }

  /** Sends everything to a channel, and closes it at the end. As {@link pipe}. */
  to(channel: SendChannel<T>, options?: Omit<PipeOptions<T>, "own">): Task<void> {
    return pipe(this.channel(), channel, options);
  }

  /** Collects all values in an array. As {@link collect}. */
  collect(): Operation<T[]> {
    return collect(this.channel());
  }

  /** Folds the values to one value. As {@link reduce}. */
  reduce<U>(step: (state: U, value: T) => U, initial: U): Operation<U> {
    return reduce(this.channel(), step, initial);
  }

  /** Calls a function with each value, one value at a time. As {@link forEach}. */
  forEach(body: Work<unknown, [value: T]>): Operation<void> {
    return forEach<T>(this.channel(), body);
  }

  /** Works on the values with `n` tasks. As {@link workers}. */
  workers(n: number, body: Work<unknown, [value: T, worker: number]>): Operation<void> {
    return workers<T>(this.channel(), n, body);
  }

  /** Takes one value, and releases what the chain has made. As {@link first}. */
  first(): Operation<T | Closed> {
    return first(this.channel());
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return this.channel()[Symbol.asyncIterator]();
  }

  /** Releases what the chain has made, and an iterable or a web stream that it started with. */
  [Symbol.dispose](): void {
    release(this._source, {});
  }

  private _over<U>(channel: OwnedChannel<U>): Stream<U> {
    return new Stream<U>(channel, null);
  }
}

/**
 * Starts a chain of combinators that reads top to bottom, over a channel or over anything that {@link from} takes.
 *
 * @param source - A receive channel, or a source for {@link from}.
 * @throws TypeError when `source` is neither.
 * @example
 * ```ts
 * import { channel, stream } from "millrace";
 *
 * const lines = channel<string>(8);
 * for (const line of ["a=1", "#", "b=2", "b=3", "c=4"]) lines.trySend(line);
 *
 * const settings = await stream(lines)
 *   .filter((line) => line.includes("="))
 *   .map((line) => line.split("="))
 *   .dedupe(([name]) => name)
 *   .map(([name, value]) => ({ name, value: Number(value) }))
 *   .take(2)
 *   .collect();
 * console.log(settings); // [ { name: "a", value: 1 }, { name: "b", value: 2 } ]
 * console.log(lines.closed, lines.length); // false 2
 * ```
 */
export function stream<T>(source: ReceiveChannel<T> | Stream<T> | Source<T>): Stream<T> {
  return new Stream<T>(from(source as Source<T>), null);
}

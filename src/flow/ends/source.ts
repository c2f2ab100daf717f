// What everything that reads takes: a receive channel, a stream, or anything iterable. A source that is no channel becomes one
// here, which reads on demand and is owned by its reader.

import type { ReceiveChannel } from "../../channel/ends.js";
import { derive, type Emitter, type Feed } from "../../derived/derive.js";
import { always } from "../../operation/basic.js";
import { settled } from "../../operation/bridge.js";
import { notify } from "../../operation/notify.js";
import type { Operation } from "../../operation/operation.js";
import type { Ownership } from "../../operation/ownership.js";
import { standIn } from "../../scheduler/stand-ins.js";
import { shown } from "../../structures/errors.js";

/**
 * What everything that reads takes: a receive channel, a `Stream`, an iterable, an async iterable or a web stream. What is no
 * channel is read on demand, and is released when its reader leaves early.
 *
 * @typeParam T - The type of the values.
 * @example
 * ```ts
 * import { collect, type Input, stream } from "millrace";
 *
 * const inputs: Input<number>[] = [[1, 2], new Set([3]), stream([4]).map((n) => n + 1)];
 * for (const input of inputs) console.log(await collect(input)); // [ 1, 2 ], [ 3 ], [ 5 ]
 * ```
 */
export type Input<T> = ReceiveChannel<T> | readonly T[] | Iterable<T> | AsyncIterable<T> | ReadableStream<T>;

class FromIterable<T> implements Feed<void, T> {
  private readonly _iterator: Iterator<T>;
  private readonly _ready: Operation<void>;
  private _ended: boolean;

  constructor(iterable: Iterable<T>) {
    this._iterator = iterable[Symbol.iterator]();
    this._ready = always(undefined);
    this._ended = false;
  }

  next(): Operation<void> {
    return this._ready;
  }

  accept(_: void, to: Emitter<T>): void {
    // An iterator that throws has ended, so its `return` must not be called.
    this._ended = true;
    const step = this._iterator.next();
    if (step.done) {
      to.end();
      return;
    }
    this._ended = false;
    to.emit(step.value);
  }

  /** Undefined for an iterator that has nothing to release. */
  get release(): (() => void) | undefined {
    const { _iterator } = this;
    if (typeof _iterator.return !== "function") return undefined;
    return () => {
      if (!this._ended) notify(() => _iterator.return!());
    };
  }
}

type Chunk<T> = { readonly done?: boolean | undefined; readonly value?: T | undefined };

/** A source that promises its next value when it is pulled. */
interface PullSource<T> {
  pull(): PromiseLike<Chunk<T>>;
  /** Ends the source early. */
  cancel(reason: unknown): unknown;
  /** Called when the source has ended, by itself or by `cancel`. */
  ended?(): void;
}

/**
 * A feed of promised values. It pulls a value when a receiver waits, and keeps the value if the receiver has left by then.
 */
class FromPromises<T> implements Feed<Chunk<T>, T> {
  private readonly _source: PullSource<T>;
  private _ended: boolean;

  constructor(source: PullSource<T>) {
    this._source = source;
    this._ended = false;
  }

  next(): Operation<Chunk<T>> {
    return settled(
      Promise.resolve(this._source.pull()).then(
        (chunk) => chunk,
        (error) => {
          this._ended = true;
          throw error;
        },
      ),
    );
  }

  accept({ done, value }: Chunk<T>, to: Emitter<T>): void {
    this._ended = done === true;
    if (done) to.end();
    else to.emit(value as T);
  }

  release(reason: unknown): void {
    // Releasing does not wait for the source to end, so a later failure of the source has no receiver.
    if (!this._ended) notify(() => void Promise.resolve(this._source.cancel(reason)).catch(() => {}));
    notify(() => this._source.ended?.());
  }
}

/** Makes a channel of an iterable, an async iterable or a web stream; undefined if the source is none of them. */
export function channelOf<T>(source: unknown): ReceiveChannel<T> | undefined {
  if (isReceiveChannel<T>(source)) return source;
  if (isReadableStream<T>(source)) return derive(new FromPromises(fromStream(source)));
  const {
    channel,
    [Symbol.asyncIterator]: iterate,
    [Symbol.iterator]: spread,
  } = Object(source) as Partial<AsyncIterable<T> & Iterable<T>> & { channel?: () => ReceiveChannel<T> };
  const stored = typeof spread === "function" ? standIn("iterable", source) : undefined;
  if (stored !== undefined) return stored as ReceiveChannel<T>;
  if (typeof spread === "function") return derive(new FromIterable(source as Iterable<T>));
  if (typeof iterate !== "function") return undefined;
  if (typeof channel === "function") return channel.call(source); // a `Stream`
  return derive(new FromPromises(fromAsync(source as AsyncIterable<T>)));
}

/**
 * Returns the channel of a source, for a combinator that takes it over. Throws unless it is a receive channel, a stream or
 * iterable.
 */
export function sourceOf<T>(what: string, source: Input<T>): ReceiveChannel<T> {
  const made = channelOf<T>(source);
  if (made === undefined) throw badSource(what, source);
  takeOver(made);
  return made;
}

/** Takes over a source: from now on the combinator releases it, and not the end of the task that made it. */
export function takeOver(source: ReceiveChannel<unknown>): void {
  (source as { readonly ownership?: Ownership | null }).ownership?.pin();
}

/** Throws unless `source` can be read. It makes nothing of the source. */
export function assertSource(what: string, source: unknown): void {
  if (isReceiveChannel(source) || isReadableStream(source)) return;
  if (Symbol.iterator in Object(source) || Symbol.asyncIterator in Object(source)) return;
  throw badSource(what, source);
}

/** Throws unless `source` is a receive channel: where a source is named again later, only a channel will do. */
export function assertChannel(what: string, source: unknown): void {
  if (isReceiveChannel(source)) return;
  throw new TypeError(`Cannot ${what}: source must be a receive channel, got ${shown(source)}; create one with from()`);
}

function badSource(what: string, source: unknown): TypeError {
  return new TypeError(
    `Cannot ${what}: source must be a receive channel, a stream or an iterable, got ${shown(source)}; make a channel of other sources with from()`,
  );
}

function fromStream<T>(stream: ReadableStream<T>): PullSource<T> {
  const reader = stream.getReader();
  return {
    pull: () => reader.read(),
    cancel: (reason) => reader.cancel(reason),
    ended: () => reader.releaseLock(),
  };
}

function fromAsync<T>(iterable: AsyncIterable<T>): PullSource<T> {
  const iterator = iterable[Symbol.asyncIterator]();
  return { pull: () => iterator.next(), cancel: () => iterator.return?.() };
}

export function isReceiveChannel<T>(source: unknown): source is ReceiveChannel<T> {
  return typeof (source as Partial<ReceiveChannel<T>> | null | undefined)?.receive === "function";
}

function isReadableStream<T>(source: unknown): source is ReadableStream<T> {
  return typeof (source as Partial<ReadableStream<T>> | null | undefined)?.getReader === "function";
}

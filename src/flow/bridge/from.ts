// Channels made of sources that are not channels.

import { CLOSED, type Closed, type OwnedChannel, type ReceiveChannel } from "../../channel/ends.js";
import { derive, type Emitter, type Feed } from "../../derived/derive.js";
import { always } from "../../operation/basic.js";
import { settled } from "../../operation/bridge.js";
import { call } from "../../operation/call.js";
import type { Operation } from "../../operation/operation.js";
import { shown } from "../../structures/errors.js";
import { type EmitterOptions, type EventOptions, fromEvent } from "./from-event.js";
import type { Events, ListenOptions } from "./listening.js";
import { type ObservableLike, observableIn, observe } from "./observe.js";
import type { Emitted, EmitterLike, EventName, EventOf, EventsOf, TypeOf } from "./targets.js";

/** What {@link from} makes a channel of. */
export type Source<T> = Iterable<T> | AsyncIterable<T> | ReadableStream<T> | ObservableLike<T>;

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
      if (!this._ended) call(() => _iterator.return!());
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
    if (!this._ended) call(() => void Promise.resolve(this._source.cancel(reason)).catch(() => {}));
    call(() => this._source.ended?.());
  }
}

/**
 * Makes a channel of a source. An iterable, an async iterable or a web stream is asked for its next value only when a
 * receiver waits. An observable is subscribed to at once, and its values are stored until they are received, without a
 * bound unless `buffer` sets one. With an event target or an emitter, and the type or types of its events, this function does the
 * same as {@link fromEvent}. A receive channel is returned as it is.
 *
 * Closes when: the source has ended. If the source fails, receivers get the error thrown. Cancelling the channel, or a
 * channel that was derived from it, calls the iterator's `return`, cancels the stream with the reason and releases its
 * lock, or unsubscribes.
 *
 * @throws TypeError when the source is none of these.
 * @example
 * ```ts
 * import { collect, from } from "millrace";
 *
 * async function* pages() {
 *   for (let page = 1; page <= 3; page++) yield `page ${page}`;
 * }
 * console.log(await collect(from(pages()))); // [ "page 1", "page 2", "page 3" ]
 * ```
 */
export function from<T extends EventTarget, Name extends EventName<T> | (string & {})>(
  target: T,
  type: Name,
  options?: EventOptions<EventOf<T, Name>>,
): Events<EventOf<T, Name>>;
export function from<A extends unknown[] = unknown[]>(
  emitter: EmitterLike,
  type: string | symbol,
  options?: EmitterOptions<A>,
): Events<A>;
export function from<T extends EventTarget, Name extends EventName<T> | (string & {})>(
  target: T,
  types: readonly Name[],
  options?: EventOptions<EventsOf<T, Name>>,
): Events<EventsOf<T, Name>>;
export function from<M = Record<string | symbol, unknown[]>>(
  emitter: EmitterLike,
  types: readonly TypeOf<M>[],
  options?: EmitterOptions<Emitted<M>>,
): Events<Emitted<M>>;
export function from<T>(source: Source<T>, options?: ListenOptions<T>): OwnedChannel<T>;
export function from(source: unknown, typeOrOptions: unknown = {}, options?: object): OwnedChannel<unknown> {
  if (typeof typeOrOptions !== "object" || Array.isArray(typeOrOptions))
    return fromEvent(source as EventTarget, typeOrOptions as string, options);
  return fromSource(source, typeOrOptions as ListenOptions<unknown>);
}

function fromSource<T>(source: unknown, options: ListenOptions<T>): OwnedChannel<T> {
  if (isReceiveChannel<T>(source)) return disposable(source);
  if (isReadableStream<T>(source)) return derive(new FromPromises(fromStream(source)));
  const { [Symbol.asyncIterator]: iterate, [Symbol.iterator]: spread } = Object(source) as Partial<
    AsyncIterable<T> & Iterable<T>
  >;
  if (typeof spread === "function") return derive(new FromIterable(source as Iterable<T>));
  if (typeof iterate === "function") return derive(new FromPromises(fromAsync(source as AsyncIterable<T>)));
  const observable = observableIn<T>(source);
  if (observable !== undefined) return observe(observable, options);
  throw new TypeError(
    `Cannot create channel: from() takes an iterable, an async iterable, a ReadableStream or an observable, got ${shown(source)}`,
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

/** A channel of another maker may have no `Symbol.dispose`; a view of it has. */
function disposable<T>(source: ReceiveChannel<T>): OwnedChannel<T> {
  if (Symbol.dispose in source) return source as OwnedChannel<T>;
  const receive = source.receive();
  return derive<T | Closed, T>({
    next: () => receive,
    accept(value, to) {
      if (value === CLOSED) to.end();
      else to.emit(value);
    },
    release: (reason) => source.cancel(reason),
  });
}

function isReceiveChannel<T>(source: unknown): source is ReceiveChannel<T> {
  return typeof (source as Partial<ReceiveChannel<T>> | null | undefined)?.receive === "function";
}

function isReadableStream<T>(source: unknown): source is ReadableStream<T> {
  return typeof (source as Partial<ReadableStream<T>> | null | undefined)?.getReader === "function";
}

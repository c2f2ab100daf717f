// Where values come from that are not in a channel yet.

import type { ReceiveChannel } from "../../channel/ends.js";
import { derive, type Emitter, type Feed } from "../../derived/derive.js";
import { always } from "../../operation/basic.js";
import { settled } from "../../operation/bridge.js";
import type { Operation } from "../../operation/operation.js";
import { shown } from "../../structures/errors.js";
import { type EmitterLike, type EventName, type EventOf, type EventOptions, fromEvent } from "./from-event.js";
import type { Events, ListenOptions } from "./listening.js";
import { type ObservableLike, observableIn, observe } from "./observe.js";

/** What can be read as a channel. */
export type Source<T> = Iterable<T> | AsyncIterable<T> | ReadableStream<T> | ObservableLike<T>;

class FromIterable<T> implements Feed<void, T> {
  private readonly _iterator: Iterator<T>;
  private readonly _ready: Operation<void>;
  private _over: boolean;

  constructor(iterable: Iterable<T>) {
    this._iterator = iterable[Symbol.iterator]();
    this._ready = always(undefined);
    this._over = false;
  }

  next(): Operation<void> {
    return this._ready;
  }

  accept(_: void, to: Emitter<T>): void {
    // An iterator that throws is over, and must not be told to return.
    this._over = true;
    const step = this._iterator.next();
    if (step.done) {
      to.end();
      return;
    }
    this._over = false;
    to.emit(step.value);
  }

  release(): void {
    if (!this._over) this._iterator.return?.();
  }
}

type Chunk<T> = { readonly done?: boolean | undefined; readonly value?: T | undefined };

/** Who is asked for the next value, and promises it. */
interface Giver<T> {
  ask(): PromiseLike<Chunk<T>>;
  /** Nothing more is wanted. */
  leave(reason: unknown): unknown;
  /** It is over, whether by itself or because it was left. */
  over?(): void;
}

/** What promises its next value when asked. It is asked when somebody waits; an answer that nobody waits for is kept. */
class FromPromises<T> implements Feed<Chunk<T>, T> {
  private readonly _giver: Giver<T>;
  private _over: boolean;

  constructor(giver: Giver<T>) {
    this._giver = giver;
    this._over = false;
  }

  next(): Operation<Chunk<T>> {
    return settled(
      Promise.resolve(this._giver.ask()).then(
        (chunk) => chunk,
        (error) => {
          this._over = true;
          throw error;
        },
      ),
    );
  }

  accept({ done, value }: Chunk<T>, to: Emitter<T>): void {
    this._over = done === true;
    if (done) to.end();
    else to.emit(value as T);
  }

  release(reason: unknown): void {
    // Whoever leaves does not wait, and hears of no failure that comes after.
    if (!this._over) Promise.resolve(this._giver.leave(reason)).catch(() => {});
    this._giver.over?.();
  }
}

/**
 * A channel of what a source yields that is none yet. Of an iterable, an async iterable or a web stream it asks for the next
 * value only when somebody receives. To an observable it subscribes at once, and keeps what nobody has received yet, without
 * a bound unless `buffer` sets one. Of an event target or an emitter, with the type of event, it is {@link fromEvent}. A
 * receive channel it returns as it is.
 *
 * Closes when: the source is done, or fails, which receivers then get thrown. Cancelling it, and with it whatever was made
 * of it, calls the iterator's `return`, cancels the stream with the reason and gives up its lock, or unsubscribes.
 *
 * @throws TypeError when it is none of these.
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
  options?: ListenOptions<A>,
): Events<A>;
export function from<T>(source: Source<T>, options?: ListenOptions<T>): ReceiveChannel<T>;
export function from(source: unknown, typeOrOptions: unknown = {}, options?: object): ReceiveChannel<unknown> {
  if (typeof typeOrOptions !== "object") return fromEvent(source as EventTarget, typeOrOptions as string, options);
  return fromSource(source, typeOrOptions as ListenOptions<unknown>);
}

function fromSource<T>(source: unknown, options: ListenOptions<T>): ReceiveChannel<T> {
  if (isReceiveChannel<T>(source)) return source;
  if (isReadableStream<T>(source)) return derive(new FromPromises(fromStream(source)));
  const { [Symbol.asyncIterator]: iterate, [Symbol.iterator]: spread } = Object(source) as Partial<
    AsyncIterable<T> & Iterable<T>
  >;
  if (typeof spread === "function") return derive(new FromIterable(source as Iterable<T>));
  if (typeof iterate === "function") return derive(new FromPromises(fromAsync(source as AsyncIterable<T>)));
  const observable = observableIn<T>(source);
  if (observable !== undefined) return observe(observable, options);
  throw new TypeError(
    `Cannot make channel: from() takes an iterable, an async iterable, a ReadableStream or an observable, got ${shown(source)}`,
  );
}

function fromStream<T>(stream: ReadableStream<T>): Giver<T> {
  const reader = stream.getReader();
  return {
    ask: () => reader.read(),
    leave: (reason) => reader.cancel(reason),
    over: () => reader.releaseLock(),
  };
}

function fromAsync<T>(iterable: AsyncIterable<T>): Giver<T> {
  const iterator = iterable[Symbol.asyncIterator]();
  return { ask: () => iterator.next(), leave: () => iterator.return?.() };
}

function isReceiveChannel<T>(source: unknown): source is ReceiveChannel<T> {
  return typeof (source as Partial<ReceiveChannel<T>> | null | undefined)?.receive === "function";
}

function isReadableStream<T>(source: unknown): source is ReadableStream<T> {
  return typeof (source as Partial<ReadableStream<T>> | null | undefined)?.getReader === "function";
}

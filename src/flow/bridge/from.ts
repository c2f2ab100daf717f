// Channels made of sources that are not channels.

import { CLOSED, type Closed, type OwnedChannel, type ReceiveChannel } from "../../channel/ends.js";
import { derive } from "../../derived/derive.js";
import { shown } from "../../structures/errors.js";
import { channelOf } from "../ends/source.js";
import { type EmitterOptions, type EventOptions, fromEvent } from "./from-event.js";
import type { Events, ListenOptions } from "./listening.js";
import { type ObservableLike, observableIn, observe } from "./observe.js";
import type { Emitted, EmitterLike, EventName, EventOf, EventsOf, TypeOf } from "./targets.js";

/** What {@link from} makes a channel of. */
export type Source<T> = Iterable<T> | AsyncIterable<T> | ReadableStream<T> | ObservableLike<T>;

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
  const made = channelOf<T>(source);
  if (made !== undefined) return disposable(made);
  const observable = observableIn<T>(source);
  if (observable !== undefined) return observe(observable, options);
  throw new TypeError(
    `Cannot create channel: from() takes an iterable, an async iterable, a ReadableStream or an observable, got ${shown(source)}`,
  );
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

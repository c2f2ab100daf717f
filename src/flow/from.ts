// Where values come from that are not in a channel yet.

import { always } from "../basic.js";
import { settled } from "../bridge.js";
import { derive, type Emitter, type Feed } from "../derive.js";
import type { ReceiveChannel } from "../ends.js";
import { shown } from "../errors.js";
import type { Operation } from "../operation.js";

/** What can be read as a channel. */
export type Source<T> = Iterable<T> | AsyncIterable<T> | ReadableStream<T>;

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

/** What promises its next value when asked. It is asked when somebody waits; an answer that nobody waits for is kept. */
class FromPromises<T> implements Feed<Chunk<T>, T> {
  private readonly _ask: () => PromiseLike<Chunk<T>>;
  private readonly _leave: (reason: unknown) => unknown;
  private _over: boolean;

  constructor(ask: () => PromiseLike<Chunk<T>>, leave: (reason: unknown) => unknown) {
    this._ask = ask;
    this._leave = leave;
    this._over = false;
  }

  next(): Operation<Chunk<T>> {
    return settled(
      Promise.resolve(this._ask()).then(
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
    if (this._over) return;
    // Whoever leaves does not wait, and hears of no failure that comes after.
    Promise.resolve(this._leave(reason)).catch(() => {});
  }
}

/**
 * A channel of what an iterable, an async iterable or a web stream yields. It asks for the next value only when somebody
 * receives.
 *
 * Closes when: the source is done, or throws, which receivers then get thrown. Cancelling it, and with it whatever was made
 * of it, calls the iterator's `return`, or cancels the stream with the reason.
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
export function from<T>(source: Source<T>): ReceiveChannel<T> {
  if (isReadableStream<T>(source)) {
    const reader = source.getReader();
    return derive(
      new FromPromises<T>(
        () => reader.read(),
        (reason) => reader.cancel(reason),
      ),
    );
  }
  const { [Symbol.asyncIterator]: iterate, [Symbol.iterator]: spread } = Object(source) as AsyncIterable<T> &
    Iterable<T>;
  if (typeof spread === "function") return derive(new FromIterable(source as Iterable<T>));
  if (typeof iterate === "function") {
    const iterator = (source as AsyncIterable<T>)[Symbol.asyncIterator]();
    return derive(
      new FromPromises<T>(
        () => iterator.next(),
        () => iterator.return?.(),
      ),
    );
  }
  throw new TypeError(
    `Cannot make channel: from() takes an iterable, an async iterable or a ReadableStream, got ${shown(source)}`,
  );
}

function isReadableStream<T>(source: unknown): source is ReadableStream<T> {
  return typeof (source as Partial<ReadableStream<T>> | null | undefined)?.getReader === "function";
}

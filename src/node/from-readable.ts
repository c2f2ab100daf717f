// A Node readable as a channel. It is listened to from the start, so that its failure is not uncaught while nobody receives,
// and it is destroyed even if nobody ever did. It is read with `read()`, which asks for more only when there is room, so
// that backpressure is the stream's own.

import { finished, type Readable } from "node:stream";
import { CLOSED, type Closed, type ReceiveChannel } from "../channel/ends.js";
import { derive } from "../derived/derive.js";
import { Operation } from "../operation/operation.js";
import { shown } from "../structures/errors.js";

/** The next chunk of a stream; one for the stream, as one receiver at a time is at the head. */
class Chunk<T> extends Operation<T | Closed> {
  over: boolean;
  private readonly _readable: Readable;
  private _failure: { readonly cause: unknown } | null;
  private _waits: boolean;

  constructor(readable: Readable) {
    super();
    this.over = this._waits = false;
    this._readable = readable;
    this._failure = null;
    const look = (): void => this._look();
    readable.on("readable", look);
    finished(readable, { writable: false }, (cause) => {
      readable.off("readable", look);
      this.over = true;
      if (cause != null) this._failure = { cause };
      this._look();
    });
  }

  poll(): boolean {
    const chunk: T | null = this._readable.read();
    this.value = chunk === null ? CLOSED : chunk;
    return chunk !== null || this.over;
  }

  block(): void {
    this._waits = true;
  }

  override unblock(): void {
    this._waits = false;
  }

  override result(): T | Closed {
    if (this.value === CLOSED && this._failure !== null) throw this._failure.cause;
    return this.value as T | Closed;
  }

  override describe(): string {
    return "a chunk of a stream";
  }

  private _look(): void {
    if (!this._waits || !this.poll()) return;
    this._waits = false;
    this.complete(this.value);
  }
}

/**
 * A channel of the chunks of a Node readable, each as the stream gives it out. It takes a chunk only when somebody receives;
 * the stream reads as far ahead as its own high-water mark says. Over `from`, which takes Node readables as well, it has
 * this: a stream that fails before anybody received does not crash the process, and one that nobody has received from is
 * destroyed, too.
 *
 * Closes when: the stream has ended; if it fails, or is destroyed by others, receivers get that thrown. Cancelling it
 * destroys the stream, with the reason if that is an error.
 *
 * @example
 * ```ts
 * import { Readable } from "node:stream";
 * import { collect } from "millrace";
 * import { fromReadable } from "millrace/node";
 *
 * console.log(await collect(fromReadable<string>(Readable.from(["mill", "race"])))); // [ "mill", "race" ]
 * ```
 */
export function fromReadable<T = Uint8Array>(readable: Readable): ReceiveChannel<T> {
  if (typeof (readable as Partial<Readable> | null | undefined)?.read !== "function") {
    throw new TypeError(`Cannot create channel: fromReadable() takes a Node readable, got ${shown(readable)}`);
  }
  const chunk = new Chunk<T>(readable);
  return derive<T | Closed, T>({
    next: () => chunk,
    accept(value, to) {
      if (value === CLOSED) to.end();
      else to.emit(value);
    },
    release(reason) {
      if (!chunk.over) readable.destroy(reason instanceof Error ? reason : undefined);
    },
  });
}

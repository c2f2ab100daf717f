// A Node readable as a channel. It has listeners from the start, so that its failure is not an uncaught error while no
// receiver waits. It is destroyed on release even if there never was a receiver. It is read with `read()`, which makes the
// stream read more only when there is room, so backpressure is the stream's own.

import { finished, type Readable } from "node:stream";
import { CLOSED, type Closed, type OwnedChannel } from "../channel/ends.js";
import { derive } from "../derived/derive.js";
import { Operation, type WaitsFor } from "../operation/operation.js";
import { shown } from "../structures/errors.js";

/** The next chunk of a stream. There is one operation for each stream, because a derived channel performs one at a time. */
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
    const check = (): void => this._check();
    readable.on("readable", check);
    finished(readable, { writable: false }, (cause) => {
      readable.off("readable", check);
      this.over = true;
      if (cause != null) this._failure = { cause };
      this._check();
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

  override waitsFor(): WaitsFor {
    return { what: "a chunk of a stream", external: true, host: true };
  }

  private _check(): void {
    if (!this._waits || !this.poll()) return;
    this._waits = false;
    this.complete(this.value);
  }
}

/**
 * Creates a channel of the chunks of a Node readable, as the stream yields them. It takes a chunk only when a receiver
 * waits. The stream itself reads ahead up to its high-water mark. `from` takes Node readables as well; this function has
 * two advantages. A stream that fails before the first receive does not crash the process, and a stream that was never
 * received from is destroyed as well.
 *
 * Closes when: the stream has ended. If the stream fails, or other code destroys it, receivers get the error thrown.
 * Cancelling the channel destroys the stream, with the reason if the reason is an error.
 *
 * @param readable - The stream to read.
 * @throws TypeError when `readable` is not a Node readable.
 * @example
 * ```ts
 * import { Readable } from "node:stream";
 * import { collect } from "millrace";
 * import { fromReadable } from "millrace/node";
 *
 * console.log(await collect(fromReadable<string>(Readable.from(["mill", "race"])))); // [ "mill", "race" ]
 * ```
 */
export function fromReadable<T = Uint8Array>(readable: Readable): OwnedChannel<T> {
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

import type { Readable } from "node:stream";
import { CLOSED, type Closed, type ReceiveChannel } from "../channel/ends.js";
import { derive, type Emitter, type Feed } from "../derived/derive.js";
import type { Operation } from "../operation/operation.js";
import { fromReadable } from "./from-readable.js";

/** How lines are read. */
export interface LinesOptions {
  /** How bytes become text: any label that `TextDecoder` knows; UTF-8 by default. */
  readonly encoding?: string;
}

class Lines implements Feed<Uint8Array | string | Closed, string> {
  private readonly _chunks: ReceiveChannel<Uint8Array | string>;
  private readonly _receive: Operation<Uint8Array | string | Closed>;
  private readonly _decoder: TextDecoder;
  /** What has no end yet. It grows by joining, and is looked through only where it is new, so that long lines are cheap. */
  private _rest: string;

  constructor(readable: Readable, decoder: TextDecoder) {
    this._decoder = decoder;
    this._chunks = fromReadable(readable);
    this._receive = this._chunks.receive();
    this._rest = "";
  }

  next(): Operation<Uint8Array | string | Closed> {
    return this._receive;
  }

  accept(chunk: Uint8Array | string | Closed, to: Emitter<string>): void {
    const lines = this._text(chunk).split("\n");
    lines[0] = this._rest + lines[0];
    this._rest = lines.pop()!;
    for (const line of lines) to.emit(line.endsWith("\r") ? line.slice(0, -1) : line);
    if (chunk !== CLOSED) return;
    if (this._rest !== "") to.emit(this._rest);
    to.end();
  }

  release(reason: unknown): void {
    this._chunks.cancel(reason);
  }

  /** A character may be cut in two by the end of a chunk; the decoder keeps the first part. */
  private _text(chunk: Uint8Array | string | Closed): string {
    if (typeof chunk === "string") return chunk;
    return chunk === CLOSED ? this._decoder.decode() : this._decoder.decode(chunk, { stream: true });
  }
}

/**
 * The lines of a Node readable, without their ends (`\n` or `\r\n`). A last line needs no end. It reads only when it is read.
 *
 * Closes when: the stream has ended; if it fails, or is destroyed by others, receivers get that thrown after the lines that
 * were whole. Cancelling it, or leaving a `for await` over it, destroys the stream.
 *
 * @throws RangeError when the encoding is unknown.
 * @example
 * ```ts
 * import { Readable } from "node:stream";
 * import { lines } from "millrace/node";
 *
 * for await (const line of lines(Readable.from(["one\ntw", "o\r\n", "three"]))) console.log(line); // one, two, three
 * ```
 */
export function lines(readable: Readable, options: LinesOptions = {}): ReceiveChannel<string> {
  return derive(new Lines(readable, new TextDecoder(options.encoding)));
}

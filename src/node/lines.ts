import type { Readable } from "node:stream";
import { CLOSED, type Closed, type OwnedChannel, type ReceiveChannel } from "../channel/ends.js";
import { derive, type Emitter, type Feed } from "../derived/derive.js";
import { takeOver } from "../flow/ends/source.js";
import type { Operation } from "../operation/operation.js";
import { fromReadable } from "./from-readable.js";

/** The options of {@link lines}. */
export interface LinesOptions {
  /** The encoding of bytes: a label that `TextDecoder` supports; UTF-8 by default. */
  readonly encoding?: string;
}

class Lines implements Feed<Uint8Array | string | Closed, string> {
  private readonly _chunks: ReceiveChannel<Uint8Array | string>;
  private readonly _receive: Operation<Uint8Array | string | Closed>;
  private readonly _decoder: TextDecoder;
  /** The last line, whose end has not come yet. Only new text is searched for an end, so that long lines are cheap. */
  private _rest: string;

  constructor(readable: Readable, decoder: TextDecoder) {
    this._decoder = decoder;
    this._chunks = fromReadable(readable);
    takeOver(this._chunks);
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

  /** Decodes a chunk. A chunk may end inside a character; the decoder keeps the first part. */
  private _text(chunk: Uint8Array | string | Closed): string {
    if (typeof chunk === "string") return chunk;
    return chunk === CLOSED ? this._decoder.decode() : this._decoder.decode(chunk, { stream: true });
  }
}

/**
 * Creates a channel of the lines of a Node readable, without their ends (`\n` or `\r\n`). The last line needs no end. It
 * receives only on demand.
 *
 * Closes when: the stream has ended. If the stream fails, or other code destroys it, receivers get the error thrown after
 * the complete lines. Cancelling the channel, or leaving a `for await` over it, destroys the stream.
 *
 * @param readable - The stream to read.
 * @param options - `encoding`.
 * @throws RangeError when the encoding is unknown. TypeError when `readable` is not a Node readable.
 * @example
 * ```ts
 * import { Readable } from "node:stream";
 * import { lines } from "millrace/node";
 *
 * for await (const line of lines(Readable.from(["one\ntw", "o\r\n", "three"]))) console.log(line); // one, two, three
 * ```
 */
export function lines(readable: Readable, options: LinesOptions = {}): OwnedChannel<string> {
  return derive(new Lines(readable, new TextDecoder(options.encoding)));
}

import { Readable } from "node:stream";
import { CLOSED, type Closed, type ReceiveChannel } from "../channel/ends.js";
import { assertSource, type FlowOptions, release } from "../flow/ends/release.js";
import type { Operation } from "../operation/operation.js";
import { upon } from "../operation/upon.js";

/** What a Node readable of a channel can be told. */
export interface ReadableOptions extends FlowOptions {
  /** Whether each value is a chunk as it stands (default), or the values are text or bytes, which the stream may join. */
  readonly objectMode?: boolean;
  /** How far the stream reads ahead, in values, or else in bytes; not at all by default. */
  readonly highWaterMark?: number;
}

class ChannelReadable extends Readable {
  private readonly _source: ReceiveChannel<unknown>;
  private readonly _options: ReadableOptions;
  private readonly _receive: Operation<unknown | Closed>;
  private _asking: Disposable | null;

  constructor(source: ReceiveChannel<unknown>, options: ReadableOptions) {
    const { objectMode = true, highWaterMark = 0 } = options;
    super({ objectMode, highWaterMark });
    this._source = source;
    this._options = options;
    this._receive = source.receive();
    this._asking = null;
  }

  override _read(): void {
    this._asking = upon(
      this._receive,
      (value) => this._give(value),
      (error) => this.destroy(error as Error),
    );
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this._asking?.[Symbol.dispose]();
    release(this._source, this._options, error ?? undefined);
    done(error);
  }

  private _give(value: unknown): void {
    if (value === null) this.destroy(new TypeError("Cannot read: null is the end to a Node stream, got it as a value"));
    else this.push(value === CLOSED ? null : value);
  }
}

/**
 * A Node readable of what comes from a channel; in object mode unless it is told that the values are text or bytes. It takes
 * a value only when its reader asks for one, unless it is told to read ahead. (Some of Node's own readers ask for one
 * value more than they hand out.)
 *
 * The stream ends when the channel has; with the channel's cause it fails. Destroying the stream, as `pipeline` and leaving a
 * `for await` do, releases the channel with the error; a receive that was under way takes nothing. A value that is `null`
 * makes it fail, since to a stream that is the end.
 *
 * @example
 * ```ts
 * import { pipeline } from "node:stream/promises";
 * import { channel, collect, from } from "millrace";
 * import { toReadable, toWritable } from "millrace/node";
 *
 * const words = channel<string>();
 * const piped = pipeline(toReadable(from(["mill", "race"])), toWritable(words));
 * console.log(await collect(words)); // [ "mill", "race" ]
 * await piped;
 * ```
 */
export function toReadable(source: ReceiveChannel<unknown>, options: ReadableOptions = {}): Readable {
  assertSource("make stream", source);
  return new ChannelReadable(source, options);
}

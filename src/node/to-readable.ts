import { Readable } from "node:stream";
import { CLOSED, type Closed, type ReceiveChannel } from "../channel/ends.js";
import { heldOutside } from "../flow/ends/outside.js";
import { causeOf, type FlowOptions, release } from "../flow/ends/release.js";
import { type Input, sourceOf } from "../flow/ends/source.js";
import type { Operation } from "../operation/operation.js";
import { upon } from "../operation/upon.js";

/** The options of {@link toReadable}. */
export interface ReadableOptions extends FlowOptions {
  /** Whether each value is one chunk (default). With false, the values are text or bytes, which the stream may join. */
  readonly objectMode?: boolean;
  /** How far the stream reads ahead, in values or, without `objectMode`, in bytes; 0 by default. */
  readonly highWaterMark?: number;
}

class ChannelReadable extends Readable {
  private readonly _source: ReceiveChannel<unknown>;
  private readonly _options: ReadableOptions;
  private readonly _receive: Operation<unknown | Closed>;
  private readonly _held: Disposable;
  private _receiving: Disposable | null;

  constructor(source: ReceiveChannel<unknown>, options: ReadableOptions) {
    const { objectMode = true, highWaterMark = 0 } = options;
    super({ objectMode, highWaterMark });
    this._source = source;
    this._options = options;
    this._receive = source.receive();
    this._held = heldOutside("a reader of a stream");
    this._receiving = null;
  }

  override _read(): void {
    this._receiving = upon(
      this._receive,
      (value) => this._push(value),
      (error) => this.destroy(causeOf(error) as Error),
    );
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this._held[Symbol.dispose]();
    this._receiving?.[Symbol.dispose]();
    release(this._source, this._options, error ?? undefined);
    done(error);
  }

  private _push(value: unknown): void {
    if (value === CLOSED) this._held[Symbol.dispose]();
    if (value === null)
      this.destroy(new TypeError("Cannot read: values must not be null, which ends a Node stream, got null"));
    else this.push(value === CLOSED ? null : value);
  }
}

/**
 * Makes a Node readable of a channel; in object mode by default. It receives a value only when its reader asks for one,
 * unless `highWaterMark` makes it read ahead. (Some of Node's own readers ask for one value more than they yield.)
 *
 * The stream ends when the channel has ended, and fails with the cause of the channel if there is one. Destroying the
 * stream, as `pipeline` and leaving a `for await` do, releases the channel with the error; a receive that was parked takes
 * no value. A value that is `null` makes the stream fail, because `null` ends a Node stream.
 *
 * @param input - The channel to read.
 * @param options - `objectMode`, `highWaterMark`, `own`.
 * @throws TypeError when `source` is not a receive channel.
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
export function toReadable(input: Input<unknown>, options: ReadableOptions = {}): Readable {
  return new ChannelReadable(sourceOf("make stream", input), options);
}

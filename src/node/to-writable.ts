import { Writable } from "node:stream";
import type { SendChannel } from "../channel/ends.js";
import { heldOutside } from "../flow/ends/outside.js";
import { assertSink, channelClosed } from "../flow/ends/release.js";
import { upon } from "../operation/upon.js";
import { CancelledError } from "../structures/errors.js";

/** The options of {@link toWritable}. */
export interface WritableOptions {
  /** Whether each chunk is one value (default). With false, chunks are text, which becomes bytes on the way. */
  readonly objectMode?: boolean;
}

class ChannelWritable extends Writable {
  private readonly _channel: SendChannel<unknown>;
  private readonly _held: Disposable;
  private _closing: Disposable | null;
  private _offering: Disposable | null;

  constructor(channel: SendChannel<unknown>, { objectMode = true }: WritableOptions) {
    // The stream is full with one chunk, so that a writer waits until the chunk is taken.
    super({ objectMode, highWaterMark: 1 });
    this._channel = channel;
    this._held = heldOutside("a writer of a stream");
    this._offering = this._closing = null;
    this._closing = upon(channel.whenClosed(), () => this.destroy(channelClosed()));
  }

  override _write(chunk: unknown, _: BufferEncoding, done: (error?: Error | null) => void): void {
    this._offering = upon(
      this._channel.send(chunk),
      (taken) => done(taken ? null : channelClosed()),
      (error) => done(error as Error),
    );
  }

  override _final(done: (error?: Error | null) => void): void {
    this._held[Symbol.dispose]();
    this._closing?.[Symbol.dispose]();
    this._channel.close();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this._held[Symbol.dispose]();
    this._closing?.[Symbol.dispose]();
    this._offering?.[Symbol.dispose]();
    // After the end, the channel is closed already, and this has no effect.
    this._channel.close(error ?? new CancelledError("Stream was destroyed before its end"));
    done(error);
  }
}

/**
 * Makes a Node writable that sends what is written to it to a channel; in object mode by default. A write is done when its
 * value has been received or stored. Until then the stream is full, so a writer that waits for it to drain, as `pipeline`
 * does, is as slow as the receivers.
 *
 * Ending the stream closes the channel. Destroying it earlier withdraws the value that is being sent, and closes the
 * channel with the error as its cause. When other code closes the channel, or its receiver cancels it, the stream fails.
 *
 * @param channel - The channel to send to.
 * @param options - `objectMode`.
 * @throws TypeError when `channel` is not a send channel.
 * @example
 * ```ts
 * import { channel, collect } from "millrace";
 * import { toWritable } from "millrace/node";
 *
 * const words = channel<string>();
 * const stream = toWritable(words);
 * stream.write("mill");
 * stream.end("race");
 * console.log(await collect(words)); // [ "mill", "race" ]
 * ```
 */
export function toWritable(channel: SendChannel<never>, options: WritableOptions = {}): Writable {
  assertSink("make stream", channel);
  return new ChannelWritable(channel as SendChannel<unknown>, options);
}

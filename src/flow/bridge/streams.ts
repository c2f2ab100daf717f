// Web streams on either side of a channel. A stream asks (`pull`) or offers (`write`) and waits for the promise that it gets:
// so each is one operation at a time, performed without a task, which leaves its queue when the stream is given up.

import { CLOSED, type ReceiveChannel, type SendChannel } from "../../channel/ends.js";
import { upon } from "../../operation/upon.js";
import { CancelledError } from "../../structures/errors.js";
import { assertSink, assertSource, type FlowOptions, nobodyReceives, release } from "../ends/release.js";

/** What a readable stream of a channel can be told. */
export interface ReadableStreamOptions extends FlowOptions {
  /** How many values the stream reads ahead; none by default. */
  readonly highWaterMark?: number;
}

/**
 * A web stream of what comes from a channel. It takes a value only when its reader asks for one, unless it is told to read
 * ahead.
 *
 * The stream closes when the channel has ended; with the channel's cause it fails. Cancelling the stream releases the
 * channel, with the reason; a receive that was under way takes nothing.
 *
 * @example
 * ```ts
 * import { from, toReadableStream } from "millrace";
 *
 * const response = new Response(toReadableStream(from(["mill", "race"])).pipeThrough(new TextEncoderStream()));
 * console.log(await response.text()); // millrace
 * ```
 */
export function toReadableStream<T>(source: ReceiveChannel<T>, options: ReadableStreamOptions = {}): ReadableStream<T> {
  assertSource("make stream", source);
  const { highWaterMark = 0 } = options;
  const receive = source.receive();
  let asking: Disposable | null = null;
  return new ReadableStream<T>(
    {
      pull: (controller) =>
        new Promise<void>((resolve, reject) => {
          asking = upon(
            receive,
            (value) => {
              if (value === CLOSED) controller.close();
              else controller.enqueue(value);
              resolve();
            },
            reject,
          );
        }),
      cancel(reason) {
        asking?.[Symbol.dispose]();
        release(source, options, reason);
      },
    },
    { highWaterMark },
  );
}

/**
 * A web stream that sends what is written to it into a channel. A write is done when its value has been taken or stored, so
 * a writer that waits, as `pipeTo` does, is as slow as the receivers.
 *
 * Closing the stream closes the channel. Aborting it withdraws the value that is offered, and closes the channel with the
 * reason as its cause. When the channel is closed by others, its receiver above all, the stream fails.
 *
 * @example
 * ```ts
 * import { channel, collect, from, toReadableStream, toWritableStream } from "millrace";
 *
 * const words = channel<string>();
 * toReadableStream(from(["mill", "race"])).pipeTo(toWritableStream(words));
 * console.log(await collect(words)); // [ "mill", "race" ]
 * ```
 */
export function toWritableStream<T>(channel: SendChannel<T>): WritableStream<T> {
  assertSink("make stream", channel);
  let closing: Disposable | null = null;
  let withdraw = (_reason: unknown): void => {};
  return new WritableStream<T>({
    start(controller) {
      const { signal } = controller;
      closing = upon(channel.whenClosed(), () => controller.error(nobodyReceives()));
      // `abort` would be called only when the write under way is done, which it may never be.
      signal.addEventListener("abort", () => {
        const { reason = new CancelledError("Stream was aborted") } = signal;
        closing?.[Symbol.dispose]();
        withdraw(reason);
        channel.close(reason);
      });
    },
    write: (value) =>
      new Promise<void>((resolve, reject) => {
        const offer = upon(channel.send(value), (taken) => (taken ? resolve() : reject(nobodyReceives())), reject);
        withdraw = (reason) => {
          offer[Symbol.dispose]();
          reject(reason);
        };
      }),
    close() {
      closing?.[Symbol.dispose]();
      channel.close();
    },
  });
}

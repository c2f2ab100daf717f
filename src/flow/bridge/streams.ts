// Web streams made of channels. A stream asks for a value (`pull`) or offers one (`write`), and waits for the promise that
// it gets. So each call is one operation, performed without a task, which leaves its queue when the stream is given up.

import { CLOSED, type SendChannel } from "../../channel/ends.js";
import { upon } from "../../operation/upon.js";
import { assertOptions } from "../../structures/arguments.js";
import { CancelledError } from "../../structures/errors.js";
import { heldOutside } from "../ends/outside.js";
import { assertSink, channelClosed, type FlowOptions, release } from "../ends/release.js";
import { assertSource, type Input, sourceOf } from "../ends/source.js";

/** The options of {@link toReadableStream}. */
export interface ReadableStreamOptions extends FlowOptions {
  /** How many values the stream reads ahead; 0 by default. */
  readonly highWaterMark?: number;
}

/**
 * Makes a web stream of a channel. It receives a value only when its reader asks for one, unless `highWaterMark` makes it
 * read ahead.
 *
 * The stream closes when the channel has ended, and fails with the cause of the channel if there is one. Cancelling the
 * stream releases the channel, with the reason; a receive that was parked takes no value.
 *
 * @param input - The channel to read.
 * @throws TypeError when `source` is not a receive channel.
 * @example
 * ```ts
 * import { from, toReadableStream } from "millrace";
 *
 * const response = new Response(toReadableStream(from(["mill", "race"])).pipeThrough(new TextEncoderStream()));
 * console.log(await response.text()); // millrace
 * ```
 */
export function toReadableStream<T>(input: Input<T>, options: ReadableStreamOptions = {}): ReadableStream<T> {
  assertSource("make stream", input);
  assertOptions("make stream", options);
  const source = sourceOf("make stream", input);
  const { highWaterMark = 0 } = options;
  const receive = source.receive();
  const held = heldOutside("a reader of a stream");
  let receiving: Disposable | null = null;
  return new ReadableStream<T>(
    {
      pull: (controller) =>
        new Promise<void>((resolve, reject) => {
          receiving = upon(
            receive,
            (value) => {
              if (value === CLOSED) {
                held[Symbol.dispose]();
                controller.close();
              } else {
                controller.enqueue(value);
              }
              resolve();
            },
            (error) => {
              held[Symbol.dispose]();
              reject(error);
            },
          );
        }),
      cancel(reason) {
        held[Symbol.dispose]();
        receiving?.[Symbol.dispose]();
        release(source, options, reason);
      },
    },
    { highWaterMark },
  );
}

/**
 * Makes a web stream that sends what is written to it to a channel. A write is done when its value has been received or
 * stored, so a writer that waits for it, as `pipeTo` does, is as slow as the receivers.
 *
 * Closing the stream closes the channel. Aborting it withdraws the value that is being sent, and closes the channel with
 * the reason as its cause. When other code closes the channel, or its receiver cancels it, the stream fails.
 *
 * @param channel - The channel to send to.
 * @throws TypeError when `channel` is not a send channel.
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
  const held = heldOutside("a writer of a stream");
  let closing: Disposable | null = null;
  const over = (): void => {
    held[Symbol.dispose]();
    closing?.[Symbol.dispose]();
  };
  let withdraw = (_reason: unknown): void => {};
  return new WritableStream<T>({
    start(controller) {
      const { signal } = controller;
      closing = upon(channel.whenClosed(), () => {
        over();
        controller.error(channelClosed());
      });
      // The stream would call `abort` only after the current write is done, which may be never.
      signal.addEventListener("abort", () => {
        const { reason = new CancelledError("Stream was aborted") } = signal;
        over();
        withdraw(reason);
        channel.close(reason);
      });
    },
    write: (value) =>
      new Promise<void>((resolve, reject) => {
        const offer = upon(channel.send(value), (taken) => (taken ? resolve() : reject(channelClosed())), reject);
        withdraw = (reason) => {
          offer[Symbol.dispose]();
          reject(reason);
        };
      }),
    close() {
      over();
      channel.close();
    },
  });
}

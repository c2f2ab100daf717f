import { CLOSED, type SendChannel } from "../../channel/ends.js";
import { select } from "../../choice/select.js";
import { notify } from "../../operation/notify.js";
import type { Operation, Routine } from "../../operation/operation.js";
import { madeInScope } from "../../operation/ownership.js";
import { upon } from "../../operation/upon.js";
import { assertOptions } from "../../structures/arguments.js";
import { named } from "../../structures/named.js";
import { go } from "../../task/go.js";
import type { Task } from "../../task/task.js";
import { assertSink, causeOf, type FlowOptions, release } from "./release.js";
import { type Input, sourceOf } from "./source.js";

/** The options of {@link pipe}. */
export interface PipeOptions<T> extends FlowOptions {
  /** Whether the end of the source closes the sink; true by default. */
  readonly close?: boolean;
  /** Called with the value that the pipe has taken and cannot deliver, because it was cancelled or the sink was closed. */
  readonly onUndelivered?: (value: T) => void;
}

/**
 * Starts a task that sends everything that it receives from one channel to another, in order. From core.async.
 *
 * Closes when: the source has ended. Then it closes `to`, with the cause of the source if there is one. With `close: false` it
 * leaves `to` open, and the task fails with the cause. When `to` is closed, the pipe stops at once and releases its source.
 * Then at most one value, which it had already taken, is undelivered.
 *
 * @param input - A channel, a `Stream`, or anything iterable, to receive from.
 * @param to - The channel to send to.
 * @returns The task, which ends when one of the channels has ended. Cancelling it stops the pipe and leaves `to` open.
 * @throws TypeError when `input` cannot be read, or `to` is not a channel.
 * @example
 * ```ts
 * import { channel, from, pipe } from "millrace";
 *
 * const words = channel<string>(3);
 * await pipe(from(["a", "b", "c"]), words);
 * console.log(words.length, words.closed); // 3 true
 * ```
 */
export function pipe<T>(input: Input<T>, to: SendChannel<T>, options: PipeOptions<T> = {}): Task<void> {
  assertSink("pipe", to);
  assertOptions("pipe", options);
  const source = sourceOf("pipe", input);
  const { close = true } = options;
  const task = go(
    named("pipe", function* (): Routine<void> {
      // The order counts: when both are ready, no value is taken that could not be delivered.
      const next = select({ gone: to.whenClosed(), value: source.receive() }, { mode: "priority" });
      let held: { readonly value: T; readonly offer: Operation<boolean> } | null = null;
      try {
        for (;;) {
          const { key, value } = yield* next;
          if (key === "gone") return;
          if (value === CLOSED) break;
          held = { value, offer: to.send(value) };
          if (!(yield* held.offer)) return;
          held = null;
        }
        if (close) to.close();
      } catch (error) {
        if (!close || !to.close(causeOf(error))) throw error;
      } finally {
        // A send that completed just before the task was cancelled has delivered its value.
        if (held !== null && held.offer.value !== true && !to.trySend(held.value))
          notify(options.onUndelivered, held.value);
      }
    }),
  );
  // This also releases the source of a task that is cancelled before its first turn.
  const inScope = madeInScope(() => task.cancel());
  upon(task.whenOver(), () => {
    inScope.drop();
    release(source, options);
  });
  return task;
}

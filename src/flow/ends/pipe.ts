import { CLOSED, type ReceiveChannel, type SendChannel } from "../../channel/ends.js";
import { select } from "../../choice/select.js";
import type { Operation, Routine } from "../../operation/operation.js";
import { upon } from "../../operation/upon.js";
import { named } from "../../structures/named.js";
import { go } from "../../task/go.js";
import type { Task } from "../../task/task.js";
import { assertSink, assertSource, type FlowOptions, release } from "./release.js";

/** How a pipe ends. */
export interface PipeOptions<T> extends FlowOptions {
  /** Whether the end of the source closes the other side; true by default. */
  readonly close?: boolean;
  /** Given the value that the pipe had in its hand when it was cancelled, or when the other side closed under it. */
  readonly onUndelivered?: (value: T) => void;
}

/**
 * Conveys everything from one channel to another, in order. From core.async.
 *
 * Closes when: the source has ended, with its cause if it has one, it closes `to`; with `close: false` it leaves it open, and
 * the task fails with the cause. When `to` closes it stops at once, having taken nothing that it could not deliver but what
 * was in its hand, and releases its source.
 *
 * @returns The task that conveys; it is over when one side is. Cancelling it stops the pipe and leaves `to` open.
 * @example
 * ```ts
 * import { channel, from, pipe } from "millrace";
 *
 * const words = channel<string>(3);
 * await pipe(from(["a", "b", "c"]), words);
 * console.log(words.length, words.closed); // 3 true
 * ```
 */
export function pipe<T>(source: ReceiveChannel<T>, to: SendChannel<T>, options: PipeOptions<T> = {}): Task<void> {
  assertSource("pipe", source);
  assertSink("pipe", to);
  const { close = true } = options;
  const task = go(
    named("pipe", function* (): Routine<void> {
      // Looked at in this order: when both are ready nothing is taken that could not be delivered.
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
        if (!close || !to.close(error)) throw error;
      } finally {
        // An offer that was taken just before the task was cancelled is delivered.
        if (held !== null && held.offer.value !== true && !to.trySend(held.value)) options.onUndelivered?.(held.value);
      }
    }),
  );
  // Also one that was cancelled before its first turn.
  upon(task.whenOver(), () => release(source, options));
  return task;
}

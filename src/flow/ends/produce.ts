// A channel that a task feeds: what every combinator stands on that works on its own, and not only when somebody receives.

import type { Buffer } from "../../channel/buffer.js";
import { channel } from "../../channel/channel.js";
import type { ReceiveChannel, SendChannel } from "../../channel/ends.js";
import { own } from "../../channel/owned.js";
import type { AsyncRoutine, Routine } from "../../operation/operation.js";
import { go } from "../../task/go.js";
import { settle } from "../../task/settleable.js";

/** What can be told of the channel that a task feeds. */
export interface ProduceOptions<T> {
  /** How many values the task may be ahead of the receiver, or a buffer; none by default. */
  readonly capacity?: number | Buffer<T>;
  /** Given each value that was sent and can reach nobody, because the receiver cancelled. */
  readonly onUndelivered?: (value: T) => void;
  /** Called once when the task is over, with the reason if the receiver cancelled. */
  readonly release?: (reason: unknown) => void;
}

/**
 * Starts a task that feeds a channel, and returns the channel. From Kotlin's `produce`.
 *
 * Closes when: the body returns; if it throws, receivers get that thrown after the drain. If the receiver cancels: the body
 * is cancelled in the same step, wherever it is parked.
 *
 * @param body - Sends with `yield* out.send(value)`, which yields false once nobody receives.
 * @param options - `capacity`, `onUndelivered`, `release`.
 * @example
 * ```ts
 * import { produce, sleep } from "millrace";
 *
 * const letters = produce<string>(function* (out) {
 *   for (const letter of "abc") {
 *     yield* sleep(1);
 *     yield* out.send(letter);
 *   }
 * });
 * for await (const letter of letters) console.log(letter); // a, b, c
 * ```
 */
export function produce<T>(
  body: (out: SendChannel<T>) => Routine<void> | AsyncRoutine<void>,
  options: ProduceOptions<T> = {},
): ReceiveChannel<T> {
  const { capacity = 0, onUndelivered } = options;
  let begun = false;
  let reason: unknown;
  const out = channel<T>(capacity, {
    ...(onUndelivered && { onUndelivered }),
    onCancel(given) {
      reason = given;
      task.cancel(given);
      if (!begun) options.release?.(given); // a task that had no turn yet never runs
    },
  });
  const task = go(function* producer(): Routine<void> {
    begun = true;
    try {
      yield* settle(body(out));
      out.close();
    } catch (error) {
      // Downstream is where the error goes; if nobody is there any more, it is the task's own.
      if (!out.close(error)) throw error;
    } finally {
      options.release?.(reason);
    }
  });
  return own(out);
}

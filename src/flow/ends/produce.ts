// A channel with a task that sends to it: the base of every combinator that works ahead instead of only on demand.

import type { Buffer } from "../../channel/buffer.js";
import { channel } from "../../channel/channel.js";
import type { OwnedChannel, SendChannel } from "../../channel/ends.js";
import { notify } from "../../operation/notify.js";
import type { Routine } from "../../operation/operation.js";
import { sharesVariables } from "../../scheduler/stand-ins.js";
import { assertCallback, assertOptions } from "../../structures/arguments.js";
import { go } from "../../task/go.js";
import { assertWork, functionOf, settle, type Work } from "../../task/work.js";
import { causeOf } from "./release.js";

/** The options of {@link produce}. */
export interface ProduceOptions<T> {
  /** How many values the task may be ahead of the receiver, or a buffer; 0 by default. */
  readonly capacity?: number | Buffer<T>;
  /** Called with each value that was sent and that no receiver gets, because the receiver cancelled the channel. */
  readonly onUndelivered?: (value: T) => void;
  /** Called once when the task has ended, with the reason if the receiver cancelled the channel. */
  readonly release?: (reason: unknown) => void;
}

/**
 * Starts a task that sends to a new channel, and returns the channel. From Kotlin's `produce`.
 *
 * Closes when: the body returns. If the body throws, receivers get the error thrown after the drain. If the receiver
 * cancels: the body is cancelled in the same step, wherever it is parked.
 *
 * @param body - Sends with `yield* out.send(value)`, which yields false once the channel is closed. Any {@link Work}.
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
  body: Work<unknown, [out: SendChannel<T>]>,
  options: ProduceOptions<T> = {},
): OwnedChannel<T> {
  assertOptions("produce", options);
  assertWork("produce", "body", body);
  assertCallback("produce", "release", options.release);
  const work = functionOf<unknown, [SendChannel<T>]>(body, 1);
  const { capacity = 0, onUndelivered } = options;
  let begun = false;
  let reason: unknown;
  const out = channel<T>(capacity, {
    owned: true,
    ...(onUndelivered && { onUndelivered }),
    onCancel(given) {
      reason = given;
      task.cancel(given);
      if (options.release === undefined) return;
      sharesVariables("a producer that releases its source");
      if (!begun) notify(options.release, given); // a task that is cancelled before its first turn never runs
    },
  });
  const task = go(function* producer(): Routine<void> {
    begun = true;
    try {
      yield* settle(work(out));
      out.close();
    } catch (error) {
      // The error goes downstream. If the channel was closed before, the task fails with the error.
      if (!out.close(causeOf(error))) throw error;
    } finally {
      notify(options.release, reason);
    }
  });
  return out;
}

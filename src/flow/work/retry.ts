// Attempts with growing delays between them.

import { scope } from "../../lifetime/scope.js";
import type { Operation, Routine } from "../../operation/operation.js";
import { random } from "../../scheduler/scheduler.js";
import { wholeNumber } from "../../structures/arguments.js";
import { shown } from "../../structures/errors.js";
import { type Settleable, settle } from "../../task/settleable.js";
import { sleep } from "../../time/sleep.js";
import { assertFunction } from "../ends/release.js";

/** The options of {@link retry}. */
export interface RetryOptions {
  /** How many attempts there are at most; 3 by default. */
  readonly attempts?: number;
  /** Milliseconds before the second attempt; 100 by default. */
  readonly delay?: number;
  /** The factor by which each further delay is longer; 2 by default. */
  readonly factor?: number;
  /** The longest delay in milliseconds; no limit by default. */
  readonly max?: number;
  /**
   * `"full"` (default) waits for a random part of the delay, so that callers that failed together do not retry together;
   * `"none"` waits for the whole delay.
   */
  readonly jitter?: "full" | "none";
  /** Whether to try again after the error of attempt `n`. You can also log the error here. */
  readonly when?: (error: unknown, n: number) => boolean;
}

const defaults = { attempts: 3, delay: 100, factor: 2, max: Number.POSITIVE_INFINITY, jitter: "full" } as const;

/**
 * Repeats an attempt until it succeeds, with growing delays between attempts.
 *
 * Parks when: an attempt parks, and between attempts. The result of the attempt or the end of the delay resumes the task.
 * Yields: the result of the first successful attempt. If no attempt succeeds, or `when` returns false: throws the error of
 * the last attempt; `when` got the earlier errors. If cancelled: the current attempt is cancelled, and no further attempt
 * starts.
 *
 * @param attempt - Called with the number of the attempt, from 1. A promise, an operation or a routine that it returns is
 * awaited.
 * @param options - `attempts`, `delay`, `factor`, `max`, `jitter`, `when`.
 * @throws RangeError when a number is out of range. TypeError when `attempt` or `when` is not a function, or `jitter` is
 * unknown.
 * @example
 * ```ts
 * import { retry, sleep } from "millrace";
 *
 * const answer = await retry(
 *   function* (n) {
 *     yield* sleep(1);
 *     if (n < 3) throw new Error("busy");
 *     return `answered at attempt ${n}`;
 *   },
 *   { delay: 5, when: (error) => String(error).includes("busy") },
 * );
 * console.log(answer); // answered at attempt 3
 * ```
 */
export function retry<T>(attempt: (n: number) => Settleable<T>, options: RetryOptions = {}): Operation<T> {
  assertFunction("retry", "attempt", attempt);
  const { attempts, delay, factor, max, jitter, when } = { ...defaults, ...options };
  if (attempts !== Number.POSITIVE_INFINITY) wholeNumber("retry", "attempts", attempts, 1);
  for (const [name, value] of Object.entries({ delay, factor, max })) {
    if (!(value >= 0)) throw new RangeError(`Cannot retry: ${name} must be a number, 0 or more, got ${shown(value)}`);
  }
  if (jitter !== "full" && jitter !== "none") {
    throw new TypeError(`Cannot retry: jitter must be "full" or "none", got ${shown(jitter)}`);
  }
  if (when !== undefined) assertFunction("retry", "when", when);
  return scope(function* retrying({ signal }): Routine<T> {
    for (let n = 1; ; n++) {
      try {
        return yield* settle(attempt(n));
      } catch (error) {
        // The error of a `finally` that throws during cancellation is caught here as well.
        if (n === attempts || signal.aborted || when?.(error, n) === false) throw error;
      }
      const wait = Math.min(max, delay * factor ** (n - 1));
      yield* sleep(jitter === "full" ? random() * wait : wait);
    }
  });
}

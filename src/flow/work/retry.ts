// Attempts with growing delays between them.

import { scope } from "../../lifetime/scope.js";
import type { Operation, Routine } from "../../operation/operation.js";
import { assertFunction, assertOptions, countOrInfinity } from "../../structures/arguments.js";
import { shown } from "../../structures/errors.js";
import { assertWork, functionOf, settle, type Work } from "../../task/work.js";
import { randomShare } from "../../time/jitter.js";
import { sleep } from "../../time/sleep.js";

/** The options of {@link retry}. */
export interface RetryOptions {
  /** How many attempts there are at most; 3 by default, `Infinity` for no limit. */
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

const defaults = { attempts: 3, delay: 100, factor: 2, jitter: "full" } as const;

/**
 * Repeats an attempt until it succeeds, with growing delays between attempts.
 *
 * Parks when: an attempt parks, and between attempts. The result of the attempt or the end of the delay resumes the task.
 * Yields: the result of the first successful attempt. If no attempt succeeds, or `when` returns false: throws the error of
 * the last attempt; `when` got the earlier errors. If cancelled: the current attempt is cancelled, and no further attempt
 * starts.
 *
 * @param attempt - Called with the number of the attempt, from 1. Any {@link Work}: the signal
 * of a function is aborted when its attempt is cancelled.
 * @param options - `attempts`, `delay`, `factor`, `max`, `jitter`, `when`.
 * @throws RangeError when a number is out of range. TypeError when `attempt` is no work, `when` is not a function, or `jitter` is
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
export function retry<T>(attempt: Work<T, [n: number]>, options: RetryOptions = {}): Operation<T> {
  assertWork("retry", "attempt", attempt);
  assertOptions("retry", options);
  const work = functionOf<T, [number]>(attempt, 1);
  const { attempts, delay, factor, max = Number.POSITIVE_INFINITY, jitter, when } = { ...defaults, ...options };
  countOrInfinity("retry", "attempts", attempts, 1);
  for (const [name, value] of Object.entries({ delay, factor, max })) {
    if (!(typeof value === "number" && value >= 0))
      throw new RangeError(`Cannot retry: ${name} must be a number, 0 or more, got ${shown(value)}`);
  }
  if (jitter !== "full" && jitter !== "none") {
    throw new TypeError(`Cannot retry: jitter must be "full" or "none", got ${shown(jitter)}`);
  }
  if (when !== undefined) assertFunction("retry", "when", when);
  return scope(function* retrying({ signal }): Routine<T> {
    for (let n = 1; ; n++) {
      try {
        return yield* settle(work(n));
      } catch (error) {
        // The error of a `finally` that throws during cancellation is caught here as well.
        if (n === attempts || signal.aborted || when?.(error, n) === false) throw error;
      }
      const wait = Math.min(max, delay * factor ** (n - 1));
      yield* sleep(jitter === "full" ? (yield* randomShare()) * wait : wait);
    }
  });
}

// Trying again, later and later.

import { scope } from "../../lifetime/scope.js";
import type { Operation, Routine } from "../../operation/operation.js";
import { random } from "../../scheduler/scheduler.js";
import { wholeNumber } from "../../structures/arguments.js";
import { shown } from "../../structures/errors.js";
import { type Settleable, settle } from "../../task/settleable.js";
import { sleep } from "../../time/sleep.js";
import { assertFunction } from "../ends/release.js";

/** How often, how soon, and what for. */
export interface RetryOptions {
  /** How often it is tried at most; 3 by default. */
  readonly attempts?: number;
  /** Milliseconds before the second attempt; 100 by default. */
  readonly delay?: number;
  /** By what each further delay is longer; 2 by default. */
  readonly factor?: number;
  /** The longest delay; none by default. */
  readonly max?: number;
  /**
   * `"full"` (default) waits for a random part of the delay, so that those who failed together do not come back together;
   * `"none"` waits for all of it.
   */
  readonly jitter?: "full" | "none";
  /** Whether to try again after this error, which attempt `n` threw; it is also the place to note it. */
  readonly when?: (error: unknown, n: number) => boolean;
}

const defaults = { attempts: 3, delay: 100, factor: 2, max: Number.POSITIVE_INFINITY, jitter: "full" } as const;

/**
 * Tries until an attempt succeeds, with longer and longer delays between.
 *
 * Parks when: an attempt does, and between attempts. Yields: what the first successful attempt returned. If none succeeds, or
 * `when` says no: throws the error of the last attempt; earlier ones were shown to `when`. If cancelled: at any point; the
 * attempt under way is cancelled.
 *
 * @param attempt - Called with the number of the attempt, from 1. What it returns is waited for.
 * @throws RangeError when an option is out of range.
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
  return scope(function* retry({ signal }): Routine<T> {
    for (let n = 1; ; n++) {
      try {
        return yield* settle(attempt(n));
      } catch (error) {
        // A `finally` that throws while it is cancelled comes here as well.
        if (n === attempts || signal.aborted || when?.(error, n) === false) throw error;
      }
      const wait = Math.min(max, delay * factor ** (n - 1));
      yield* sleep(jitter === "full" ? random() * wait : wait);
    }
  });
}

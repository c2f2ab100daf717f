// The ends of a flow, which make one value of everything that a channel yields. They are operations, so they can be raced
// and cancelled.

import { CLOSED, type Closed, type ReceiveChannel } from "../../channel/ends.js";
import { type Scope, scope } from "../../lifetime/scope.js";
import { guard } from "../../operation/basic.js";
import type { Operation, Routine } from "../../operation/operation.js";
import { named } from "../../structures/named.js";
import { isValue, type Settleable, settle } from "../../task/settleable.js";
import { assertSource, type FlowOptions, release, releasing } from "./release.js";

/**
 * Reads a channel to its end and calls `body` with each value, one value at a time. If `body` returns a promise, an
 * operation or a routine, the next value is received only after that has completed.
 *
 * Parks when: the channel is open and has no value, or the result of `body` has not completed. The next value, the end of
 * the channel or that result resumes the task. Yields: nothing. If closed with a cause, or if `body` throws: throws the
 * error, and releases the source. If cancelled: releases the source.
 *
 * @param source - The channel to read.
 * @param body - Called with each value.
 * @throws TypeError when `source` is not a receive channel.
 * @example
 * ```ts
 * import { forEach, from } from "millrace";
 *
 * const seen: string[] = [];
 * await forEach(from("ab"), (letter) => void seen.push(letter));
 * console.log(seen); // [ "a", "b" ]
 * ```
 */
export function forEach<T>(
  source: ReceiveChannel<T>,
  body: (value: T) => Settleable<void>,
  options: FlowOptions = {},
): Operation<void> {
  assertSource("read", source);
  const all = scope(
    named("forEach", function* ({ signal }: Scope): Routine<void> {
      try {
        // If it is cancelled while it is parked in a `finally` of the body, it continues here.
        for (let value: T | Closed; !signal.aborted && (value = yield* source.receive()) !== CLOSED; ) {
          const made = body(value);
          if (!isValue(made)) yield* settle(made);
        }
      } finally {
        release(source, options);
      }
    }),
  );
  return releasing(source, options, all);
}

/**
 * Folds the values of a channel to one value.
 *
 * Parks when: the channel is open and has no value. The next value or the end of the channel resumes the task. Yields: the
 * last state. If closed with a cause, or if `step` throws: throws the error, and releases the source. If cancelled:
 * releases the source.
 *
 * @param source - The channel to read.
 * @param step - Computes the next state from the state and a value.
 * @param initial - The state before the first value.
 * @throws TypeError when `source` is not a receive channel.
 * @example
 * ```ts
 * import { from, reduce } from "millrace";
 *
 * console.log(await reduce(from([1, 2, 3]), (sum, n) => sum + n, 0)); // 6
 * ```
 */
export function reduce<T, U>(
  source: ReceiveChannel<T>,
  step: (state: U, value: T) => U,
  initial: U,
  options: FlowOptions = {},
): Operation<U> {
  assertSource("reduce", source);
  const all = scope(
    named("reduce", function* (): Routine<U> {
      let state = initial;
      try {
        for (let value: T | Closed; (value = yield* source.receive()) !== CLOSED; ) state = step(state, value);
        return state;
      } finally {
        release(source, options);
      }
    }),
  );
  return releasing(source, options, all);
}

/**
 * Collects all values of a channel in an array, in their order.
 *
 * Parks when: the channel is open and has no value. The next value or the end of the channel resumes the task. Yields: the
 * array. If closed with a cause: throws the cause. If cancelled: releases the source.
 *
 * @param source - The channel to read.
 * @throws TypeError when `source` is not a receive channel.
 * @example
 * ```ts
 * import { collect, from } from "millrace";
 *
 * console.log(await collect(from("abc"))); // [ "a", "b", "c" ]
 * ```
 */
export function collect<T>(source: ReceiveChannel<T>, options: FlowOptions = {}): Operation<T[]> {
  assertSource("collect", source);
  return guard(() => reduce(source, append<T>, [], options));
}

function append<T>(values: T[], value: T): T[] {
  values.push(value);
  return values;
}

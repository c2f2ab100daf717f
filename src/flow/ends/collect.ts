// The ends of a flow, which make one value of everything that a channel yields. They are operations, so they can be raced
// and cancelled.

import { CLOSED, type Closed } from "../../channel/ends.js";
import { type Scope, scope } from "../../lifetime/scope.js";
import { guard } from "../../operation/basic.js";
import type { Operation, Routine } from "../../operation/operation.js";
import { assertFunction, assertOptions } from "../../structures/arguments.js";
import { named } from "../../structures/named.js";
import { assertWork, functionOf, isValue, settle, type Work } from "../../task/work.js";
import { type FlowOptions, reading, release } from "./release.js";
import { assertSource, type Input } from "./source.js";

/**
 * Reads a channel to its end and calls `body` with each value, one value at a time. If `body` returns a promise, an
 * operation or a routine, the next value is received only after that has completed. The body may be any {@link Work}.
 *
 * Parks when: the channel is open and has no value, or the result of `body` has not completed. The next value, the end of
 * the channel or that result resumes the task. Yields: nothing. If closed with a cause, or if `body` throws: throws the
 * error, and releases the source. If cancelled: releases the source.
 *
 * @param source - A channel, a `Stream`, or anything iterable.
 * @param body - Called with each value.
 * @throws TypeError when `source` cannot be read.
 * @example
 * ```ts
 * import { forEach, from } from "millrace";
 *
 * const seen: string[] = [];
 * await forEach(from("ab"), (letter) => seen.push(letter));
 * console.log(seen); // [ "a", "b" ]
 * ```
 */
export function forEach<T>(
  source: Input<T>,
  body: Work<unknown, [value: T]>,
  options: FlowOptions = {},
): Operation<void> {
  assertWork("read", "body", body);
  const work = functionOf<unknown, [T]>(body, 1);
  return reading("read", source, options, (from) =>
    scope(
      named("forEach", function* ({ signal }: Scope): Routine<void> {
        try {
          // If it is cancelled while it is parked in a `finally` of the body, it continues here.
          for (let value: T | Closed; !signal.aborted && (value = yield* from.receive()) !== CLOSED; ) {
            const made = work(value);
            if (!isValue(made)) yield* settle(made);
          }
        } finally {
          release(from, options);
        }
      }),
    ),
  );
}

/**
 * Folds the values of a channel to one value.
 *
 * Parks when: the channel is open and has no value. The next value or the end of the channel resumes the task. Yields: the
 * last state. If closed with a cause, or if `step` throws: throws the error, and releases the source. If cancelled:
 * releases the source.
 *
 * @param source - A channel, a `Stream`, or anything iterable.
 * @param step - Computes the next state from the state and a value.
 * @param initial - The state before the first value.
 * @throws TypeError when `source` cannot be read.
 * @example
 * ```ts
 * import { from, reduce } from "millrace";
 *
 * console.log(await reduce(from([1, 2, 3]), (sum, n) => sum + n, 0)); // 6
 * ```
 */
export function reduce<T, U>(
  source: Input<T>,
  step: (state: U, value: T) => U,
  initial: U,
  options: FlowOptions = {},
): Operation<U> {
  assertFunction("reduce", "step", step);
  return folding(source, step, () => initial, options);
}

/** Reads a source to its end. The initial state is made for each performance, in the task that changes it. */
function folding<T, U>(
  source: Input<T>,
  step: (state: U, value: T) => U,
  initial: () => U,
  options: FlowOptions,
): Operation<U> {
  return reading("reduce", source, options, (from) =>
    scope(
      named("reduce", function* (): Routine<U> {
        let state = initial();
        try {
          for (let value: T | Closed; (value = yield* from.receive()) !== CLOSED; ) state = step(state, value);
          return state;
        } finally {
          release(from, options);
        }
      }),
    ),
  );
}

/**
 * Collects all values of a channel in an array, in their order.
 *
 * Parks when: the channel is open and has no value. The next value or the end of the channel resumes the task. Yields: the
 * array. If closed with a cause: throws the cause. If cancelled: releases the source.
 *
 * @param source - A channel, a `Stream`, or anything iterable.
 * @throws TypeError when `source` cannot be read.
 * @example
 * ```ts
 * import { collect, from } from "millrace";
 *
 * console.log(await collect(from("abc"))); // [ "a", "b", "c" ]
 * ```
 */
export function collect<T>(source: Input<T>, options: FlowOptions = {}): Operation<T[]> {
  assertSource("collect", source);
  assertOptions("collect", options);
  return guard(named("collect", () => folding<T, T[]>(source, append, () => [], options)));
}

function append<T>(values: T[], value: T): T[] {
  values.push(value);
  return values;
}

// The ends of a flow: everything that came, as one value. They are operations, so they can be raced and cancelled.

import { CLOSED, type Closed, type ReceiveChannel } from "../../channel/ends.js";
import { scope } from "../../lifetime/scope.js";
import { guard } from "../../operation/basic.js";
import type { Operation, Routine } from "../../operation/operation.js";
import { isValue, type Settleable, settle } from "../../task/settleable.js";
import { assertSource, type FlowOptions, release, releasing } from "./release.js";

/**
 * Reads a channel to its end, and calls `body` with each value, one after the other: the next is taken when what `body`
 * returned is settled. Returning a promise, an operation or a routine makes it wait for that.
 *
 * Parks when: the channel has not ended. Yields: nothing. If closed with a cause, or if `body` throws: throws that, and
 * releases the source. If cancelled: releases the source.
 */
export function forEach<T>(
  source: ReceiveChannel<T>,
  body: (value: T) => Settleable<void>,
  options: FlowOptions = {},
): Operation<void> {
  assertSource("read", source);
  const all = scope(function* forEach({ signal }): Routine<void> {
    try {
      // Cancelled while it parks in a `finally` of the body, it comes back here.
      for (let value: T | Closed; !signal.aborted && (value = yield* source.receive()) !== CLOSED; ) {
        const made = body(value);
        if (!isValue(made)) yield* settle(made);
      }
    } finally {
      release(source, options);
    }
  });
  return releasing(source, options, all);
}

/**
 * Folds a channel to one value.
 *
 * Parks when: the channel has not ended. Yields: the last state. If closed with a cause, or if `step` throws: throws that, and
 * releases the source. If cancelled: releases the source.
 *
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
  const all = scope(function* reduce(): Routine<U> {
    let state = initial;
    try {
      for (let value: T | Closed; (value = yield* source.receive()) !== CLOSED; ) state = step(state, value);
      return state;
    } finally {
      release(source, options);
    }
  });
  return releasing(source, options, all);
}

/**
 * All values of a channel, in their order.
 *
 * Parks when: the channel has not ended. Yields: an array. If closed with a cause: throws it. If cancelled: releases the
 * source.
 *
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

// Several tasks share a source, and make nothing of it that anybody receives.

import { CLOSED, type Closed, type ReceiveChannel } from "../../channel/ends.js";
import { scope } from "../../lifetime/scope.js";
import type { Operation, Routine } from "../../operation/operation.js";
import { wholeNumber } from "../../structures/arguments.js";
import { isValue, type Settleable, settle } from "../../task/settleable.js";
import { assertFunction, assertSource, type FlowOptions, release, releasing } from "../ends/release.js";

/**
 * Lets `n` tasks share what comes from a channel: each takes the next value when it is through with the one before. What a Go
 * program writes with a `WaitGroup` and a loop of `go`.
 *
 * Parks when: the channel has not ended, or a worker is not through. Yields: nothing. If closed with a cause, or if a body
 * throws: the other workers are cancelled, their `finally` is waited for, and that is thrown; the source is released at
 * once. If cancelled: likewise.
 *
 * @param n - How many tasks.
 * @param body - Called with each value, and with the number of the worker, from 0. What it returns is waited for.
 * @throws RangeError when `n` is no whole number above 0.
 * @example
 * ```ts
 * import { from, sleep, workers } from "millrace";
 *
 * const done: string[] = [];
 * await workers(2, from([3, 1, 2]), function* (ms, worker) {
 *   yield* sleep(ms * 10);
 *   done.push(`${ms} by ${worker}`);
 * });
 * console.log(done.join(", ")); // 1 by 1, 3 by 0, 2 by 1
 * ```
 */
export function workers<T>(
  n: number,
  source: ReceiveChannel<T>,
  body: (value: T, worker: number) => Settleable<void>,
  options: FlowOptions = {},
): Operation<void> {
  wholeNumber("start workers", "n", n, 1);
  assertSource("start workers", source);
  assertFunction("start workers", "their body", body);
  const all = scope(function* workers({ go, signal }): Routine<void> {
    function* worker(number: number): Routine<void> {
      const receive = source.receive();
      try {
        // One that is cancelled while it parks in a `finally` of its body comes back here.
        for (let value: T | Closed; !signal.aborted && (value = yield* receive) !== CLOSED; ) {
          const made = body(value, number);
          if (!isValue(made)) yield* settle(made);
        }
      } finally {
        release(source, options);
      }
    }
    for (let number = 0; number < n; number++) go(worker, number);
  });
  // It takes a turn until the workers hear that whoever performs this has left.
  return releasing(source, options, all);
}

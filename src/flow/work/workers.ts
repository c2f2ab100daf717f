// Several tasks that share a source and have no output.

import { CLOSED, type Closed, type ReceiveChannel } from "../../channel/ends.js";
import { scope } from "../../lifetime/scope.js";
import type { Operation, Routine } from "../../operation/operation.js";
import { wholeNumber } from "../../structures/arguments.js";
import { isValue, type Settleable, settle } from "../../task/settleable.js";
import { assertFunction, assertSource, type FlowOptions, release, releasing } from "../ends/release.js";

/**
 * Starts `n` tasks that share the values of a channel: each receives its next value when it is done with the last one. It
 * replaces the `WaitGroup` and the loop of `go` of a Go program.
 *
 * Parks when: the channel has not ended, or a worker is not done. The end of the last worker resumes the task. Yields:
 * nothing. If closed with a cause, or if a body throws: the source is released at once, the other workers are cancelled,
 * and after their `finally` the error is thrown. If cancelled: the same, without an error.
 *
 * @param n - How many tasks to start.
 * @param source - The channel to read.
 * @param body - Called with each value, and with the number of the worker, from 0. A promise, an operation or a routine
 * that it returns is awaited.
 * @throws RangeError when `n` is not a whole number, 1 or more. TypeError when `source` is not a receive channel, or `body`
 * is not a function.
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
  assertFunction("start workers", "body", body);
  const all = scope(function* crew({ go, signal }): Routine<void> {
    function* worker(number: number): Routine<void> {
      const receive = source.receive();
      try {
        // If it is cancelled while it is parked in a `finally` of its body, it continues here.
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
  // The workers are cancelled one turn later than the task that performs this operation, so the source is released here.
  return releasing(source, options, all);
}

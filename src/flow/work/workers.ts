// Several tasks that share a source and have no output.

import { CLOSED, type Closed } from "../../channel/ends.js";
import { scope } from "../../lifetime/scope.js";
import type { Operation, Routine } from "../../operation/operation.js";
import { sharesVariables } from "../../scheduler/stand-ins.js";
import { countOrInfinity } from "../../structures/arguments.js";
import { assertWork, functionOf, isValue, settle, type Work } from "../../task/work.js";
import { type FlowOptions, reading, release } from "../ends/release.js";
import type { Input } from "../ends/source.js";
import { sourceFirst } from "./ordered-work.js";

/**
 * Starts `n` tasks that share the values of a channel: each receives its next value when it is done with the last one. It
 * replaces the `WaitGroup` and the loop of `go` of a Go program.
 *
 * Parks when: the channel has not ended, or a worker is not done. The end of the last worker resumes the task. Yields:
 * nothing. If closed with a cause, or if a body throws: the source is released at once, the other workers are cancelled,
 * and after their `finally` the error is thrown. If cancelled: the same, without an error.
 *
 * @param source - What to read: a channel, a `Stream`, or anything iterable.
 * @param n - How many tasks to start. With `Infinity` there are as many as values that are worked on.
 * @param body - Called with each value, and with the number of the worker, from 0. Any {@link Work}.
 * @throws RangeError when `n` is not a whole number, 1 or more, or `Infinity`. TypeError when `source` cannot be read, or
 * `body` is neither a function nor an operation.
 * @example
 * ```ts
 * import { sleep, workers } from "millrace";
 *
 * const done: string[] = [];
 * await workers([3, 1, 2], 2, function* (ms, worker) {
 *   yield* sleep(ms * 10);
 *   done.push(`${ms} by ${worker}`);
 * });
 * console.log(done.join(", ")); // 1 by 1, 3 by 0, 2 by 1
 * ```
 */
export function workers<T>(
  source: Input<T>,
  n: number,
  body: Work<unknown, [value: T, worker: number]>,
  options?: FlowOptions,
): Operation<void>;
/** The same, with the arguments in the order of core.async's `pipeline`. */
export function workers<T>(
  n: number,
  source: Input<T>,
  body: Work<unknown, [value: T, worker: number]>,
  options?: FlowOptions,
): Operation<void>;
export function workers<T>(
  first: Input<T> | number,
  second: Input<T> | number,
  body: Work<unknown, [value: T, worker: number]>,
  options: FlowOptions = {},
): Operation<void> {
  const [source, n] = sourceFirst(first, second);
  countOrInfinity("start workers", "n", n, 1);
  assertWork("start workers", "body", body);
  const work = functionOf<unknown, [T, number]>(body, 2);
  if (n === Number.POSITIVE_INFINITY) sharesVariables("a group of workers without a limit");
  return reading("start workers", source, options, (from) =>
    scope(function* crew({ go, signal }): Routine<void> {
      let started = 0;
      let idle = 0;
      function* worker(number: number): Routine<void> {
        const receive = from.receive();
        try {
          for (;;) {
            idle++;
            const value: T | Closed = yield* receive;
            idle--;
            // If it is cancelled while it is parked in a `finally` of its body, it continues here.
            if (signal.aborted || value === CLOSED) return;
            if (idle === 0 && n === Number.POSITIVE_INFINITY) go(worker, started++);
            const made = work(value, number);
            if (!isValue(made)) yield* settle(made);
            if (signal.aborted) return;
          }
        } finally {
          release(from, options);
        }
      }
      // Without a limit, a worker that takes a value starts the next one.
      for (const first = n === Number.POSITIVE_INFINITY ? 1 : n; started < first; ) go(worker, started++);
    }),
  );
}

// Starting tasks.

import { Operation, type WaitsFor } from "../operation/operation.js";
import type { Parent } from "../scheduler/maker.js";
import { scheduler } from "../scheduler/scheduler.js";
import { launch } from "./start.js";
import type { Task } from "./task.js";
import { type AnyWork, assertWork, bodyOf, type Returned, type Work } from "./work.js";

/** Starts a task. `parent` is null if the parent is the code that is running. */
export function start<A extends unknown[], T>(
  work: AnyWork<T, A>,
  args: A,
  parent: Parent | null,
  site: string | undefined,
): Task<T> {
  if (typeof work !== "function") assertWork("start go block", "its body", work);
  return launch(bodyOf(work), args, parent, site);
}

/**
 * Starts a go block and returns its task.
 *
 * Never parks. The body never runs inside the call. Tasks start in the order in which they were created.
 *
 * The body is a `function*` or an `async function*`, which performs operations, and delegates to other routines, with `yield*`.
 * It may be any other {@link Work}, too: an `async` or a plain function, which gets an `AbortSignal` after its arguments, or an
 * operation. Cancelling the task aborts the signal. A promise cannot be stopped: the task is over at once, and the outcome of the
 * promise is ignored.
 *
 * @param body - A generator function, another function, or an operation. The arguments of the function follow it.
 * @returns The task. Perform it with `yield*` or `await` to join it, or cancel it.
 * @throws TypeError if the body is neither a function nor an operation.
 * @example
 * ```ts
 * import { go, sleep } from "millrace";
 *
 * const task = go(function* (ms: number) {
 *   yield* sleep(ms);
 *   return "awake";
 * }, 5);
 * console.log(await task); // awake
 *
 * const request = go(async (path: string, signal: AbortSignal) => `${path} ${signal.aborted}`, "/a");
 * console.log(await request); // /a false
 * ```
 */
export function go<T>(body: Work<T>): Task<T>;
export function go<A extends unknown[], T>(body: (...args: A) => Returned<T>, ...args: A): Task<T>;
export function go<A extends unknown[], T>(
  body: (...args: [...A, signal: AbortSignal]) => Returned<T>,
  ...args: A
): Task<T>;
export function go<A extends unknown[], T>(body: AnyWork<T, A>, ...args: A): Task<T> {
  const site = scheduler.maker?.callSite?.();
  return start(body, args, null, site);
}

/** Parks until the tasks that are ready have had a turn. */
export class Pause extends Operation<void> {
  poll(): boolean {
    return false;
  }

  block(): void {
    this.complete(undefined);
  }

  override waitsFor(): WaitsFor {
    return { what: "its next turn", external: true };
  }
}

/**
 * Lets the other ready tasks run first.
 *
 * Parks: always, until every task that is ready now has been resumed. Yields: nothing. If cancelled: it ends at once.
 *
 * @example
 * ```ts
 * import { go, pause } from "millrace";
 *
 * const order: string[] = [];
 * const first = go(function* () {
 *   go(function* () { order.push("second"); });
 *   yield* pause();
 *   order.push("first");
 * });
 * await first;
 * console.log(order); // [ "second", "first" ]
 * ```
 */
export function pause(): Operation<void> {
  return new Pause();
}

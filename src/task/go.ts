// Starting tasks.

import { type AsyncRoutine, Operation, type Routine } from "../operation/operation.js";
import { callSite } from "../scheduler/call-site.js";
import type { Parent } from "../scheduler/maker.js";
import { scheduler } from "../scheduler/scheduler.js";
import { shown } from "../structures/errors.js";
import { nameOf } from "../structures/named.js";
import { AsyncTask } from "./async-task.js";
import { type Body, Task } from "./task.js";

/** Makes a task and puts it into the run queue. */
function create<A extends unknown[], T>(body: Body<A, T>, args: A, parent: Parent | null): Task<T> {
  const routine = routineOf(body, args);
  const path = parent?.path ?? scheduler.creator();
  const task =
    Symbol.asyncIterator in routine ? new AsyncTask<T>(routine, body, path) : new Task<T>(routine, body, path);
  if (scheduler.contexts !== null) task.context = scheduler.contexts.capture();
  scheduler.schedule(task);
  return task;
}

/** Starts a task. `parent` is null if the parent is the code that is running. */
export function start<A extends unknown[], T>(
  body: Body<A, T>,
  args: A,
  parent: Parent | null,
  site: string | undefined,
): Task<T> {
  const { maker } = scheduler;
  return maker === null ? create(body, args, parent) : (maker.start(body, args, parent, site, create) as Task<T>);
}

function routineOf<A extends unknown[], T>(body: Body<A, T>, args: A): Routine<T> | AsyncRoutine<T> {
  if (typeof body !== "function") {
    throw new TypeError(
      `Cannot start go block: its body must be a function* or an async function*, got ${shown(body)}`,
    );
  }
  const routine: unknown = body(...args);
  const { next, return: end } = Object(routine) as { next?: unknown; return?: unknown };
  if (typeof next === "function" && typeof end === "function") return routine as Routine<T> | AsyncRoutine<T>;
  if (routine instanceof Promise) routine.catch(() => {});
  throw new TypeError(
    `Cannot start go block: ${nameOf(body, "its body")} must be a function* or an async function*; ` +
      `it returned ${shown(routine)} instead of a generator`,
  );
}

/**
 * Starts a go block and returns its task.
 *
 * Never parks. The body never runs inside the call. Tasks start in the order in which they were created.
 *
 * @param body - A `function*` or an `async function*`. It performs operations, and delegates to other routines, with `yield*`.
 * @param args - The arguments of the body.
 * @returns The task. Perform it with `yield*` or `await` to join it, or cancel it.
 * @throws TypeError if the body is not a generator function.
 * @example
 * ```ts
 * import { go, sleep } from "millrace";
 *
 * const task = go(function* (ms: number) {
 *   yield* sleep(ms);
 *   return "awake";
 * }, 5);
 * console.log(await task); // awake
 * ```
 */
export function go<A extends unknown[], T>(body: (...args: A) => Routine<T> | AsyncRoutine<T>, ...args: A): Task<T> {
  const site = scheduler.maker?.tracing === true ? callSite() : undefined;
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

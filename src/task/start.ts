// Making a task of a generator function, and putting it into the run queue.

import type { AsyncRoutine, Routine } from "../operation/operation.js";
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

/** Starts a task whose body is a generator function. `parent` is null if the parent is the code that is running. */
export function launch<A extends unknown[], T>(
  body: Body<A, T>,
  args: A,
  parent: Parent | null,
  site: string | undefined,
): Task<T> {
  const { maker } = scheduler;
  return maker === null ? create(body, args, parent) : (maker.start(body, args, parent, site, create) as Task<T>);
}

function routineOf<A extends unknown[], T>(body: Body<A, T>, args: A): Routine<T> | AsyncRoutine<T> {
  const routine: unknown = body(...args);
  const { next, return: end } = Object(routine) as { next?: unknown; return?: unknown };
  if (typeof next === "function" && typeof end === "function") return routine as Routine<T> | AsyncRoutine<T>;
  throw new TypeError(
    `Cannot start go block: ${nameOf(body, "its body")} is a generator function; it returned ${shown(routine)} instead of a generator`,
  );
}

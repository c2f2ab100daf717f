// What the tests of tasks share.

import type { Task } from "millrace";

/** Lets so many microtasks run. */
export async function microtasks(n: number): Promise<void> {
  while (n-- > 0) await null;
}

/** The result of a task, as a pair, or its error. */
export async function joined(task: Task<unknown>): Promise<unknown> {
  return task.then(
    (value) => ["done", value],
    (error) => error,
  );
}

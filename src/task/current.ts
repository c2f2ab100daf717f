import { scheduler } from "../scheduler/scheduler.js";
import { Task } from "./task.js";

/** The task whose sync body is running; null in plain code, and in an async body, where it is unknown. */
export function currentTask(): Task<unknown> | null {
  const { current } = scheduler;
  return current instanceof Task ? current : null;
}

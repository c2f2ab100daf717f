import { scheduler } from "../scheduler/scheduler.js";

/** Calls a function of the user in a step of other code. What it throws is reported to the host, so that the step goes on. */
export function notify<A extends unknown[]>(callback: ((...args: A) => unknown) | undefined, ...args: A): void {
  scheduler.call(callback, ...args);
}

// The contexts of the host: what an `AsyncLocalStorage` of Node holds. The scheduler resumes tasks in turns that it shares among
// all of them, and a callback is called in the step of another task. Each task has a context of its own, therefore, and each
// callback has the context of the code that handed it in.
//
// `scheduler.contexts` is null on a host without contexts, and as long as no code uses them. Nothing is captured then, and a
// resumption costs one comparison. lifetime/host-context.ts sets the field.

import type { Context, Contexts } from "./roles.js";
import { scheduler } from "./scheduler.js";

export type { Context, Contexts };

/** Returns a function that calls the callback in the context of the code that is running now. */
export function bound<F extends ((...args: never[]) => unknown) | undefined>(callback: F): F {
  const { contexts } = scheduler;
  if (contexts === null || typeof callback !== "function") return callback;
  const context = contexts.capture();
  return function (this: unknown, ...args: unknown[]) {
    return context.runInAsyncScope(callback as (...args: unknown[]) => unknown, this, ...args);
  } as unknown as F;
}

/** Returns the context of the code that is running now; null if there is nothing to keep. */
export function currentContext(): Context | null {
  return scheduler.contexts === null ? null : scheduler.contexts.capture();
}

/** Calls a function in a context, or as it is if there is none. */
export function within<A extends unknown[], R>(
  context: Context | null,
  callback: (...args: A) => R,
  self: unknown,
  ...args: A
): R {
  return context === null ? callback.apply(self, args) : context.runInAsyncScope(callback, self, ...args);
}

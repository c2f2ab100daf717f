/**
 * The interface between millrace and its host: clock, timers, random numbers, the order of turns. Replace parts of it to
 * repeat a run, to control time in a test, or to run millrace on another host.
 *
 * @module millrace/host
 */

import { type Host, native } from "./scheduler/host.js";
import type { Policy } from "./scheduler/roles.js";
import { scheduler } from "./scheduler/scheduler.js";

export type { Host, Policy };

/** The host that millrace uses by default. */
export const nativeHost: Host = native;

/**
 * Replaces parts of the host for the whole process. Disposing of the result restores the previous host.
 *
 * @example
 * ```ts
 * import { select, always } from "millrace";
 * import { replaceHost } from "millrace/host";
 *
 * {
 *   using _ = replaceHost({ random: () => 0 });
 *   console.log((await select({ a: always(1), b: always(2) })).key); // a
 * }
 * ```
 */
export function replaceHost(parts: Partial<Host>): Disposable {
  const before = scheduler.replaceHost({ ...scheduler.host, ...parts });
  return { [Symbol.dispose]: () => void scheduler.replaceHost(before) };
}

/** Lets a policy make every choice that order or chance would make. Disposing of the result restores the previous policy. */
export function usePolicy(policy: Policy): Disposable {
  const before = scheduler.policy;
  scheduler.policy = policy;
  return {
    [Symbol.dispose]: () => {
      scheduler.policy = before;
    },
  };
}

/** Runs everything that is due by the clock of the host, and everything that becomes ready by it, before it returns. */
export function flush(): void {
  scheduler.flush();
}

/**
 * What stands between millrace and the machine it runs on: clock, timers, chance, the order of turns. Replace it to repeat
 * a run, to control time in a test, or to bring millrace to another host.
 *
 * @packageDocumentation
 */

import { type Host, native } from "./scheduler/host.js";
import type { Policy } from "./scheduler/roles.js";
import { scheduler } from "./scheduler/scheduler.js";

export type { Host, Policy };

/** The host millrace runs on unless it is replaced. */
export const nativeHost: Host = native;

/**
 * Replaces parts of the host for the whole process; disposing of the result puts back what was there.
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

/** Puts every choice that is left to order or to chance under a policy; disposing of the result lifts it. */
export function usePolicy(policy: Policy): Disposable {
  const before = scheduler.policy;
  scheduler.policy = policy;
  return {
    [Symbol.dispose]: () => {
      scheduler.policy = before;
    },
  };
}

/** Runs everything that is due by the clock of the host, and what follows from it, before it returns. */
export function flush(): void {
  scheduler.flush();
}

// Chance for those who are no select: the same source, so that a run can be repeated (OP-15).

import { scheduler } from "./scheduler.js";

/**
 * A number in [0, 1) from the host's source of chance, which a test can replace: a program that draws from it, and not from
 * `Math.random`, does the same thing again.
 *
 * @example
 * ```ts
 * import { random } from "millrace";
 * import { replaceHost } from "millrace/host";
 *
 * using _ = replaceHost({ random: () => 0.25 });
 * console.log(random()); // 0.25
 * ```
 */
export function random(): number {
  return scheduler.host.random();
}

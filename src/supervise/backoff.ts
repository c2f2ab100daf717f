// The delays before the restarts of one child: they grow with each failure, and begin anew after a quiet time.

import { random } from "../scheduler/scheduler.js";
import { shown } from "../structures/errors.js";
import { now } from "../time/sleep.js";
import type { Backoff } from "./types.js";

/** Throws unless these are options of a backoff. */
export function assertBackoff(act: string, given: unknown): asserts given is Backoff {
  if (typeof given !== "object" || given === null)
    throw new TypeError(`Cannot ${act}: backoff must be an object with min and max, got ${shown(given)}`);
  const { min, max, factor = 2, jitter = 0, resetAfter = 0 } = given as Partial<Backoff>;
  const rules: readonly [name: string, value: unknown, least: number, rule: string][] = [
    ["min", min, 0, "0 or more"],
    ["max", max, typeof min === "number" ? min : 0, "a number that is not below min"],
    ["factor", factor, 1, "1 or more"],
    ["jitter", jitter, 0, "0 or more"],
    ["resetAfter", resetAfter, 0, "0 or more"],
  ];
  for (const [name, value, least, rule] of rules) {
    if (!(typeof value === "number" && value >= least))
      throw new RangeError(`Cannot ${act}: backoff.${name} must be ${rule}, got ${shown(value)}`);
  }
}

export class Delays {
  private readonly _options: Backoff;
  private _failures: number;

  constructor(options: Backoff) {
    this._options = options;
    this._failures = 0;
  }

  /** The delay after a failure. `since` is when the child has started; undefined if it did not start. */
  next(since: number | undefined): number {
    const { min, max, factor = 2, jitter = 0, resetAfter = (min + max) / 2 } = this._options;
    if (since !== undefined && now() - since >= resetAfter) this._failures = 0;
    const delay = Math.min(max, min * factor ** this._failures++);
    return jitter === 0 ? delay : delay * (1 + random() * jitter);
  }
}

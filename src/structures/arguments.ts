// Checks of arguments that many functions share, so that each rule has one wording.

import { shown } from "./errors.js";

/** Returns `value` if it is a whole number of at least `least`. `act` and `what` name the call and its argument in the error. */
export function wholeNumber(act: string, what: string, value: unknown, least: number): number {
  if (Number.isInteger(value) && (value as number) >= least) return value as number;
  throw new RangeError(`Cannot ${act}: ${what} must be a whole number, ${least} or more, got ${shown(value)}`);
}

/** Returns `value` if it is a whole number of at least `least`, or `Infinity` for no limit. */
export function countOrInfinity(act: string, what: string, value: unknown, least: number): number {
  if (value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && (value as number) >= least))
    return value as number;
  throw new RangeError(
    `Cannot ${act}: ${what} must be a whole number, ${least} or more, or Infinity, got ${shown(value)}`,
  );
}

/** Returns `value` if it is a number of milliseconds. It may be infinite and, without `least`, negative. */
export function milliseconds(act: string, value: unknown, what: string = "ms", least: number = -Infinity): number {
  if (typeof value === "number" && value >= least) return value;
  const range = least === -Infinity ? "" : `, ${least} or more`;
  throw new RangeError(`Cannot ${act}: ${what} must be a number of milliseconds${range}, got ${shown(value)}`);
}

/** Returns `value` if it is a finite number of milliseconds, 0 or more. */
export function finiteMilliseconds(act: string, value: unknown): number {
  if (Number.isFinite(value) && (value as number) >= 0) return value as number;
  throw new RangeError(`Cannot ${act}: ms must be a number of milliseconds, 0 or more, got ${shown(value)}`);
}

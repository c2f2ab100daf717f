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

/** Throws unless `given` is a function. */
export function assertFunction(act: string, what: string, given: unknown): void {
  if (typeof given !== "function")
    throw new TypeError(`Cannot ${act}: ${what} must be a function, got ${shown(given)}`);
}

/** Throws unless `given` is a function, or is left out. */
export function assertCallback(act: string, what: string, given: unknown): void {
  if (given !== undefined) assertFunction(act, what, given);
}

/** Throws unless `options` is an object with, if any, a name that is text. A function has no options, so it is a mistake, too. */
export function assertOptions(act: string, options: unknown): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`Cannot ${act}: options must be an object, got ${shown(options)}`);
  }
  const { name } = options as { name?: unknown };
  if (name !== undefined && typeof name !== "string") {
    throw new TypeError(`Cannot ${act}: name must be a string, got ${shown(name)}`);
  }
}

/** Throws unless `signal` is an `AbortSignal`, or is left out. */
export function assertSignal(act: string, signal: unknown): void {
  if (signal === undefined) return;
  const { addEventListener, aborted } = Object(signal) as Partial<AbortSignal>;
  if (typeof addEventListener === "function" && typeof aborted === "boolean") return;
  throw new TypeError(`Cannot ${act}: signal must be an AbortSignal, got ${shown(signal)}`);
}

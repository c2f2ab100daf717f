// What the combinators that keep time or count are told, checked in one place.

import { shown } from "../errors.js";

/** Throws unless it is a number of milliseconds that comes to an end. */
export function assertMs(what: string, ms: number): void {
  if (Number.isFinite(ms) && ms >= 0) return;
  throw new RangeError(`Cannot ${what}: ms must be a number of milliseconds, 0 or more, got ${shown(ms)}`);
}

/** Throws unless it is a count. */
export function assertSize(what: string, size: number): void {
  if (Number.isInteger(size) && size >= 1) return;
  throw new RangeError(`Cannot ${what}: size must be a whole number of at least 1, got ${shown(size)}`);
}

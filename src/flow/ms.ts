// What the combinators that keep time are told, checked in one place.

import { shown } from "../errors.js";

/** Throws unless it is a number of milliseconds that comes to an end. */
export function assertMs(what: string, ms: number): void {
  if (Number.isFinite(ms) && ms >= 0) return;
  throw new RangeError(`Cannot ${what}: ms must be a number of milliseconds, 0 or more, got ${shown(ms)}`);
}

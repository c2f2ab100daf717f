import { shown } from "../errors.js";

/** Throws unless a number is whole and at least so much; answers it. */
export function whole(act: string, what: string, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least) return value;
  throw new RangeError(`Cannot ${act}: ${what} must be a whole number, at least ${least}, got ${shown(value)}`);
}

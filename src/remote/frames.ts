// The frames of the protocol, which docs/protocol.md describes, and the checks of their fields. A frame is an array that begins
// with its kind. A message is an array of frames.

import { Violation } from "./violation.js";

export const VERSION = 1;

export const HELLO = 0;
export const OPEN = 1;
export const DATA = 2;
export const RICH = 3;
export const CREDIT = 4;
export const CLOSE = 5;
export const END = 6;
export const CANCEL = 7;
export const PING = 8;
export const PONG = 9;
export const BYE = 10;
export const ASK = 11;
export const ANSWER = 12;
export const FAIL = 13;
export const DROP = 14;
export const OFFER = 15;
export const TAKE = 16;
export const WITHDRAW = 17;
export const GIVE = 18;
export const ATTACH = 19;

export type Frame = readonly unknown[];

/** The greatest id, window and credit. */
const GREATEST = 0x7fff_ffff;

/** Returns a field that has to be a whole number from `least` on. */
export function whole(field: unknown, least: number, what: string): number {
  if (typeof field === "number" && field >= least && field <= GREATEST && (field | 0) === field) return field;
  throw new Violation(`${what} that is no whole number`);
}

/** Returns a field that has to be text of a limited length. */
export function words(field: unknown, longest: number, what: string): string {
  if (typeof field === "string" && field.length <= longest) return field;
  throw new Violation(`${what} that is no text of at most ${longest} characters`);
}

/** Returns a field that has to be a list of a limited length. */
export function list(field: unknown, most: number, what: string): unknown[] {
  if (Array.isArray(field) && field.length <= most) return field;
  throw new Violation(`${what} that is no list of at most ${most}`);
}

// Messages of text. What a peer wrote is checked before anything looks into it: how long it is and how deep, and that no object in
// it has a key that changes a prototype.

import type { Limits } from "./limits.js";
import { Violation } from "./violation.js";

/** Reads a message. */
export function parsed(text: unknown, limits: Limits): unknown {
  if (typeof text !== "string") throw new Violation("a message that is no text");
  if (text.length > limits.message) throw new Violation(`a message of more than ${limits.message} characters`);
  // The depth of the value, of the frame, of its list of values and of the message.
  assertDepth(text, limits.depth + 4);
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    throw new Violation("a message that is no JSON");
  }
  // A key may be written with escapes, too.
  if (text.includes("__proto__") || text.includes("\\u")) assertKeys(message);
  return message;
}

const QUOTE = 34;
const BACKSLASH = 92;
const OPENING = [91, 123];
const CLOSING = [93, 125];

/** Throws if brackets are nested deeper than `most`. Without recursion, as the text may be nested a million deep. */
function assertDepth(text: string, most: number): void {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
      if (at < 0) return;
    } else if (code === OPENING[0] || code === OPENING[1]) {
      if (++depth > most) throw new Violation(`a message that is more than ${most} levels deep`);
    } else if (code === CLOSING[0] || code === CLOSING[1]) depth--;
  }
}

/** Where a string ends that begins at a quote; -1 if it does not end. */
function endOfString(text: string, from: number): number {
  for (let at = text.indexOf('"', from + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return at;
  }
  return -1;
}

/** Throws if an object has a key that changes a prototype when the object is copied. What was cloned may have cycles. */
export function assertKeys(message: unknown): void {
  const left: unknown[] = [message];
  const seen = new Set<object>();
  while (left.length > 0) {
    const value = left.pop();
    if (typeof value !== "object" || value === null || seen.has(value) || ArrayBuffer.isView(value)) continue;
    seen.add(value);
    if (!Array.isArray(value) && Object.hasOwn(value, "__proto__"))
      throw new Violation("an object with the key __proto__");
    for (const inner of Object.values(value)) if (typeof inner === "object" && inner !== null) left.push(inner);
  }
}

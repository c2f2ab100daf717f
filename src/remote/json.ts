// Messages of text. What a peer wrote is checked before anything looks into it: how long it is and how deep, and that no object in
// it has a key that changes a prototype.

import type { Limits } from "./limits.js";
import { Violation } from "./violation.js";

/** Reads a message. */
export function parsed(text: unknown, limits: Limits): unknown {
  if (typeof text !== "string") throw new Violation("a message that is no text");
  if (text.length > limits.message) throw new Violation(`a message of more than ${limits.message} characters`);
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    throw new Violation("a message that is no JSON");
  }
  // The depth of the value, of the frame, of its list of values and of the message.
  if (isDeeper(message, limits.depth + 4))
    throw new Violation(`a message that is more than ${limits.depth + 4} levels deep`);
  // A key may be written with escapes, too.
  if (text.includes("__proto__") || text.includes("\\u")) assertKeys(message);
  return message;
}

/** Whether a value is nested deeper than `most`. The text may be nested a million deep, so this does not go deeper than that. */
function isDeeper(value: unknown, most: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (most === 0) return true;
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) {
      const item: unknown = value[at];
      if (typeof item === "object" && item !== null && isDeeper(item, most - 1)) return true;
    }
    return false;
  }
  for (const key in value) {
    const item: unknown = (value as Record<string, unknown>)[key];
    if (typeof item === "object" && item !== null && isDeeper(item, most - 1)) return true;
  }
  return false;
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

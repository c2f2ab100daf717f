// What values can cross, found out when they are sent: later there is no code to be told.

import { shown } from "../structures/errors.js";

/** How deep a value is looked into. What is deeper is left to the medium, which copies or refuses it. */
const DEEPEST = 64;

/** Whether a value consists of plain objects, arrays and primitives alone, which every structured clone copies. */
export function isPlain(value: unknown, depth: number = DEEPEST): boolean {
  if (typeof value !== "object" || value === null) return typeof value !== "function" && typeof value !== "symbol";
  if (depth === 0) return false;
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) {
      const item: unknown = value[at];
      if (typeof item === "object" || typeof item === "function" || typeof item === "symbol") {
        if (!isPlain(item, depth - 1)) return false;
      }
    }
    return true;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  for (const key in value) {
    const item: unknown = (value as Record<string, unknown>)[key];
    if (typeof item === "object" || typeof item === "function" || typeof item === "symbol") {
      if (!isPlain(item, depth - 1)) return false;
    }
  }
  return true;
}

/**
 * About how many characters a value has as JSON; -1 if it is longer than `most`, or holds anything but plain objects, arrays and
 * primitives that JSON has.
 */
export function jsonSize(value: unknown, most: number, depth: number = DEEPEST): number {
  switch (typeof value) {
    case "string":
      return value.length < most ? value.length + 2 : -1;
    case "number":
    case "boolean":
      return 8;
    case "object":
      break;
    default:
      return -1;
  }
  if (value === null) return 4;
  if (depth === 0) return -1;
  let size = 2;
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) {
      const item: unknown = value[at];
      const inner = item === undefined ? 4 : jsonSize(item, most - size, depth - 1);
      if (inner < 0) return -1;
      size += inner + 1;
    }
    return size < most ? size : -1;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return -1;
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") return -1;
  for (const key in value) {
    const item: unknown = (value as Record<string, unknown>)[key];
    const inner = item === undefined ? 0 : jsonSize(item, most - size, depth - 1);
    if (inner < 0) return -1;
    size += key.length + inner + 4;
  }
  return size < most ? size : -1;
}

/** Returns a value as JSON. Throws what JSON cannot hold, and what it would lose without a word. */
export function jsonOf(act: string, value: unknown, most: number): string {
  assertJson(act, value, DEEPEST);
  const text = JSON.stringify(value);
  if (text.length <= most) return text;
  throw new RangeError(`Cannot ${act}: a message must have at most ${most} characters, got ${text.length}`);
}

function assertJson(act: string, value: unknown, depth: number): void {
  switch (typeof value) {
    case "function":
    case "symbol":
    case "bigint":
      throw new TypeError(`Cannot ${act}: over this port a value must be JSON, got ${shown(value)}`);
    case "object":
      if (value !== null) assertJsonObject(act, value, depth);
  }
}

function assertJsonObject(act: string, value: object, depth: number): void {
  if (depth === 0) {
    throw new RangeError(`Cannot ${act}: a value must be at most ${DEEPEST} levels deep, got one that is deeper`);
  }
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) assertJson(act, value[at], depth - 1);
    return;
  }
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") return;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null && isCollection(value)) {
    throw new TypeError(`Cannot ${act}: over this port a value must be JSON, got ${shown(value)}`);
  }
  for (const key in value) assertJson(act, (value as Record<string, unknown>)[key], depth - 1);
}

/** Whether JSON would make an empty or a wrong object of it. */
function isCollection(value: object): boolean {
  return (
    value instanceof Map ||
    value instanceof Set ||
    value instanceof Error ||
    ArrayBuffer.isView(value) ||
    value instanceof ArrayBuffer ||
    typeof (value as { then?: unknown }).then === "function"
  );
}

/** What is moved with a value; null if nothing is. */
export function movedWith<T>(
  transfer: ((value: T) => Transferable[]) | undefined,
  value: T,
  act: string,
): readonly Transferable[] | null {
  if (transfer === undefined) return null;
  const given: unknown = transfer(value);
  if (!Array.isArray(given)) throw new TypeError(`Cannot ${act}: transfer must return a list, got ${shown(given)}`);
  return given.length === 0 ? null : (given as Transferable[]);
}

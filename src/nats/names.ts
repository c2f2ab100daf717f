// Names and values on a bus. A name becomes a part of a subject, so it must not hold what has a meaning there.

import { parsed } from "../remote/json.js";
import { limitsOf } from "../remote/limits.js";
import { type StandardSchema, validated } from "../remote/schema.js";
import { shown } from "../structures/errors.js";

const NAME = /^[A-Za-z0-9_-]{1,128}$/;

/** Throws unless a name can stand in a subject: no dot, no wildcard, no space. */
export function checkName(act: string, name: unknown): void {
  if (typeof name === "string" && NAME.test(name)) return;
  throw new TypeError(
    `Cannot ${act}: a name must have 1 to 128 of the characters A-Z, a-z, 0-9, _ and -, got ${shown(name)}`,
  );
}

/** The longest message, in characters of JSON. */
export const LONGEST = 1_000_000;

const limits = /* @__PURE__ */ limitsOf({ message: LONGEST });

/** A value as it crosses. */
export function encoded(value: unknown, act: string): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    throw new TypeError(`Cannot ${act}: a value must be JSON, got one that has no JSON`, { cause });
  }
  if (text === undefined) throw new TypeError(`Cannot ${act}: a value must be JSON, got ${shown(value)}`);
  if (text.length > LONGEST)
    throw new RangeError(`Cannot ${act}: a value must have at most ${LONGEST} characters of JSON, got ${text.length}`);
  return text;
}

/** A value that has crossed, as its schema makes it. */
export function decoded<T>(text: string, schema: StandardSchema<T> | undefined, act: string): T {
  const value = parsed(text, limits);
  return schema === undefined ? (value as T) : validated(schema, value, act);
}

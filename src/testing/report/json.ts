// Verdicts as plain data. JSON prints a set as `{}`, and so it does an error: what a program returns and throws is put into
// what JSON has.

import { shown } from "../../structures/errors.js";
import type { Verdict } from "./verdict.js";

/** Makes `JSON.stringify(verdict)` print all that a verdict says. The method is no field, and does not show elsewhere. */
export function printable<T>(verdict: Verdict<T>): Verdict<T> {
  return Object.defineProperty(verdict, "toJSON", { value: () => plain(verdict) });
}

/** A verdict in what JSON has: outcomes are a list, an error is its name and message. */
export function plain<T>(verdict: Verdict<T>): object {
  if (verdict.status === "proved") return { ...verdict, outcomes: [...verdict.outcomes].map(jsonOf) };
  return "cause" in verdict ? { ...verdict, cause: jsonOf(verdict.cause) } : { ...verdict };
}

/** A value as JSON has it; in words where it has none. */
function jsonOf(value: unknown): unknown {
  if (value instanceof Error) return { name: value.name, message: value.message };
  try {
    return JSON.stringify(value) === undefined ? shown(value) : value;
  } catch {
    return shown(value);
  }
}

// Verdicts as plain data. JSON prints a set or an error as `{}`, so outcomes and exceptions are converted.

import { shown } from "../../structures/errors.js";
import type { Verdict } from "./verdict.js";

/** Makes `JSON.stringify(verdict)` print the whole verdict. The method that it adds is not enumerable. */
export function printable<T>(verdict: Verdict<T>): Verdict<T> {
  return Object.defineProperty(verdict, "toJSON", { value: () => plain(verdict) });
}

/** Converts a verdict for JSON: outcomes become a list, an error becomes its name and message. */
export function plain<T>(verdict: Verdict<T>): object {
  if (verdict.status === "proved") return { ...verdict, outcomes: [...verdict.outcomes].map(jsonOf) };
  if (verdict.status === "bounded") return { ...verdict };
  const failed = verdict.schedule.failed.map((task) => ({ ...task, error: jsonOf(task.error) }));
  const cause = "cause" in verdict ? { cause: jsonOf(verdict.cause) } : {};
  return { ...verdict, ...cause, schedule: { ...verdict.schedule, failed } };
}

/** Converts a value for JSON; a value that JSON cannot express becomes text. */
function jsonOf(value: unknown): unknown {
  if (value instanceof Error) return { name: value.name, message: value.message };
  try {
    return JSON.stringify(value) === undefined ? shown(value) : value;
  } catch {
    return shown(value);
  }
}

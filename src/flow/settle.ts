// What users hand to combinators may answer at once, or by a promise, an operation, or a routine of either kind.

import { settled } from "../bridge.js";
import { go } from "../go.js";
import { type AsyncRoutine, Operation, type Routine } from "../operation.js";

/** A value, or something to wait for that yields one. */
export type Settleable<T> = T | PromiseLike<T> | Operation<T> | Routine<T> | AsyncRoutine<T>;

/** Whether it is a value, so that there is nothing to wait for. */
export function isValue<T>(made: Settleable<T>): made is T {
  if (typeof made !== "object" || made === null) return true;
  return typeof (made as { then?: unknown }).then !== "function" && !isRoutine(made);
}

/** Waits for what it is given, in the task that performs this. */
export function* settle<T>(made: Settleable<T>): Routine<T> {
  if (isValue(made)) return made;
  if (made instanceof Operation) return yield* made as Operation<T>;
  if (!isRoutine(made)) return yield* settled(made as PromiseLike<T>);
  if (Symbol.iterator in (made as object)) return yield* made as Routine<T>;
  const task = go(() => made as AsyncRoutine<T>);
  try {
    return yield* task;
  } finally {
    task.cancel();
  }
}

function isRoutine(made: unknown): boolean {
  const { next, return: end } = made as { next?: unknown; return?: unknown };
  return typeof next === "function" && typeof end === "function";
}

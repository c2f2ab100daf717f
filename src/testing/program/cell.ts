// Variables and conditions that a program declares, so that `verify` can take them into account.

import type { Maker } from "../../scheduler/maker.js";
import { findMaker } from "../../scheduler/makers.js";

/**
 * A variable that tasks share. See {@link cell}.
 *
 * @typeParam T - The type of its value.
 */
export interface Cell<T> {
  /** The present value. */
  value: T;
}

/** What a maker defines to replace cells and invariants. */
export interface Declared {
  cell<T>(initial: T): Cell<T>;
  invariant(name: string, holds: () => boolean): void;
}

/**
 * Declares a variable that tasks share, such as a counter or a flag.
 *
 * Never parks. `verify` assumes that tasks share only channels and cells. Each read and each write of a cell is an event of a
 * schedule. Outside `verify` a cell is a plain object.
 *
 * @param initial - The first value.
 * @returns An object with a field `value`.
 * @example
 * ```ts
 * import { go, pause } from "millrace";
 * import { cell, verify } from "millrace/testing";
 *
 * const verdict = await verify(function* () {
 *   const count = cell(0);
 *   const add = function* () {
 *     const before = count.value;
 *     yield* pause();
 *     count.value = before + 1;
 *   };
 *   const tasks = [go(add), go(add)];
 *   for (const task of tasks) yield* task;
 *   return count.value;
 * });
 * if (verdict.status === "proved") console.log([...verdict.outcomes].sort()); // [ 1, 2 ]
 * ```
 */
export function cell<T>(initial: T): Cell<T> {
  const declared = findMaker((maker): maker is Maker & Declared => "cell" in maker);
  return declared === null ? { value: initial } : declared.cell(initial);
}

/**
 * Declares a condition that must hold from the call on. `simulate` checks it before each turn of a task, and `verify` checks it
 * in every state. Declare it in `main`, before tasks are started.
 *
 * Never parks. A condition that does not hold is a failure of kind `invariant`. Outside `simulate` and `verify` the condition is
 * not checked.
 *
 * @param name - The name of the condition in reports.
 * @param holds - Returns whether the condition holds. It may read cells, and the `length` and `closed` of channels.
 * @example
 * ```ts
 * import { channel, go } from "millrace";
 * import { invariant, verify } from "millrace/testing";
 *
 * const verdict = await verify(function* () {
 *   const jobs = channel<number>(2);
 *   invariant("at most one job waits", () => jobs.length <= 1);
 *   yield* jobs.send(1);
 *   yield* jobs.send(2);
 *   go(function* () { yield* jobs.receive(); });
 * });
 * console.log(verdict.status === "failed" && verdict.kind); // invariant
 * ```
 */
export function invariant(name: string, holds: () => boolean): void {
  findMaker((maker): maker is Maker & Declared => "invariant" in maker)?.invariant(name, holds);
}

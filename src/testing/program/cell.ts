// What tasks share besides channels, declared, so that a verification can follow it.

import type { Maker } from "../../scheduler/maker.js";
import { scheduler } from "../../scheduler/scheduler.js";

/** A variable that tasks share. */
export interface Cell<T> {
  value: T;
}

/** What a verification has in place of cells and invariants. */
export interface Declared {
  cell<T>(initial: T): Cell<T>;
  invariant(name: string, holds: () => boolean): void;
}

/**
 * A variable that tasks share. A verification takes for granted that tasks share nothing but channels; what they do share, a
 * counter or a flag, is declared with this, and each look and each change is an event.
 *
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
  const declared = scheduler.findMaker((maker): maker is Maker & Declared => "cell" in maker);
  return declared === null ? { value: initial } : declared.cell(initial);
}

/**
 * Says what must hold whenever a task waits: `simulate` looks at it between two turns, `verify` in every state, from
 * where it is said on. It may look at cells, and at the length of channels and whether they are closed. Say it in `main`, before
 * tasks are started.
 */
export function invariant(name: string, holds: () => boolean): void {
  scheduler.findMaker((maker): maker is Maker & Declared => "invariant" in maker)?.invariant(name, holds);
}

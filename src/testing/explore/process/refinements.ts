// What earlier searches of the same program have refuted. A search assumes that no task is cancelled, that locks are neither watched
// nor queued (model-locks.ts), that the identity of objects does not matter, and that no object is
// changed. It restarts when one of these does not hold, with one refinement more (as in counterexample-guided abstraction
// refinement).

/**
 * A refinement is the name or the number of a task that may be cancelled; `ANY_TASK`; `insideScope(name)`, for all tasks in a scope;
 * `endOf(task)` or `ANY_END`; `ARRIVALS`; `watches(name)` and `queues(name)`, or a number, for a lock; `IDENTITY` and `HANDOVER` (run-objects.ts); or how early the search
 * for symmetry was (`NO_SYMMETRY` in reduction/find-automorphisms.ts).
 */
export type Refinements = ReadonlySet<string | number>;

/** Any task but `main` may be cancelled. */
export const ANY_TASK = "any task";

/** All tasks in the scope that a task is may be cancelled. */
export const insideScope = (task: string): string => `in ${task}`;

/**
 * The end of a task, given by name or number, is an event of its own. Without it the end belongs to the last event of the task, so
 * that no other task comes in between: only a choice that goes by order can tell.
 */
export const endOf = (task: string | number): string => `end of ${task}`;

/** The end of every task is an event of its own. */
export const ANY_END: string = endOf("any task");

/**
 * The state has for each task whether it is parked for certain: it has been since before time passed, or since before a `settle()`.
 * Without it any operation may be late, so a choice by order never counts on a peer at a channel without a buffer.
 */
export const ARRIVALS = "arrivals";

/** Rounds in which anything but timeouts is made are not repeated: each of them makes objects of its own. */
export const APART = "rounds apart";

/** Thrown out of a search whose assumption does not hold: the search restarts with the refinement. */
export class Refuted extends Error {
  readonly refinement: string;

  constructor(refinement: string) {
    super(`A search starts over: ${refinement}`);
    this.refinement = refinement;
  }
}

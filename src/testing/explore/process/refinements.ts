// What earlier searches of the same program have refuted. A search assumes that no task is cancelled, that locks are neither watched
// nor queued (model-locks.ts), that the identity of objects does not matter, and that no object is
// changed. It restarts when one of these does not hold, with one refinement more (as in counterexample-guided abstraction
// refinement).

/**
 * A refinement is the name or the number of a task that may be cancelled; `ANY_TASK`; `insideScope(name)`, for all tasks in a scope;
 * `watches(name)` and `queues(name)`, or a number, for a lock; `IDENTITY` and `HANDOVER` (run-objects.ts); or how early the search
 * for symmetry was (`NO_SYMMETRY` in reduction/find-automorphisms.ts).
 */
export type Refinements = ReadonlySet<string | number>;

/** Any task but `main` may be cancelled. */
export const ANY_TASK = "any task";

/** All tasks in the scope that a task is may be cancelled. */
export const insideScope = (task: string): string => `in ${task}`;

/** Thrown out of a search whose assumption does not hold: the search restarts with the refinement. */
export class Refuted extends Error {
  readonly refinement: string;

  constructor(refinement: string) {
    super(`A search starts over: ${refinement}`);
    this.refinement = refinement;
  }
}

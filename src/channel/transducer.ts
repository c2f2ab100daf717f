// The common transducer protocol, which Ramda, @thi.ng/transducers and other libraries implement, too. A transducer turns one
// transformer into another. `@@transducer/reduced` marks the last result.

import { shown } from "../structures/errors.js";

/**
 * One stage of a transformation.
 *
 * @typeParam R - The type of the result.
 * @typeParam V - The type of the inputs.
 */
export interface Transformer<R, in V> {
  /** Returns the first result. */
  "@@transducer/init"(): R;
  /** Returns the result after one more input; a {@link Reduced} result ends the transformation. */
  "@@transducer/step"(result: R, value: V): R | Reduced<R>;
  /** Returns the final result after the last input. */
  "@@transducer/result"(result: R): R;
}

/** A result that ends the transformation: no more inputs are wanted. */
export interface Reduced<R> {
  "@@transducer/reduced": true;
  /** The result. */
  "@@transducer/value": R;
}

/** A function that turns a stage with inputs of type `Out` into a stage with inputs of type `In`. */
export type Transducer<In, Out> = <R>(next: Transformer<R, Out>) => Transformer<R, In>;

/** Whether a result ends the transformation. */
export function isReduced(result: unknown): result is Reduced<unknown> {
  return (
    typeof result === "object" &&
    result !== null &&
    (result as Partial<Reduced<unknown>>)["@@transducer/reduced"] === true
  );
}

/** Throws unless a transducer has returned steps. A function that maps values has not. */
export function assertSteps(act: string, steps: unknown): void {
  const { [STEP]: step, [RESULT]: result } = Object(steps) as Readonly<Record<string, unknown>>;
  if (typeof step === "function" && typeof result === "function") return;
  throw new TypeError(
    `Cannot ${act}: transform must be a transducer, got a function that returned ${shown(steps)}; write map(function) to map values`,
  );
}

const STEP = "@@transducer/step";
const RESULT = "@@transducer/result";

/** Marks a result as the last one. */
export function reduced<R>(value: R): Reduced<R> {
  return { "@@transducer/reduced": true, "@@transducer/value": value };
}

/** Marks a result as the last one, unless it is marked already. */
export function ensureReduced<R>(result: R | Reduced<R>): Reduced<R> {
  return isReduced(result) ? (result as Reduced<R>) : reduced(result as R);
}

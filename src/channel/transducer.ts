// The common transducer protocol (cognitect's, also spoken by Ramda, @thi.ng and others): a transducer turns one
// transformer into another; `@@transducer/reduced` marks a result after which nothing more is wanted.

/** One stage of a transformation: how it starts, what it does with each input, how it completes. */
export interface Transformer<R, in V> {
  "@@transducer/init"(): R;
  "@@transducer/step"(result: R, value: V): R | Reduced<R>;
  "@@transducer/result"(result: R): R;
}

/** A result after which nothing more is wanted. */
export interface Reduced<R> {
  "@@transducer/reduced": true;
  "@@transducer/value": R;
}

/** Turns a stage that takes `Out` into one that takes `In`. */
export type Transducer<In, Out> = <R>(next: Transformer<R, Out>) => Transformer<R, In>;

export function isReduced(result: unknown): result is Reduced<unknown> {
  return (
    typeof result === "object" &&
    result !== null &&
    (result as Partial<Reduced<unknown>>)["@@transducer/reduced"] === true
  );
}

export function reduced<R>(value: R): Reduced<R> {
  return { "@@transducer/reduced": true, "@@transducer/value": value };
}

/** Marks a result once, however many stages want to stop. */
export function ensureReduced<R>(result: R | Reduced<R>): Reduced<R> {
  return isReduced(result) ? (result as Reduced<R>) : reduced(result as R);
}

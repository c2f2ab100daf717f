/**
 * Steps for a channel's `transform`, in the common transducer protocol, so that they can be combined with the steps of
 * other libraries. A step is a recipe: each channel that uses it gets its own state.
 *
 * @module millrace/transducers
 */

import { ensureReduced, isReduced, type Reduced, type Transducer, type Transformer } from "./channel/transducer.js";
import { wholeNumber } from "./structures/arguments.js";

export type { Reduced, Transducer, Transformer };

/**
 * How a step treats one input, given the function that passes a value on. The result that a step threads through is opaque;
 * a step sees only whether it is reduced.
 */
type Step<In, Out> = (pass: (result: unknown, value: Out) => unknown) => {
  step(result: unknown, value: In): unknown;
  /** Passes on what is left when there is no more input. */
  flush?(result: unknown): unknown;
};

function transducer<In, Out>(make: Step<In, Out>): Transducer<In, Out> {
  return <R>(next: Transformer<R, Out>): Transformer<R, In> => {
    const { step, flush } = make((result, value) => next["@@transducer/step"](result as R, value));
    return {
      "@@transducer/init": () => next["@@transducer/init"](),
      "@@transducer/step": step as (result: R, value: In) => R | Reduced<R>,
      "@@transducer/result": (result) =>
        next["@@transducer/result"]((flush === undefined ? result : bare(flush(result))) as R),
    };
  };
}

function bare(result: unknown): unknown {
  return isReduced(result) ? result["@@transducer/value"] : result;
}

/**
 * Passes on the result of a function for each value.
 *
 * @example
 * ```ts
 * import { collect, from, through } from "millrace";
 * import { map } from "millrace/transducers";
 *
 * console.log(await collect(through(from([1, 2, 3]), map((n: number) => n * 2)))); // [ 2, 4, 6 ]
 * ```
 */
export function map<In, Out>(transform: (value: In) => Out): Transducer<In, Out> {
  return transducer((pass) => ({ step: (result, value) => pass(result, transform(value)) }));
}

/**
 * Passes on the values for which a test returns true.
 *
 * @example
 * ```ts
 * import { collect, from, through } from "millrace";
 * import { filter } from "millrace/transducers";
 *
 * console.log(await collect(through(from([1, 2, 3]), filter((n: number) => n !== 2)))); // [ 1, 3 ]
 * ```
 */
export function filter<T, S extends T>(test: (value: T) => value is S): Transducer<T, S>;
export function filter<T>(test: (value: T) => boolean): Transducer<T, T>;
export function filter<T>(test: (value: T) => boolean): Transducer<T, T> {
  return transducer((pass) => ({ step: (result, value) => (test(value) ? pass(result, value) : result) }));
}

/**
 * Passes on the first `n` values and is then complete. `take(0)` is complete before the first input.
 *
 * @throws RangeError when `n` is not a whole number, 0 or more.
 * @example
 * ```ts
 * import { collect, from, through } from "millrace";
 * import { take } from "millrace/transducers";
 *
 * console.log(await collect(through(from("abc"), take<string>(2)))); // [ "a", "b" ]
 * ```
 */
export function take<T>(n: number): Transducer<T, T> {
  wholeNumber("create take", "n", n, 0);
  const taking = transducer<T, T>((pass) => {
    let left = n;
    return {
      step(result, value) {
        if (left-- > 0) result = pass(result, value);
        return left > 0 ? result : ensureReduced(result);
      },
    };
  });
  return n > 0 ? taking : (next) => ({ ...taking(next), "@@transducer/init": () => reducedInit(next) });
}

/** The protocol's way to request no input: the initial result is already reduced. */
function reducedInit<R>(next: Transformer<R, never>): R {
  return ensureReduced(next["@@transducer/init"]()) as R;
}

/**
 * Passes on values as long as a test returns true, and is then complete.
 *
 * @example
 * ```ts
 * import { collect, from, through } from "millrace";
 * import { takeWhile } from "millrace/transducers";
 *
 * console.log(await collect(through(from([1, 2, 3, 1]), takeWhile((n: number) => n < 3)))); // [ 1, 2 ]
 * ```
 */
export function takeWhile<T>(test: (value: T) => boolean): Transducer<T, T> {
  return transducer((pass) => ({
    step: (result, value) => (test(value) ? pass(result, value) : ensureReduced(result)),
  }));
}

/**
 * Leaves out the first `n` values.
 *
 * @throws RangeError when `n` is not a whole number, 0 or more.
 * @example
 * ```ts
 * import { collect, from, through } from "millrace";
 * import { drop } from "millrace/transducers";
 *
 * console.log(await collect(through(from("abc"), drop<string>(2)))); // [ "c" ]
 * ```
 */
export function drop<T>(n: number): Transducer<T, T> {
  wholeNumber("create drop", "n", n, 0);
  return transducer((pass) => {
    let left = n;
    return { step: (result, value) => (left-- > 0 ? result : pass(result, value)) };
  });
}

/**
 * Leaves out values as long as a test returns true. Passes on all values from the first for which it returns false.
 *
 * @example
 * ```ts
 * import { collect, from, through } from "millrace";
 * import { dropWhile } from "millrace/transducers";
 *
 * console.log(await collect(through(from([1, 2, 3, 1]), dropWhile((n: number) => n < 3)))); // [ 3, 1 ]
 * ```
 */
export function dropWhile<T>(test: (value: T) => boolean): Transducer<T, T> {
  return transducer((pass) => {
    let dropping = true;
    return {
      step(result, value) {
        dropping &&= test(value);
        return dropping ? result : pass(result, value);
      },
    };
  });
}

/**
 * Passes on every value of the iterable that a function returns for each input.
 *
 * @example
 * ```ts
 * import { collect, from, through } from "millrace";
 * import { flatMap } from "millrace/transducers";
 *
 * console.log(await collect(through(from(["ab", "c"]), flatMap((word: string) => [...word])))); // [ "a", "b", "c" ]
 * ```
 */
export function flatMap<In, Out>(expand: (value: In) => Iterable<Out>): Transducer<In, Out> {
  return transducer((pass) => ({
    step(result, value) {
      for (const part of expand(value)) {
        const next = pass(result, part);
        if (isReduced(next)) return next;
        result = next;
      }
      return result;
    },
  }));
}

/**
 * Passes on each state of a fold: the result of `step` for the last state and the value.
 *
 * @example
 * ```ts
 * import { collect, from, through } from "millrace";
 * import { scan } from "millrace/transducers";
 *
 * console.log(await collect(through(from([1, 2, 3]), scan((sum: number, n: number) => sum + n, 0)))); // [ 1, 3, 6 ]
 * ```
 */
export function scan<In, State>(step: (state: State, value: In) => State, initial: State): Transducer<In, State> {
  return transducer((pass) => {
    let state = initial;
    return {
      step(result, value) {
        state = step(state, value);
        return pass(result, state);
      },
    };
  });
}

/**
 * Passes on arrays of consecutive values for which `keyOf` returns the same key.
 *
 * @example
 * ```ts
 * import { collect, from, through } from "millrace";
 * import { partitionBy } from "millrace/transducers";
 *
 * console.log(await collect(through(from([1, 3, 2, 5]), partitionBy((n: number) => n % 2)))); // [ [ 1, 3 ], [ 2 ], [ 5 ] ]
 * ```
 */
export function partitionBy<T>(keyOf: (value: T) => unknown): Transducer<T, T[]> {
  return transducer((pass) => {
    let run: T[] = [];
    let key: unknown;
    return {
      step(result, value) {
        const previous = key;
        key = keyOf(value);
        if (run.length === 0 || Object.is(previous, key)) {
          run.push(value);
          return result;
        }
        const finished = run;
        run = [value];
        return pass(result, finished);
      },
      flush: (result) => (run.length > 0 ? pass(result, run) : result),
    };
  });
}

/**
 * Passes on arrays of `n` values; the last may be shorter.
 *
 * @throws RangeError when `n` is not a whole number, 1 or more.
 * @example
 * ```ts
 * import { collect, from, through } from "millrace";
 * import { batch } from "millrace/transducers";
 *
 * console.log(await collect(through(from([1, 2, 3]), batch<number>(2)))); // [ [ 1, 2 ], [ 3 ] ]
 * ```
 */
export function batch<T>(n: number): Transducer<T, T[]> {
  wholeNumber("create batch", "n", n, 1);
  return transducer((pass) => {
    let group: T[] = [];
    return {
      step(result, value) {
        group.push(value);
        if (group.length < n) return result;
        const full = group;
        group = [];
        return pass(result, full);
      },
      flush: (result) => (group.length > 0 ? pass(result, group) : result),
    };
  });
}

/**
 * Passes on sliding windows: arrays of `size` consecutive values, each of which starts `step` values after the one before.
 * Incomplete windows are left out. With a `step` above `size`, the values between two windows are left out.
 *
 * @throws RangeError when `size` or `step` is not a whole number, 1 or more.
 * @example
 * ```ts
 * import { collect, from, through } from "millrace";
 * import { window } from "millrace/transducers";
 *
 * console.log(await collect(through(from([1, 2, 3]), window<number>(2)))); // [ [ 1, 2 ], [ 2, 3 ] ]
 * ```
 */
export function window<T>(size: number, step: number = 1): Transducer<T, T[]> {
  wholeNumber("create window", "size", size, 1);
  wholeNumber("create window", "step", step, 1);
  return transducer((pass) => {
    let held: T[] = [];
    let skip = 0;
    return {
      step(result, value) {
        if (skip > 0) {
          skip--;
          return result;
        }
        held.push(value);
        if (held.length < size) return result;
        const full = held;
        held = full.slice(step);
        skip = Math.max(0, step - size);
        return pass(result, full);
      },
    };
  });
}

/**
 * Passes on each value only the first time that it, or its key, occurs.
 *
 * @example
 * ```ts
 * import { collect, from, through } from "millrace";
 * import { distinct } from "millrace/transducers";
 *
 * console.log(await collect(through(from([1, 2, 2, 1]), distinct<number>()))); // [ 1, 2 ]
 * ```
 */
export function distinct<T>(keyOf: (value: T) => unknown = (value) => value): Transducer<T, T> {
  return transducer((pass) => {
    const seen = new Set<unknown>();
    return {
      step(result, value) {
        const key = keyOf(value);
        if (seen.has(key)) return result;
        seen.add(key);
        return pass(result, value);
      },
    };
  });
}

/**
 * Leaves out a value that is equal to the one before, or has an equal key. {@link distinct} leaves out all repetitions.
 *
 * @example
 * ```ts
 * import { collect, from, through } from "millrace";
 * import { dedupe } from "millrace/transducers";
 *
 * console.log(await collect(through(from([1, 2, 2, 1]), dedupe<number>()))); // [ 1, 2, 1 ]
 * ```
 */
export function dedupe<T>(keyOf: (value: T) => unknown = (value) => value): Transducer<T, T> {
  return transducer((pass) => {
    let previous: unknown = none;
    return {
      step(result, value) {
        const key = keyOf(value);
        if (Object.is(previous, key)) return result;
        previous = key;
        return pass(result, value);
      },
    };
  });
}

/** A value that no key is equal to. */
const none = {};

/**
 * Calls a function with each value and passes the value on unchanged: for logs and counters.
 *
 * @example
 * ```ts
 * import { collect, from, through } from "millrace";
 * import { tap } from "millrace/transducers";
 *
 * const seen: number[] = [];
 * await collect(through(from([1, 2]), tap((n: number) => seen.push(n))));
 * console.log(seen); // [ 1, 2 ]
 * ```
 */
export function tap<T>(look: (value: T) => void): Transducer<T, T> {
  return map((value) => {
    look(value);
    return value;
  });
}

/**
 * Passes on the result of a function for each value, unless it is `undefined` or `null`: a map and a filter in one.
 *
 * @example
 * ```ts
 * import { collect, from, through } from "millrace";
 * import { keep } from "millrace/transducers";
 *
 * console.log(await collect(through(from(["a=1", "b"]), keep((text: string) => text.split("=")[1])))); // [ "1" ]
 * ```
 */
export function keep<In, Out>(transform: (value: In) => Out): Transducer<In, NonNullable<Out>> {
  return transducer((pass) => ({
    step(result, value) {
      const made = transform(value);
      return made === undefined || made === null ? result : pass(result, made);
    },
  }));
}

/**
 * Passes on the first of every `n` values.
 *
 * @throws RangeError when `n` is not a whole number, 1 or more.
 * @example
 * ```ts
 * import { collect, from, through } from "millrace";
 * import { takeNth } from "millrace/transducers";
 *
 * console.log(await collect(through(from([1, 2, 3, 4, 5]), takeNth<number>(2)))); // [ 1, 3, 5 ]
 * ```
 */
export function takeNth<T>(n: number): Transducer<T, T> {
  wholeNumber("create takeNth", "n", n, 1);
  return transducer((pass) => {
    let at = -1;
    return { step: (result, value) => (++at % n === 0 ? pass(result, value) : result) };
  });
}

/**
 * Passes on values with a separator between them.
 *
 * @example
 * ```ts
 * import { collect, from, through } from "millrace";
 * import { interpose } from "millrace/transducers";
 *
 * console.log(await collect(through(from([1, 2, 3]), interpose<number, string>("and")))); // [ 1, "and", 2, "and", 3 ]
 * ```
 */
export function interpose<T, S>(separator: S): Transducer<T, T | S> {
  return transducer<T, T | S>((pass) => {
    let first = true;
    return {
      step(result, value) {
        const next = first ? result : pass(result, separator);
        first = false;
        return isReduced(next) ? next : pass(next, value);
      },
    };
  });
}

/**
 * Composes steps in reading order: the first step gets the input.
 *
 * @example
 * ```ts
 * import { collect, from, through } from "millrace";
 * import { compose, filter, map } from "millrace/transducers";
 *
 * console.log(await collect(through(from([1, 2, 3]), compose(filter((n: number) => n > 1), map((n) => n * 10))))); // [ 20, 30 ]
 * ```
 */
export function compose<A, B>(ab: Transducer<A, B>): Transducer<A, B>;
export function compose<A, B, C>(ab: Transducer<A, B>, bc: Transducer<B, C>): Transducer<A, C>;
export function compose<A, B, C, D>(ab: Transducer<A, B>, bc: Transducer<B, C>, cd: Transducer<C, D>): Transducer<A, D>;
export function compose<A, B, C, D, E>(
  ab: Transducer<A, B>,
  bc: Transducer<B, C>,
  cd: Transducer<C, D>,
  de: Transducer<D, E>,
): Transducer<A, E>;
export function compose<A, B, C, D, E, F>(
  ab: Transducer<A, B>,
  bc: Transducer<B, C>,
  cd: Transducer<C, D>,
  de: Transducer<D, E>,
  ef: Transducer<E, F>,
): Transducer<A, F>;
export function compose(...steps: Transducer<unknown, unknown>[]): Transducer<unknown, unknown> {
  return (next) => steps.reduceRight((inner, step) => step(inner), next);
}

/**
 * Steps for a channel's `transform`, in the common transducer protocol, so that the steps of other libraries work beside
 * them, and they in other libraries. A step is a recipe: each channel it is given to gets a state of its own.
 *
 * @packageDocumentation
 */

import { ensureReduced, isReduced, type Reduced, type Transducer, type Transformer } from "./channel/transducer.js";
import { wholeNumber } from "./structures/arguments.js";

export type { Reduced, Transducer, Transformer };

/**
 * What a step does with one input, given how to pass a value on. Of the result that it threads through it knows nothing
 * but whether more is wanted.
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

/** Passes on what a function makes of each value. */
export function map<In, Out>(transform: (value: In) => Out): Transducer<In, Out> {
  return transducer((pass) => ({ step: (result, value) => pass(result, transform(value)) }));
}

/** Passes on the values that a test lets through. */
export function filter<T, S extends T>(test: (value: T) => value is S): Transducer<T, S>;
export function filter<T>(test: (value: T) => boolean): Transducer<T, T>;
export function filter<T>(test: (value: T) => boolean): Transducer<T, T> {
  return transducer((pass) => ({ step: (result, value) => (test(value) ? pass(result, value) : result) }));
}

/** Passes on the first `n` values, and then wants no more; of none, it wants none from the start. */
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

/** The protocol's way to say that no input is wanted: the initial result is reduced already. */
function reducedInit<R>(next: Transformer<R, never>): R {
  return ensureReduced(next["@@transducer/init"]()) as R;
}

/** Passes values on as long as a test holds, and then wants no more. */
export function takeWhile<T>(test: (value: T) => boolean): Transducer<T, T> {
  return transducer((pass) => ({
    step: (result, value) => (test(value) ? pass(result, value) : ensureReduced(result)),
  }));
}

/** Leaves out the first `n` values. */
export function drop<T>(n: number): Transducer<T, T> {
  wholeNumber("create drop", "n", n, 0);
  return transducer((pass) => {
    let left = n;
    return { step: (result, value) => (left-- > 0 ? result : pass(result, value)) };
  });
}

/** Leaves out values as long as a test holds; from the first for which it does not, all are passed on. */
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

/** Passes on every value of the iterable that a function makes of each input. */
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

/** Passes on each state of a fold: what `step` makes of the last state and the value. */
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

/** Passes on runs of consecutive values for which `keyOf` yields the same key. */
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

/** Passes values on in arrays of `n`; the last may be shorter. */
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
 * Passes on sliding windows: arrays of `size` consecutive values, each starting `step` values after the one before. Only
 * whole ones; with a `step` above `size` the values between two are left out.
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

/** Passes on each value, by its key if one is computed, only the first time it occurs. */
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

/** Leaves out values that repeat the one before, by their keys if these are computed; {@link distinct} leaves out all repeats. */
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

/** What no key is. */
const none = {};

/** Calls a function with each value on its way, and passes it on as it is: for logs and counters. */
export function tap<T>(look: (value: T) => void): Transducer<T, T> {
  return map((value) => {
    look(value);
    return value;
  });
}

/** Passes on what a function makes of each value, unless it is `undefined` or `null`: a map and a filter in one. */
export function keep<In, Out>(transform: (value: In) => Out): Transducer<In, NonNullable<Out>> {
  return transducer((pass) => ({
    step(result, value) {
      const made = transform(value);
      return made === undefined || made === null ? result : pass(result, made);
    },
  }));
}

/** Passes on the first of every `n` values. */
export function takeNth<T>(n: number): Transducer<T, T> {
  wholeNumber("create takeNth", "n", n, 1);
  return transducer((pass) => {
    let at = -1;
    return { step: (result, value) => (++at % n === 0 ? pass(result, value) : result) };
  });
}

/** Passes values on with a separator between them. */
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

/** One step after the other, in reading order: the first gets the input. */
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

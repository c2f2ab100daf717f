// Observables of Rx, of the platform, and of every library that supports `Symbol.observable`. They push values and cannot
// wait.

import type { OwnedChannel } from "../../channel/ends.js";
import { Listening, type ListenOptions } from "./listening.js";

/**
 * Gets the values and the end of an observable. millrace passes all three functions; the two optional ones may be missing
 * in the type that an observable accepts.
 */
export interface Observer<in T> {
  next(value: T): void;
  error?(error: unknown): void;
  complete?(): void;
}

/** An object with `subscribe`. It returns how to unsubscribe, or uses the signal, as the platform's observables do. */
export interface ObservableLike<out T> {
  // The function type is here for type inference: Rx accepts a function as well, and TypeScript infers from its last
  // overload.
  subscribe(observer: Observer<T> | ((value: T) => void), options?: { readonly signal: AbortSignal }): unknown;
}

type Subscription = (() => void) | { unsubscribe?: () => void } | null | undefined;
type Interop = Partial<Record<string | symbol, () => ObservableLike<unknown>>>;

/** Returns the observable that a value is or contains, if there is one. */
export function observableIn<T>(source: unknown): ObservableLike<T> | undefined {
  const given = Object(source) as Interop & Partial<ObservableLike<T>>;
  const symbol = (Symbol as { readonly observable?: symbol }).observable ?? "@@observable";
  const interop = given[symbol] ?? given["@@observable"];
  if (typeof interop === "function") return interop.call(source) as ObservableLike<T>;
  return typeof given.subscribe === "function" ? (given as ObservableLike<T>) : undefined;
}

/** Subscribes at once, so that no value is missed. */
export function observe<T>(observable: ObservableLike<T>, options: ListenOptions<T>): OwnedChannel<T> {
  return new Listening<T>(options, (to) => {
    const leaving = new AbortController();
    const subscription = observable.subscribe(
      {
        next: (value) => to.push(value),
        // A close without a cause would mean a normal end.
        error: (error = new Error("The observable failed without an error")) => to.close(error),
        complete: () => to.close(),
      },
      { signal: leaving.signal },
    ) as Subscription;
    return () => {
      leaving.abort();
      if (typeof subscription === "function") subscription();
      else subscription?.unsubscribe?.();
    };
  });
}

// Observables: of Rx, of the platform, of whatever speaks `Symbol.observable`. They push, and take back nothing.

import type { ReceiveChannel } from "../../channel/ends.js";
import { Listening, type ListenOptions } from "./listening.js";

/** What an observable tells. All three are there; two may be missing in what an observable says that it takes. */
export interface Observer<in T> {
  next(value: T): void;
  error?(error: unknown): void;
  complete?(): void;
}

/** What can be subscribed to. It returns how to unsubscribe, or heeds the signal, as the platform's observables do. */
export interface ObservableLike<out T> {
  // A function stands here for the sake of inference: Rx takes one as well, and its last overload is what TypeScript sees.
  subscribe(observer: Observer<T> | ((value: T) => void), options?: { readonly signal: AbortSignal }): unknown;
}

type Subscription = (() => void) | { unsubscribe?: () => void } | null | undefined;
type Interop = Partial<Record<string | symbol, () => ObservableLike<unknown>>>;

/** The observable in what is given, if there is one. */
export function observableIn<T>(source: unknown): ObservableLike<T> | undefined {
  const given = Object(source) as Interop & Partial<ObservableLike<T>>;
  const symbol = (Symbol as { readonly observable?: symbol }).observable ?? "@@observable";
  const interop = given[symbol] ?? given["@@observable"];
  if (typeof interop === "function") return interop.call(source) as ObservableLike<T>;
  return typeof given.subscribe === "function" ? (given as ObservableLike<T>) : undefined;
}

/** Subscribes at once, so that nothing is missed. */
export function observe<T>(observable: ObservableLike<T>, options: ListenOptions<T>): ReceiveChannel<T> {
  return new Listening<T>(options, (to) => {
    const leaving = new AbortController();
    const subscription = observable.subscribe(
      {
        next: (value) => to.push(value),
        // Without a cause a close would look like the end.
        error: (error = new Error("An observable failed without saying why")) => to.close(error),
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

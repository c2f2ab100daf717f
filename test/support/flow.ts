// Tasks at the ends of a flow: a source that records its release, a feeder, and a reader that records what it received.

import {
  type Channel,
  CLOSED,
  collect,
  go,
  type Operation,
  produce,
  type ReceiveChannel,
  type Routine,
  sleep,
} from "millrace";

/** What a reader received. */
export interface Seen<T> {
  readonly values: T[];
  end: "open" | "closed" | { readonly cause: unknown };
}

/** Reads a channel to its end, in a task that sleeps for `pace` after each value. */
export function read<T>(output: ReceiveChannel<T>, pace = 0): Seen<T> {
  const seen: Seen<T> = { values: [], end: "open" };
  go(function* reader(): Routine<void> {
    try {
      for (let value: T | typeof CLOSED; (value = yield* output.receive()) !== CLOSED; ) {
        seen.values.push(value);
        if (pace > 0) yield* sleep(pace);
      }
      seen.end = "closed";
    } catch (cause) {
      seen.end = { cause };
    }
  });
  return seen;
}

/** Sends all values, each after `pace`, and closes; counts the values that were taken. */
export function feed<T>(
  to: Channel<T>,
  values: Iterable<T>,
  { cause, pace = 0 }: { cause?: unknown; pace?: number } = {},
): { taken: number } {
  const fed = { taken: 0 };
  go(function* feeder(): Routine<void> {
    for (const value of values) {
      if (pace > 0) yield* sleep(pace);
      if (!(yield* to.send(value))) return;
      fed.taken++;
    }
    to.close(cause);
  });
  return fed;
}

/** 0 to n - 1. */
export const upTo = (n: number): number[] => Array.from({ length: n }, (_, at) => at);

/** All values of a channel, read at once. */
export const all = <T>(source: ReceiveChannel<T>): Promise<T[]> => collect(source).then((values) => values);

/** The result of an operation, or its error. */
export const outcome = (operation: Operation<unknown>): Promise<unknown> =>
  operation.then(
    (value) => value,
    (error: unknown) => error,
  );

/** A source that is owned by its reader, with a record of its release. */
export interface Watched<T> {
  readonly source: ReceiveChannel<T>;
  /** The reasons with which it was released; never more than one. */
  readonly released: unknown[];
  /** How many values were taken of it. */
  taken: number;
}

/** Sends its values, and then stays open. */
export function watched<T>(...values: readonly T[]): Watched<T> {
  const released: unknown[] = [];
  const state = { taken: 0 };
  const source = produce<T>(
    function* (out) {
      for (const value of values) {
        if (!(yield* out.send(value))) return;
        state.taken++;
      }
      yield* out.whenClosed();
    },
    { release: (reason) => void released.push(reason) },
  );
  return {
    source,
    released,
    get taken() {
      return state.taken;
    },
  };
}

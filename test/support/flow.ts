// Sources that tell when they were released, and readers that tell what they saw.

import { CLOSED, go, produce, type ReceiveChannel, type Routine } from "millrace";

/** What a reader saw. */
export interface Seen<T> {
  readonly values: T[];
  end: "open" | "closed" | { cause: unknown };
}

/** Reads a channel to its end, in a task. */
export function read<T>(output: ReceiveChannel<T>): Seen<T> {
  const seen: Seen<T> = { values: [], end: "open" };
  go(function* reader(): Routine<void> {
    try {
      for (let value: T | typeof CLOSED; (value = yield* output.receive()) !== CLOSED; ) seen.values.push(value);
      seen.end = "closed";
    } catch (cause) {
      seen.end = { cause };
    }
  });
  return seen;
}

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

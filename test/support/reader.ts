// Tasks at the ends of a flow: one that feeds a channel, one that notes what comes out.

import { type Channel, CLOSED, go, type ReceiveChannel, type Routine, sleep } from "millrace";

/** What a reader saw. */
export interface Seen<T> {
  readonly values: T[];
  end: "open" | "closed" | { readonly cause: unknown };
}

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

/** Sends them all and closes; counts what was taken. */
export function feed<T>(to: Channel<T>, values: Iterable<T>, cause?: unknown): { taken: number } {
  const fed = { taken: 0 };
  go(function* feeder(): Routine<void> {
    for (const value of values) {
      if (!(yield* to.send(value))) return;
      fed.taken++;
    }
    to.close(cause);
  });
  return fed;
}

/** 0 to n - 1. */
export const upTo = (n: number): number[] => Array.from({ length: n }, (_, at) => at);

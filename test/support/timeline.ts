// What the tests of combinators that keep time share: a source that sends by a plan, and a consumer that notes when.

import {
  CLOSED,
  type Closed,
  channel,
  go,
  produce,
  type ReceiveChannel,
  type Routine,
  sleep,
  type Task,
} from "millrace";
import type { VirtualTime } from "./virtual.js";

/** Values by the time at which they are sent, in order. */
export type Plan<T> = readonly (readonly [at: number, value: T])[];

/** What came, and when; the end as CLOSED, or the error. */
export type Seen = [at: number, what: unknown][];

/** A channel into which each value is sent at its time, as from outside; then it closes, `end` after the start. */
export function planned<T>(time: VirtualTime, plan: Plan<T>, end?: number, cause?: unknown): ReceiveChannel<T> {
  const out = channel<T>(1024);
  const until = (at: number) => sleep(at - time.now());
  go(function* planned(): Routine<void> {
    for (const [at, value] of plan) {
      yield* until(at);
      yield* out.send(value);
    }
    if (end === undefined) return;
    yield* until(end);
    out.close(cause);
  });
  return out;
}

/** The same, but unbuffered and fed by a task that waits until each is taken: it feels backpressure, and is owned. */
export function pressed<T>(
  time: VirtualTime,
  plan: Plan<T>,
  notes: { sent?: Seen; cancelled?: unknown[] } = {},
): ReceiveChannel<T> {
  return produce<T>(
    function* pressed(out): Routine<void> {
      for (const [at, value] of plan) {
        yield* sleep(at - time.now());
        if (!(yield* out.send(value))) return;
        notes.sent?.push([time.now(), value]);
      }
      yield* sleep(1e6);
    },
    { release: (reason) => notes.cancelled?.push(reason) },
  );
}

/** Takes everything, resting so long after each value, and notes when each came. */
export function noting<T>(time: VirtualTime, of: ReceiveChannel<T>, seen: Seen, rest = 0): Task<void> {
  return go(function* noting(): Routine<void> {
    try {
      for (let value: T | Closed; (value = yield* of.receive()) !== CLOSED; ) {
        seen.push([time.now(), value]);
        if (rest > 0) yield* sleep(rest);
      }
      seen.push([time.now(), CLOSED]);
    } catch (error) {
      seen.push([time.now(), error]);
    }
  });
}

// The outbox: what is in the log goes out, in order, and at least once. The position is saved after a page has gone out, so after a
// failure some of it goes out again, and what receives it leaves out positions that it has seen.

import type { Operation, Routine } from "millrace";
import type { EventStore } from "./store.ts";
import type { Event, Stored } from "./types.ts";

/** Where the position is kept: best in what the events go to, so that the two are lost together. A register of a bus is one. */
export interface Kept {
  get(): Operation<number | undefined>;
  set(position: number): Operation<void>;
}

/** Passes each event to `publish`, and waits for it. A child of a tree: a life that follows a failure goes on at the kept position. */
export function* outbox<E extends Event>(
  store: EventStore<E>,
  kept: Kept,
  publish: (event: Stored<E>) => Operation<unknown> | Routine<unknown>,
): Routine<never> {
  let position = (yield* kept.get()) ?? 0;
  for (;;) {
    const events = yield* store.next(position);
    for (const event of events) yield* publish(event);
    position = events.at(-1)!.position;
    yield* kept.set(position);
  }
}

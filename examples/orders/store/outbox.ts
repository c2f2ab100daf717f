// The outbox: what is in the log goes out, in pages, and at least once. The position is saved after a page has gone out, so after a
// failure some of it goes out again, and what receives it leaves out what it has seen.

import type { Operation, Routine } from "millrace";
import type { EventStore } from "./store.ts";
import type { Event, Stored } from "./types.ts";

/** Where the position is kept: best in what the events go to, so that the two are lost together. A register of a bus is one. */
export interface Kept {
  get(): Operation<number | undefined>;
  set(position: number): Operation<void>;
}

/**
 * Passes the events to `publish`, one page after the other. A child of a tree: a life that follows a failure goes on at the kept
 * position.
 */
export function* outbox<E extends Event>(
  store: EventStore<E>,
  kept: Kept,
  publish: (page: readonly Stored<E>[]) => Operation<unknown> | Routine<unknown>,
): Routine<never> {
  let position = (yield* kept.get()) ?? 0;
  for (;;) {
    const page = yield* store.next(position);
    yield* publish(page);
    position = page.at(-1)!.position;
    yield* kept.set(position);
  }
}

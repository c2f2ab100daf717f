// The outbox: what is in the log goes out, in order, and at least once. The position is saved after a page has gone out, so after a
// failure some of it goes out again, and what receives it leaves out positions that it has seen.

import type { Operation, Routine } from "millrace";
import type { EventStore } from "./store.ts";
import type { Event, Stored } from "./types.ts";

/** Passes each event to `publish`, waits for it, and remembers where it was. A child of a tree. */
export function* outbox<E extends Event>(
  store: EventStore<E>,
  name: string,
  publish: (event: Stored<E>) => Operation<unknown> | Routine<unknown>,
): Routine<never> {
  const checkpoint = store.checkpoint(name);
  for (;;) {
    const events = yield* store.next(checkpoint.position);
    for (const event of events) yield* publish(event);
    checkpoint.save(events.at(-1)!.position);
  }
}

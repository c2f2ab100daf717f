// What a service makes of the events of another one. It takes all that have come, handles them together, so that they share a commit,
// and then remembers the position of the last. After a failure some are handled again, so what they lead to is stored under a key.

import { all, CLOSED, type Routine } from "millrace";
import type { Bus } from "millrace/nats";
import type { ServiceName } from "../messages.ts";
import type { EventStore } from "../store/store.ts";
import type { Event, Stored } from "../store/types.ts";
import { topicOf } from "./service.ts";

const TOGETHER = 128;

/** Follows the events of another service from where it was. A child of a tree. */
export function* inbox<E extends Event>(
  bus: Bus,
  from: ServiceName,
  store: EventStore<Event>,
  handle: (event: Stored<E>, key: string) => Routine<unknown>,
): Routine<void> {
  const checkpoint = store.checkpoint(`${from}-inbox`);
  using events = topicOf<E>(bus, from).subscribe({ from: checkpoint.position + 1 });
  for (let first; (first = yield* events.receive()) !== CLOSED; ) {
    const together = [first];
    while (together.length < TOGETHER) {
      const more = events.tryReceive();
      if (typeof more === "symbol") break;
      together.push(more);
    }
    const fresh = together.filter(({ position }) => position > checkpoint.position);
    if (fresh.length === 0) continue;
    yield* all(fresh.map((event) => () => handle(event, `${from}-${event.position}`)));
    checkpoint.save(fresh.at(-1)!.position);
  }
}

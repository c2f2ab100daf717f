// What all services have in common. A service owns its events, in a file that no other service opens. It takes commands off its queue,
// tells on its topic what has happened, and answers questions. It is a tree, in which each child uses those before it:
//
//   service ─┬─ writer     commits
//            ├─ …          what the service follows: views, and events of others
//            ├─ commands   takes commands, many at a time
//            ├─ outbox     tells what is in the log
//            └─ queries    answers questions
//
// A service knows a bus, and nothing of where the others run.

import { join } from "node:path";
import { CLOSED, never, type Routine, scope } from "millrace";
import type { Bus, BusChannel, Delivery, Topic } from "millrace/nats";
import type { ChildBody, TreeSpec } from "millrace/supervise";
import type { AnyCommand, Query, ServiceName } from "../messages.ts";
import { outbox } from "../store/outbox.ts";
import { EventStore } from "../store/store.ts";
import type { Event, Stored } from "../store/types.ts";

export interface Service extends AsyncDisposable {
  readonly name: ServiceName;
  readonly tree: TreeSpec;
}

/** Handles one command. It is done when this returns; if it throws, it is delivered again. */
export type Handler<C> = (command: C) => Routine<unknown>;

export interface Parts<C> {
  /** Children that run beside commands and outbox. */
  readonly follows: Readonly<Record<string, ChildBody>>;
  /** Begins a life of the child that handles commands: reads what it needs to decide. */
  readonly handling: () => Routine<Handler<C>>;
  readonly answer: (query: Query) => unknown;
}

/** How many commands a service handles at a time. Their events share commits. */
const AT_ONCE = 128;
/** Milliseconds until a command that has failed is delivered again. */
const AGAIN = 50;

export function service<C extends AnyCommand, E extends Event>(
  name: ServiceName,
  bus: Bus,
  folder: string,
  partsOf: (store: EventStore<E>) => Parts<C>,
): Service {
  const store = new EventStore<E>(join(folder, `${name}.db`));
  const { follows, handling, answer } = partsOf(store);
  const tree: TreeSpec = {
    children: {
      writer: store.writer,
      ...follows,
      commands: () => working(queueOf<C>(bus, name), handling),
      // How far the outbox has got is kept in the bus: a bus that has lost its memory is told everything again.
      outbox: () => outbox(store, bus.register<number>(`${name}-outbox`), (page) => tell(topicOf<E>(bus, name), page)),
      queries: () => answering(bus, name, answer),
    },
    options: { strategy: "rest-for-one", intensity: 10 },
  };
  return { name, tree, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
}

/** The queue of commands of a service. One that has failed five times becomes a dead letter. */
export function queueOf<C extends AnyCommand>(bus: Bus, name: ServiceName): BusChannel<C> {
  return bus.channel<C>(name, {
    capacity: 1024,
    ack: "manual",
    maxDeliver: 5,
    deadLetter: "dead-commands",
    dedupe: ({ id }) => id,
  });
}

/** The topic on which a service tells its events. It keeps all, for services that start later. */
export function topicOf<E extends Event>(bus: Bus, name: ServiceName): Topic<Stored<E>> {
  return bus.topic<Stored<E>>(name, { keep: Infinity, dedupe: ({ position }) => String(position) });
}

function* working<C>(queue: BusChannel<C>, handling: () => Routine<Handler<C>>): Routine<void> {
  const handle = yield* handling();
  const deliveries = queue.deliveries();
  yield* scope(function* workers({ go }) {
    for (let n = 0; n < AT_ONCE; n++)
      go(function* worker() {
        for (let delivery; (delivery = yield* deliveries.receive()) !== CLOSED; ) yield* handleOne(delivery, handle);
      });
  });
}

function* handleOne<C>(delivery: Delivery<C>, handle: Handler<C>): Routine<void> {
  let done = false;
  try {
    yield* handle(delivery.value);
    done = true;
  } catch {
    // The store could not commit, or the command is wrong. Delivered again, it finds a new writer, or becomes a dead letter.
  } finally {
    if (done) delivery.ack();
    else delivery.nak(AGAIN);
  }
}

/** Publishes events one after the other, because readers go by their order. */
function* tell<E extends Event>(topic: Topic<Stored<E>>, page: readonly Stored<E>[]): Routine<void> {
  for (const event of page) yield* topic.publish(event);
}

function* answering(bus: Bus, name: ServiceName, answer: (query: Query) => unknown): Routine<void> {
  using _ = bus.serve(name, answer);
  yield* never();
}

// The stock: how many pieces there are of each product. An order gets all of its lines or none.

import type { Routine } from "millrace";
import type { Bus } from "millrace/nats";
import type { Books, Line, Query, StockCommand, StockEvent } from "../messages.ts";
import type { EventStore } from "../store/store.ts";
import type { Stored } from "../store/types.ts";
import { View } from "../store/view.ts";
import { Amounts, type Entries, negative, take } from "./amounts.ts";
import { type Handler, type Service, service } from "./service.ts";

const DELIVERED = "deliveries";

export function stockService(bus: Bus, folder: string, delivered: readonly Line[]): Service {
  return service<StockCommand, StockEvent>("stock", bus, folder, (store) => {
    const holds = holdsOf(store);
    return {
      follows: { holds: () => holds.follow() },
      handling: () => handling(store, delivered),
      answer: (query) => answer(store, holds, query),
    };
  });
}

function* handling(store: EventStore<StockEvent>, delivered: readonly Line[]): Routine<Handler<StockCommand>> {
  yield* store.append(DELIVERED, [{ type: "received", data: { lines: delivered } }], { key: "first delivery" });
  const there = Amounts.of(store, change);
  return function* handle(command) {
    const { order, id } = command;
    if (command.do === "reserve") {
      const { lines } = command;
      yield* take(store, there, { stream: order, key: id, entries: entriesOf(lines) }, (product): StockEvent => {
        if (product === undefined) return { type: "reserved", data: { order, lines } };
        return { type: "refused", data: { order, product } };
      });
      return;
    }
    const last = store.read(order).at(-1);
    if (last?.type !== "reserved") return;
    const { lines } = last.data;
    const { repeated } = yield* store.append(order, [{ type: "released", data: { order, lines } }], { key: id });
    if (!repeated) there.add(entriesOf(lines));
  };
}

const entriesOf = (lines: readonly Line[]): Entries => lines.map(({ product, pieces }) => [product, pieces] as const);

/** What an event changes in the stock. */
function change(event: Stored<StockEvent>): Entries {
  if (event.type === "refused") return [];
  const entries = entriesOf(event.data.lines);
  return event.type === "reserved" ? negative(entries) : entries;
}

/** The orders that hold goods. */
function holdsOf(store: EventStore<StockEvent>): View<StockEvent> {
  return new View(store, {
    name: "holds",
    schema: "CREATE TABLE IF NOT EXISTS holds (id TEXT PRIMARY KEY, pieces INTEGER NOT NULL)",
    applying(database) {
      const hold = database.prepare("INSERT INTO holds (id, pieces) VALUES (?, ?)");
      const release = database.prepare("DELETE FROM holds WHERE id = ?");
      return ({ type, data, stream }) => {
        if (type === "reserved") hold.run(stream, piecesOf(data.lines));
        if (type === "released") release.run(stream);
      };
    },
  });
}

const piecesOf = (lines: readonly Line[]): number => lines.reduce((sum, { pieces }) => sum + pieces, 0);

function answer(store: EventStore<StockEvent>, { database }: View<StockEvent>, query: Query): unknown {
  if (query.about === "history") return store.read(query.order);
  if (query.about !== "books") throw new TypeError(`Cannot answer: the stock holds nothing about a ${query.about}`);
  const held = database.prepare("SELECT count(*) AS orders, coalesce(sum(pieces), 0) AS amount FROM holds").get();
  const { orders, amount } = held as { orders: number; amount: number };
  let [there, short] = [0, false];
  const amounts = Amounts.of(store, change);
  let received = 0;
  for (const event of store.read(DELIVERED)) {
    if (event.type !== "received") continue;
    received += piecesOf(event.data.lines);
    for (const { product } of event.data.lines) {
      there += amounts.get(product);
      if (amounts.get(product) < 0) short = true;
    }
  }
  return { orders, amount, open: 0, balanced: !short && received === there + amount } satisfies Books;
}

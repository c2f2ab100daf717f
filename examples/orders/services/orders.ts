// Orders: takes what customers ask for, follows what stock and billing tell, and has them do the next step.

import { all, type Routine } from "millrace";
import type { Bus } from "millrace/nats";
import type { BillingEvent, Books, OrderCommand, OrderEvent, OrderRow, Query, StockEvent } from "../messages.ts";
import { perform } from "../store/decide.ts";
import { outbox } from "../store/outbox.ts";
import type { EventStore } from "../store/store.ts";
import type { Stored } from "../store/types.ts";
import { View } from "../store/view.ts";
import { inbox } from "./inbox.ts";
import { commandOf, order } from "./order.ts";
import { type Handler, queueOf, type Service, service } from "./service.ts";

export function ordersService(bus: Bus, folder: string): Service {
  return service<OrderCommand, OrderEvent>("orders", bus, folder, (store) => {
    const rows = rowsOf(store);
    const follow = function* (event: Stored<StockEvent | BillingEvent>, key: string): Routine<void> {
      if ("order" in event.data) yield* perform(store, order, event.data.order, event, { key });
    };
    return {
      follows: {
        rows: () => rows.follow(),
        stock: () => inbox<StockEvent>(bus, "stock", store, follow),
        billing: () => inbox<BillingEvent>(bus, "billing", store, follow),
        manager: () =>
          outbox(store, bus.register<number>("orders-manager"), (page) =>
            all(page.map((event) => () => send(bus, event))),
          ),
      },
      *handling(): Routine<Handler<OrderCommand>> {
        return (command) => perform(store, order, command.order, command, { key: command.id });
      },
      answer: (query) => answer(store, rows, query),
    };
  });
}

/** Commands need no order: what a command leads to depends on the state of its order only. */
function* send(bus: Bus, event: OrderEvent): Routine<void> {
  const next = commandOf(event);
  if (next === null) return;
  yield* queueOf(bus, next.to).send(next.command);
}

/** The orders, for queries. */
function rowsOf(store: EventStore<OrderEvent>): View<OrderEvent> {
  return new View(store, {
    name: "rows",
    schema: `
      CREATE TABLE IF NOT EXISTS rows (id TEXT PRIMARY KEY, customer TEXT NOT NULL, cents INTEGER NOT NULL, status TEXT NOT NULL, reason TEXT);
      CREATE INDEX IF NOT EXISTS by_customer ON rows (customer);
      CREATE INDEX IF NOT EXISTS by_status ON rows (status);
    `,
    applying(database) {
      const place = database.prepare("INSERT INTO rows (id, customer, cents, status) VALUES (?, ?, ?, 'placed')");
      const move = database.prepare("UPDATE rows SET status = ?, reason = ? WHERE id = ?");
      return ({ type, data, stream }) => {
        if (type === "placed") place.run(stream, data.customer, data.cents);
        else if (type === "rejected") move.run(type, data.reason, stream);
        else if (type === "stocked" || type === "confirmed" || type === "cancelled") move.run(type, null, stream);
      };
    },
  });
}

function answer(store: EventStore<OrderEvent>, { database }: View<OrderEvent>, query: Query): unknown {
  switch (query.about) {
    case "history":
      return store.read(query.order);
    case "order":
      return (database.prepare("SELECT * FROM rows WHERE id = ?").get(query.order) ?? null) as OrderRow | null;
    case "customer":
      return database.prepare("SELECT * FROM rows WHERE customer = ? ORDER BY rowid DESC LIMIT 20").all(query.customer);
    case "books": {
      const count = database.prepare(
        "SELECT count(*) AS orders, coalesce(sum(cents), 0) AS amount FROM rows WHERE status = ?",
      );
      const confirmed = count.get("confirmed") as { orders: number; amount: number };
      const open = ["placed", "stocked"].map((status) => (count.get(status) as { orders: number }).orders);
      return { ...confirmed, open: open[0]! + open[1]!, balanced: true } satisfies Books;
    }
  }
}

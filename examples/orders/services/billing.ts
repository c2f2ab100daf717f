// Billing: what customers may spend, and what they have paid.

import type { Routine } from "millrace";
import type { Bus } from "millrace/nats";
import type { BillingCommand, BillingEvent, Books, Query } from "../messages.ts";
import type { EventStore } from "../store/store.ts";
import type { Stored } from "../store/types.ts";
import { View } from "../store/view.ts";
import { Amounts, type Entries, take } from "./amounts.ts";
import { type Handler, type Service, service } from "./service.ts";

/** What each customer may spend. */
export type Credit = Readonly<Record<string, number>>;

export function billingService(bus: Bus, folder: string, credit: Credit): Service {
  return service<BillingCommand, BillingEvent>("billing", bus, folder, (store) => {
    const payments = paymentsOf(store);
    return {
      follows: { payments: () => payments.follow() },
      handling: () => handling(store, credit),
      answer: (query) => answer(store, payments, query),
    };
  });
}

const accountOf = (customer: string): string => `customer ${customer}`;

function* handling(store: EventStore<BillingEvent>, credit: Credit): Routine<Handler<BillingCommand>> {
  for (const [customer, cents] of Object.entries(credit))
    if (store.read(accountOf(customer)).length === 0)
      yield* store.append(accountOf(customer), [{ type: "opened", data: { customer, cents } }], { key: customer });
  const left = Amounts.of(store, change);
  return function* handle(command) {
    const { order, id } = command;
    if (command.do === "charge") {
      const { customer, cents } = command;
      yield* take(store, left, { stream: order, key: id, entries: [[customer, cents]] }, (missing): BillingEvent => {
        const type = missing === undefined ? "charged" : "declined";
        return { type, data: { order, customer, cents } };
      });
      return;
    }
    const last = store.read(order).at(-1);
    if (last?.type !== "charged") return;
    const { repeated } = yield* store.append(order, [{ type: "refunded", data: last.data }], { key: id });
    if (!repeated) left.add([[last.data.customer, last.data.cents]]);
  };
}

/** What an event changes in the accounts. */
function change({ type, data }: Stored<BillingEvent>): Entries {
  if (type === "declined") return [];
  return [[data.customer, type === "charged" ? -data.cents : data.cents]];
}

/** The orders that are paid, and the accounts of the customers. */
function paymentsOf(store: EventStore<BillingEvent>): View<BillingEvent> {
  return new View(store, {
    name: "payments",
    schema: `
      CREATE TABLE IF NOT EXISTS payments (id TEXT PRIMARY KEY, customer TEXT NOT NULL, cents INTEGER NOT NULL);
      CREATE TABLE IF NOT EXISTS accounts (customer TEXT PRIMARY KEY, opened INTEGER NOT NULL, left INTEGER NOT NULL);
    `,
    applying(database) {
      const open = database.prepare("INSERT INTO accounts (customer, opened, left) VALUES (?, ?, ?)");
      const move = database.prepare("UPDATE accounts SET left = left + ? WHERE customer = ?");
      const pay = database.prepare("INSERT INTO payments (id, customer, cents) VALUES (?, ?, ?)");
      const unpay = database.prepare("DELETE FROM payments WHERE id = ?");
      return ({ type, data, stream }) => {
        const { customer, cents } = data;
        if (type === "opened") open.run(customer, cents, cents);
        if (type === "charged") pay.run(stream, customer, cents);
        if (type === "refunded") unpay.run(stream);
        if (type === "charged") move.run(-cents, customer);
        if (type === "refunded") move.run(cents, customer);
      };
    },
  });
}

function answer(store: EventStore<BillingEvent>, { database }: View<BillingEvent>, query: Query): unknown {
  if (query.about === "history") return store.read(query.order);
  if (query.about === "customer")
    return (
      database.prepare("SELECT customer, opened, left FROM accounts WHERE customer = ?").get(query.customer) ?? null
    );
  if (query.about !== "books") throw new TypeError(`Cannot answer: billing holds nothing about an ${query.about}`);
  const paid = database.prepare("SELECT count(*) AS orders, coalesce(sum(cents), 0) AS amount FROM payments").get();
  const { orders, amount } = paid as { orders: number; amount: number };
  const all = database
    .prepare("SELECT sum(opened) AS opened, sum(left) AS left, min(left) AS least FROM accounts")
    .get();
  const { opened, left, least } = all as { opened: number; left: number; least: number };
  return { orders, amount, open: 0, balanced: least >= 0 && opened === left + amount } satisfies Books;
}

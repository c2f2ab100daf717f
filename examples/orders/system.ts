// The parts of the system. Each gets a bus, and none knows which: in one process they share a local one, and as processes of their own
// they have a connection to a server each.

import type { Bus } from "millrace/nats";
import type { AnyChild } from "millrace/supervise";
import { SERVICES } from "./messages.ts";
import { billingService } from "./services/billing.ts";
import { ordersService } from "./services/orders.ts";
import { stockService } from "./services/stock.ts";
import { credit, firstDelivery, prices } from "./web/goods.ts";
import { webServer } from "./web/server.ts";

export const PARTS = [...SERVICES, "web"] as const;
export type PartName = (typeof PARTS)[number];

export interface PartOptions {
  /** Where the files of the services are. */
  readonly folder: string;
  /** How much there is to sell and to spend. */
  readonly scale: number;
  /** The port of the front; 0 for a free one. */
  readonly port: number;
  /** Called with the address of the front when it is open. */
  readonly opened: (url: string) => void;
}

/** A part, as the child of a tree. To be disposed of when the tree has stopped. */
export interface Part extends AsyncDisposable {
  readonly name: PartName;
  readonly child: AnyChild;
}

export function partOf(name: PartName, bus: Bus, { folder, scale, port, opened }: PartOptions): Part {
  if (name === "web") {
    const body = webServer(bus, prices, port, opened);
    const child: AnyChild = { body, startUp: "ready", backoff: { min: 20, max: 1_000 } };
    return { name, child, async [Symbol.asyncDispose]() {} };
  }
  const made = {
    orders: () => ordersService(bus, folder),
    stock: () => stockService(bus, folder, firstDelivery(scale)),
    billing: () => billingService(bus, folder, credit(scale)),
  }[name]();
  return { name, child: made.tree, [Symbol.asyncDispose]: () => made[Symbol.asyncDispose]() };
}

/** Makes parts, for one tree. */
export function partsOf(names: readonly PartName[], bus: Bus, options: PartOptions) {
  const parts = names.map((name) => partOf(name, bus, options));
  return {
    children: Object.fromEntries(parts.map(({ name, child }) => [name, child])),
    async [Symbol.asyncDispose](): Promise<void> {
      for (const part of parts.reverse()) await part[Symbol.asyncDispose]();
    },
  };
}

// What the services say to each other. Commands go to one service, by its queue, and are named by an id: one that arrives twice is done
// once. Events are told to all, by the topic of the service that owns them.

import type { Event, Stored } from "./store/types.ts";

export const SERVICES = ["orders", "stock", "billing"] as const;
export type ServiceName = (typeof SERVICES)[number];

export interface Line {
  readonly product: string;
  readonly pieces: number;
}

interface Command<D extends string> {
  /** The same for each time that the command is sent. */
  readonly id: string;
  readonly do: D;
  readonly order: string;
}

export interface PlaceOrder extends Command<"place"> {
  readonly customer: string;
  readonly lines: readonly Line[];
  readonly cents: number;
}
export type OrderCommand = PlaceOrder | Command<"cancel">;

export interface Reserve extends Command<"reserve"> {
  readonly lines: readonly Line[];
}
export type StockCommand = Reserve | Command<"release">;

export interface Charge extends Command<"charge"> {
  readonly customer: string;
  readonly cents: number;
}
export type BillingCommand = Charge | Command<"refund">;

export interface AnyCommand extends Command<string> {}

interface Fact<T extends string, D> extends Event {
  readonly type: T;
  readonly data: D;
}

export interface Placed {
  readonly order: string;
  readonly customer: string;
  readonly lines: readonly Line[];
  readonly cents: number;
}
interface OfOrder {
  readonly order: string;
}
interface Payment extends OfOrder {
  readonly customer: string;
  readonly cents: number;
}

export type OrderEvent =
  | Fact<"placed", Placed>
  | Fact<"stocked", Payment>
  | Fact<"confirmed" | "cancelled" | "release-requested" | "refund-requested", OfOrder>
  | Fact<"rejected", OfOrder & { readonly reason: string }>;

export type StockEvent =
  | Fact<"received", { readonly lines: readonly Line[] }>
  | Fact<"reserved" | "released", OfOrder & { readonly lines: readonly Line[] }>
  | Fact<"refused", OfOrder & { readonly product: string }>;

export type BillingEvent =
  | Fact<"opened", { readonly customer: string; readonly cents: number }>
  | Fact<"charged" | "declined" | "refunded", Payment>;

/** An event as it stands on a topic. */
export type Told = Stored<OrderEvent | StockEvent | BillingEvent>;

/** Questions that each service answers. */
export type Query =
  | { readonly about: "order"; readonly order: string }
  | { readonly about: "history"; readonly order: string }
  | { readonly about: "customer"; readonly customer: string }
  | { readonly about: "books" };

/** An order as its owner shows it. */
export interface OrderRow {
  readonly id: string;
  readonly customer: string;
  readonly status: string;
  readonly cents: number;
  readonly reason: string | null;
}

/** The sums by which the services check each other. */
export interface Books {
  /** Orders that are confirmed; that hold goods; that are paid. */
  readonly orders: number;
  /** What these amount to: in cents, or in pieces. */
  readonly amount: number;
  /** Orders that wait for another service. */
  readonly open: number;
  /** Whether what came in is what is there and what went out. */
  readonly balanced: boolean;
}

// An order, as rules: which events follow when something is asked or has happened elsewhere. It is also the process manager, because what
// is to be done next is an event like any other: goods are reserved, then the customer is charged, then the order is confirmed. If a step
// fails, or the customer cancels meanwhile, the steps before it are undone (a saga).
//
//   place ──> placed ──> stocked ──> confirmed
//                │           │ declined: rejected, release requested
//                │ refused: rejected
//                └─ cancel ──┴─> cancelled; what arrives later is undone: release requested, refund requested

import type { BillingCommand, BillingEvent, OrderCommand, OrderEvent, StockCommand, StockEvent } from "../messages.ts";
import type { Decider } from "../store/decide.ts";

export interface Order {
  readonly status: "none" | "placed" | "stocked" | "confirmed" | "rejected" | "cancelled";
  readonly customer: string;
  readonly cents: number;
}

export const order: Decider<Order, OrderCommand | StockEvent | BillingEvent, OrderEvent> = {
  name: "order",
  initial: { status: "none", customer: "", cents: 0 },

  evolve(order, { type, data }) {
    if (type === "placed") return { status: type, customer: data.customer, cents: data.cents };
    if (type === "release-requested" || type === "refund-requested") return order;
    return { ...order, status: type };
  },

  decide(order, what) {
    if ("do" in what) return asked(order, what);
    return happened(order, what);
  },
};

function asked({ status }: Order, command: OrderCommand): OrderEvent[] {
  const { order } = command;
  if (command.do === "cancel")
    return status === "placed" || status === "stocked" ? [{ type: "cancelled", data: { order } }] : [];
  const { customer, lines, cents } = command;
  return status === "none" ? [{ type: "placed", data: { order, customer, lines, cents } }] : [];
}

function happened({ status, customer, cents }: Order, { type, data }: StockEvent | BillingEvent): OrderEvent[] {
  if (type === "received" || type === "opened") return [];
  const { order } = data;
  const release: OrderEvent = { type: "release-requested", data: { order } };
  const refund: OrderEvent = { type: "refund-requested", data: { order } };
  const rejected = (reason: string): OrderEvent => ({ type: "rejected", data: { order, reason } });
  switch (`${status}, ${type}`) {
    case "placed, reserved":
      return [{ type: "stocked", data: { order, customer, cents } }];
    case "placed, refused":
      return [rejected(`no ${(data as { product?: string }).product} left`)];
    case "stocked, charged":
      return [{ type: "confirmed", data: { order } }];
    case "stocked, declined":
      return [rejected("not enough credit"), release];
    case "cancelled, reserved":
    case "cancelled, declined":
      return [release];
    case "cancelled, charged":
      return [refund, release];
    default:
      return []; // of an order that is over, or told twice
  }
}

/** What another service is to do after an event. The id is made of the order, so a command that is sent again is the same command. */
export function commandOf({
  type,
  data,
}: OrderEvent): { to: "stock"; command: StockCommand } | { to: "billing"; command: BillingCommand } | null {
  const { order } = data;
  switch (type) {
    case "placed":
      return { to: "stock", command: { id: `reserve-${order}`, do: "reserve", order, lines: data.lines } };
    case "stocked":
      return {
        to: "billing",
        command: { id: `charge-${order}`, do: "charge", order, customer: data.customer, cents: data.cents },
      };
    case "release-requested":
      return { to: "stock", command: { id: `release-${order}`, do: "release", order } };
    case "refund-requested":
      return { to: "billing", command: { id: `refund-${order}`, do: "refund", order } };
    default:
      return null;
  }
}

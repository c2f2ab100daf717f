// The rules of an order, without a store or a bus: what follows in each state, and that no step which was taken is left undone.

import { expect, test } from "vitest";
import type { BillingEvent, OrderCommand, OrderEvent, StockEvent } from "../../../examples/orders/messages.ts";
import { commandOf, order } from "../../../examples/orders/services/order.ts";

type What = OrderCommand | StockEvent | BillingEvent;

const lines = [{ product: "oats", pieces: 2 }];
const payment = { order: "o", customer: "ann", cents: 240 };

const whats = {
  place: { id: "1", do: "place", order: "o", customer: "ann", lines, cents: 240 },
  cancel: { id: "2", do: "cancel", order: "o" },
  reserved: { type: "reserved", data: { order: "o", lines } },
  refused: { type: "refused", data: { order: "o", product: "oats" } },
  released: { type: "released", data: { order: "o", lines } },
  charged: { type: "charged", data: payment },
  declined: { type: "declined", data: payment },
  refunded: { type: "refunded", data: payment },
} satisfies Record<string, What>;
type Step = keyof typeof whats;

/** The events that follow step after step, each with its command. */
function play(steps: readonly Step[]): { events: OrderEvent[]; commands: string[] } {
  const events: OrderEvent[] = [];
  let state = order.initial;
  for (const step of steps) {
    const made = order.decide(state, whats[step]);
    state = made.reduce(order.evolve, state);
    events.push(...made);
  }
  return { events, commands: events.flatMap((event) => commandOf(event)?.command.id ?? []) };
}

test.each<[steps: Step[], types: string[], commands: string[]]>([
  [
    ["place", "reserved", "charged"],
    ["placed", "stocked", "confirmed"],
    ["reserve-o", "charge-o"],
  ],
  [["place", "refused"], ["placed", "rejected"], ["reserve-o"]],
  [
    ["place", "reserved", "declined", "released"],
    ["placed", "stocked", "rejected", "release-requested"],
    ["reserve-o", "charge-o", "release-o"],
  ],
  [["place", "cancel", "refused"], ["placed", "cancelled"], ["reserve-o"]],
  [
    ["place", "cancel", "reserved"],
    ["placed", "cancelled", "release-requested"],
    ["reserve-o", "release-o"],
  ],
  [
    ["place", "reserved", "cancel", "charged", "released", "refunded"],
    ["placed", "stocked", "cancelled", "refund-requested", "release-requested"],
    ["reserve-o", "charge-o", "refund-o", "release-o"],
  ],
  [
    ["place", "reserved", "cancel", "declined"],
    ["placed", "stocked", "cancelled", "release-requested"],
    ["reserve-o", "charge-o", "release-o"],
  ],
  [
    ["place", "reserved", "charged", "cancel"],
    ["placed", "stocked", "confirmed"],
    ["reserve-o", "charge-o"],
  ],
  [
    ["place", "place", "reserved", "reserved"],
    ["placed", "stocked"],
    ["reserve-o", "charge-o"],
  ],
  [["cancel"], [], []],
  [["reserved", "charged"], [], []],
])("%j leads to %j", (steps, types, commands) => {
  const played = play(steps);
  expect(played.events.map(({ type }) => type)).toEqual(types);
  expect(played.commands).toEqual(commands);
});

test("whenever the customer cancels, goods and money end where the order says", () => {
  // The other services answer what they are asked, in turn; the customer cancels before step `at`.
  for (const stock of ["reserved", "refused"] as const)
    for (const billing of ["charged", "declined"] as const)
      for (let at = 0; at <= 6; at++) {
        let state = order.initial;
        const todo: Step[] = ["place"];
        let [held, paid] = [false, false];
        for (let n = 0; n === 0 || todo.length > 0 || n <= at; n++) {
          const step = n === at ? "cancel" : todo.shift();
          if (step === undefined) continue;
          for (const event of order.decide(state, whats[step])) {
            state = order.evolve(state, event);
            const asked = commandOf(event)?.command.do;
            if (asked === "reserve") todo.push(stock);
            if (asked === "reserve") held = stock === "reserved";
            if (asked === "charge") todo.push(billing);
            if (asked === "charge") paid = billing === "charged";
            if (asked === "release") held = false;
            if (asked === "refund") paid = false;
          }
        }
        const label = `${stock}, ${billing}, cancelled at ${at}: ${state.status}`;
        expect({ label, held, paid }).toEqual({
          label,
          held: state.status === "confirmed",
          paid: state.status === "confirmed",
        });
        expect(["none", "confirmed", "rejected", "cancelled"], label).toContain(state.status);
      }
});

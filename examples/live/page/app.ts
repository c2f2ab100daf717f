// The page: one connection, two subscriptions, and a switch for the network. Nothing here deals with broken sockets.

import { CLOSED, forEach, fromEvent, go, type ReceiveChannel, type Routine, select, sleep } from "millrace";
import { connect } from "millrace/remote";
import { byId, element } from "../../shared/dom.ts";
import type { Price, Wish } from "../market.ts";
import { Network } from "./network.ts";

const page = byId("page", HTMLElement);
const board = byId("board", HTMLElement);
const journal = byId("journal", HTMLElement);
const received = byId("received", HTMLElement);
const gaps = byId("gaps", HTMLElement);
const skipped = byId("skipped", HTMLElement);
const status = byId("status", HTMLElement);
const cut = byId("cut", HTMLButtonElement);

const KEPT = 12;

const network = new Network(new URL("/", location.href.replace(/^http/, "ws")));
const server = connect(() => network.open(), { name: "the market" });

go(switching).catch(fail);
go(newest).catch(fail);
go(every).catch(fail);

/** Cuts the network and restores it. */
function* switching(): Routine<void> {
  yield* forEach(fromEvent(cut, "click"), () => {
    network.isUp = !network.isUp;
    page.dataset.network = network.isUp ? "up" : "down";
    cut.textContent = network.isUp ? "Cut the network" : "Restore the network";
    status.textContent = network.isUp ? "" : "The network is cut. Nothing is lost that was promised.";
  });
}

/** The newest price of each symbol. What comes while the page is busy is skipped. */
function* newest(): Routine<void> {
  const prices = yield* server.ask<Wish, ReceiveChannel<Price>>("subscribe", { policy: "slide" });
  const cells = new Map<string, HTMLElement>();
  let last = 0;
  let left = 0;
  for (let price; (price = yield* prices.receive()) !== CLOSED; ) {
    const { symbol, cents, number } = price;
    if (!cells.has(symbol)) {
      const cell = element("dd", "price", "");
      cells.set(symbol, cell);
      board.append(element("dt", "symbol", symbol), cell);
    }
    cells.get(symbol)!.textContent = (cents / 100).toFixed(2);
    if (last > 0) left += number - last - 1;
    last = number;
    skipped.textContent = String(left);
    // A frame of a page that has more to do.
    yield* sleep(50);
  }
}

/** Each price, in order. The page counts whether one is missing or comes twice. */
function* every(): Routine<void> {
  const prices = yield* server.ask<Wish, ReceiveChannel<Price>>("subscribe", { policy: "wait" });
  let count = 0;
  let wrong = 0;
  let last = 0;
  for (;;) {
    const { key, value } = yield* select({ prices, quiet: sleep(1000) });
    if (key === "quiet") {
      page.dataset.quiet = "yes";
      continue;
    }
    if (value === CLOSED) return;
    page.dataset.quiet = "no";
    if (last > 0 && value.number !== last + 1) wrong++;
    last = value.number;
    received.textContent = String(++count);
    gaps.textContent = String(wrong);
    journal.prepend(element("li", "line", `${value.number}  ${value.symbol}  ${(value.cents / 100).toFixed(2)}`));
    while (journal.children.length > KEPT) journal.lastElementChild!.remove();
  }
}

function fail(error: unknown): void {
  status.textContent = String(error);
}

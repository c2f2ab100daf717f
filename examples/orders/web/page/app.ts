// The page: follows the events of all services, and shows them by order. The browser connects again by itself when the connection breaks,
// and says which event it had last, so none is missing.

import { forEach, fromEvent, go, type Routine, settled, sleep } from "millrace";
import { byId, element } from "../../../shared/dom.ts";
import type { ServiceName, Told } from "../../messages.ts";

type ToldBy = Told & { readonly service: ServiceName };

const PRODUCTS = ["rye flour", "wheat flour", "spelt flour", "oats", "bran", "semolina", "malt loaf"];
const KEPT = 40;
const EARLY = 500;

const list = byId("orders", HTMLElement);
const empty = byId("empty", HTMLElement);
const status = byId("status", HTMLElement);
const counts = new Map(
  ["open", "confirmed", "rejected", "cancelled"].map((state) => [state, byId(state, HTMLElement)]),
);

/** One order on the page. */
class Shown {
  readonly row: HTMLLIElement;
  state: string;
  private readonly _dots: HTMLElement;
  private readonly _state: HTMLElement;
  private readonly _events: HTMLElement;
  private readonly _customer: HTMLElement;
  private readonly _total: HTMLElement;
  private readonly _times: number[];
  private _begun: number | null;

  constructor(order: string) {
    this.state = "open";
    this._begun = null;
    this._times = [];
    this._customer = element("span", "customer", "");
    this._total = element("span", "total", "");
    this._dots = element("span", "dots");
    this._state = element("span", "state", "placed");
    this._events = element("ol", "events");
    const id = element("span", "id", order);
    id.title = order;
    const summary = element("summary", "", id, this._customer, this._total, this._dots, this._state);
    this.row = element("li", "order", element("details", "", summary, this._events));
    this.row.dataset.order = order;
  }

  add(event: ToldBy): void {
    this._begun ??= event.at;
    // The services tell what has happened independently of each other, so the events are put in order here.
    const after = this._times.findIndex((at) => at > event.at);
    const place = after === -1 ? this._times.length : after;
    this._times.splice(place, 0, event.at);
    const dot = element("span", "dot");
    dot.dataset.service = event.service;
    dot.title = `${event.service}: ${event.type}`;
    this._dots.insertBefore(dot, this._dots.children[place] ?? null);
    this._events.insertBefore(this._line(event, event.at - this._begun), this._events.children[place] ?? null);
    if (event.service === "orders") this._follow(event);
  }

  private _line(event: ToldBy, ms: number): HTMLElement {
    const service = element("span", "service", event.service);
    service.dataset.service = event.service;
    const type = element("span", "type", event.type);
    return element(
      "li",
      "event",
      element("span", "after", `${ms} ms`),
      service,
      type,
      element("span", "data", told(event)),
    );
  }

  private _follow({ type, data }: Told): void {
    if (type === "placed") {
      this._customer.textContent = data.customer;
      this._total.textContent = (data.cents / 100).toFixed(2);
    }
    if (type === "release-requested" || type === "refund-requested") return;
    if (type === "confirmed" || type === "rejected" || type === "cancelled") this.state = type;
    this.row.dataset.state = type;
    this._state.textContent = type === "rejected" ? `rejected: ${data.reason}` : type;
  }
}

/** What the event says, beside the order. */
function told({ data }: Told): string {
  if ("lines" in data) return data.lines.map(({ pieces, product }) => `${pieces} × ${product}`).join(", ");
  if ("reason" in data) return data.reason;
  if ("product" in data) return data.product;
  return "cents" in data ? `${(data.cents / 100).toFixed(2)} of ${data.customer}` : "";
}

const shown = new Map<string, Shown>();
/** Events that have come before their order, by order. */
const early = new Map<string, ToldBy[]>();

function count(state: string, change: number): void {
  const cell = counts.get(state)!;
  cell.textContent = String(Number(cell.textContent) + change);
}

function take(event: ToldBy): void {
  if (!("order" in event.data)) return;
  const { order } = event.data;
  let found = shown.get(order);
  if (found === undefined) {
    // The order is told by another service than this event; it comes soon, or was placed before the page was opened.
    if (event.type !== "placed") {
      keepEarly(order, event);
      return;
    }
    found = new Shown(order);
    shown.set(order, found);
    list.prepend(found.row);
    empty.hidden = true;
    count("open", 1);
    if (list.children.length > KEPT) drop(list.lastElementChild as HTMLElement);
  }
  const before = found.state;
  found.add(event);
  if (found.state !== before) {
    count(before, -1);
    count(found.state, 1);
    if (!found.row.isConnected) shown.delete(order);
  }
  const waiting = early.get(order) ?? [];
  early.delete(order);
  for (const event of waiting) take(event);
}

function keepEarly(order: string, event: ToldBy): void {
  early.set(order, [...(early.get(order) ?? []), event]);
  if (early.size > EARLY) for (const oldest of early.keys()) return void early.delete(oldest);
}

/** An order that is still open keeps being counted. */
function drop(row: HTMLElement): void {
  const order = row.dataset.order!;
  row.remove();
  if (shown.get(order)!.state !== "open") shown.delete(order);
}

function* following(source: EventSource): Routine<void> {
  yield* forEach(fromEvent(source, "message"), (message) => take(JSON.parse((message as MessageEvent<string>).data)));
}

function* connection(source: EventSource): Routine<void> {
  yield* forEach(fromEvent(source, "error"), () => {
    status.textContent = "The connection is lost, and is made again.";
  });
}

function* placing(button: HTMLButtonElement, times: number): Routine<void> {
  yield* forEach(fromEvent(button, "click"), function* () {
    for (let n = 0; n < times; n++) go(place);
  });
}

/** Places an order. An answer of 503 means: come back later. */
function* place(): Routine<void> {
  const some = (most: number): number => 1 + Math.floor(most * Math.random());
  const lines = PRODUCTS.filter(() => Math.random() < 0.3).map((product) => ({ product, pieces: some(4) }));
  if (lines.length === 0) lines.push({ product: "oats", pieces: some(4) });
  const body = JSON.stringify({ customer: `customer-${some(40)}`, lines });
  const headers = { "content-type": "application/json", "idempotency-key": crypto.randomUUID() };
  for (;;) {
    const response = yield* settled(fetch("/orders", { method: "POST", headers, body }));
    if (response.status === 202) return;
    if (response.status !== 503) throw new Error(yield* settled(response.text()));
    status.textContent = "The shop is full, and the order waits.";
    yield* sleep(500 + 1000 * Math.random());
    status.textContent = "";
  }
}

const source = new EventSource("/events");
source.onopen = () => {
  status.textContent = "";
  document.body.dataset.connected = "yes";
};
for (const task of [
  go(following, source),
  go(connection, source),
  go(placing, byId("place", HTMLButtonElement), 1),
  go(placing, byId("rush", HTMLButtonElement), 200),
])
  task.catch((error: unknown) => {
    status.textContent = String(error);
  });

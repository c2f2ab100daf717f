// Customers: they place orders over HTTP, follow them by server-sent events, and sometimes cancel. Then the books are compared.

import { type Routine, scope, settled, sleep } from "millrace";
import { seeded } from "../shared/seeded.ts";
import type { Books, Line, ServiceName, Told } from "./messages.ts";
import { customers, prices } from "./web/goods.ts";

export interface LoadOptions {
  readonly orders: number;
  /** How many customers order at a time. */
  readonly atOnce: number;
  readonly seed?: number;
  /** Called with each event that is told. */
  readonly told?: (event: ToldBy) => void;
}

export type ToldBy = Told & { readonly service: ServiceName };

export interface LoadReport {
  readonly ms: number;
  /** Orders by how they ended. */
  readonly ended: Readonly<Record<Ending, number>>;
  /** How often a customer was told to come back. */
  readonly shed: number;
  /** Milliseconds from the POST to the end of an order, sorted. */
  readonly latencies: readonly number[];
  readonly events: number;
}

const ENDINGS = ["confirmed", "rejected", "cancelled"] as const;
type Ending = (typeof ENDINGS)[number];
const CANCELS = 0.06;
const PRODUCTS = Object.keys(prices);

/** Runs the load. Each order is waited for before the customer places the next. */
export function* load(url: string, { orders, atOnce, seed = 1, told = () => {} }: LoadOptions): Routine<LoadReport> {
  const random = seeded(seed);
  const follower = new Follower(url, told);
  yield* settled(follower.opened);
  const ended: Record<Ending, number> = { confirmed: 0, rejected: 0, cancelled: 0 };
  const latencies: number[] = [];
  let [next, shed] = [0, 0];
  const start = performance.now();
  try {
    yield* scope(function* ({ go }) {
      for (let n = 0; n < atOnce; n++)
        go(function* customer(): Routine<void> {
          while (next < orders) {
            const order = `order-${seed}-${String(next++).padStart(5, "0")}`;
            const [body, cancels] = [JSON.stringify(cart(random)), random() < CANCELS];
            const end = follower.ending(order);
            const begun = performance.now();
            for (;;) {
              const status = yield* settled(request(`${url}orders`, "POST", { "idempotency-key": order }, body));
              if (status === 202) break;
              if (status !== 503) throw new Error(`POST /orders answered ${status}`);
              shed++;
              yield* sleep(50 + 100 * random());
            }
            if (cancels) yield* settled(request(`${url}orders/${order}`, "DELETE"));
            ended[yield* settled(end)]++;
            latencies.push(performance.now() - begun);
          }
        });
    });
    const ms = performance.now() - start;
    return { ms, ended, shed, latencies: latencies.sort((one, other) => one - other), events: follower.events };
  } finally {
    follower.close();
  }
}

/** A few lines, mostly of what is bought most. */
export function cart(random: () => number): { customer: string; lines: Line[] } {
  const products = new Set<string>();
  for (let n = 1 + Math.floor(3 * random() ** 2); n > 0; n--) products.add(PRODUCTS[Math.floor(8 * random() ** 2)]!);
  if (random() < 0.01) products.add("millstone");
  return {
    customer: customers[Math.floor(customers.length * random())]!,
    lines: [...products].map((product) => ({ product, pieces: 1 + Math.floor(4 * random()) })),
  };
}

async function request(
  url: string,
  method: string,
  headers: Record<string, string> = {},
  body?: string,
): Promise<number> {
  const response = await fetch(url, {
    method,
    headers: { "content-type": "application/json", ...headers },
    ...(body !== undefined && { body }),
  });
  await response.text();
  return response.status;
}

/** Reads server-sent events, and tells how each order ends. */
class Follower {
  readonly opened: Promise<void>;
  events: number;
  /** The orders that have ended. */
  private readonly _ended: Map<string, Ending>;
  private readonly _waiting: Map<string, (ending: Ending) => void>;
  private readonly _closing: AbortController;
  private readonly _told: (event: ToldBy) => void;

  constructor(url: string, told: (event: ToldBy) => void) {
    this.events = 0;
    this._ended = new Map();
    this._waiting = new Map();
    this._closing = new AbortController();
    this._told = told;
    // All events from the first one on, so that an order of an earlier run is known to have ended.
    this.opened = fetch(`${url}events?after=0.0.0`, { signal: this._closing.signal }).then(({ body }) => {
      this._read(body!).catch(() => {}); // closed
    });
  }

  ending(order: string): Promise<Ending> {
    const ended = this._ended.get(order);
    return ended === undefined ? new Promise((resolve) => this._waiting.set(order, resolve)) : Promise.resolve(ended);
  }

  close(): void {
    this._closing.abort();
  }

  private async _read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const bytes of body) {
      const messages = (rest + decoder.decode(bytes, { stream: true })).split("\n\n");
      rest = messages.pop()!;
      for (const message of messages) {
        const data = /^data: (.*)$/m.exec(message)?.[1];
        if (data !== undefined) this._take(JSON.parse(data) as ToldBy);
      }
    }
  }

  private _take(event: ToldBy): void {
    this.events++;
    this._told(event);
    const { type, stream } = event;
    const ending = ENDINGS.find((known) => known === type);
    if (ending === undefined) return;
    this._ended.set(stream, ending);
    this._waiting.get(stream)?.(ending);
    this._waiting.delete(stream);
  }
}

export interface Balance {
  readonly balanced: boolean;
  readonly books: Readonly<Record<ServiceName, Books | null>>;
}

const TRIES = 200;

/** Compares the books of the services, once what is still under way has come to rest. */
export function* balance(url: string): Routine<Balance> {
  for (let n = 1; ; n++) {
    const books = yield* settled(fetch(`${url}books`).then((response) => response.json() as Promise<Balance["books"]>));
    const balanced = isBalanced(books);
    if (balanced || n === TRIES) return { balanced, books };
    yield* sleep(50);
  }
}

/** Each service for itself, and all with each other: what is confirmed holds goods and is paid, and nothing else is. */
export function isBalanced({ orders, stock, billing }: Balance["books"]): boolean {
  if (!orders?.balanced || !stock?.balanced || !billing?.balanced || orders.open > 0) return false;
  return orders.orders === stock.orders && orders.orders === billing.orders && orders.amount === billing.amount;
}

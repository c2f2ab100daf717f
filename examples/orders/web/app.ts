// The front: HTTP for customers. It owns nothing. A POST becomes a command on the bus, and the answer is 202 with a link to follow; a GET
// becomes a question to the service that owns the answer; what happens is told by server-sent events.

import { type Context, Hono } from "hono";
import { type SSEStreamingApi, streamSSE } from "hono/streaming";
import { all, merge, type Operation, type Routine, retry, select, sleep, withTimeout } from "millrace";
import type { Bus } from "millrace/nats";
import { pageFile } from "../../shared/page.ts";
import {
  type Books,
  type Line,
  type OrderCommand,
  type OrderRow,
  type Query,
  SERVICES,
  type ServiceName,
  type Told,
} from "../messages.ts";
import { queueOf, topicOf } from "../services/service.ts";
import { Breaker } from "./breaker.ts";
import type { Prices } from "./goods.ts";

const PAGE = new URL("page/", import.meta.url);

/** How long a command waits for room in the queue before the customer is told to come back. */
const PATIENCE_MS = 250;
const ANSWER_MS = 1000;

export function webApp(bus: Bus, prices: Prices): Hono {
  const app = new Hono();
  const breakers = new Map(SERVICES.map((name) => [name, new Breaker(name)]));

  app.post("/orders", async (c) => {
    const wanted = wish(await c.req.json().catch(() => null), prices);
    if (typeof wanted === "string") return c.json({ error: wanted }, 400);
    const order = c.req.header("idempotency-key") ?? crypto.randomUUID();
    const cents = wanted.lines.reduce((sum, { product, pieces }) => sum + prices[product]! * pieces, 0);
    return accept(c, { id: `place-${order}`, do: "place", order, ...wanted, cents });
  });

  app.delete("/orders/:order", (c) => {
    const order = c.req.param("order");
    return accept(c, { id: `cancel-${order}`, do: "cancel", order });
  });

  app.get("/orders/:order", async (c) => {
    const order = c.req.param("order");
    const row = await answer<OrderRow | null>("orders", { about: "order", order });
    if (row !== null) return c.json({ ...row, links: linksOf(order) });
    return c.json({ error: `There is no order ${order}, or not yet` }, 404, { "retry-after": "1" });
  });

  // The one query that crosses services. What one of them cannot answer is named, and the rest is shown.
  app.get("/orders/:order/history", async (c) => {
    const query: Query = { about: "history", order: c.req.param("order") };
    const parts = await fromAll<Told[]>(query);
    const events = parts.flatMap(({ name, found }) => (found ?? []).map((event) => ({ service: name, ...event })));
    const missing = parts.filter(({ found }) => found === null).map(({ name }) => name);
    return c.json({ events: events.sort((one, other) => one.at - other.at), missing });
  });

  app.get("/customers/:customer", async (c) => {
    const query: Query = { about: "customer", customer: c.req.param("customer") };
    const [account, orders] = await all([() => answer("billing", query), () => answer("orders", query)]);
    return c.json({ account, orders });
  });

  app.get("/books", async (c) =>
    c.json(Object.fromEntries((await fromAll<Books>({ about: "books" })).map(({ name, found }) => [name, found]))),
  );

  app.get("/events", (c) =>
    streamSSE(c, (stream) => tell(stream, c.req.header("last-event-id") ?? c.req.query("after"))),
  );

  app.get("*", async (c) => {
    const [type, body] = (await pageFile(PAGE, c.req.path)) ?? [];
    if (body === undefined) return c.text("Not found.\n", 404);
    return c.body(typeof body === "string" ? body : new Uint8Array(body), 200, { "content-type": type! });
  });

  app.onError((error, c) => c.json({ error: String(error) }, 503, { "retry-after": "1" }));

  /** Sends a command. If the queue stays full, the customer is told at once, instead of waiting with everybody else. */
  async function accept(c: Context, command: OrderCommand): Promise<Response> {
    const { key, value } = await select({
      sent: queueOf<OrderCommand>(bus, "orders").send(command),
      late: sleep(PATIENCE_MS),
    });
    if (key === "late" || !value)
      return c.json({ error: "There are too many orders, try again later" }, 503, { "retry-after": "1" });
    return c.json({ order: command.order, links: linksOf(command.order) }, 202, {
      location: `/orders/${command.order}`,
    });
  }

  function answer<T>(name: ServiceName, query: Query): Operation<T> {
    return withTimeout(ANSWER_MS, bus.ask<Query, T>(name, query));
  }

  /** Asks every service. A service that fails is asked again, and left alone for a while when it keeps failing. */
  function fromAll<T>(query: Query): Operation<{ name: ServiceName; found: T | null }[]> {
    return all(
      SERVICES.map(
        (name) =>
          function* (): Routine<{ name: ServiceName; found: T | null }> {
            try {
              const breaker = breakers.get(name)!;
              const found = yield* retry(() => breaker.call(() => answer<T>(name, query)), { attempts: 3, delay: 20 });
              return { name, found };
            } catch {
              return { name, found: null };
            }
          },
      ),
    );
  }

  /** The events of all services, from where the page has got to: the id of each event says where that is, for all three. */
  async function tell(stream: SSEStreamingApi, last: string | undefined): Promise<void> {
    const positions = positionsOf(last);
    const topics = Object.fromEntries(
      SERVICES.map((name) => {
        const position = positions[name];
        return [name, topicOf<Told>(bus, name).subscribe({ from: position === undefined ? "new" : position + 1 })];
      }),
    );
    const events = merge(topics);
    stream.onAbort(() => events.cancel());
    await stream.write(": welcome\n\n");
    for await (const { key, value } of events) {
      if (value.position <= (positions[key as ServiceName] ?? 0)) continue;
      positions[key as ServiceName] = value.position;
      const id = SERVICES.map((name) => positions[name] ?? "").join(".");
      await stream.writeSSE({ id, data: JSON.stringify({ service: key, ...value }) });
    }
  }

  return app;
}

/** Positions by service, of an id such as `12.8.7`. A service whose position is not known is followed from now on. */
function positionsOf(id = ""): Partial<Record<ServiceName, number>> {
  const numbers = id.split(".");
  const known = SERVICES.map((name, at) => [name, numbers[at]] as const).filter(([, text]) => /^\d+$/.test(text ?? ""));
  return Object.fromEntries(known.map(([name, text]) => [name, Number(text)]));
}

function linksOf(order: string): Record<string, string> {
  return { self: `/orders/${order}`, history: `/orders/${order}/history`, events: "/events" };
}

/** What a customer asks for, or what is wrong with it. */
function wish(body: unknown, prices: Prices): { customer: string; lines: Line[] } | string {
  const { customer, lines } = (body ?? {}) as { customer?: unknown; lines?: unknown };
  if (typeof customer !== "string" || customer === "") return "customer must be a name";
  if (!Array.isArray(lines) || lines.length === 0 || lines.length > 20) return "lines must be a list of 1 to 20 lines";
  for (const line of lines as Line[]) {
    if (!Object.hasOwn(prices, line?.product)) return `there is no product ${line?.product}`;
    if (!Number.isInteger(line.pieces) || line.pieces < 1 || line.pieces > 100)
      return `pieces must be a whole number from 1 to 100, got ${line.pieces}`;
  }
  return { customer, lines: (lines as Line[]).map(({ product, pieces }) => ({ product, pieces })) };
}

// The services and the front on a local bus, asked as customers ask, without a port.

import { join } from "node:path";
import type { Hono } from "hono";
import { type Bus, type DeadLetter, localBus, natsBus } from "millrace/nats";
import { type Supervisor, supervise } from "millrace/supervise";
import { describe, expect, onTestFinished, test } from "vitest";
import { isBalanced } from "../../../examples/orders/load.ts";
import { SERVICES, type ServiceName, type StockCommand } from "../../../examples/orders/messages.ts";
import { openDatabase } from "../../../examples/orders/store/database.ts";
import { partsOf } from "../../../examples/orders/system.ts";
import { webApp } from "../../../examples/orders/web/app.ts";
import { prices } from "../../../examples/orders/web/goods.ts";
import { NatsServer } from "../../support/nats.ts";
import { temporaryFolder } from "./temporary.ts";

interface System {
  readonly app: Hono;
  readonly bus: Bus;
  readonly folder: string;
  readonly tree: Supervisor;
}

/** Starts some of the services. Without them all, what goes to the others waits. */
async function started(names: readonly ServiceName[] = SERVICES, bus: Bus = localBus()): Promise<System> {
  const folder = temporaryFolder();
  const parts = partsOf(names, bus, { folder, scale: 100, port: 0, opened() {} });
  const tree = supervise(parts.children);
  onTestFinished(async () => {
    await tree.stop();
    await parts[Symbol.asyncDispose]();
    await bus[Symbol.asyncDispose]();
  });
  await tree.ready();
  return { app: webApp(bus, prices), bus, folder, tree };
}

const cart = { customer: "customer-1", lines: [{ product: "oats", pieces: 2 }] };

function post(app: Hono, body: unknown, key?: string): Response | Promise<Response> {
  const headers = { "content-type": "application/json", ...(key !== undefined && { "idempotency-key": key }) };
  return app.request("/orders", { method: "POST", headers, body: JSON.stringify(body) });
}

const get = async (app: Hono, path: string): Promise<unknown> => (await app.request(path)).json();

/** Waits until an order has ended. */
async function ended(app: Hono, order: string): Promise<string> {
  let status = "";
  await expect
    .poll(async () => (status = ((await get(app, `/orders/${order}`)) as { status: string }).status))
    .toMatch(/confirmed|rejected|cancelled/);
  return status;
}

const balanced = (app: Hono) => expect.poll(async () => isBalanced((await get(app, "/books")) as never)).toBe(true);

describe("the front", () => {
  test("answers a command with 202 and a link, under which the order is found when it is placed", async () => {
    const { app } = await started();
    const response = await post(app, cart, "o1");
    expect(response.status).toBe(202);
    expect(response.headers.get("location")).toBe("/orders/o1");
    expect(await ended(app, "o1")).toBe("confirmed");
    expect(await get(app, "/orders/o1")).toMatchObject({
      customer: "customer-1",
      cents: 240,
      links: { history: "/orders/o1/history" },
    });
    const { events, missing } = (await get(app, "/orders/o1/history")) as {
      events: { service: string; type: string }[];
      missing: string[];
    };
    expect(missing).toEqual([]);
    expect(events.map(({ service, type }) => `${service} ${type}`).sort()).toEqual(
      ["orders placed", "stock reserved", "orders stocked", "billing charged", "orders confirmed"].sort(),
    );
    expect(await get(app, "/customers/customer-1")).toMatchObject({
      account: { opened: 25_000, left: 24_760 },
      orders: [{ id: "o1", status: "confirmed" }],
    });
    await balanced(app);
  });

  test("a command that is sent twice with one key is done once", async () => {
    const { app } = await started();
    const responses = await Promise.all([post(app, cart, "o1"), post(app, cart, "o1"), post(app, cart, "o1")]);
    expect(responses.map(({ status }) => status)).toEqual([202, 202, 202]);
    await ended(app, "o1");
    expect((await post(app, cart, "o1")).status).toBe(202);
    await post(app, cart, "o2");
    await ended(app, "o2");
    expect(await get(app, "/customers/customer-1")).toMatchObject({ account: { left: 25_000 - 2 * 240 } });
  });

  test.each([
    [null, "customer must be a name"],
    [{ lines: cart.lines }, "customer must be a name"],
    [{ customer: "ann", lines: [] }, "lines must be a list of 1 to 20 lines"],
    [{ customer: "ann", lines: [{ product: "gold", pieces: 1 }] }, "there is no product gold"],
    [{ customer: "ann", lines: [{ product: "__proto__", pieces: 1 }] }, "there is no product __proto__"],
    [
      { customer: "ann", lines: [{ product: "oats", pieces: 0.5 }] },
      "pieces must be a whole number from 1 to 100, got 0.5",
    ],
  ])("refuses %j, and says what is wrong", async (body, error) => {
    const response = await post(webApp(localBus(), prices), body);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ error });
  });

  test("an order that is not there, or not yet, is 404", async () => {
    const { app } = await started();
    const response = await app.request("/orders/none");
    expect(response.status).toBe(404);
    expect(response.headers.get("retry-after")).toBe("1");
    expect((await app.request("/nothing")).status).toBe(404);
  });

  test("a query that crosses services shows what it gets, and names what is missing", async () => {
    const { app, tree } = await started();
    await post(app, cart, "o1");
    await ended(app, "o1");
    await tree.terminate("billing");
    // After some failures billing is not asked any more, and the others are still shown.
    for (let n = 0; n < 4; n++)
      expect(await get(app, "/orders/o1/history")).toMatchObject({
        missing: ["billing"],
        events: [{ type: "placed" }, { type: "reserved" }, { type: "stocked" }, { type: "confirmed" }],
      });
    expect(await get(app, "/books")).toMatchObject({ billing: null, orders: { orders: 1 } });
  });

  test("with no service that takes commands, the queue fills, and then customers are told to come back", async () => {
    const { app } = await started([]);
    const rush = async (n: number): Promise<number[]> => {
      const responses = await Promise.all(Array.from({ length: n }, () => post(app, cart)));
      for (const response of responses) await response.text();
      return responses.map(({ status }) => status);
    };
    expect(new Set(await rush(1000))).toEqual(new Set([202]));
    const rest = await rush(100);
    expect(rest.filter((status) => status === 202)).toHaveLength(24);
    expect(rest.filter((status) => status === 503)).toHaveLength(76);
    const refused = await post(app, cart);
    expect(refused.headers.get("retry-after")).toBe("1");
    expect(await refused.json()).toEqual({ error: "There are too many orders, try again later" });

    // Memory does not grow with what is refused: after the first hundreds, hundreds more leave nothing.
    const heap = (): number => {
      for (let n = 0; n < 3; n++) globalThis.gc!();
      return process.memoryUsage().heapUsed;
    };
    await rush(400);
    const before = heap();
    for (let n = 0; n < 2; n++) await rush(400);
    expect(heap() - before).toBeLessThan(1_000_000);
  });
});

describe("the services", () => {
  test("an order that is not paid for gives its goods back, and one without goods is not charged", async () => {
    const { app } = await started();
    const millstones = {
      customer: "customer-1",
      lines: [
        { product: "millstone", pieces: 1 },
        { product: "oats", pieces: 1 },
      ],
    };
    await post(app, millstones, "dear");
    expect(await ended(app, "dear")).toBe("rejected");
    expect(await get(app, "/orders/dear")).toMatchObject({ reason: "not enough credit" });
    await post(app, { customer: "customer-1", lines: [{ product: "millstone", pieces: 4 }] }, "many");
    expect(await ended(app, "many")).toBe("rejected");
    expect(await get(app, "/orders/many")).toMatchObject({ reason: "no millstone left" });
    await balanced(app);
    expect(await get(app, "/books")).toMatchObject({
      stock: { orders: 0, amount: 0 },
      billing: { orders: 0, amount: 0 },
    });
  });

  test("orders that are cancelled at any moment leave the books balanced", async () => {
    const { app } = await started();
    const statuses = await Promise.all(
      Array.from({ length: 40 }, async (_, n) => {
        const order = `o${n}`;
        await post(app, { ...cart, customer: `customer-${(n % 9) + 1}` }, order);
        for (let wait = 0; wait < n % 8; wait++) await app.request(`/orders/${order}`);
        expect((await app.request(`/orders/${order}`, { method: "DELETE" })).status).toBe(202);
        return ended(app, order);
      }),
    );
    await balanced(app);
    const confirmed = statuses.filter((status) => status === "confirmed").length;
    expect(confirmed).toBeLessThan(40);
    expect(await get(app, "/books")).toMatchObject({ stock: { orders: confirmed }, billing: { orders: confirmed } });
  });

  test("a command that the service cannot store is delivered five times, and becomes a dead letter", async () => {
    const { app, bus, folder } = await started();
    const database = openDatabase(join(folder, "stock.db"), "normal");
    database.exec(
      "CREATE TRIGGER broken BEFORE INSERT ON events WHEN NEW.stream = 'o1' BEGIN SELECT RAISE(ABORT, 'broken'); END",
    );
    database.close();
    await post(app, cart, "o1");
    await post(app, cart, "o2");
    const letter = await bus.channel<DeadLetter<StockCommand>>("dead-commands").receive();
    expect(letter).toMatchObject({ channel: "stock", deliveries: 5, value: { id: "reserve-o1" } });
    expect(await ended(app, "o2")).toBe("confirmed");
    expect(await get(app, "/orders/o1")).toMatchObject({ status: "placed" });
  });

  test("on a NATS server not a line of the services differs", async () => {
    const server = await NatsServer.start();
    onTestFinished(() => server.stop());
    const { app } = await started(SERVICES, await natsBus({ servers: server.url, name: "orders" }));
    const statuses = await Promise.all(
      Array.from({ length: 12 }, async (_, n) => {
        // A customer who is told to come back does so: the first command waits until the server has made the queue.
        const placed = async () => (await post(app, { ...cart, customer: `customer-${n + 1}` }, `o${n}`)).status;
        await expect.poll(placed).toBe(202);
        if (n % 4 === 3) await app.request(`/orders/o${n}`, { method: "DELETE" });
        return ended(app, `o${n}`);
      }),
    );
    expect(statuses.filter((_, n) => n % 4 !== 3)).toEqual(Array(9).fill("confirmed"));
    await balanced(app);
    expect(await get(app, "/orders/o0/history")).toMatchObject({ missing: [], events: { length: 5 } });
  });

  test("parts of a service that are killed under load lose nothing", async () => {
    const { app, tree } = await started();
    const orders = Array.from({ length: 60 }, (_, n) => `o${n}`);
    const placed = Promise.all(
      orders.map(async (order, n) => {
        await post(app, { ...cart, customer: `customer-${(n % 9) + 1}` }, order);
        return ended(app, order);
      }),
    );
    for (const name of SERVICES)
      for (const part of ["outbox", "commands", "writer"] as const) {
        await expect.poll(async () => tree.child(name)?.tree?.child(part)?.status).toBe("running");
        tree.child(name)!.tree!.child(part)!.kill();
      }
    expect(new Set(await placed)).toEqual(new Set(["confirmed"]));
    await balanced(app);
  });
});

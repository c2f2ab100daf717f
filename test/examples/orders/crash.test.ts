// The system is killed under load, and started again on the same files. An event that any code was told of is there, once; and the orders
// that the crash has interrupted are brought to their end.

import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import type { Balance } from "../../../examples/orders/load.ts";
import { type Line, SERVICES, type ServiceName, type Told } from "../../../examples/orders/messages.ts";
import { type Order, order } from "../../../examples/orders/services/order.ts";
import { openDatabase } from "../../../examples/orders/store/database.ts";
import { EventStore } from "../../../examples/orders/store/store.ts";
import { scaled } from "../../support/stress.ts";
import { temporaryFolder } from "./temporary.ts";

const KILLS = scaled(3, 20);
const ORDERS = scaled(48, 800);
/** How many new events are told before a life is killed. */
const PER_LIFE = Math.floor((ORDERS * 4) / (KILLS + 1));

type Spoken = readonly [service: ServiceName, position: number, stream: string, version: number, type: string];

/** Runs one life. It is killed after so many events that were not told before; without a number it ends by itself. */
async function life(folder: string, told: Map<string, Spoken>, kill: number | null): Promise<Balance | null> {
  const program = fileURLToPath(new URL("crash.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", program, folder, String(ORDERS)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let books: Balance | null = null;
  let fresh = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [, what, json] = /^(\w+) (.*)$/.exec(line) ?? [];
    if (what === "books") books = JSON.parse(json!) as Balance;
    if (what !== "told" || !json?.endsWith("]")) continue;
    const event = JSON.parse(json) as Spoken;
    const key = `${event[0]} ${event[1]}`;
    if (told.has(key)) expect(event).toEqual(told.get(key));
    else if (++fresh === kill) child.kill("SIGKILL");
    told.set(key, event);
  }
  return books;
}

const rowsOf = (folder: string, name: ServiceName, sql: string): unknown[] => {
  const database = openDatabase(join(folder, `${name}.db`), "normal");
  onTestFinished(() => database.close());
  return database
    .prepare(sql)
    .all()
    .map((row) => ({ ...(row as object) }));
};

test(`killed ${KILLS} times under load, the system loses no event that was told, and its books balance`, {
  timeout: 600_000,
}, async () => {
  const folder = temporaryFolder();
  const told = new Map<string, Spoken>();
  for (let n = 0; n < KILLS; n++) expect(await life(folder, told, PER_LIFE)).toBeNull();
  const books = await life(folder, told, null);
  expect(books).toMatchObject({ balanced: true });

  const events = new Map<ServiceName, Told[]>();
  for (const name of SERVICES) {
    const store = new EventStore<never>(join(folder, `${name}.db`));
    onTestFinished(() => store[Symbol.asyncDispose]());
    events.set(name, store.readAll(0, -1));
  }

  // 1. Each event that was told is where it was told to be.
  for (const [service, position, stream, version, type] of told.values())
    expect(events.get(service)![position - 1]).toMatchObject({ position, stream, version, type });

  // 2. No position and no version is missing or there twice.
  for (const [name, log] of events) {
    expect(
      log.map(({ position }) => position),
      name,
    ).toEqual(log.map((_, n) => n + 1));
    const versions = new Map<string, number>();
    for (const { stream, version } of log) {
      expect(version, `${name} ${stream}`).toBe((versions.get(stream) ?? 0) + 1);
      versions.set(stream, version);
    }
  }

  // 3. The views are folds of the logs.
  const states = new Map<string, Order>();
  for (const event of events.get("orders")!)
    states.set(event.stream, order.evolve(states.get(event.stream) ?? order.initial, event as never));
  expect(states.size).toBe(ORDERS);
  expect(rowsOf(folder, "orders", "SELECT id, status, customer, cents FROM rows ORDER BY id")).toEqual(
    [...states].sort(([one], [other]) => (one < other ? -1 : 1)).map(([id, state]) => ({ id, ...state })),
  );
  const held = new Map<string, number>();
  for (const { type, stream, data } of events.get("stock")!) {
    if (type === "released") held.delete(stream);
    if (type === "reserved")
      held.set(
        stream,
        (data as { lines: readonly Line[] }).lines.reduce((sum, { pieces }) => sum + pieces, 0),
      );
  }
  expect(
    new Map(
      rowsOf(folder, "stock", "SELECT id, pieces FROM holds").map(
        (row) => Object.values(row as object) as [string, number],
      ),
    ),
  ).toEqual(held);
  const paid = new Map<string, number>();
  for (const { type, stream, data } of events.get("billing")!) {
    if (type === "refunded") paid.delete(stream);
    if (type === "charged") paid.set(stream, data.cents);
  }
  expect(
    new Map(
      rowsOf(folder, "billing", "SELECT id, cents FROM payments").map(
        (row) => Object.values(row as object) as [string, number],
      ),
    ),
  ).toEqual(paid);

  // 4. The books balance: what is confirmed holds goods and is paid, and nothing else is.
  const confirmed = [...states]
    .filter(([, { status }]) => status === "confirmed")
    .map(([id]) => id)
    .sort();
  expect([...states.values()].every(({ status }) => ["confirmed", "rejected", "cancelled"].includes(status))).toBe(
    true,
  );
  expect([...held.keys()].sort()).toEqual(confirmed);
  expect([...paid.keys()].sort()).toEqual(confirmed);
});

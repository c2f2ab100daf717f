import { join } from "node:path";
import { all, go } from "millrace";
import { expect, onTestFinished, test } from "vitest";
import { Amounts, take } from "../../../examples/orders/services/amounts.ts";
import { EventStore } from "../../../examples/orders/store/store.ts";
import { temporaryFolder } from "./temporary.ts";

interface Decided {
  readonly type: "taken" | "refused";
  readonly data: number;
}

function opened(): { store: EventStore<Decided>; amounts: Amounts } {
  const store = new EventStore<Decided>(join(temporaryFolder(), "amounts.db"));
  onTestFinished(() => store[Symbol.asyncDispose]());
  const amounts = new Amounts();
  amounts.add([
    ["oats", 10],
    ["bran", 3],
  ]);
  return { store, amounts };
}

const decide =
  (of: EventStore<Decided>, amounts: Amounts) =>
  (key: string, oats: number, bran = 0) =>
    take(of, amounts, { stream: key, key, entries: [["oats", oats] as const, ["bran", bran] as const] }, (missing) => ({
      type: missing === undefined ? "taken" : "refused",
      data: oats,
    }));

test("of takes that overlap, no more are granted than there is, and each takes all of its entries or none", async () => {
  const { store, amounts } = opened();
  const taking = decide(store, amounts);
  await go(() => all([() => taking("a", 6), () => taking("b", 2, 9), () => taking("c", 6), () => taking("d", 4, 3)]));
  expect(store.readAll().map(({ stream, type }) => `${stream} ${type}`)).toEqual([
    "a taken",
    "b refused",
    "c refused",
    "d taken",
  ]);
  expect([amounts.get("oats"), amounts.get("bran")]).toEqual([0, 0]);
});

test("a take that comes twice takes once, also while the first one is being stored", async () => {
  const { store, amounts } = opened();
  const taking = decide(store, amounts);
  await go(() => all([() => taking("a", 3), () => taking("a", 3)]));
  await go(() => taking("a", 3));
  expect(amounts.get("oats")).toBe(7);
  expect(store.head).toBe(1);
});

test("a take that cannot be stored gives back what it took", async () => {
  const { store, amounts } = opened();
  await store.writer.stop();
  await expect(go(() => decide(store, amounts)("a", 3))).rejects.toThrow();
  expect(amounts.get("oats")).toBe(10);
});

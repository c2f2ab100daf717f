// What the mill sells, and to whom. A shop would have services of their own for these.

import type { Line } from "../messages.ts";
import type { Credit } from "../services/billing.ts";

/** Cents for one piece, by product. */
export type Prices = Readonly<Record<string, number>>;

export const prices: Prices = {
  "rye flour": 190,
  "wheat flour": 150,
  "spelt flour": 280,
  oats: 120,
  bran: 90,
  semolina: 175,
  "malt loaf": 420,
  millstone: 48_000,
};

export function firstDelivery(scale: number): Line[] {
  return Object.keys(prices).map((product) => ({ product, pieces: product === "millstone" ? 3 : 4 * scale }));
}

export const customers: readonly string[] = Array.from({ length: 40 }, (_, n) => `customer-${n + 1}`);

/** Every tenth customer has little. */
export function credit(scale: number): Credit {
  return Object.fromEntries(customers.map((name, n) => [name, n % 10 === 9 ? 2_000 : 250 * scale]));
}

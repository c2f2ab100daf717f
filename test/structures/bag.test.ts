import { expect, test } from "vitest";
import { Bag, type Bagged } from "../../src/structures/bag.js";

class Item implements Bagged {
  bag: Bag | null = null;
  slot = 0;
}

test("Bag: entries leave in any order, and the others stay", () => {
  const bag = new Bag();
  const [a, b, c, d] = [new Item(), new Item(), new Item(), new Item()];
  for (const entry of [a, b, c, d]) bag.add(entry);
  bag.remove(b);
  expect(b.bag).toBe(null);
  bag.remove(d);
  bag.add(b);
  bag.remove(a);
  expect(bag.takeAll()).toEqual([b, c]);
  expect(bag.empty).toBe(true);
});

test("Bag.takeAll() leaves no entry in the bag, and the bag can be used again", () => {
  const bag = new Bag();
  const [a, b] = [new Item(), new Item()];
  bag.add(a);
  expect(bag.takeAll()).toEqual([a]);
  expect(a.bag).toBe(null);
  bag.add(b);
  expect(bag.takeAll()).toEqual([b]);
});

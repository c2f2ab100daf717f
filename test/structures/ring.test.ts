import fc from "fast-check";
import { expect, test } from "vitest";
import { Ring } from "../../src/structures/ring.js";

/** The items of a ring, oldest first. */
const items = (ring: Ring<number>): number[] => Array.from({ length: ring.length }, (_, place) => ring.at(place));

test("Ring.take() takes the item at a place, and the other items keep their order", () => {
  const ring = new Ring<number>(4);
  for (const n of [0, 1, 2, 3]) ring.push(n);
  expect([ring.take(2), items(ring)]).toEqual([2, [0, 1, 3]]);
});

test("Ring has no array before its first item", () => {
  const ring = new Ring<number>();
  const places = (): number => (ring as unknown as { readonly _items: unknown[] })._items.length;
  expect(places()).toBe(0);
  ring.unshift(1);
  expect([places() > 0, items(ring)]).toEqual([true, [1]]);
});

test.each([2000, 10_000])("Ring gives up the array of %d items when it is empty, and works on", (most) => {
  const ring = new Ring<number>();
  const places = (): number => (ring as unknown as { readonly _items: unknown[] })._items.length;
  for (let n = 0; n < most; n++) ring.push(n);
  expect(places()).toBeGreaterThanOrEqual(most);
  while (ring.length > 0) ring.shift();
  expect(places()).toBe(0);
  ring.push(1);
  ring.unshift(0);
  expect(items(ring)).toEqual([0, 1]);
});

test("Ring does what an array does, whichever items are pushed, unshifted, shifted and taken", () => {
  const step = fc.tuple(fc.constantFrom("push", "unshift", "shift", "take"), fc.nat(99));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const ring = new Ring<number>(2);
      const model: number[] = [];
      for (const [what, n] of steps) {
        if (what === "push") ring.push(n);
        if (what === "push") model.push(n);
        if (what === "unshift") ring.unshift(n);
        if (what === "unshift") model.unshift(n);
        if (what === "shift" && model.length > 0) expect(ring.shift()).toBe(model.shift());
        if (what === "take" && model.length > 0) {
          const place = n % model.length;
          expect(ring.take(place)).toBe(model.splice(place, 1)[0]);
        }
        expect(items(ring)).toEqual(model);
      }
    }),
  );
});

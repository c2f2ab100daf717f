// What is stored of a state.

import { expect, test } from "vitest";
import { Store } from "../../src/testing/explore/store.js";

test("a state of twenty components takes at most 100 bytes, however many there are", () => {
  const store = new Store();
  const state = new Int32Array(20);
  for (let n = 0; n < 200_000; n++) {
    state[0] = n % 1000;
    state[19] = Math.floor(n / 1000);
    store.add(state, 20, n * 2_654_435, n - 1);
  }
  expect([store.size, store.bytes <= 100]).toEqual([200_000, true]);
});

test("equal states are one, whatever their hash is shared with; a vector that grows keeps those before", () => {
  const store = new Store();
  const add = (...numbers: number[]): number =>
    store.add(Int32Array.from([...numbers, 0, 0, 0, 0]), numbers.length, 7, -1);
  expect([add(1, 2), add(2, 1), add(1, 2), add(1, 2, 0), add(1, 2, 3)]).toEqual([0, 1, 0, 0, 2]);
  const wide = Array.from({ length: 12 }, (_, at) => (at < 2 ? at + 1 : 0));
  expect(add(...wide)).toBe(0);
  const loaded = new Int32Array(14);
  store.load(2, loaded);
  expect([...loaded.slice(0, 4)]).toEqual([1, 2, 3, 0]);
});

test("numbers beyond 16 bits are kept", () => {
  const store = new Store();
  const state = Int32Array.of(5, 70_000, 0, 0, 0, 0, 0, 0);
  expect(store.add(state, 2, 1, -1)).toBe(0);
  const loaded = new Int32Array(8);
  store.load(0, loaded);
  expect([loaded[0], loaded[1]]).toEqual([5, 70_000]);
});

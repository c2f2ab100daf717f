// The packed store of visited states.

import { expect, test } from "vitest";
import { StateStore, type StateVector } from "../../src/testing/explore/search/state-store.js";

/** A state vector that notes its changes; all components are 0 at first. */
class Numbers implements StateVector {
  readonly state: Int32Array;
  readonly changes: Int32Array;
  changed: number;

  constructor(width: number) {
    this.state = new Int32Array(width);
    this.changes = new Int32Array(1000);
    this.changed = 0;
  }

  forget(): void {
    this.changed = 0;
  }

  set(...numbers: number[]): this {
    for (const [component, number] of numbers.entries()) {
      this.changes[this.changed] = component;
      this.changed += 2;
      this.state[component] = number;
    }
    return this;
  }
}

test("StateStore takes at most 50 bytes for a state of twenty components, with 200 000 states stored", () => {
  const store = new StateStore();
  const state = new Numbers(20);
  for (let n = 0; n < 200_000; n++) {
    state.forget();
    state.set(n % 1000, ...Array<number>(18).fill(0), Math.floor(n / 1000));
    store.add(state, n - 1);
  }
  expect([store.size, store.bytes <= 50]).toEqual([200_000, true]);
});

test("StateStore.add() yields one index for equal states, also after components and values are added", () => {
  const store = new StateStore();
  const add = (...numbers: number[]): number => store.add(new Numbers(40).set(...numbers), -1);
  expect([add(1, 2), add(2, 1), add(1, 2), add(1, 2, 0), add(1, 2, 3)]).toEqual([0, 1, 0, 0, 2]);
  for (let n = 0; n < 1000; n++) expect(add(1, 2, n + 4, ...Array<number>(n % 30).fill(n))).toBe(n + 3);
  expect([add(1, 2), add(2, 1), add(1, 2, 3), add(1, 2, 4)]).toEqual([0, 1, 2, 3]);
  const state = new Numbers(40);
  store.load(2, state);
  expect([...state.state.slice(0, 4)]).toEqual([1, 2, 3, 0]);
  store.load(34, state);
  expect([...state.state.slice(0, 5)]).toEqual([1, 2, 35, 31, 0]);
});

test("StateStore finds and adds a successor of a loaded state", () => {
  const store = new StateStore();
  const state = new Numbers(40);
  store.add(state.set(7, 8, 9), -1);
  store.load(0, state);
  expect([store.find(state), store.find(state.set(7, 1)), store.add(state, 0), store.find(state)]).toEqual([
    0, -1, 1, 1,
  ]);
  state.forget();
  expect(store.find(state)).toBe(0);
  store.load(1, state);
  expect([...state.state.slice(0, 3), store.parent(1)]).toEqual([7, 1, 9, 0]);
});

test("StateStore keeps numbers up to 2^31 - 1", () => {
  const store = new StateStore();
  const numbers = [5, 70_000, 86_400_000, 2 ** 31 - 1, 0xffff, 0x10000];
  expect(store.add(new Numbers(8).set(...numbers), -1)).toBe(0);
  const state = new Numbers(8);
  store.load(0, state);
  expect([...state.state.slice(0, 6)]).toEqual(numbers);
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { type Alarm, Heap } from "../../src/structures/heap.js";

const alarm = (due: number): Alarm => ({ due, order: 0, slot: -1 });

/** Takes all alarms out, earliest first. */
function drain(heap: Heap<Alarm>): Alarm[] {
  const taken: Alarm[] = [];
  for (let { first } = heap; first !== undefined; { first } = heap) {
    heap.remove(first);
    taken.push(first);
  }
  return taken;
}

test("Heap.first is the earliest alarm, and of equal times the alarm that was added first", () => {
  const heap = new Heap<Alarm>();
  const [late, early, second] = [alarm(9), alarm(3), alarm(3)];
  for (const each of [late, early, second]) heap.add(each);
  expect(heap.length).toBe(3);
  expect(drain(heap)).toEqual([early, second, late]);
});

test("Heap.remove() of an alarm that is not in the heap does nothing", () => {
  const heap = new Heap<Alarm>();
  const [inside, removed, never] = [alarm(1), alarm(2), alarm(3)];
  heap.add(inside);
  heap.add(removed);
  heap.remove(removed);
  heap.remove(removed);
  heap.remove(never);
  expect([heap.length, heap.first, removed.slot]).toEqual([1, inside, -1]);
});

test("Heap yields what a stable sort yields, whichever alarms are added and removed before", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(9), fc.boolean()), { maxLength: 60 }), (steps) => {
      const heap = new Heap<Alarm>();
      let model: Alarm[] = [];
      for (const [due, adds] of steps) {
        if (adds || model.length === 0) {
          const added = alarm(due);
          heap.add(added);
          model.push(added);
        } else {
          const removed = model[due % model.length]!;
          heap.remove(removed);
          model = model.filter((each) => each !== removed);
        }
        expect(heap.length).toBe(model.length);
      }
      const sorted = model.sort((a, b) => a.due - b.due);
      const taken = drain(heap);
      expect(taken.length).toBe(sorted.length);
      expect(taken.every((each, at) => each === sorted[at])).toBe(true);
    }),
  );
});

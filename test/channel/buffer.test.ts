import { type Buffer, CLOSED, channel, dropping, EMPTY, fixed, go, sliding, unbounded } from "millrace";
import { describe, expect, test } from "vitest";
import { ArrayStore, bufferStores } from "../support/model.js";
import { virtualTime } from "../support/virtual.js";

/** Everything that can be taken now. */
function drain<T>(ch: { tryReceive: () => T | typeof CLOSED | typeof EMPTY }): T[] {
  const values: T[] = [];
  for (let value: T | typeof CLOSED | typeof EMPTY; (value = ch.tryReceive()) !== EMPTY && value !== CLOSED; )
    values.push(value);
  return values;
}

const upTo = (n: number, from = 0): number[] => Array.from({ length: n - from }, (_, at) => from + at);

describe.each([1, 2, 16])("size %i", (n) => {
  test("CH-16: fixed() is full at n: trySend() fails, and room comes back with each receive", () => {
    for (const buffer of [fixed<number>(n), new ArrayStore<number>(n)]) {
      const ch = channel(buffer);
      expect(ch.capacity).toBe(n);
      for (const value of upTo(n)) expect(ch.trySend(value)).toBe(true);
      expect(ch.trySend(n)).toBe(false);
      expect(ch.tryReceive()).toBe(0);
      expect(ch.trySend(n)).toBe(true);
      expect(drain(ch)).toEqual(upTo(n + 1, 1));
    }
  });

  test("CH-16, CH-17: dropping() is never full: when n are stored the new value is dropped and reported", () => {
    const dropped: number[] = [];
    const ch = channel(dropping<number>(n, (value) => void dropped.push(value)));
    for (const value of upTo(n + 3)) expect(ch.trySend(value)).toBe(true);
    expect(ch.length).toBe(n);
    expect(dropped).toEqual([n, n + 1, n + 2]);
    expect(drain(ch)).toEqual(upTo(n));
    expect(channel(dropping<number>(n)).trySend(1)).toBe(true);
  });

  test("CH-16, CH-17: sliding() is never full: when n are stored the oldest is dropped and reported", () => {
    const dropped: number[] = [];
    const ch = channel(sliding<number>(n, (value) => void dropped.push(value)));
    for (const value of upTo(n + 3)) expect(ch.trySend(value)).toBe(true);
    expect(ch.length).toBe(n);
    expect(dropped).toEqual([0, 1, 2]);
    expect(drain(ch)).toEqual(upTo(n + 3, 3));
  });

  test("CH-17: a value handed straight to a waiting receiver is never dropped", async () => {
    using time = virtualTime();
    for (const kind of [dropping, sliding]) {
      const dropped: number[] = [];
      const ch = channel(kind<number>(n, (value) => void dropped.push(value)));
      const got: unknown[] = [];
      for (let receivers = 0; receivers < n + 5; receivers++)
        go(function* () {
          got.push(yield* ch.receive());
        });
      await time.settle();
      for (const value of upTo(n + 5)) ch.trySend(value);
      expect(ch.length).toBe(0);
      await time.settle();
      expect(got).toEqual(upTo(n + 5));
      expect(dropped).toEqual([]);
    }
  });

  test("CH-16: unbounded() calls onHighWater each time it comes to hold more than highWater", () => {
    const marks: number[] = [];
    const ch = channel(unbounded<number>({ highWater: n, onHighWater: (length) => void marks.push(length) }));
    for (const value of upTo(n)) ch.trySend(value);
    expect(marks).toEqual([]);
    ch.trySend(n);
    expect(marks).toEqual([n + 1]);
    ch.trySend(n + 1);
    expect(marks).toEqual([n + 1]);
    ch.tryReceive();
    ch.tryReceive();
    ch.trySend(n + 2);
    expect(marks).toEqual([n + 1, n + 1]);
  });

  test("CH-17: an exception of onDrop is the sender's, and leaves the channel whole", () => {
    for (const kind of [dropping, sliding]) {
      const ch = channel(
        kind<number>(n, () => {
          throw new Error("from onDrop");
        }),
      );
      for (const value of upTo(n)) ch.trySend(value);
      expect(() => ch.trySend(n)).toThrow("from onDrop");
      expect(ch.length).toBe(n);
      expect(drain(ch)).toEqual(kind === dropping ? upTo(n) : upTo(n + 1, 1));
    }
  });
});

describe.each(bufferStores)("$store", ({ make, size, policy }) => {
  test("CH-18: the same claims hold for every buffer: order, length, and what is kept of a storm of values", () => {
    const ch = make<number>();
    const kept: number[] = [];
    let seed = 1;
    for (let n = 0; n < 2000; n++) {
      seed = (seed * 48271) % 2147483647;
      if (seed % 3 !== 0) {
        const accepted = ch.trySend(n);
        expect(accepted).toBe(policy !== "park" || kept.length < size);
        if (kept.length < size) kept.push(n);
        else if (policy === "slide") kept.splice(0, size, ...kept.slice(1), n);
      } else {
        expect(ch.tryReceive()).toBe(kept.length === 0 ? EMPTY : kept.shift());
      }
      expect(ch.length).toBe(kept.length);
    }
    expect(drain(ch)).toEqual(kept);
  });
});

describe("buffers", () => {
  test.each([
    { buffer: "fixed", make: fixed },
    { buffer: "dropping", make: dropping },
    { buffer: "sliding", make: sliding },
  ])("CH-16: $buffer(n) with n < 1, or no whole number, throws a RangeError that says what it got", ({ make }) => {
    for (const n of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => make(n)).toThrow(RangeError);
      expect(() => make(n)).toThrow(String(n));
    }
  });

  test("CH-16: unbounded() takes 100 000 values without parking, and gives them back in order", () => {
    const ch = channel(unbounded<number>());
    expect(ch.capacity).toBe(Number.POSITIVE_INFINITY);
    for (const value of upTo(100_000)) if (!ch.trySend(value)) throw new Error("refused");
    expect(ch.length).toBe(100_000);
    expect(drain(ch)).toEqual(upTo(100_000));
  });

  test("CH-18: a user's buffer decides on the order: a stack", () => {
    class Stack<T> implements Buffer<T> {
      readonly capacity = 3;
      readonly items: T[] = [];
      get length() {
        return this.items.length;
      }
      get full() {
        return this.items.length >= 3;
      }
      push(value: T) {
        this.items.push(value);
      }
      shift() {
        return this.items.pop() as T;
      }
    }
    const ch = channel(new Stack<number>());
    for (const n of [1, 2, 3]) ch.trySend(n);
    expect(ch.trySend(4)).toBe(false);
    expect(drain(ch)).toEqual([3, 2, 1]);
  });

  test("CH-18: the channel calls push only while a buffer is not full, and shift only while it holds something", async () => {
    using time = virtualTime();
    class Strict<T> extends ArrayStore<T> {
      override push(value: T): void {
        if (this.full) throw new Error("pushed while full");
        super.push(value);
      }
      override shift(): T {
        if (this.length === 0) throw new Error("shifted while empty");
        return super.shift();
      }
    }
    const ch = channel(new Strict<number>(2));
    const got: unknown[] = [];
    go(function* () {
      for (let n = 0; n < 50; n++) yield* ch.send(n);
      ch.close();
    });
    go(function* () {
      for (let value: number | typeof CLOSED; (value = yield* ch.receive()) !== CLOSED; ) got.push(value);
    });
    await time.settle();
    expect(got).toEqual(upTo(50));
  });
});

// The checker of register histories: by a table, against brute force, and on histories of ten thousand operations.

import { describe, expect, test } from "vitest";
import { type Operation, violation } from "../../../examples/cluster/history.ts";
import { seeded } from "../../../examples/shared/seeded.ts";
import { scaled, spaced } from "../../support/stress.ts";

/** A history from its text: "w a 1 3" is a write of a that begins at 1 and ends at 3; "r - 4 5" a read of nothing; no end: no answer. */
function historyOf(text: string): Operation[] {
  return text.split(", ").map((part) => {
    const [kind, value, begin, end] = part.split(" ");
    return {
      kind: kind === "w" ? "write" : "read",
      value: value === "-" ? null : value!,
      begin: Number(begin),
      end: end === undefined ? Infinity : Number(end),
    };
  });
}

test.each<[what: string, history: string]>([
  ["nothing was written", "r - 1 2"],
  ["a read after a write", "w a 1 2, r a 3 4"],
  ["a read during a write has the old value", "w a 1 4, r - 2 3"],
  ["a read during a write has the new value", "w a 1 4, r a 2 3"],
  ["reads during a write: the old value, then the new one", "w a 1 9, r - 2 3, r a 4 5"],
  ["two writes at a time, in either order", "w a 1 4, w b 2 3, r a 5 6"],
  ["two writes at a time, both read", "w a 1 9, w b 2 8, r a 3 4, r b 5 6"],
  ["a write that nobody reads, between two", "w a 1 2, w b 3 4, w c 5 6, r c 7 8"],
  ["a write without an answer that is read", "w a 1 2, w b 3, r a 4 5, r b 6 7"],
  ["a write without an answer that is not read", "w a 1 2, w b 3, r a 4 5, r a 6 7"],
  ["a write without an answer that comes to pass later", "w a 1, r - 2 3, w b 4 5, r b 6 7, r a 8 9"],
  ["a read without an answer", "w a 1 2, w b 3 4, r a 5"],
  ["zones that touch", "w a 1 2, r a 4 5, w b 3 4, r b 6 7"],
])("linearizable: %s", (_, history) => {
  expect(violation(historyOf(history))).toBe(null);
});

test.each<[what: string, history: string, why: string]>([
  ["a value that was never written", "w a 1 2, r b 3 4", "b was read, and never written"],
  ["a read before its write", "r a 1 2, w a 3 4", "a was read before it was written"],
  ["a stale read", "w a 1 2, w b 3 4, r a 5 6", "a was the value before and after b"],
  ["a lost write", "w a 1 2, r - 3 4", "null was the value before and after a"],
  ["reads during a write: new, then old", "w a 1 2, w b 3 9, r b 4 5, r a 6 7", "a was the value before and after b"],
  ["two clusters that alternate", "w a 1 9, w b 2 8, r a 3 4, r b 5 6, r a 7 8", "a was the value before and after b"],
  [
    "a write without an answer, read and gone",
    "w a 1 2, w b 3, r b 4 5, r a 6 7",
    "a was the value before and after b",
  ],
])("not linearizable: %s", (_, history, why) => {
  expect(violation(historyOf(history))).toBe(why);
});

test("a value that is written twice is refused", () => {
  expect(() => violation(historyOf("w a 1 2, w a 3 4"))).toThrow("Cannot check: a is written twice");
});

/** Tries all orders: an operation may be next if none that is left ends before it begins. */
function possible(left: readonly Operation[], value: string | null = null): boolean {
  if (left.every(({ kind, end }) => kind === "write" && end === Infinity)) return true;
  return left.some((next) => {
    if (left.some(({ end }) => end < next.begin)) return false;
    if (next.kind === "read" && next.value !== value) return false;
    return possible(
      left.filter((one) => one !== next),
      next.value,
    );
  });
}

function smallHistory(random: () => number): Operation[] {
  const whole = (below: number): number => Math.floor(below * random());
  const writes = 1 + whole(3);
  return Array.from({ length: writes + 1 + whole(4) }, (_, n) => {
    const begin = whole(10);
    const end = begin + whole(7);
    const value = whole(writes + 1);
    if (n >= writes) return { kind: "read", value: value === writes ? null : String(value), begin, end };
    return { kind: "write", value: String(n), begin, end: random() < 0.2 ? Infinity : end };
  });
}

test("says the same as all orders tried, on small histories at random", () => {
  const random = seeded(7);
  const counts = { true: 0, false: 0 };
  for (let n = 0; n < scaled(5_000, 100_000); n++) {
    const history = smallHistory(random);
    const expected = possible(history);
    counts[`${expected}`]++;
    expect(violation(history) === null, JSON.stringify(history)).toBe(expected);
  }
  expect(Math.min(counts.true, counts.false)).toBeGreaterThan(500);
});

/** A history of a register: each operation happens at a moment of its own, which is somewhere between its begin and its end. */
function longHistory(operations: number, random: () => number): Operation[] {
  let value: string | null = null;
  return Array.from({ length: operations }, (_, moment) => {
    const [begin, end] = [moment - 20 * random(), moment + 20 * random()];
    if (random() < 0.6) return { kind: "read", value, begin, end };
    value = String(moment);
    return { kind: "write", value, begin, end: random() < 0.1 ? Infinity : end };
  });
}

describe(`a history of ${spaced(10_000)} operations`, () => {
  const history = longHistory(10_000, seeded(3));

  test("is linearizable", () => {
    expect(violation(history)).toBe(null);
  });

  test("is not when one read is of a value that was read, and written over, a while before", () => {
    const random = seeded(5);
    for (let n = 0; n < 20; n++) {
      const at = 1_000 + Math.floor(8_000 * random());
      const late = history.findIndex(({ kind }, place) => kind === "read" && place > at);
      const early = history.slice(0, late - 100).findLast(({ kind }) => kind === "read")!;
      const wrong = history.with(late, { ...history[late]!, value: early.value });
      expect(violation(wrong)).not.toBe(null);
    }
  });
});

import {
  CLOSED,
  type Closed,
  channel,
  EMPTY,
  type Empty,
  from,
  go,
  type Part,
  type PartitionOptions,
  partition,
  type ReceiveChannel,
  type Routine,
  unbounded,
} from "millrace";
import { describe, expect, test } from "vitest";
import { read, type Seen, watched } from "../../support/flow.js";
import { noneParked, queues } from "../../support/model.js";
import { virtualTime } from "../../support/virtual.js";

const initial = (word: string): string => word[0]!;

/** Reads the parts, and each part in a task of its own. */
function readAll<K, T>(parts: ReceiveChannel<Part<K, T>>): { keys: K[]; seen: Map<K, Seen<T>>; end: Seen<unknown> } {
  const keys: K[] = [];
  const seen = new Map<K, Seen<T>>();
  const end: Seen<unknown> = { values: [], end: "open" };
  go(function* reader(): Routine<void> {
    try {
      for (let part: Part<K, T> | Closed; (part = yield* parts.receive()) !== CLOSED; ) {
        keys.push(part.key);
        seen.set(part.key, read(part.values));
      }
      end.end = "closed";
    } catch (cause) {
      end.end = { cause };
    }
  });
  return { keys, seen, end };
}

function taken<T>(value: T | Closed | Empty): T {
  if (value === CLOSED || value === EMPTY) throw new Error("nothing there");
  return value as T;
}

describe("partition()", () => {
  test("yields one part for each key, in the order of the first values, and closes all parts", async () => {
    using time = virtualTime();
    const all = readAll(partition(from(["bee", "ant", "bat", "cat", "ape"]), initial));
    await time.settle();
    expect([all.keys, all.end.end]).toEqual([["b", "a", "c"], "closed"]);
    expect(Object.fromEntries(all.seen)).toEqual({
      b: { values: ["bee", "bat"], end: "closed" },
      a: { values: ["ant", "ape"], end: "closed" },
      c: { values: ["cat"], end: "closed" },
    });
  });

  test("compares keys as a Map does, and accepts any key", async () => {
    using time = virtualTime();
    const key = {};
    const all = readAll(partition(from([key, undefined, Number.NaN, key, Number.NaN]), (value) => value));
    await time.settle();
    expect(all.keys).toEqual([key, undefined, Number.NaN]);
  });

  test("waits until a part is received, and then until its value is", async () => {
    using time = virtualTime();
    const source = channel<string>();
    const parts = partition(source, initial);
    const sends = ["ant", "ape", "bee"].map((word) => source.send(word).then());
    await time.settle();
    expect(queues(source).senders).toBe(2);
    const a = taken(parts.tryReceive());
    await time.settle();
    // A part that is not read holds up all other parts.
    expect([a.key, queues(source).senders, parts.tryReceive()]).toEqual(["a", 2, EMPTY]);
    expect(a.values.tryReceive()).toBe("ant");
    await time.settle();
    expect([a.values.tryReceive(), queues(source).senders]).toEqual(["ape", 1]);
    await time.settle();
    expect([taken(parts.tryReceive()).key, await Promise.all(sends)]).toEqual(["b", [true, true, true]]);
  });

  const capacities: [string, PartitionOptions<string, string>["capacity"] & {}][] = [
    ["a number", 2],
    ["a number for each key", () => 2],
    ["a buffer for each key", () => unbounded<string>()],
  ];

  test.each(capacities)("with %s as its capacity lets the other parts go on", async (_, capacity) => {
    using time = virtualTime();
    const parts = partition(from(["ant", "ape", "bee"]), initial, { capacity });
    await time.settle();
    const a = taken(parts.tryReceive());
    await time.settle();
    expect([a.key, taken(parts.tryReceive()).key, a.values.tryReceive(), a.values.tryReceive()]).toEqual([
      "a",
      "b",
      "ant",
      "ape",
    ]);
  });

  test("passes values of a part that was cancelled to onUndelivered, and does not yield that part again (CB-6)", async () => {
    using time = virtualTime();
    const lost: string[] = [];
    const parts = partition(from(["ant", "bee", "ape", "bat"]), initial, {
      onUndelivered: (word) => void lost.push(word),
    });
    await time.settle();
    const a = taken(parts.tryReceive());
    a.values.cancel();
    const all = readAll(parts);
    await time.settle();
    expect([all.keys, all.seen.get("b"), lost]).toEqual([
      ["b"],
      { values: ["bee", "bat"], end: "closed" },
      ["ant", "ape"],
    ]);
  });

  test("that is cancelled makes no new parts, and the parts that were received go on", async () => {
    using time = virtualTime();
    const lost: string[] = [];
    const { source, released } = watched("ant", "bee", "ape", "cat", "axe");
    const parts = partition(source, initial, { onUndelivered: (word) => void lost.push(word) });
    await time.settle();
    const a = taken(parts.tryReceive());
    const seen = read(a.values);
    parts.cancel("enough");
    await time.settle();
    expect([seen, lost, released]).toEqual([{ values: ["ant", "ape", "axe"], end: "open" }, ["bee", "cat"], []]);
    // Cancelling the last part releases the source.
    a.values.cancel("all");
    expect(source.closed).toBe(true);
    await time.settle();
    expect(released).toEqual(["all"]);
  });

  test.each([
    ["before its first turn", 0, []],
    ["while its source is silent", 1, []],
    ["while it offers a part", 1, ["ant", "bee"]],
  ] as const)("that is cancelled %s, with no part received, releases its source (CB-2)", async (_, settled, words) => {
    using time = virtualTime();
    const lost: string[] = [];
    const { source, released } = watched<string>(...words);
    await time.settle();
    const parts = partition(source, initial, { onUndelivered: (word) => void lost.push(word) });
    if (settled) await time.settle();
    parts.cancel("enough");
    await time.settle();
    expect([released.length, lost, time.reported, parts.tryReceive()]).toEqual([1, words.slice(0, 1), [], CLOSED]);
  });

  test("takes nothing more from a ready source once it is cancelled and no part was received (CB-2)", async () => {
    using time = virtualTime();
    const source = channel<string>(4);
    for (const word of ["ant", "bee", "cat"]) source.trySend(word);
    const parts = partition(source, initial);
    await time.settle();
    parts.cancel();
    await time.settle();
    expect([source.length, queues(source), source.closed]).toEqual([2, noneParked, false]);
  });

  test("cancels a part whose receiver is cancelled before it resumes, and the other parts go on (CH-27)", async () => {
    using time = virtualTime();
    const lost: string[] = [];
    const source = channel<string>();
    const parts = partition(source, initial, { onUndelivered: (word) => void lost.push(word) });
    const taker = go(function* (): Routine<unknown> {
      return yield* parts.receive();
    });
    await time.settle();
    // 1. The task of partition() runs, and offers a part. 2. The receiver is cancelled before it resumes.
    source.trySend("ant");
    go(function* (): Routine<void> {
      taker.cancel();
    });
    await time.settle();
    expect([taker.status, lost]).toEqual(["cancelled", ["ant"]]);
    const all = readAll(parts);
    for (const word of ["ape", "bee"]) await source.send(word);
    await time.settle();
    expect([all.keys, all.seen.get("b")?.values, lost]).toEqual([["b"], ["bee"], ["ant", "ape"]]);
  });

  test("closes its output and all parts with the cause of its source (CB-3)", async () => {
    using time = virtualTime();
    const cause = new Error("broken");
    const source = channel<string>(2);
    source.trySend("ant");
    source.trySend("bee");
    source.close(cause);
    const all = readAll(partition(source, initial));
    await time.settle();
    expect([all.end.end, all.seen.get("a"), all.seen.get("b"), time.reported]).toEqual([
      { cause },
      { values: ["ant"], end: { cause } },
      { values: ["bee"], end: { cause } },
      [],
    ]);
  });

  test("closes its output and all parts with the error of its key function, and releases its source (CB-3)", async () => {
    using time = virtualTime();
    const cause = new Error("key");
    const lost: string[] = [];
    const { source, released } = watched("ant", "", "bee");
    const parts = partition(
      source,
      (word) => {
        if (word === "") throw cause;
        return word[0];
      },
      { onUndelivered: (word) => void lost.push(word) },
    );
    const all = readAll(parts);
    await time.settle();
    expect([all.end.end, all.seen.get("a"), released.length, lost, time.reported]).toEqual([
      { cause },
      { values: ["ant"], end: { cause } },
      1,
      [""],
      [],
    ]);
  });

  test.each([true, false])("obeys own: %s", async (own) => {
    using time = virtualTime();
    const source = own ? channel<string>() : watched<string>().source;
    partition(source, initial, { own }).cancel();
    await time.settle();
    expect(source.closed).toBe(own);
  });

  test("refuses a source that is no channel, and a key that is no function", () => {
    expect(() => partition({} as never, initial)).toThrow("Cannot partition: source must be a receive channel");
    expect(() => partition(channel<string>(), 1 as never)).toThrow(
      new TypeError("Cannot partition: keyOf must be a function, got 1"),
    );
  });

  test("closes its output with the RangeError of an invalid capacity", async () => {
    using time = virtualTime();
    const all = readAll(partition(from(["ant"]), initial, { capacity: -1 }));
    await time.settle();
    expect(all.end.end).toEqual({ cause: expect.any(RangeError) });
  });
});

test("partition() keeps nothing of a cancelled part but its key, and with `again` not even that", async () => {
  using time = virtualTime();
  for (const again of [false, true]) {
    const source = channel<number>();
    const lost: number[] = [];
    const parts = partition(source, () => "key", { again, onUndelivered: (n) => void lost.push(n) });
    const seen: number[] = [];
    const reader = go(function* () {
      for (let part: Part<string, number> | typeof CLOSED; (part = yield* parts.receive()) !== CLOSED; ) {
        seen.push((yield* part.values.receive()) as number);
        part.values.cancel();
      }
    });
    await time.settle();
    for (const n of [1, 2, 3]) {
      expect(source.trySend(n)).toBe(true);
      await time.settle();
    }
    expect([seen, lost]).toEqual(again ? [[1, 2, 3], []] : [[1], [2, 3]]);
    parts.cancel();
    source.close();
    await time.settle();
    await reader;
  }
});

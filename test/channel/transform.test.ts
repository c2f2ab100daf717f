import * as thing from "@thi.ng/transducers";
import {
  type Channel,
  CLOSED,
  channel,
  dropping,
  EMPTY,
  go,
  select,
  sliding,
  type Transducer,
  unbounded,
} from "millrace";
import {
  batch,
  compose,
  distinct,
  drop,
  dropWhile,
  filter,
  flatMap,
  map,
  partitionBy,
  scan,
  take,
  takeWhile,
} from "millrace/transducers";
import { describe, expect, test } from "vitest";
import { ArrayStore, ask, breaches, forms, giving, noneParked, queues } from "../support/model.js";
import { virtualTime } from "../support/virtual.js";

/** Puts values through a transducer at the mouth of a channel, one send after the other, and takes all that comes out. */
async function through<In, Out>(transform: Transducer<In, Out>, values: readonly In[], size = 1): Promise<Out[]> {
  using time = virtualTime();
  const ch = channel<In, Out>(size, { transform });
  const got: Out[] = [];
  go(function* () {
    for (const value of values) if (!(yield* ch.send(value))) break;
    ch.close();
  });
  go(function* () {
    for (let value: Out | typeof CLOSED; (value = yield* ch.receive()) !== CLOSED; ) got.push(value);
  });
  await time.settle();
  expect(queues(ch)).toEqual(noneParked);
  return got;
}

const even = (n: number): boolean => n % 2 === 0;
const twice = (n: number): number[] => [n, n];

/** As a user may write one: the common protocol, without any help of the library. */
const byHand: Transducer<number, string> = (next) => ({
  "@@transducer/init": () => next["@@transducer/init"](),
  "@@transducer/step": (result, value) => (value < 0 ? result : next["@@transducer/step"](result, `#${value}`)),
  "@@transducer/result": (result) => {
    const last = next["@@transducer/step"](result, "end");
    const reduced = last as { "@@transducer/reduced"?: boolean; "@@transducer/value": typeof result };
    return next["@@transducer/result"](
      reduced["@@transducer/reduced"] ? reduced["@@transducer/value"] : (last as typeof result),
    );
  },
});

/** @thi.ng's reducers are [init, complete, step] and its Reduced is a class; the common protocol names the same things. */
function adapt<In, Out>(theirs: thing.Transducer<In, Out>): Transducer<In, Out> {
  return (next) => {
    const [init, complete, step] = theirs([
      () => next["@@transducer/init"](),
      (result) => next["@@transducer/result"](result as never),
      (result, value) => {
        const now = next["@@transducer/step"](result as never, value) as { "@@transducer/reduced"?: boolean };
        return now?.["@@transducer/reduced"] === true ? thing.reduced(result) : now;
      },
    ] as thing.Reducer<Out, unknown>) as unknown as [
      () => never,
      (result: unknown) => never,
      (result: unknown, value: In) => unknown,
    ];
    return {
      "@@transducer/init": init,
      "@@transducer/step": (result, value) => {
        const now = step(result, value);
        return thing.isReduced(now)
          ? { "@@transducer/reduced": true, "@@transducer/value": now.deref() as typeof result }
          : (now as typeof result);
      },
      "@@transducer/result": (result) => complete(result),
    };
  };
}

const kinds: { kind: string; transform: Transducer<number, unknown>; takes: number[]; gives: unknown[] }[] = [
  { kind: "map()", transform: map((n: number) => n * 10), takes: [1, 2, 3], gives: [10, 20, 30] },
  { kind: "filter()", transform: filter(even), takes: [1, 2, 3, 4], gives: [2, 4] },
  { kind: "take(0)", transform: take(0), takes: [1, 2, 3], gives: [] },
  { kind: "take(2)", transform: take(2), takes: [1, 2, 3], gives: [1, 2] },
  { kind: "takeWhile()", transform: takeWhile((n: number) => n < 3), takes: [1, 2, 3, 1], gives: [1, 2] },
  { kind: "drop(0)", transform: drop(0), takes: [1, 2], gives: [1, 2] },
  { kind: "drop(2)", transform: drop(2), takes: [1, 2, 3, 4], gives: [3, 4] },
  { kind: "dropWhile()", transform: dropWhile((n: number) => n < 3), takes: [1, 2, 3, 1], gives: [3, 1] },
  { kind: "flatMap()", transform: flatMap(twice), takes: [1, 2], gives: [1, 1, 2, 2] },
  { kind: "flatMap() to nothing", transform: flatMap((): number[] => []), takes: [1, 2], gives: [] },
  { kind: "scan()", transform: scan((sum: number, n: number) => sum + n, 0), takes: [1, 2, 3], gives: [1, 3, 6] },
  { kind: "partitionBy()", transform: partitionBy(even), takes: [2, 4, 1, 6], gives: [[2, 4], [1], [6]] },
  {
    kind: "partitionBy() on a key that is NaN or undefined",
    transform: partitionBy((n: number) => (n > 2 ? Number.NaN : undefined)),
    takes: [1, 2, 3, 4, 1],
    gives: [[1, 2], [3, 4], [1]],
  },
  { kind: "batch(2)", transform: batch(2), takes: [1, 2, 3], gives: [[1, 2], [3]] },
  { kind: "batch(2) of nothing", transform: batch(2), takes: [], gives: [] },
  { kind: "distinct()", transform: distinct(), takes: [1, 2, 1, 3, 2], gives: [1, 2, 3] },
  { kind: "distinct() by a key", transform: distinct(even), takes: [1, 2, 3, 4], gives: [1, 2] },
  {
    kind: "compose(filter, map)",
    transform: compose(
      filter(even),
      map((n: number) => n + 1),
    ),
    takes: [1, 2, 4],
    gives: [3, 5],
  },
  { kind: "compose(flatMap, take)", transform: compose(flatMap(twice), take(3)), takes: [1, 2, 3], gives: [1, 1, 2] },
  {
    kind: "compose(take, batch)",
    transform: compose(take<number>(3), batch(2)),
    takes: [1, 2, 3, 4],
    gives: [[1, 2], [3]],
  },
  { kind: "compose(batch, take)", transform: compose(batch<number>(2), take(1)), takes: [1, 2, 3, 4], gives: [[1, 2]] },
  {
    kind: "compose(batch, flatMap)",
    transform: compose(
      batch<number>(2),
      flatMap((ns: number[]) => ns),
    ),
    takes: [1, 2, 3],
    gives: [1, 2, 3],
  },
  { kind: "compose(take, take)", transform: compose(take<number>(2), take(2)), takes: [1, 2, 3], gives: [1, 2] },
  {
    kind: "compose(partitionBy, take) that leaves a run",
    transform: compose(partitionBy(even), take(1)),
    takes: [2, 1, 2],
    gives: [[2]],
  },
  {
    kind: "compose of six",
    transform: compose(
      map((n: number) => n + 1),
      filter(even),
      compose(drop<number>(1), flatMap(twice)),
      distinct<number>(),
      batch<number>(2),
    ),
    takes: [1, 3, 5, 7],
    gives: [[4, 6], [8]],
  },
  { kind: "one written by hand", transform: byHand, takes: [1, -1, 2], gives: ["#1", "#2", "end"] },
  {
    kind: "one written by hand, before take()",
    transform: compose(byHand, take(2)),
    takes: [1, 2, 3],
    gives: ["#1", "#2"],
  },
  {
    kind: "one written by hand, after take()",
    transform: compose(take<number>(1), byHand),
    takes: [1, 2],
    gives: ["#1", "end"],
  },
  { kind: "@thi.ng map", transform: adapt(thing.map((n: number) => n * 2)), takes: [1, 2], gives: [2, 4] },
  { kind: "@thi.ng take", transform: adapt(thing.take(2)), takes: [1, 2, 3], gives: [1, 2] },
  {
    kind: "@thi.ng partition, with its rest",
    transform: adapt(thing.partition<number>(2, 2, true)),
    takes: [1, 2, 3],
    gives: [[1, 2], [3]],
  },
  { kind: "@thi.ng mapcat", transform: adapt(thing.mapcat(twice)), takes: [1, 2], gives: [1, 1, 2, 2] },
  {
    kind: "@thi.ng comp between ours",
    transform: compose(
      map((n: number) => n + 1),
      adapt(thing.comp(thing.filter(even), thing.dedupe())),
      take(2),
    ),
    takes: [1, 1, 3, 4, 5, 7],
    gives: [2, 4],
  },
];

describe.each([1, 2, 16])("a channel of %i with a transform", (size) => {
  test.each(kinds)(
    "CH-28: $kind as the transform of a channel yields its values",
    async ({ transform, takes, gives }) => {
      expect(await through(transform, takes, size)).toEqual(gives);
      // A recipe: the next channel it is given to starts anew.
      expect(await through(transform, takes, size)).toEqual(gives);
    },
  );
});

describe.each(forms)("$form", ({ start }) => {
  test("CH-29: a filtered-out value completes its send true and frees no receiver", async () => {
    using time = virtualTime();
    const ch = channel(1, { transform: filter(even) });
    const log: unknown[] = [];
    start(function* () {
      log.push(["received", yield* ask(ch.receive())]);
    });
    await time.settle();
    start(function* () {
      log.push(["sent", yield* ask(ch.send(1)), yield* ask(ch.send(3))]);
    });
    await time.settle();
    expect(log).toEqual([["sent", true, true]]);
    expect(queues(ch)).toEqual({ senders: 0, receivers: 1 });
    expect(ch.trySend(4)).toBe(true);
    await time.settle();
    expect(log[1]).toEqual(["received", 4]);
  });

  test("CH-29: an expanding transform may overfill the buffer; while length >= capacity sends park and tries fail", async () => {
    using time = virtualTime();
    const ch = channel(2, { transform: flatMap((n: number) => [n, n, n, n, n]) });
    expect(ch.trySend(1)).toBe(true);
    expect(ch.length).toBe(5);
    expect(ch.trySend(2)).toBe(false);
    let sent: unknown;
    start(function* () {
      sent = yield* ask(ch.send(2));
    });
    await time.settle();
    for (let left = 4; left >= 2; left--) {
      expect(ch.tryReceive()).toBe(1);
      expect([ch.length, queues(ch).senders]).toEqual([left, 1]);
    }
    expect(ch.tryReceive()).toBe(1);
    expect([ch.length, queues(ch).senders]).toEqual([6, 0]);
    await time.settle();
    expect(sent).toBe(true);
  });

  test("CH-29: one send may serve many receivers, in arrival order", async () => {
    using time = virtualTime();
    const ch = channel(1, { transform: flatMap((n: number) => [n, n + 1, n + 2, n + 3]) });
    const got: unknown[] = [];
    for (let n = 0; n < 3; n++) {
      start(function* () {
        got.push(yield* ask(ch.receive()));
      });
    }
    await time.settle();
    ch.trySend(10);
    expect(queues(ch)).toEqual(noneParked);
    expect(ch.length).toBe(1);
    await time.settle();
    expect(got).toEqual([10, 11, 12]);
  });

  test("CH-29: a receive that makes room lets in parked senders until there is none: also several whose values are filtered out", async () => {
    using time = virtualTime();
    const ch = channel(1, { transform: filter(even) });
    const log: string[] = [];
    ch.trySend(0);
    for (const n of [1, 3, 2, 5]) {
      start(function* () {
        log.push(`${n} ${yield* ask(ch.send(n))}`);
      });
    }
    await time.settle();
    expect(log).toEqual([]);
    expect(ch.tryReceive()).toBe(0);
    expect([ch.length, queues(ch).senders]).toEqual([1, 1]);
    expect(breaches(ch)).toEqual([]);
    await time.settle();
    expect(log).toEqual(["1 true", "3 true", "2 true"]);
    expect(ch.tryReceive()).toBe(2);
    expect(queues(ch)).toEqual(noneParked);
  });

  test("CH-30: a terminating transform closes the channel after its last value; every parked sender is released with false", async () => {
    using time = virtualTime();
    const ch = channel(1, { transform: take<number>(2) });
    const log: string[] = [];
    let whenClosed = false;
    start(function* () {
      yield* ask(ch.whenClosed());
      whenClosed = true;
    });
    for (const n of [1, 2, 3, 4]) {
      start(function* () {
        log.push(`${n} ${yield* ask(ch.send(n))}`);
      });
    }
    await time.settle();
    expect(log).toEqual(["1 true"]);
    expect(ch.tryReceive()).toBe(1);
    expect([ch.closed, queues(ch).senders]).toEqual([true, 0]);
    await time.settle();
    expect(log).toEqual(["1 true", "2 true", "3 false", "4 false"]);
    expect(whenClosed).toBe(true);
    expect([ch.tryReceive(), ch.tryReceive(), ch.tryReceive()]).toEqual([2, CLOSED, CLOSED]);
  });

  test("CH-30: a terminating transform releases receivers that are too many with CLOSED", async () => {
    using time = virtualTime();
    const ch = channel(1, { transform: take<number>(1) });
    const got: unknown[] = [];
    for (let n = 0; n < 3; n++) {
      start(function* () {
        got.push(yield* ask(ch.receive()));
      });
    }
    await time.settle();
    ch.trySend(1);
    await time.settle();
    expect(got).toEqual([1, CLOSED, CLOSED]);
  });

  test("CH-31: the completion step runs exactly once, when the channel is closed and no parked sender remains, and its values come before CLOSED", async () => {
    using time = virtualTime();
    let completions = 0;
    const counting: Transducer<number, number> = (next) => ({
      ...next,
      "@@transducer/result": (result) => {
        completions++;
        return next["@@transducer/result"](next["@@transducer/step"](result, -1) as typeof result);
      },
    });
    const ch = channel(1, { transform: counting });
    ch.trySend(1);
    start(function* () {
      yield* ask(ch.send(2));
    });
    await time.settle();
    ch.close();
    expect(completions).toBe(0);
    expect(ch.tryReceive()).toBe(1);
    // The parked sender is in, so the completion step has its turn.
    expect(completions).toBe(1);
    expect([ch.tryReceive(), ch.tryReceive(), ch.tryReceive()]).toEqual([2, -1, CLOSED]);
    ch.close();
    ch.cancel();
    expect(completions).toBe(1);
  });

  test("CH-31: what the completion step still holds goes to receivers that are parked, before CLOSED", async () => {
    using time = virtualTime();
    const ch = channel(1, { transform: batch<number>(10) });
    const got: unknown[] = [];
    for (let n = 0; n < 3; n++) {
      start(function* () {
        got.push(yield* ask(ch.receive()));
      });
    }
    await time.settle();
    for (const n of [1, 2, 3]) ch.trySend(n);
    ch.close();
    await time.settle();
    expect(got).toEqual([[1, 2, 3], CLOSED, CLOSED]);
  });

  test("CH-31: the completion step runs when the transform ended itself, too", async () => {
    using time = virtualTime();
    const ch = channel(1, { transform: compose(take<number>(3), batch(2)) });
    const got: unknown[] = [];
    start(function* () {
      for (let n = 0; n < 3; n++) got.push(yield* ask(ch.receive()));
    });
    start(function* () {
      for (const n of [1, 2, 3, 4]) got.push(yield* ask(ch.send(n)));
    });
    await time.settle();
    expect(got.filter((value) => typeof value === "boolean")).toEqual([true, true, true, false]);
    expect(got.filter((value) => typeof value !== "boolean")).toEqual([[1, 2], [3], CLOSED]);
  });

  test("CH-31: after Channel.cancel() no receiver gets a value of the completion step", async () => {
    using time = virtualTime();
    const ch = channel(1, { transform: batch<number>(10) });
    ch.trySend(1);
    ch.cancel();
    await time.settle();
    expect(ch.tryReceive()).toBe(CLOSED);
  });

  test("CH-32: an exception in a step goes to onError; a returned value takes the place of the failed one, undefined drops it", async () => {
    using time = virtualTime();
    const errors: unknown[] = [];
    const ch = channel<number, number>(16, {
      transform: map((n: number) => {
        if (n % 3 === 0) throw new Error(`no ${n}`);
        return n;
      }),
      onError(error) {
        errors.push((error as Error).message);
        return errors.length === 1 ? -1 : undefined;
      },
    });
    const sent: boolean[] = [];
    start(function* () {
      for (const n of [1, 3, 5, 6, 7]) sent.push(yield* ask(ch.send(n)));
    });
    await time.settle();
    expect(sent).toEqual([true, true, true, true, true]);
    expect(errors).toEqual(["no 3", "no 6"]);
    expect(Array.from({ length: 5 }, () => ch.tryReceive())).toEqual([1, -1, 5, 7, EMPTY]);
  });

  test("CH-32: without onError the channel closes with that error as its cause, after what was stored", async () => {
    using time = virtualTime();
    const failure = new Error("step");
    const ch = channel<number, number>(1, {
      transform: map((n: number) => {
        if (n === 2) throw failure;
        return n;
      }),
    });
    const log: unknown[] = [];
    for (const n of [1, 2, 3]) {
      start(function* () {
        log.push([n, yield* ask(ch.send(n))]);
      });
    }
    await time.settle();
    expect(ch.tryReceive()).toBe(1);
    expect(ch.closed).toBe(true);
    await time.settle();
    expect(log).toEqual([
      [1, true],
      [2, false],
      [3, false],
    ]);
    expect(() => ch.tryReceive()).toThrow(failure);
    let caught: unknown;
    start(function* () {
      try {
        yield* ask(ch.receive());
      } catch (error) {
        caught = error;
      }
    });
    await time.settle();
    expect(caught).toBe(failure);
  });
});

describe("transforms", () => {
  test("CH-28: channel(0, { transform }) throws a TypeError, as channel() does with a transform that is none", () => {
    expect(() => channel(0, { transform: map(String) })).toThrow(TypeError);
    expect(() => channel(1, { transform: "map" as never })).toThrow(TypeError);
    expect(() => channel(1, { transform: {} as never })).toThrow(TypeError);
    expect(channel(1, { transform: map(String) }).capacity).toBe(1);
  });

  test("CH-28: every buffer takes a transform", () => {
    const shout = map((word: string) => word.toUpperCase());
    for (const buffer of [new ArrayStore<string>(2), dropping<string>(2), sliding<string>(2), unbounded<string>()]) {
      const ch = channel(buffer, { transform: shout });
      for (const word of ["a", "b"]) expect(ch.trySend(word)).toBe(true);
      expect([ch.tryReceive(), ch.tryReceive(), ch.tryReceive()]).toEqual(["A", "B", EMPTY]);
    }
  });

  test("CH-28: a count that is no whole number, or too small, throws a RangeError that says what it got", () => {
    for (const n of [-1, 1.5, Number.NaN]) {
      for (const make of [take, drop, batch]) {
        expect(() => make(n)).toThrow(RangeError);
        expect(() => make(n)).toThrow(String(n));
      }
    }
    expect(() => batch(0)).toThrow(RangeError);
  });

  test("CH-29, OP-6: a select over a channel with a transform moves one value, and leaves no trace in the others", async () => {
    using time = virtualTime();
    const ch = channel(1, { transform: filter(even) });
    const silent = channel<number>();
    let got: unknown;
    go(function* () {
      got = yield* select({ ch, silent });
    });
    await time.settle();
    ch.trySend(1);
    await time.settle();
    expect(got).toBe(undefined);
    ch.trySend(2);
    await time.settle();
    expect(got).toEqual({ key: "ch", value: 2 });
    expect(queues(silent)).toEqual(noneParked);
  });

  test("CH-31: an exception in the completion step goes to onError, or becomes the cause", () => {
    const failing: Transducer<number, number> = (next) => ({
      ...next,
      "@@transducer/result": () => {
        throw new Error("at the end");
      },
    });
    const mended = channel(2, { transform: failing, onError: () => 99 });
    mended.trySend(1);
    mended.close();
    expect([mended.tryReceive(), mended.tryReceive(), mended.tryReceive()]).toEqual([1, 99, CLOSED]);
    const broken = channel(2, { transform: failing });
    broken.trySend(1);
    broken.close();
    expect(broken.tryReceive()).toBe(1);
    expect(() => broken.tryReceive()).toThrow("at the end");
  });

  test("CH-32: an exception of onError itself closes the channel with it", () => {
    const ch = channel<number, number>(1, {
      transform: map(() => {
        throw new Error("first");
      }),
      onError: () => {
        throw new Error("second");
      },
    });
    expect(ch.trySend(1)).toBe(false);
    expect(ch.closed).toBe(true);
    expect(() => ch.tryReceive()).toThrow("second");
  });

  test("CH-33: a step that receives from its own channel gets what is stored, and corrupts nothing", () => {
    const seen: unknown[] = [];
    const ch: Channel<number> = channel<number>(4, {
      transform: map((n: number) => {
        seen.push(ch.tryReceive());
        return n;
      }),
    } as never);
    for (const n of [1, 2, 3]) expect(ch.trySend(n)).toBe(true);
    expect(seen).toEqual([EMPTY, 1, 2]);
    expect([ch.length, ch.tryReceive(), ch.tryReceive()]).toEqual([1, 3, EMPTY]);
  });

  test("CH-33: a step that sends to its own channel parks or is refused, and its value comes later, in order", async () => {
    using time = virtualTime();
    const tries: boolean[] = [];
    const ch: Channel<number> = channel<number>(8, {
      transform: map((n: number) => {
        if (n < 10) {
          tries.push(ch.trySend(n + 10));
          go(function* () {
            yield* ch.send(n + 100);
          });
          void ch.send(n + 1000).then(() => {});
        }
        return n;
      }),
    } as never);
    expect(ch.trySend(1)).toBe(true);
    await time.settle();
    expect(tries).toEqual([false]);
    expect(queues(ch)).toEqual(noneParked);
    expect([ch.tryReceive(), ch.tryReceive(), ch.tryReceive(), ch.tryReceive()]).toEqual([1, 1001, 101, EMPTY]);
  });

  test("CH-33: a step that closes its own channel has its value delivered, then CLOSED", async () => {
    using time = virtualTime();
    const got: unknown[] = [];
    const ch: Channel<number> = channel<number>(4, {
      transform: map((n: number) => {
        if (n === 2) ch.close();
        return n;
      }),
    } as never);
    go(function* () {
      for (let n = 0; n < 4; n++) got.push(yield* ch.receive());
    });
    await time.settle();
    for (const n of [1, 2, 3]) ch.trySend(n);
    await time.settle();
    expect(got).toEqual([1, 2, CLOSED, CLOSED]);
    expect(queues(ch)).toEqual(noneParked);
  });

  test("CH-33: a step that cancels its own channel leaves no stored value and no parked task", async () => {
    using time = virtualTime();
    const lost: number[] = [];
    const ch: Channel<number> = channel<number>(4, {
      transform: map((n: number) => {
        if (n === 2) ch.cancel();
        return n;
      }),
      onUndelivered: (n: number) => void lost.push(n),
    } as never);
    ch.trySend(1);
    ch.trySend(2);
    await time.settle();
    expect(ch.tryReceive()).toBe(CLOSED);
    expect([ch.length, queues(ch)]).toEqual([0, noneParked]);
    expect(lost).toEqual([1, 2]);
  });

  test("CH-33: two channels whose transforms feed each other do not recurse without end", async () => {
    using time = virtualTime();
    const ping: Channel<number> = channel<number>(4, {
      transform: map((n: number) => giving(pong.trySend(n + 1), n)),
    } as never);
    const pong: Channel<number> = channel<number>(4, {
      transform: map((n: number) => giving(ping.trySend(n + 1), n)),
    } as never);
    expect(ping.trySend(0)).toBe(true);
    await time.settle();
    expect([ping.tryReceive(), ping.tryReceive(), pong.tryReceive(), pong.tryReceive()]).toEqual([0, EMPTY, 1, EMPTY]);
  });
});

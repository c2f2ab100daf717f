// The engine that runs a program under every schedule. Each program is small enough that its outcomes can be counted by hand.

import { always, type Channel, channel, go, guard, Operation, type Routine, receiveAny, select, sleep } from "millrace";
import { choose, type Proved, verify } from "millrace/testing";
import { describe, expect, test } from "vitest";

type Program = () => Routine<unknown>;

/** The outcomes of a program under every schedule, in the order of their texts. */
async function outcomes(main: Program): Promise<unknown[]> {
  const verdict = await verify(main, { engine: "runs", leaks: false, unperformed: false });
  expect(verdict.status === "failed" ? verdict.report : verdict.status).toBe("proved");
  return [...(verdict as Proved<unknown>).outcomes].sort();
}

/** Channels, some of which hold their own number. */
function filled(...full: boolean[]): Channel<number>[] {
  return full.map((isFull, nth) => {
    const made = channel<number>(1);
    if (isFull) made.trySend(nth);
    return made;
  });
}

/** What wins a select of three channels, of which some hold a value. */
const winners = (...full: boolean[]) =>
  function* (): Routine<unknown> {
    const [a, b, c] = filled(...full);
    const { key } = yield* select({ a: a!, b: b!, c: c! }, { default: 0 });
    // Another decision follows, so that a run that only repeats another one ends there.
    for (let nth = 0; nth < 2; nth++) go(function* () {});
    yield* sleep(1);
    return key;
  };

/** Whether a task that tries a select comes before the one that sends to it. */
const besides = (tries: (job: Channel<number>) => Operation<unknown>, capacity: number) =>
  function* (): Routine<unknown> {
    const job = channel<number>(capacity);
    const sent = channel<boolean>(1);
    const task = go(function* () {
      return yield* tries(job);
    });
    go(function* () {
      yield* sent.send(job.trySend(1));
    });
    if (capacity === 0) return yield* sent.receive();
    return ((yield* task) as { key: string }).key;
  };

/** Sends to a select whose cases queue at the same place. */
const served = (park: (numbers: Channel<number>) => Operation<unknown>, serve: (numbers: Channel<number>) => void) =>
  function* (): Routine<unknown> {
    const numbers = channel<number>();
    const parked = go(function* () {
      return yield* park(numbers);
    });
    yield* sleep(1);
    serve(numbers);
    return ((yield* parked) as { key: string }).key;
  };

/** An operation that counts how often it was polled. */
class Counting extends Operation<number> {
  static polls = 0;
  poll(): boolean {
    Counting.polls++;
    return false;
  }
  block(): void {}
}

describe("a case that is not ready", () => {
  test.each<[string, Program, unknown[]]>([
    ["first of three", winners(false, true, true), ["b", "c"]],
    ["second of three", winners(true, false, true), ["a", "c"]],
    ["third of three", winners(true, true, false), ["a", "b"]],
    ["first and second", winners(false, false, true), ["c"]],
    ["first and third", winners(false, true, false), ["b"]],
    ["all three", winners(false, false, false), ["default"]],
    ["none", winners(true, true, true), ["a", "b", "c"]],
  ])("takes no alternative away: %s", async (_, main, expected) => {
    expect(await outcomes(main)).toEqual(expected);
  });

  test.each<[string, Program, unknown[]]>([
    ["one case, default", besides((job) => select({ job }, { default: 0 }), 1), ["default", "job"]],
    ["one case that parks", besides((job) => select({ job }), 0), [false, true]],
    [
      "one case by priority",
      besides((job) => select({ job }, { mode: "priority", default: 0 }), 1),
      ["default", "job"],
    ],
    ["one case in turn", besides((job) => select({ job }, { mode: "fair", default: 0 }), 1), ["default", "job"]],
    ["receiveAny of one channel", besides((job) => receiveAny({ job }), 0), [false, true]],
    [
      "a select in a select",
      besides((job) => select({ inner: select({ job }, { mode: "fair" }), other: channel() }, { default: 0 }), 1),
      ["default", "inner"],
    ],
    ["no select", besides((job) => job.receive(), 0), [false, true]],
  ])("takes away no decision that was made before: %s", async (_, main, expected) => {
    expect(await outcomes(main)).toEqual(expected);
  });

  test("takes no alternative away if polling it has an effect", async () => {
    const main = function* (): Routine<unknown> {
      Counting.polls = 0;
      yield* select({ one: new Counting(), two: always(0), three: always(0) });
      return Counting.polls;
    };
    expect(await outcomes(main)).toEqual([0, 1]);
  });

  test("takes no alternative away if polling it makes another one ready", async () => {
    const main = function* (): Routine<unknown> {
      const [a, b] = filled(false, true);
      const feeds = guard(() => {
        a!.trySend(1);
        return channel<number>().receive();
      });
      return (yield* select({ feeds, a: a!, b: b! })).key;
    };
    expect(await outcomes(main)).toEqual(["a", "b"]);
  });
});

describe("of cases that queue at the same place", () => {
  test.each<[string, Program, string[]]>([
    [
      "two receives",
      served(
        (c) => select({ a: c, b: c }),
        (c) => void c.trySend(1),
      ),
      ["a", "b"],
    ],
    [
      "three receives",
      served(
        (c) => select({ a: c, b: c, c: c.receive().map((n) => n) }),
        (c) => void c.trySend(1),
      ),
      ["a", "b", "c"],
    ],
    [
      "two receives beside another channel",
      served(
        (c) => select({ a: c, other: channel<number>(), b: c }),
        (c) => void c.trySend(1),
      ),
      ["a", "b"],
    ],
    [
      "two receives, as it closes",
      served(
        (c) => select({ a: c, b: c }),
        (c) => void c.close(),
      ),
      ["a", "b"],
    ],
    [
      "two sends",
      served(
        (c) => select({ a: c.send(1), b: c.send(2) }),
        (c) => void c.tryReceive(),
      ),
      ["a", "b"],
    ],
    [
      "two waits for its closing",
      served(
        (c) => select({ a: c.whenClosed(), b: c.whenClosed() }),
        (c) => void c.close(),
      ),
      ["a", "b"],
    ],
    [
      "two sources of receiveAny",
      served(
        (c) => receiveAny({ a: c, b: c }),
        (c) => void c.trySend(1),
      ),
      ["a", "b"],
    ],
    [
      "in the order of a priority select",
      served(
        (c) => select({ a: c, b: c }, { mode: "priority" }),
        (c) => void c.trySend(1),
      ),
      ["a"],
    ],
    [
      "two sleeps of the same time",
      function* () {
        return (yield* select({ a: sleep(5), b: sleep(5) })).key;
      },
      ["a", "b"],
    ],
    [
      "two sleeps of different times",
      function* () {
        return (yield* select({ a: sleep(5), b: sleep(6) })).key;
      },
      ["a"],
    ],
  ])("each is served under some schedule: %s", async (_, main, expected) => {
    expect(await outcomes(main)).toEqual(expected);
  });
});

test("a choice of values under every schedule takes each of them", async () => {
  const main = function* (): Routine<unknown> {
    return `${yield* choose(1, 2, 3)}${yield* choose(1, 2)}`;
  };
  expect(await outcomes(main)).toEqual(["11", "12", "21", "22", "31", "32"]);
});

// The engine that runs a program under every schedule. Each program is small enough that its outcomes can be counted by hand.

import {
  always,
  type Channel,
  channel,
  go,
  guard,
  Mutex,
  Operation,
  type Routine,
  receiveAny,
  select,
  sleep,
} from "millrace";
import { choose, type Failed, type Proved, replay, type VerifyOptions, verify } from "millrace/testing";
import { describe, expect, test } from "vitest";
import { compareBruteForce } from "../fuzz/brute-force.js";

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

/** A program whose other task throws after `main` has returned. */
function* throwsLate(): Routine<number> {
  go(function* () {
    yield* sleep(5);
    throw new Error("late");
  });
  return 1;
}

/** Sends to a channel that another task closes. */
const sendsAndCloses = (closes: (numbers: Channel<number>) => void, capacity = 1) =>
  function* (): Routine<void> {
    const numbers = channel<number>(capacity);
    go(function* () {
      yield* numbers.send(1);
    });
    go(function* () {
      closes(numbers);
    });
    yield* sleep(1);
  };

/** Sends a value, and receives it or not. */
const leaves = (receives: boolean) =>
  function* (): Routine<void> {
    const box = channel<number>(1, { name: "box" });
    yield* box.send(1);
    if (receives) yield* box.receive();
  };

function* changesWhatItSent(): Routine<void> {
  const boxes = channel<{ n: number }>(1);
  const box = { n: 1 };
  yield* boxes.send(box);
  box.n = 2;
}

describe("an option of verify counts under every schedule:", () => {
  test.each<[string, Program, VerifyOptions<unknown>, string]>([
    ["leaks, and a later exception", throwsLate, {}, "throw"],
    ["no leaks, and a later exception", throwsLate, { leaks: false }, "throw"],
    ["closed, and a send to a closed channel", sendsAndCloses((c) => void c.close()), { closed: true }, "closed"],
    ["closed, and a channel that was cancelled", sendsAndCloses((c) => c.cancel()), { closed: true }, "closed"],
    [
      "closed, and a trySend",
      sendsAndCloses((c) => {
        c.close();
        c.trySend(2);
      }, 2),
      { closed: true, unperformed: false },
      "closed",
    ],
    [
      "closed, and a case of a select",
      function* () {
        const [one, other] = [channel<number>(1), channel<number>(1)];
        one.close();
        yield* select({ one: one.send(1), other: other.send(1) });
      },
      { closed: true },
      "closed",
    ],
    ["unread, and a value that is left", leaves(false), { unread: true }, "unread"],
    ["freeze, and a value that is changed", changesWhatItSent, { freeze: true }, "throw"],
    ["outcomes, and another value", winners(true, true, false), { outcomes: ["a"] }, "outcome"],
  ])("%s", async (_, main, options, kind) => {
    const verdict = await verify(main, { ...options, engine: "runs" });
    expect(verdict).toMatchObject({ status: "failed", kind });
    if (kind === "throw" && options.freeze) return;
    const error = await replay((verdict as Failed).token, main, { leaks: options.leaks !== false }).catch((e) => e);
    expect(error).toMatchObject({ kind });
  });

  test.each<[string, Program, VerifyOptions<unknown>]>([
    ["no closed, and a send to a closed channel", sendsAndCloses((c) => void c.close()), {}],
    [
      "closed, and a parked send that is given back",
      function* () {
        const numbers = channel<number>();
        const task = go(function* () {
          return yield* numbers.send(1);
        });
        yield* sleep(1);
        numbers.cancel();
        return yield* task;
      },
      { closed: true },
    ],
    ["unread, and a value that is received", leaves(true), { unread: true }],
    ["no unread, and a value that is left", leaves(false), {}],
    ["no freeze, and a value that is changed", changesWhatItSent, {}],
  ])("%s is no failure", async (_, main, options) => {
    expect(await verify(main, { ...options, engine: "runs" })).toMatchObject({ status: "proved" });
  });

  test("all goes on after a failure, and runs also what only repeats other runs", async () => {
    const main = winners(false, true, true);
    const [some, all] = [await verify(main, { engine: "runs" }), await verify(main, { engine: "runs", all: true })];
    const failed = await verify(main, { engine: "runs", all: true, outcomes: ["a"] });
    expect([some.status, all.status, failed.status]).toEqual(["proved", "proved", "failed"]);
    expect(all.runs).toBeGreaterThan(some.runs);
    expect(failed.runs).toBe(all.runs);
  });

  test("name is the title of the report", async () => {
    const verdict = await verify(throwsLate, { engine: "runs", name: "the late one" });
    expect((verdict as Failed).report).toContain("✗ the late one: throw");
  });
});

test("tasks that run on for ever after main are not proved to do no harm", async () => {
  const verdict = await verify(
    function* () {
      go(function* () {
        for (;;) yield* sleep(1);
      });
    },
    { engine: "runs", leaks: false, unperformed: false },
  );
  expect(verdict).toMatchObject({ status: "bounded", reason: expect.stringContaining("run on for ever after main") });
});

/** Two tasks take two locks each. */
const transfers = (second: "same order" | "opposite order") =>
  function* (): Routine<void> {
    const [ann, bob] = [new Mutex(), new Mutex()];
    const transfer = function* (from: Mutex, to: Mutex) {
      using _from = yield* from.lock();
      using _to = yield* to.lock();
    };
    const tasks = [go(transfer, ann, bob), second === "same order" ? go(transfer, ann, bob) : go(transfer, bob, ann)];
    for (const task of tasks) yield* task;
  };

/** A task sends numbers that there is room for, and another looks after each of its own operations how many there are. */
function* looks(): Routine<string> {
  const [numbers, other] = [channel<number>(3), channel<number>(3)];
  const sends = go(function* () {
    for (let n = 0; n < 3; n++) yield* numbers.send(n);
  });
  const seen = go(function* () {
    const lengths: number[] = [];
    for (let n = 0; n < 2; n++) {
      yield* other.send(n);
      lengths.push(numbers.length);
    }
    return lengths.join("");
  });
  yield* sends;
  return yield* seen;
}

describe("a task may give way after every operation under some schedule", () => {
  test("so locks that are taken in opposite order are a deadlock", async () => {
    const verdict = await verify(transfers("opposite order"), { engine: "runs" });
    expect(verdict).toMatchObject({ status: "failed", kind: "deadlock" });
    const error = await replay((verdict as Failed).token, transfers("opposite order")).catch((e) => e);
    expect(error).toMatchObject({ kind: "deadlock" });
  });

  test("and locks that are taken in the same order are none", async () => {
    expect(await verify(transfers("same order"), { engine: "runs" })).toMatchObject({ status: "proved" });
  });

  test("so another task sees every state between two operations", async () => {
    expect(await outcomes(looks)).toEqual(["00", "01", "02", "03", "11", "12", "13", "22", "23", "33"]);
  });

  test("so an async body gives way, too", async () => {
    const main = function* (): Routine<string> {
      const [numbers, other] = [channel<number>(3), channel<number>(3)];
      const sends = go(async function* () {
        for (let n = 0; n < 2; n++) yield* numbers.send(n);
      });
      const seen = go(async function* () {
        yield* other.send(1);
        return numbers.length;
      });
      yield* sends;
      return String(yield* seen);
    };
    expect(await outcomes(main)).toEqual(expect.arrayContaining(["1", "2"]));
  });

  test("and a program that waits by polling ends, as tasks give way after many operations in a row", async () => {
    const main = function* (): Routine<number> {
      const gate = channel<number>();
      go(function* () {
        gate.close();
      });
      for (let n = 0; ; n++) {
        yield* always(n);
        if (gate.closed) return Number(n < 200);
      }
    };
    const verdict = await verify(main, { engine: "runs", unperformed: false, maxEvents: 5000 });
    expect(verdict.status).not.toBe("failed");
  });

  test("and what was run is said if there are too many such schedules", async () => {
    const main = function* (): Routine<void> {
      const numbers = channel<number>(100);
      const tasks = Array.from({ length: 4 }, () =>
        go(function* () {
          for (let n = 0; n < 6; n++) yield* numbers.send(n);
        }),
      );
      for (const task of tasks) yield* task;
    };
    const verdict = await verify(main, { engine: "runs" });
    expect(verdict).toMatchObject({ status: "bounded", reason: expect.stringMatching(/give way.*at most \d time/) });
  });
});

test("runs find what all decisions of the scheduler show, in random programs", async () => {
  let compared = 0;
  for (let seed = 1; seed <= 60; seed++) if (await compareBruteForce(seed)) compared++;
  expect(compared).toBeGreaterThan(20);
});

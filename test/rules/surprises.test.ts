// Small things that used to surprise.

import {
  alt,
  always,
  type Channel,
  CLOSED,
  channel,
  DeadlockError,
  dropping,
  EMPTY,
  fixed,
  fromEvent,
  go,
  type Operation,
  promiseChannel,
  type Routine,
  run,
  select,
  sliding,
  unbounded,
  when,
} from "millrace";
import { take } from "millrace/transducers";
import { describe, expect, test } from "vitest";
import { virtualTime } from "../support/virtual.js";

describe("when(false, …) by itself (OP-12)", () => {
  const excluded = (): Operation<number> => when(false, always(1));

  test("waits for ever, and many tasks may do so at the same time", async () => {
    using time = virtualTime();
    const tasks = [1, 2, 3].map(() =>
      go(function* (): Routine<number> {
        return yield* excluded();
      }),
    );
    await time.settle();
    expect(tasks.map(({ status }) => status)).toEqual(["parked", "parked", "parked"]);
    for (const task of tasks) task.cancel();
  });

  test("is a deadlock in a closed program, whose report says why", async () => {
    using _ = virtualTime();
    const dead = run(function* main(): Routine<number> {
      return yield* excluded();
    });
    await expect(dead).rejects.toBeInstanceOf(DeadlockError);
    await expect(dead).rejects.toThrow("a case that when() excludes");
  });

  test("takes no part in select and alt", async () => {
    using _ = virtualTime();
    expect(await select({ a: excluded() }, { default: 5 })).toEqual({ key: "default", value: 5 });
    expect(await alt(excluded(), always(2), excluded())).toBe(2);
  });
});

const kinds: [string, () => Pick<Channel<unknown>, "send" | "trySend" | "tryReceive">][] = [
  ["a channel without a buffer", () => channel()],
  ["a channel with a buffer", () => channel(2)],
  ["a channel with a transform", () => channel<unknown, unknown>(2, { transform: take(5) })],
  ["a promise channel", () => promiseChannel()],
];

test.each(kinds)("CH-9: %s refuses EMPTY, as it refuses CLOSED", (_, make) => {
  const ch = make();
  expect(() => ch.send(EMPTY)).toThrow(/^Cannot send to .*: a value must not be EMPTY, which tryReceive\(\) returns/);
  expect(() => ch.trySend(EMPTY)).toThrow(TypeError);
  expect(() => ch.send(CLOSED)).toThrow(/must not be CLOSED/);
  expect(ch.tryReceive()).toBe(EMPTY);
  expect(() => ch.send(Symbol("own"))).not.toThrow();
});

test("CH-9: a channel of a closed program refuses EMPTY, too", async () => {
  using _ = virtualTime();
  const program = run(function* main(): Routine<void> {
    channel<unknown>(1).trySend(EMPTY);
    yield* always(undefined);
  });
  await expect(program).rejects.toThrow("must not be EMPTY");
});

test("CH-19: a receive of a promise channel that was released keeps its value when the channel is cancelled in that step", async () => {
  using time = virtualTime();
  const answer = promiseChannel<number>();
  const seen: unknown[] = [];
  for (let n = 0; n < 2; n++) {
    go(function* (): Routine<void> {
      seen.push(yield* answer.receive());
    });
  }
  const plain = answer.receive().then((value) => seen.push(value));
  await time.settle();
  answer.trySend(42);
  answer.cancel();
  await plain;
  await time.settle();
  expect(seen).toEqual([42, 42, 42]);
  expect([answer.tryReceive(), await answer.receive()]).toEqual([CLOSED, CLOSED]);
});

test("OP-8: a fair select that is made anew for each round takes each of its cases at times", async () => {
  using _ = virtualTime();
  const counts = { a: 0, b: 0, c: 0 };
  await go(function* (): Routine<void> {
    for (let round = 0; round < 300; round++) {
      const cases = { a: always(1), b: always(2), c: always(3) };
      counts[(yield* select(cases, { mode: "fair" })).key]++;
    }
  });
  for (const count of Object.values(counts)) expect(count).toBeGreaterThan(60);
});

test("OP-8: priority follows the order of Object.keys, in which whole numbers come first", async () => {
  using _ = virtualTime();
  const cases = { b: always("b"), 2: always("2"), 1: always("1") };
  expect((await select(cases, { mode: "priority" })).key).toBe("1");
});

test("OP-9: select() refuses a case named default beside the option default", () => {
  expect(() => select({ default: always(1) }, { default: 2 })).toThrow(
    'Cannot select: no case may be named "default" beside the option default, got both',
  );
  expect(() => select({ default: always(1) })).not.toThrow();
});

test.each([
  ["fixed", () => fixed<number>(2)],
  ["dropping", () => dropping<number>(2)],
  ["sliding", () => sliding<number>(2)],
  ["unbounded", () => unbounded<number>()],
] as const)("CH-18: a %s buffer that a channel has is refused by another channel", (_, make) => {
  const buffer = make();
  const first = channel(buffer);
  expect(() => channel(buffer)).toThrow(
    "Cannot create channel: a buffer must belong to one channel, got one that has a channel",
  );
  expect(() => fromEvent(new EventTarget(), "x", { buffer: buffer as never })).toThrow(TypeError);
  expect(first.trySend(1)).toBe(true);
});

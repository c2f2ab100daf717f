// The last values for later subscribers, and an end with the last subscriber: for broadcasts and for each topic (CB-7, CB-8).

import {
  broadcast,
  CLOSED,
  channel,
  type DistributionOptions,
  EMPTY,
  type Policy,
  produce,
  publish,
  type ReceiveChannel,
  type Routine,
  type SubscribeOptions,
  type Subscription,
  sleep,
} from "millrace";
import { describe, expect, test } from "vitest";
import { all } from "../../support/flow.js";
import { virtualTime } from "../../support/virtual.js";

interface Shared {
  subscribe(options?: SubscribeOptions<number>): Subscription<number>;
  cancel(reason?: unknown): void;
}

const kinds: [string, (source: ReceiveChannel<number>, options: DistributionOptions) => Shared][] = [
  ["broadcast()", (source, options) => broadcast(source, options)],
  [
    "publish()",
    (source, options) => {
      const topics = publish(source, () => "topic", options);
      return {
        subscribe: (given) => topics.subscribe("topic", given),
        cancel: (reason) => topics.cancel(reason),
      };
    },
  ],
];

const drain = (of: ReceiveChannel<number>): unknown[] => {
  const got: unknown[] = [];
  for (let value = of.tryReceive(); value !== EMPTY && value !== CLOSED; value = of.tryReceive()) got.push(value);
  return got;
};

describe.each(kinds)("%s", (_, make) => {
  test.each([
    [0, []],
    [1, [5]],
    [2, [4, 5]],
    [9, [1, 2, 3, 4, 5]],
    [Infinity, [1, 2, 3, 4, 5]],
  ])("with replay: %s gives a new subscriber the last values, and then those that come", async (replay, kept) => {
    using time = virtualTime();
    const source = channel<number>(9);
    const shared = make(source, { replay });
    for (const n of [1, 2, 3, 4, 5]) source.trySend(n);
    await time.settle();
    const [one, two] = [shared.subscribe(), shared.subscribe()];
    const got = all(one);
    await time.settle();
    source.trySend(6);
    await time.settle();
    expect(drain(two)).toEqual([...kept, ...(kept.length === 0 ? [6] : [])]);
    await time.settle();
    expect(drain(two)).toEqual(kept.length === 0 ? [] : [6]);
    source.close();
    expect([await got, one.missed, two.missed]).toEqual([[...kept, 6], 0, 0]);
  });

  test.each<[Policy, number | undefined, number[]]>([
    ["wait", undefined, [1, 2, 3]],
    ["drop", undefined, [3]],
    ["drop", 0, []],
    ["slide", 2, [2, 3]],
    ["disconnect", 2, [2, 3]],
    ["disconnect", undefined, [1, 2, 3]],
  ])(
    "a new subscriber with policy %s and capacity %s gets %s of three replayed values, and misses none",
    async (policy, capacity, kept) => {
      using time = virtualTime();
      const source = channel<number>(9);
      const shared = make(source, { replay: 3 });
      for (const n of [1, 2, 3]) source.trySend(n);
      await time.settle();
      const subscriber = shared.subscribe({ policy, ...(capacity !== undefined && { capacity }) });
      expect([drain(subscriber), subscriber.missed, subscriber.closed]).toEqual([kept, 0, false]);
    },
  );

  test("the source waits until a new subscriber has taken the replayed values", async () => {
    using time = virtualTime();
    const source = channel<number>(9);
    const shared = make(source, { replay: 2 });
    for (const n of [1, 2]) source.trySend(n);
    await time.settle();
    const slow = shared.subscribe();
    source.trySend(3);
    source.trySend(4);
    await time.settle();
    expect(source.length).toBe(1);
    expect([slow.tryReceive(), slow.tryReceive()]).toEqual([1, 2]);
    await time.settle();
    expect([slow.tryReceive(), source.length]).toEqual([3, 1]);
  });

  test("a subscriber after the end of the source gets the last values, and then the end or the cause", async () => {
    for (const cause of [undefined, new Error("source")]) {
      using time = virtualTime();
      const source = channel<number>(9);
      const shared = make(source, { replay: 2 });
      for (const n of [1, 2, 3]) source.trySend(n);
      source.close(cause);
      await time.settle();
      const late = shared.subscribe();
      expect([late.tryReceive(), late.tryReceive()]).toEqual([2, 3]);
      if (cause === undefined) expect(late.tryReceive()).toBe(CLOSED);
      else expect(() => late.tryReceive()).toThrow(cause);
      expect(time.reported).toEqual([]);
    }
  });

  test("a subscriber after cancel() gets no replayed value", async () => {
    using time = virtualTime();
    const source = channel<number>(9);
    const shared = make(source, { replay: 2 });
    source.trySend(1);
    await time.settle();
    shared.cancel();
    expect(shared.subscribe().tryReceive()).toBe(CLOSED);
  });

  test("with autoCancel releases its source in the step in which the last subscriber leaves", async () => {
    using time = virtualTime();
    let released = 0;
    const source = produce<number>(
      function* (out): Routine<void> {
        for (let n = 0; ; n++) {
          yield* sleep(1);
          yield* out.send(n);
        }
      },
      { release: () => void released++ },
    );
    const shared = make(source, { autoCancel: true, replay: 1 });
    await time.advance(10);
    const [one, two] = [shared.subscribe(), shared.subscribe({ policy: "slide" })];
    await time.settle();
    one.cancel();
    await time.settle();
    expect(released).toBe(0);
    two[Symbol.dispose]();
    await time.settle();
    expect([released, source.closed, shared.subscribe().tryReceive(), time.reported]).toEqual([1, true, CLOSED, []]);
  });

  test("with autoCancel ends when its last subscriber is disconnected", async () => {
    using time = virtualTime();
    const source = channel<number>(9, { owned: true });
    const shared = make(source, { autoCancel: true });
    const slow = shared.subscribe({ policy: "disconnect", capacity: 1 });
    for (const n of [1, 2, 3]) source.trySend(n);
    await time.settle();
    expect([slow.closed, source.closed, time.reported]).toEqual([true, true, []]);
  });

  test("with autoCancel leaves a source open that it does not own, and its task ends", async () => {
    using time = virtualTime();
    const source = channel<number>(9);
    const shared = make(source, { autoCancel: true });
    shared.subscribe().cancel();
    await time.settle();
    source.trySend(1);
    await time.settle();
    expect([source.length, source.closed]).toEqual([1, false]);
  });

  test("refuses a replay that is no count", () => {
    for (const replay of [-1, 1.5, Number.NaN])
      expect(() => make(channel<number>(), { replay })).toThrow("replay must be a whole number, 0 or more, got");
  });
});

test("publish() replays the last values of each topic, and counts only topics with subscribers (CB-8)", async () => {
  using time = virtualTime();
  const source = channel<number>(9);
  const topics = publish(source, (n) => n % 2, { replay: 2 });
  for (const n of [1, 2, 3, 4, 5, 6, 7]) source.trySend(n);
  await time.settle();
  expect(topics.topics).toBe(0);
  const odd = topics.subscribe(1);
  expect([topics.topics, drain(odd), drain(topics.subscribe(0))]).toEqual([1, [5, 7], [4, 6]]);
  topics.unsubscribeAll();
  expect(topics.topics).toBe(0);
  expect(drain(topics.subscribe(1))).toEqual([5, 7]);
});

test("publish() with autoCancel goes on until the last topic has lost its last subscriber (CB-8)", async () => {
  using time = virtualTime();
  const source = channel<number>(9, { owned: true });
  const topics = publish(source, (n) => n % 2, { autoCancel: true });
  const [odd, even] = [topics.subscribe(1), topics.subscribe(0)];
  odd.cancel();
  await time.settle();
  expect(source.closed).toBe(false);
  even.cancel();
  expect(source.closed).toBe(true);
});

test("broadcast() with autoCancel ends when a loop over the last subscription breaks, before the next value (CB-7)", async () => {
  using time = virtualTime();
  const source = channel<number>(9, { owned: true });
  const shared = broadcast(source, { autoCancel: true });
  for (const n of [1, 2]) source.trySend(n);
  const subscription = shared.subscribe();
  const reader = (async () => {
    for await (const n of subscription) if (n === 1) return source.closed;
    return null;
  })();
  await time.settle();
  expect([await reader, source.closed]).toEqual([false, true]);
});

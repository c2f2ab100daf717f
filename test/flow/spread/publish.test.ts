// One source for many subscribers, by topic (rules CB-2, CB-3, CB-7, CB-8).

import fc from "fast-check";
import { CLOSED, channel, EMPTY, go, produce, publish, type Routine, sleep } from "millrace";
import { expect, test } from "vitest";
import { all } from "../../support/flow.js";
import { noneParked, queues } from "../../support/model.js";
import { virtualTime } from "../../support/virtual.js";

const evenOdd = (n: number): string => (n % 2 === 0 ? "even" : "odd");

test("publish() gives each value to the subscribers of its topic, each with its own policy (CB-8)", async () => {
  using time = virtualTime();
  const source = channel<number>(6);
  for (const n of [1, 2, 3, 4, 5, 6]) source.trySend(n);
  source.close();
  const publisher = publish(source, evenOdd);
  const [odd, even] = [all(publisher.subscribe("odd")), publisher.subscribe("even", { policy: "slide" })];
  expect(await odd).toEqual([1, 3, 5]);
  await time.settle();
  expect([even.tryReceive(), even.missed]).toEqual([6, 2]);
  expect(publisher.subscribe("even").closed).toBe(true);
});

test("unsubscribeAll() closes the subscriptions of a topic, and a topic without subscribers is not kept (CB-8)", async () => {
  using time = virtualTime();
  const publisher = publish(channel<number>(), evenOdd);
  const members = ["odd", "odd", "even"].map((topic) => publisher.subscribe(topic));
  expect(publisher.topics).toBe(2);
  publisher.unsubscribeAll("odd");
  expect([publisher.topics, ...members.map(({ closed }) => closed)]).toEqual([1, true, true, false]);
  members[2]!.cancel();
  expect(publisher.topics).toBe(0);
  const again = publisher.subscribe("odd");
  publisher.unsubscribeAll();
  expect([publisher.topics, again.closed]).toEqual([0, true]);
  publisher.cancel();
  await time.settle();
  expect(publisher.subscribe("odd").closed).toBe(true);
});

test("unsubscribeAll() of a topic frees a distribution, and the subscriber keeps what is stored for it (CB-8)", async () => {
  using time = virtualTime();
  const source = channel<number>(4);
  const publisher = publish(source, evenOdd);
  const [odd, even] = [publisher.subscribe("odd"), publisher.subscribe("even", { capacity: 4 })];
  for (const n of [1, 2, 4]) source.trySend(n);
  await time.settle();
  expect(source.length).toBe(2);
  publisher.unsubscribeAll("odd");
  await time.settle();
  expect([source.length, even.tryReceive(), even.tryReceive()]).toEqual([0, 2, 4]);
  expect([odd.tryReceive(), odd.tryReceive(), even.tryReceive()]).toEqual([1, CLOSED, EMPTY]);
});

test("a slow subscriber of publish() that leaves frees the values of every topic (CB-8)", async () => {
  using time = virtualTime();
  const source = channel<number>(4);
  const publisher = publish(source, evenOdd);
  const [odd, even] = [publisher.subscribe("odd"), publisher.subscribe("even", { capacity: 4 })];
  for (const n of [1, 2]) source.trySend(n);
  await time.settle();
  expect(even.tryReceive()).toBe(EMPTY);
  odd.cancel();
  await time.settle();
  expect([even.tryReceive(), publisher.topics]).toEqual([2, 1]);
});

test("a topic function of publish() that throws releases the source, and is reported without subscribers (CB-8)", async () => {
  using time = virtualTime();
  const error = new Error("topic");
  const released: unknown[] = [];
  const source = produce<number>(
    function* (out) {
      for (let n = 0; ; n++) yield* out.send(n);
    },
    { release: (reason) => void released.push(reason) },
  );
  const publisher = publish(source, (n): number => {
    if (n === 3) throw error;
    return n;
  });
  await time.settle();
  expect([released, time.reported]).toEqual([[error], [error]]);
  expect(() => publisher.subscribe(1).tryReceive()).toThrow(error);
  expect([publisher.topics, time.reported]).toEqual([0, []]);
});

test("publish() keeps no topic for refused options or for a subscription after the end (CB-8)", async () => {
  using time = virtualTime();
  const source = channel<number>();
  const publisher = publish(source, evenOdd);
  expect(() => publisher.subscribe("odd", { capacity: -1 })).toThrow(RangeError);
  expect(publisher.topics).toBe(0);
  source.close();
  await time.settle();
  expect([publisher.subscribe("odd").closed, publisher.topics]).toEqual([true, 0]);
  expect(() => publish(source, "topic" as never)).toThrow("topicOf must be a function");
});

test("publish() compares topics as keys of a Map, and undefined can be a topic (CB-8)", async () => {
  using time = virtualTime();
  const source = channel<number | undefined>(3);
  const publisher = publish(source, (value) => value);
  const [nan, none] = [Number.NaN, undefined].map((topic) => publisher.subscribe(topic, { capacity: 2 }));
  for (const value of [Number.NaN, undefined, 5]) source.trySend(value);
  await time.settle();
  expect([nan!.tryReceive(), none!.tryReceive(), nan!.tryReceive(), none!.tryReceive()]).toEqual([
    Number.NaN,
    undefined,
    EMPTY,
    EMPTY,
  ]);
  publisher.unsubscribeAll(undefined);
  expect([nan!.closed, none!.closed]).toEqual([false, true]);
});

test("publish() gives each subscriber the values of its topic, whenever it comes and leaves, and keeps no topic at the end (CB-8)", async () => {
  const visit = fc.record({
    topic: fc.nat({ max: 3 }),
    from: fc.nat({ max: 20 }),
    stay: fc.nat({ max: 40 }),
    pace: fc.nat({ max: 3 }),
    capacity: fc.nat({ max: 2 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(visit, { maxLength: 8 }), fc.nat({ max: 2 }), fc.nat(), async (visits, pace, seed) => {
      using time = virtualTime(seed);
      const source = channel<number>();
      const publisher = publish(source, (n) => n % 4);
      go(function* (): Routine<void> {
        for (let n = 0; n < 40; n++) {
          yield* sleep(pace);
          yield* source.send(n);
        }
      });
      const visitors = visits.map(({ topic, from, stay, pace, capacity }) =>
        go(function* (): Routine<void> {
          yield* sleep(from);
          using member = publisher.subscribe(topic, { capacity });
          const reader = go(function* (): Routine<number[]> {
            const got: number[] = [];
            for (let n: number | typeof CLOSED; (n = yield* member.receive()) !== CLOSED; yield* sleep(pace))
              got.push(n);
            return got;
          });
          yield* sleep(stay);
          member.cancel();
          const got = yield* reader;
          expect(got).toEqual(got.map((_, at) => got[0]! + 4 * at));
          expect(got.every((n) => n % 4 === topic)).toBe(true);
        }),
      );
      await time.advance(2000);
      for (const visitor of visitors) await visitor;
      expect([publisher.topics, source.trySend(40)]).toEqual([0, true]);
      publisher.cancel();
      await time.settle();
      expect([queues(source), time.timers, time.reported]).toEqual([noneParked, 0, []]);
    }),
    { numRuns: 40 },
  );
});

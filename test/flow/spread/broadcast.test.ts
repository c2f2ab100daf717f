// One source for many subscribers (rules CB-2, CB-3, CB-7).

import fc from "fast-check";
import {
  broadcast,
  CancelledError,
  CLOSED,
  channel,
  DisconnectedError,
  EMPTY,
  go,
  type Policy,
  produce,
  type ReceiveChannel,
  type Routine,
  run,
  select,
  sleep,
  upon,
} from "millrace";
import { expect, test } from "vitest";
import { all } from "../../support/flow.js";
import { noneParked, queues } from "../../support/model.js";
import { virtualTime } from "../../support/virtual.js";

const policyNames: readonly Policy[] = ["wait", "drop", "slide", "disconnect"];

test("broadcast() gives each value to all subscribers, in order, and then reads the next value (CB-7)", async () => {
  using time = virtualTime();
  const source = channel<number>(3);
  for (const n of [1, 2, 3]) source.trySend(n);
  source.close();
  const cast = broadcast(source);
  const [quick, slow] = [cast.subscribe(), cast.subscribe()];
  const got = all(quick);
  await time.settle();
  // Only one subscriber has received 1, so 2 is not read.
  expect(source.length).toBe(2);
  expect(await all(slow)).toEqual([1, 2, 3]);
  expect(await got).toEqual([1, 2, 3]);
});

test("broadcast() gives a value at once to all subscribers that are ready, though another one is slow (CB-7)", async () => {
  using time = virtualTime();
  const source = channel<string>();
  const cast = broadcast(source);
  const members = [cast.subscribe(), cast.subscribe(), cast.subscribe()];
  const log: string[] = [];
  for (const at of [2, 1]) {
    go(function* (): Routine<void> {
      log.push(`${at} ${String(yield* members[at]!.receive())}`);
    });
  }
  await time.settle();
  source.trySend("a");
  await time.settle();
  expect(log).toEqual(["1 a", "2 a"]);
  expect(source.trySend("b")).toBe(false);
  expect(members[0]!.tryReceive()).toBe("a");
  await time.settle();
  expect(source.trySend("b")).toBe(true);
});

const policies = [
  { policy: "drop", capacity: 2, got: [1, 2], missed: 3, end: CLOSED },
  { policy: "slide", capacity: 2, got: [4, 5], missed: 3, end: CLOSED },
  { policy: "drop", capacity: undefined, got: [1], missed: 4, end: CLOSED },
  { policy: "slide", capacity: undefined, got: [5], missed: 4, end: CLOSED },
] as const;

test.each(policies)(
  "a subscriber with policy $policy and capacity $capacity gets $got and misses $missed values (CB-7)",
  async ({ policy, capacity, got, missed, end }) => {
    using time = virtualTime();
    const source = channel<number>(5);
    for (const n of [1, 2, 3, 4, 5]) source.trySend(n);
    source.close();
    const lagging = broadcast(source).subscribe({ policy, ...(capacity !== undefined && { capacity }) });
    await time.settle();
    expect(got.map(() => lagging.tryReceive())).toEqual(got);
    expect([lagging.tryReceive(), lagging.missed]).toEqual([end, missed]);
  },
);

test("policy disconnect closes a full subscriber with an error after its stored values, and the rest go on (CB-7)", async () => {
  using time = virtualTime();
  const source = channel<number>();
  const cast = broadcast(source);
  const slow = cast.subscribe({ policy: "disconnect", capacity: 2 });
  const quick = all(cast.subscribe());
  await time.settle();
  for (const n of [1, 2, 3, 4]) {
    source.trySend(n);
    await time.settle();
  }
  source.close();
  expect(await quick).toEqual([1, 2, 3, 4]);
  expect([slow.tryReceive(), slow.tryReceive(), slow.missed]).toEqual([1, 2, 1]);
  expect(() => slow.tryReceive()).toThrow(DisconnectedError);
});

test("broadcast() without subscribers drops values, and reports an error of the source (CB-7)", async () => {
  using time = virtualTime();
  const error = new Error("noneParked there");
  const source = channel<number>(2);
  source.trySend(1);
  const cast = broadcast(source);
  await time.settle();
  const late = cast.subscribe({ policy: "drop" });
  source.trySend(2);
  await time.settle();
  expect([late.tryReceive(), late.tryReceive()]).toEqual([2, EMPTY]);
  late.cancel();
  source.close(error);
  await time.settle();
  expect(time.reported).toEqual([error]);
});

test.each([false, true])(
  "Broadcast.cancel() closes all subscriptions, and releases an owned source once (begun: %s) (CB-2)",
  async (begun) => {
    using time = virtualTime();
    const released: unknown[] = [];
    const source = produce<number>(
      function* (out) {
        for (let n = 0; ; n++) yield* out.send(n);
      },
      { release: (reason) => void released.push(reason) },
    );
    const cast = broadcast(source);
    const member = cast.subscribe();
    if (begun) await time.settle();
    cast.cancel("enough");
    cast.cancel("again");
    await time.settle();
    expect(member.closed).toBe(true);
    member.cancel();
    expect([member.tryReceive(), cast.subscribe().closed, time.reported]).toEqual([CLOSED, true, []]);
    expect(released).toEqual(["enough"]);
  },
);

test("broadcast() refuses an invalid source, and subscribe() an unknown policy and an invalid capacity", () => {
  const cast = broadcast(channel<number>());
  expect(() => cast.subscribe({ policy: "skip" as "drop" })).toThrow("policy must be");
  for (const capacity of [-1, 1.5, Number.NaN]) {
    expect(() => cast.subscribe({ capacity })).toThrow("capacity must be a whole number, 0 or more, got");
  }
  expect(() => cast.subscribe({ policy: "slide", capacity: 0 })).toThrow(RangeError);
  expect(() => broadcast({} as ReceiveChannel<number>)).toThrow("source must be a receive channel");
});

test("a subscriber that leaves by `using`, cancel() or the end of a for await is not waited for any more (CB-7)", async () => {
  using time = virtualTime();
  const source = channel<number>(9);
  const cast = broadcast(source);
  for (let n = 0; n < 9; n++) source.trySend(n);
  {
    using _ = cast.subscribe();
    await time.settle();
    expect(source.length).toBe(8);
  }
  const cancelled = cast.subscribe();
  await time.settle();
  cancelled.cancel();
  const left = cast.subscribe();
  const first = (async () => {
    for await (const n of left) return n;
  })();
  const seen = all(cast.subscribe());
  await time.settle();
  expect([await first, left.closed, source.length]).toEqual([2, true, 0]);
  source.close();
  expect(await seen).toEqual([2, 3, 4, 5, 6, 7, 8]);
});

test("the last subscriber that a value waits for lets the broadcast read on, by receiving or by leaving (CB-7)", async () => {
  using time = virtualTime();
  const source = channel<number>(4);
  const cast = broadcast(source);
  const [leaves, takes, disposed] = [cast.subscribe(), cast.subscribe(), cast.subscribe({ capacity: 1 })];
  for (const n of [1, 2, 3]) source.trySend(n);
  await time.settle();
  expect(source.length).toBe(2);
  leaves.cancel();
  await time.settle();
  expect(source.length).toBe(2);
  expect(takes.tryReceive()).toBe(1);
  await time.settle();
  expect(source.length).toBe(1);
  expect(takes.tryReceive()).toBe(2);
  await time.settle();
  // The third subscriber is now one value further behind than its capacity allows.
  expect(source.length).toBe(1);
  disposed[Symbol.dispose]();
  await time.settle();
  expect([source.length, takes.tryReceive(), leaves.missed, disposed.missed]).toEqual([0, 3, 1, 2]);
});

test("a subscriber of capacity n may be n values behind before the broadcast waits for it (CB-7)", async () => {
  using time = virtualTime();
  const source = channel<number>(10);
  const cast = broadcast(source);
  cast.subscribe({ capacity: 3 });
  const quick = cast.subscribe({ policy: "drop", capacity: 10 });
  for (let n = 0; n < 10; n++) source.trySend(n);
  await time.settle();
  expect([0, 1, 2, 3, 4].map(() => quick.tryReceive())).toEqual([0, 1, 2, 3, EMPTY]);
});

test("a subscriber in the step of broadcast() misses nothing, and one that comes during a value gets the next (CB-7)", async () => {
  using time = virtualTime();
  const source = channel<number>(2);
  source.trySend(1);
  source.trySend(2);
  const cast = broadcast(source);
  const first = cast.subscribe();
  await time.settle();
  const second = cast.subscribe({ policy: "drop" });
  expect(first.tryReceive()).toBe(1);
  await time.settle();
  expect([first.tryReceive(), second.tryReceive()]).toEqual([2, 2]);
});

test("broadcast() with hold: true waits while it has no subscriber, and the next one gets the rest (CB-7)", async () => {
  using time = virtualTime();
  const source = channel<number>(5);
  for (const n of [1, 2, 3, 4, 5]) source.trySend(n);
  source.close();
  const cast = broadcast(source, { hold: true });
  await time.settle();
  const first = cast.subscribe({ capacity: 1 });
  await time.settle();
  expect([first.tryReceive(), first.tryReceive()]).toEqual([1, 2]);
  await time.settle();
  first.cancel();
  await time.settle();
  const left = source.length;
  await time.advance(1000);
  expect(source.length).toBe(left);
  const rest = await all(cast.subscribe());
  expect([first.missed, rest]).toEqual([2, [5]]);
});

test("policy disconnect allows a burst of 64 values by default (CB-7)", async () => {
  using time = virtualTime();
  const source = channel<number>(100);
  for (let n = 0; n < 64; n++) source.trySend(n);
  const client = broadcast(source).subscribe({ policy: "disconnect" });
  await time.settle();
  expect(client.closed).toBe(false);
  source.trySend(64);
  await time.settle();
  expect([client.closed, client.missed]).toEqual([true, 1]);
});

test("every subscriber gets the cause of the source after its stored values (CB-3)", async () => {
  using time = virtualTime();
  const cause = new Error("source");
  const source = channel<number>(1);
  const cast = broadcast(source);
  const members = policyNames.map((policy) => cast.subscribe({ policy, capacity: 1 }));
  source.trySend(1);
  source.close(cause);
  await time.settle();
  for (const member of members) {
    expect(member.tryReceive()).toBe(1);
    expect(() => member.tryReceive()).toThrow(cause);
  }
  expect(time.reported).toEqual([]);
});

test("an error that no subscriber got is no longer reported once a later subscriber gets it (CB-3)", async () => {
  using time = virtualTime();
  const cause = new Error("source");
  const source = channel<number>();
  const cast = broadcast(source);
  source.close(cause);
  await time.settle();
  expect(time.reported).toEqual([cause]);
  const late = cast.subscribe();
  expect(time.reported).toEqual([]);
  expect(() => late.tryReceive()).toThrow(cause);
});

test("Broadcast.cancel() leaves a slow subscriber its stored values, and stops reading the source (CB-2)", async () => {
  using time = virtualTime();
  const source = channel<number>(4);
  for (const n of [1, 2, 3]) source.trySend(n);
  const cast = broadcast(source);
  const slow = cast.subscribe({ capacity: 1 });
  await time.settle();
  cast.cancel();
  await time.settle();
  expect([slow.closed, slow.tryReceive(), slow.tryReceive(), slow.tryReceive()]).toEqual([true, 1, 2, CLOSED]);
  expect([source.length, source.closed, queues(source), slow.missed]).toEqual([1, false, noneParked, 0]);
});

test("Broadcast.cancel() by a subscriber in the midst of a distribution stops reading the source (CB-2)", async () => {
  using time = virtualTime();
  const source = channel<number>(4);
  const cast = broadcast(source);
  const [first, second] = [cast.subscribe(), cast.subscribe()];
  upon(first.receive(), () => cast.cancel());
  const got = second.receive().then();
  await time.settle();
  for (const n of [1, 2, 3]) source.trySend(n);
  await time.settle();
  expect([await got, source.length]).toEqual([CLOSED, 2]);
  expect(time.reported).toEqual([]);
});

test("a subscriber counts as missed what a cancelled task had received and what is stored when it leaves (CH-27)", async () => {
  using time = virtualTime();
  const missed: number[] = [];
  const source = channel<number>(4);
  const cast = broadcast(source);
  const member = cast.subscribe({ capacity: 2, onMissed: (n) => void missed.push(n) });
  const reader = go(function* (): Routine<unknown> {
    return yield* member.receive();
  });
  // The callback runs after the reader was served, in the same step: the reader is ready and has not resumed.
  using _ = upon(cast.subscribe({ capacity: 9 }).receive(), () => reader.cancel());
  await time.settle();
  source.trySend(1);
  await time.settle();
  expect([reader.status, missed]).toEqual(["cancelled", [1]]);
  await expect(reader.then()).rejects.toBeInstanceOf(CancelledError);
  for (const n of [2, 3]) source.trySend(n);
  await time.settle();
  member.cancel();
  expect([missed, member.missed]).toEqual([[1, 2, 3], 3]);
});

test("a deadlock report says how many slow subscribers a broadcast waits for (EN-1)", async () => {
  using _ = virtualTime();
  const dead = run(function* main(): Routine<void> {
    const source = channel<number>(2);
    source.trySend(1);
    source.trySend(2);
    const cast = broadcast(source);
    cast.subscribe();
    yield* cast.subscribe().receive();
    yield* source.send(3);
    yield* source.send(4);
    yield* source.send(5);
  });
  await expect(dead).rejects.toThrow(/2 slow of 2 subscribers|1 slow of 2 subscribers/);
});

test("broadcast() gives every value to 1000 subscribers of different capacities", async () => {
  using time = virtualTime();
  const source = channel<number>();
  const cast = broadcast(source);
  const sums = Array.from({ length: 1000 }, (_, at) =>
    go(function* (): Routine<number> {
      const member = cast.subscribe({ capacity: at % 3 });
      let sum = 0;
      for (let n: number | typeof CLOSED; (n = yield* member.receive()) !== CLOSED; ) sum += n;
      return sum;
    }),
  );
  await time.settle();
  go(function* (): Routine<void> {
    for (let n = 1; n <= 50; n++) yield* source.send(n);
    source.close();
  });
  for (const sum of sums) expect(await sum).toBe(1275);
});

test("a subscriber gets every value that is sent during its subscription, in order, or counts it as missed (CB-7)", async () => {
  const subscriber = fc.record({
    policy: fc.constantFrom(...policyNames),
    capacity: fc.integer({ min: 0, max: 3 }),
    pace: fc.nat({ max: 4 }),
    from: fc.nat({ max: 20 }),
    stay: fc.nat({ max: 60 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(subscriber, { minLength: 1, maxLength: 6 }),
      fc.nat({ max: 3 }),
      fc.nat({ max: 3 }),
      fc.nat(),
      async (members, pace, capacity, seed) => {
        using time = virtualTime(seed);
        const source = channel<number>(capacity);
        const cast = broadcast(source);
        const feeder = go(function* (): Routine<void> {
          for (let n = 0; n < 15; n++) {
            yield* sleep(pace);
            yield* source.send(n);
          }
          source.close();
        });
        const checks = members.map(({ policy, capacity, pace, from, stay }) =>
          go(function* (): Routine<void> {
            yield* sleep(from);
            const missed: number[] = [];
            const got: number[] = [];
            const member = cast.subscribe({
              policy,
              capacity: Math.max(capacity, policy === "slide" ? 1 : 0),
              onMissed: (n) => void missed.push(n),
            });
            const next = select({ value: member, leave: sleep(stay) });
            let ended = false;
            try {
              for (;;) {
                const { key, value } = yield* next;
                ended = value === CLOSED;
                if (key === "leave" || value === CLOSED) break;
                got.push(value);
                yield* sleep(pace);
              }
            } catch (error) {
              expect([policy, error instanceof DisconnectedError]).toEqual(["disconnect", true]);
            }
            member.cancel();
            const sent = [...got, ...missed].sort((a, b) => a - b);
            expect(sent).toEqual(sent.map((_, at) => sent[0]! + at));
            expect(got).toEqual([...got].sort((a, b) => a - b));
            expect(member.missed).toBe(missed.length);
            if (policy === "wait" && ended) expect(missed).toEqual([]);
            if (from === 0 && sent.length > 0 && pace > 0) expect(sent[0]).toBe(0);
            if (ended && policy !== "disconnect" && sent.length > 0) expect(sent.at(-1)).toBe(14);
          }),
        );
        await time.advance(2000);
        for (const check of checks) await check;
        await feeder;
        expect([queues(source), time.timers, time.reported]).toEqual([noneParked, 0, []]);
      },
    ),
    { numRuns: 60 },
  );
});

// Broadcasting, publishing, watching, mixing: one to many, and many to one.

import fc from "fast-check";
import {
  broadcast,
  CLOSED,
  channel,
  collect,
  EMPTY,
  go,
  mix,
  type Operation,
  produce,
  publish,
  type ReceiveChannel,
  type Routine,
  select,
  sleep,
  watch,
} from "millrace";
import { describe, expect, test } from "vitest";
import { nobody, queues } from "../rules/model.js";
import { virtualTime } from "../support/virtual.js";

const all = <T>(source: ReceiveChannel<T>): Promise<T[]> => collect(source).then((values) => values);
const outcome = (operation: Operation<unknown>): Promise<unknown> =>
  operation.then(
    (value) => value,
    (error: unknown) => error,
  );

describe("broadcast", () => {
  test("CB-7: subscribers that wait each get every value, in order; the next is not read before all have this one", async () => {
    using time = virtualTime();
    const source = channel<number>(3);
    for (const n of [1, 2, 3]) source.trySend(n);
    source.close();
    const cast = broadcast(source);
    const [quick, slow] = [cast.subscribe(), cast.subscribe()];
    const got = all(quick);
    await time.settle();
    // 1 has been taken by one of them: 2 is not read.
    expect(source.length).toBe(2);
    expect(await all(slow)).toEqual([1, 2, 3]);
    expect(await got).toEqual([1, 2, 3]);
  });

  test("CB-7: all that are ready get a value at once, though another is slow", async () => {
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

  test.each(policies)("CB-7: $policy with room for $capacity", async ({ policy, capacity, got, missed, end }) => {
    using time = virtualTime();
    const source = channel<number>(5);
    for (const n of [1, 2, 3, 4, 5]) source.trySend(n);
    source.close();
    const lagging = broadcast(source).subscribe({ policy, ...(capacity !== undefined && { capacity }) });
    await time.settle();
    expect(got.map(() => lagging.tryReceive())).toEqual(got);
    expect([lagging.tryReceive(), lagging.missed]).toEqual([end, missed]);
  });

  test("CB-7: disconnect closes one that has no room with an error, after what it has stored, and the others go on", async () => {
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
    expect(() => slow.tryReceive()).toThrow("Disconnected: the subscriber was more than 2 values behind");
  });

  test("core.async: a mult that was parked on a slow tap was freed neither by untap nor by closing it", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const cast = broadcast(source);
    const [slow, other] = [cast.subscribe(), cast.subscribe()];
    const got = all(other);
    await time.settle();
    source.trySend(1);
    await time.settle();
    expect(source.trySend(2)).toBe(false);
    slow.cancel();
    await time.settle();
    expect(source.trySend(2)).toBe(true);
    source.close();
    expect(await got).toEqual([1, 2]);
  });

  test("core.async: whoever subscribed late never saw the end", async () => {
    using time = virtualTime();
    const cause = new Error("over");
    const [ended, failed] = [channel<number>(), channel<number>()];
    const casts = [broadcast(ended), broadcast(failed)];
    casts[1]!.subscribe();
    ended.close();
    failed.close(cause);
    await time.settle();
    expect(await Promise.all(casts.map((cast) => outcome(cast.subscribe().receive())))).toEqual([CLOSED, cause]);
    expect(time.reported).toEqual([]);
  });

  test("CB-7: without subscribers values are dropped, and an error is reported", async () => {
    using time = virtualTime();
    const error = new Error("nobody there");
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

  test.each([false, true])("cancelling it closes all, and releases what it owns, once (begun: %s)", async (begun) => {
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
  });

  test("using unsubscribes", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const cast = broadcast(source);
    {
      using _ = cast.subscribe();
    }
    await time.settle();
    expect(source.trySend(1)).toBe(true);
    await time.settle();
    expect(source.trySend(2)).toBe(true);
  });

  test("an unknown policy, and a slide without room, are refused", () => {
    const cast = broadcast(channel<number>());
    expect(() => cast.subscribe({ policy: "skip" as "drop" })).toThrow("policy must be");
    expect(() => cast.subscribe({ policy: "slide", capacity: 0 })).toThrow(RangeError);
    expect(() => broadcast({} as ReceiveChannel<number>)).toThrow("its source must be a receive channel");
  });

  test("nobody misses a value without being told, at every pace and with every policy", async () => {
    const subscriber = fc.record({
      policy: fc.constantFrom("wait", "drop", "slide" as const),
      capacity: fc.integer({ min: 1, max: 3 }),
      pace: fc.nat({ max: 4 }),
      from: fc.nat({ max: 20 }),
      stay: fc.nat({ max: 30 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(subscriber, { maxLength: 5 }),
        fc.nat({ max: 3 }),
        fc.nat(),
        async (members, pace, seed) => {
          using time = virtualTime(seed);
          const source = channel<number>();
          const cast = broadcast(source);
          let sent = -1;
          go(function* (): Routine<void> {
            for (let n = 0; n < 12; n++) {
              yield* sleep(pace);
              yield* source.send(n);
              sent = n;
            }
            source.close();
          });
          const checks = members.map(({ policy, capacity, pace, from, stay }) =>
            go(function* (): Routine<void> {
              yield* sleep(from);
              const subscription = cast.subscribe({ policy: policy as "wait", capacity });
              const got: number[] = [];
              const leave = sleep(stay);
              for (;;) {
                const { key, value } = yield* select({ value: subscription, leave });
                if (key === "leave" || value === CLOSED) break;
                got.push(value as number);
                yield* sleep(pace);
              }
              const gaps = got.slice(1).reduce((missing, n, at) => missing + (n - got[at]! - 1), 0);
              expect(got).toEqual([...got].sort((a, b) => a - b));
              if (policy === "wait") expect([gaps, subscription.missed]).toEqual([0, 0]);
              else expect(subscription.missed).toBeGreaterThanOrEqual(gaps);
              subscription.cancel();
            }),
          );
          await time.advance(1000);
          for (const check of checks) await check;
          expect([sent, queues(source)]).toEqual([11, nobody]);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe("publish", () => {
  const evenOdd = (n: number): string => (n % 2 === 0 ? "even" : "odd");

  test("CB-8: each value goes to those who have subscribed to its topic, with their own policies", async () => {
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

  test("core.async: a topic function that threw killed pub silently", async () => {
    using time = virtualTime();
    const error = new Error("topic");
    const source = channel<number>(1);
    const publisher = publish(source, (): string => {
      throw error;
    });
    const seen = ["a", "b"].map((topic) => outcome(publisher.subscribe(topic).receive()));
    source.trySend(1);
    expect(await Promise.all(seen)).toEqual([error, error]);
    expect(await outcome(publisher.subscribe("c").receive())).toBe(error);
    await time.settle();
    expect(time.reported).toEqual([]);
  });

  test("CB-8: unsubscribing everybody closes them, and a topic that nobody has subscribed to keeps nothing", async () => {
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
});

describe("watch", () => {
  test("changed() completes at the next change, for all who wait, in their order; the same value is none", async () => {
    using time = virtualTime();
    const cell = watch(1);
    const log: string[] = [];
    for (const name of ["a", "b"]) {
      go(function* (): Routine<void> {
        log.push(`${name} ${yield* cell.changed()}`);
      });
    }
    await time.settle();
    cell.set(1);
    await time.settle();
    expect(log).toEqual([]);
    cell.set(2);
    cell.update((n) => n + 1);
    await time.settle();
    expect([log, cell.value]).toEqual([["a 3", "b 3"], 3]);
  });

  test("performed again it misses no change in between, and sees several as one", async () => {
    using _ = virtualTime();
    const cell = watch(0);
    const changed = cell.changed();
    cell.set(1);
    expect(await changed).toBe(1);
    for (const n of [2, 3]) cell.set(n);
    expect(await changed).toBe(3);
    expect(await select({ changed }, { default: "none" })).toEqual({ key: "default", value: "none" });
  });

  test("until() yields the value for which the test held, and what the test throws is the waiting task's", async () => {
    using time = virtualTime();
    const cell = watch(0);
    const error = new Error("test");
    const high = outcome(cell.until((n) => n > 2));
    const broken = outcome(
      cell.until((n) => {
        if (n > 0) throw error;
        return false;
      }),
    );
    await time.settle();
    for (const n of [1, 2, 3, 0]) cell.set(n);
    expect([await high, await broken]).toEqual([3, error]);
    expect(await cell.until((n) => n === 0)).toBe(0);
  });

  test("changes() gives a slow reader the latest only", async () => {
    using time = virtualTime();
    const cell = watch("a");
    const changes = cell.changes();
    for (const value of ["b", "c"]) cell.set(value);
    expect([changes.tryReceive(), changes.tryReceive()]).toEqual(["c", EMPTY]);
    const next = changes.receive().then();
    await time.settle();
    cell.set("d");
    expect(await next).toBe("d");
  });

  test("one that loses a choice leaves", async () => {
    using time = virtualTime();
    const cell = watch(0);
    for (let n = 0; n < 100; n++) {
      const choice = select({ changed: cell.changed(), until: cell.until((n) => n < 0), late: sleep(1) }).then();
      await time.advance(1);
      expect((await choice).key).toBe("late");
    }
    expect(time.timers).toBe(0);
  });
});

describe("mix", () => {
  const inputs = () => [channel<string>(4), channel<string>(4)] as const;

  test("CB-9: mute consumes and discards, pause does not consume", async () => {
    using time = virtualTime();
    const [a, b] = inputs();
    const hall = mix<string>();
    hall.add(a, { mute: true });
    hall.add(b, { pause: true });
    a.trySend("a");
    b.trySend("b");
    await time.settle();
    expect([a.length, b.length, hall.out.tryReceive()]).toEqual([0, 1, EMPTY]);
    hall.set([
      [a, { mute: false }],
      [b, { pause: false }],
    ]);
    await time.settle();
    a.trySend("again");
    await time.settle();
    expect([hall.out.tryReceive(), hall.out.tryReceive()]).toEqual(["b", "again"]);
  });

  test("core.async: an input that was paused and soloed was not read", async () => {
    using time = virtualTime();
    const [a, b] = inputs();
    const hall = mix<string>();
    hall.add(a, { pause: true, mute: true, solo: true });
    hall.add(b);
    a.trySend("a");
    b.trySend("b");
    await time.settle();
    expect([hall.out.tryReceive(), hall.out.tryReceive(), b.length]).toEqual(["a", EMPTY, 0]);
  });

  test("CB-9: with soloMode pause the others are not read", async () => {
    using time = virtualTime();
    const [a, b] = inputs();
    const hall = mix<string>({ soloMode: "pause" });
    hall.add(a, { solo: true });
    hall.add(b);
    b.trySend("b");
    await time.settle();
    expect(b.length).toBe(1);
    hall.set(a, { solo: false });
    await time.settle();
    expect(hall.out.tryReceive()).toBe("b");
  });

  test("an input that is paused, or removed, while it is waited for leaves its queue at once, and nothing is lost", async () => {
    using time = virtualTime();
    const [a, b] = inputs();
    const hall = mix<string>();
    hall.add(a);
    hall.add(b);
    const next = hall.out.receive().then();
    await time.settle();
    expect(queues(a).receivers).toBe(1);
    hall.set(a, { pause: true });
    hall.remove(b);
    await time.settle();
    expect([queues(a), queues(b)]).toEqual([nobody, nobody]);
    a.trySend("kept");
    await time.settle();
    expect(a.length).toBe(1);
    hall.set(a, { pause: false });
    expect(await next).toBe("kept");
  });

  test("core.async: out never closed; here it does when all inputs have ended, unless it is to stay open", async () => {
    using time = virtualTime();
    for (const close of [true, false]) {
      const [a, b] = inputs();
      const hall = mix<string>({ close });
      const end = hall.out.receive().then(() => "closed");
      const open = (): Promise<string> => time.settle().then(() => "open");
      expect(await Promise.race([end, open()])).toBe("open");
      hall.add(a);
      hall.add(b);
      a.close();
      expect(await Promise.race([end, open()])).toBe("open");
      b.close();
      expect(await Promise.race([end, open()])).toBe(close ? "closed" : "open");
    }
  });

  test("CB-3: when an input fails, out ends with the cause, and the others are released", async () => {
    using time = virtualTime();
    const released: unknown[] = [];
    const cause = new Error("input");
    const [a] = inputs();
    const hall = mix<string>();
    hall.add(a);
    hall.add(produce<string>(() => sleepLong(), { release: () => void released.push("released") }));
    const seen = outcome(hall.out.receive());
    await time.settle();
    a.close(cause);
    expect(await seen).toBe(cause);
    await time.settle();
    expect(released).toEqual(["released"]);
  });

  test("CB-2: when out is cancelled nothing is consumed any more, and what it owns is released", async () => {
    using time = virtualTime();
    const released: unknown[] = [];
    const [a] = inputs();
    const hall = mix<string>();
    hall.add(a);
    hall.add(produce<string>(() => sleepLong(), { release: (reason) => void released.push(reason) }));
    await time.settle();
    hall.out.cancel("enough");
    await time.settle();
    a.trySend("kept");
    await time.settle();
    expect([released, a.length, queues(a)]).toEqual([["enough"], 1, nobody]);
  });

  test("misuse is told", () => {
    using _ = virtualTime();
    const hall = mix<string>();
    expect(() => hall.add({} as ReceiveChannel<string>)).toThrow(
      "Cannot add to mix: its source must be a receive channel",
    );
    expect(() => mix({ soloMode: "stop" as "mute" })).toThrow("soloMode must be");
  });
});

function* sleepLong(): Routine<void> {
  yield* sleep(1_000_000);
}

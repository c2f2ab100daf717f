// Many channels into one, muted, paused and soloed while it goes on (rules CB-2, CB-3, CB-4, CB-9).

import fc from "fast-check";
import {
  CLOSED,
  channel,
  EMPTY,
  go,
  type MixState,
  mix,
  type Operation,
  produce,
  type ReceiveChannel,
  type Routine,
  sleep,
} from "millrace";
import { expect, test } from "vitest";
import { nobody, queues } from "../rules/model.js";
import { virtualTime } from "../support/virtual.js";

const outcome = (operation: Operation<unknown>): Promise<unknown> =>
  operation.then(
    (value) => value,
    (error: unknown) => error,
  );

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
  expect(() => hall.set("a" as never, { mute: true })).toThrow("Cannot set in mix");
  expect(() => hall.add({} as ReceiveChannel<string>)).toThrow("Cannot add to mix: source must be a receive channel");
  expect(() => mix({ soloMode: "stop" as "mute" })).toThrow("soloMode must be");
});

test("CB-9: what is muted is consumed though nobody reads out, and what is heard waits for a reader", async () => {
  using time = virtualTime();
  const [a, b] = inputs();
  const hall = mix<string>();
  hall.add(a);
  hall.add(b, { mute: true });
  for (const word of ["1", "2"]) for (const input of [a, b]) input.trySend(word);
  await time.settle();
  expect([a.length, b.length]).toEqual([2, 0]);
});

test("CB-9: a change takes effect at once: nothing is in the hand of the mix, whether out is read or not", async () => {
  using time = virtualTime();
  const [a, b] = inputs();
  const hall = mix<string>();
  hall.add(a);
  a.trySend("a");
  await time.settle();
  hall.set(a, { pause: true });
  expect([hall.out.tryReceive(), a.length]).toEqual([EMPTY, 1]);
  hall.add(b, { mute: true });
  await time.settle();
  hall.set(b, { mute: false });
  b.trySend("b");
  expect(hall.out.tryReceive()).toBe("b");
  hall.set(a, { pause: false });
  expect(hall.out.tryReceive()).toBe("a");
});

test("CB-9: a set of changes applies in one step", async () => {
  using time = virtualTime();
  const [a, b] = inputs();
  const hall = mix<string>();
  hall.add(a, { solo: true });
  hall.add(b);
  const next = hall.out.receive().then();
  await time.settle();
  b.trySend("muted");
  await time.settle();
  hall.set(
    new Map([
      [a, { solo: false, pause: true }],
      [b, { solo: true }],
    ]),
  );
  a.trySend("paused");
  b.trySend("heard");
  await time.settle();
  expect([await next, a.length, hall.out.tryReceive()]).toEqual(["heard", 1, EMPTY]);
});

test("CB-9: pause is more than mute, solo more than both; of those that are not soloed the paused stay paused", async () => {
  using time = virtualTime();
  const [a, b] = inputs();
  const hall = mix<string>();
  hall.add(a, { pause: true, mute: true });
  hall.add(b, { solo: true });
  a.trySend("a");
  await time.settle();
  expect([a.length, hall.out.tryReceive()]).toEqual([1, EMPTY]);
  b.close();
  // What was soloed has ended, and silences nobody any more.
  expect(hall.out.tryReceive()).toBe(EMPTY);
  hall.set(a, { pause: false, mute: false });
  expect(hall.out.tryReceive()).toBe("a");
});

test("CB-2: removing an input leaves it as it is; the last one removed does not close out", async () => {
  using time = virtualTime();
  const [a] = inputs();
  const source = produce<string>(() => sleepLong());
  const hall = mix<string>();
  hall.add(a);
  hall.add(source, { mute: true });
  await time.settle();
  expect([hall.remove(a), hall.remove(source), hall.remove(a)]).toEqual([true, true, false]);
  await time.settle();
  expect([source.closed, queues(a), hall.out.tryReceive()]).toEqual([false, nobody, EMPTY]);
  hall.add(a);
  a.close();
  expect(hall.out.tryReceive()).toBe(CLOSED);
  source.cancel();
  await time.settle();
});

test("CB-2: muted inputs end it as well, and wake whoever reads out", async () => {
  using time = virtualTime();
  const [a, b] = inputs();
  const hall = mix<string>();
  hall.add(a, { mute: true });
  hall.add(b, { mute: true });
  const end = hall.out.receive().then();
  await time.settle();
  a.close();
  await time.settle();
  b.close();
  expect(await end).toBe(CLOSED);
});

test("CB-3: when a muted input fails out ends with the cause, and the others are released", async () => {
  using time = virtualTime();
  const cause = new Error("input");
  const released: unknown[] = [];
  const [a] = inputs();
  const hall = mix<string>();
  hall.add(a, { mute: true });
  hall.add(produce<string>(() => sleepLong(), { release: (reason) => void released.push(reason) }));
  const end = outcome(hall.out.receive());
  await time.settle();
  a.close(cause);
  expect([await end, released]).toEqual([cause, [cause]]);
  expect(time.reported).toEqual([]);
});

test("CB-2: what is added when out is over is released, and not read", async () => {
  using time = virtualTime();
  const released: unknown[] = [];
  const hall = mix<string>();
  hall.out.cancel();
  const source = produce<string>(() => sleepLong(), { release: () => void released.push("released") });
  await time.settle();
  expect([hall.add(source), hall.add(channel<string>())]).toEqual([false, false]);
  await time.settle();
  expect([released, hall.out.tryReceive()]).toEqual([["released"], CLOSED]);
});

test("CB-4: each value is heard, or was consumed while its input was muted, or is still there; in order", async () => {
  const state = fc.record({ mute: fc.boolean(), pause: fc.boolean(), solo: fc.boolean() });
  const step = fc.record({
    at: fc.nat({ max: 5 }),
    states: fc.array(fc.tuple(fc.nat({ max: 2 }), state), { maxLength: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 6 }),
      fc.array(fc.nat({ max: 3 }), { minLength: 4, maxLength: 4 }),
      fc.constantFrom("mute" as const, "pause" as const),
      fc.nat(),
      async (steps, paces, soloMode, seed) => {
        using time = virtualTime(seed);
        const sources = [0, 1, 2].map(() => channel<number>(2));
        const hall = mix<number>({ soloMode });
        let states: MixState[] = [{}, {}, {}];
        for (const source of sources) hall.add(source);
        const heard: number[] = [];
        const role = ({ mute, pause, solo }: MixState): string => {
          const soloed = states.some(({ solo }) => solo);
          if (solo) return "heard";
          return pause || (soloed && soloMode === "pause") ? "paused" : mute || soloed ? "muted" : "heard";
        };
        const wasMuted = [false, false, false];
        const note = (): void => states.forEach((state, at) => void (wasMuted[at] ||= role(state) === "muted"));
        sources.forEach((source, at) => {
          go(function* (): Routine<void> {
            for (let n = 0; n < 10; n++) {
              yield* sleep(paces[at]!);
              yield* source.send(n * 3 + at);
            }
          });
        });
        const reader = go(function* (): Routine<void> {
          for (let n: number | typeof CLOSED; (n = yield* hall.out.receive()) !== CLOSED; yield* sleep(paces[3]!)) {
            heard.push(n);
          }
        });
        await time.settle();
        for (const { at, states: changes } of steps) {
          await time.advance(at);
          hall.set(changes.map(([which, change]) => [sources[which]!, change] as const));
          states = states.map((state, which) => changes.filter(([at]) => at === which).at(-1)?.[1] ?? state);
          note();
          const paused = states.map((state) => role(state) === "paused");
          // What is paused is not waited for from this very step on.
          sources.forEach((source, which) => {
            if (paused[which]) expect(queues(source).receivers).toBe(0);
          });
        }
        hall.set(sources.map((source) => [source, { mute: false, pause: false, solo: false }] as const));
        await time.advance(1000);
        sources.forEach((source, at) => {
          const got = heard.filter((n) => n % 3 === at);
          expect(got).toEqual([...got].sort((a, b) => a - b));
          if (!wasMuted[at]) expect(got.length).toBe(10);
          expect(source.length).toBe(0);
        });
        hall.out.cancel();
        await reader;
        expect([sources.map(queues), time.timers, time.reported]).toEqual([[nobody, nobody, nobody], 0, []]);
      },
    ),
    { numRuns: 40 },
  );
});

function* sleepLong(): Routine<void> {
  yield* sleep(1_000_000);
}

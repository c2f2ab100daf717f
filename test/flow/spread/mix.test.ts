// Many channels into one, with inputs that are muted, paused and soloed at any time (rules CB-2, CB-3, CB-4, CB-9).

import fc from "fast-check";
import {
  CLOSED,
  channel,
  EMPTY,
  go,
  type MixState,
  mix,
  produce,
  type ReceiveChannel,
  type Routine,
  sleep,
} from "millrace";
import { expect, test } from "vitest";
import { outcome } from "../../support/flow.js";
import { noneParked, queues } from "../../support/model.js";
import { virtualTime } from "../../support/virtual.js";

const inputs = () => [channel<string>(4), channel<string>(4)] as const;

test("mix() consumes and discards the values of a muted input, and does not consume a paused input (CB-9)", async () => {
  using time = virtualTime();
  const [a, b] = inputs();
  const mixer = mix<string>();
  mixer.add(a, { mute: true });
  mixer.add(b, { pause: true });
  a.trySend("a");
  b.trySend("b");
  await time.settle();
  expect([a.length, b.length, mixer.out.tryReceive()]).toEqual([0, 1, EMPTY]);
  mixer.set([
    [a, { mute: false }],
    [b, { pause: false }],
  ]);
  await time.settle();
  a.trySend("again");
  await time.settle();
  expect([mixer.out.tryReceive(), mixer.out.tryReceive()]).toEqual(["b", "again"]);
});

test("mix() with soloMode pause does not read the other inputs while one is soloed (CB-9)", async () => {
  using time = virtualTime();
  const [a, b] = inputs();
  const mixer = mix<string>({ soloMode: "pause" });
  mixer.add(a, { solo: true });
  mixer.add(b);
  b.trySend("b");
  await time.settle();
  expect(b.length).toBe(1);
  mixer.set(a, { solo: false });
  await time.settle();
  expect(mixer.out.tryReceive()).toBe("b");
});

test("an input of mix() that is paused or removed leaves its queue at once, and no value is lost", async () => {
  using time = virtualTime();
  const [a, b] = inputs();
  const mixer = mix<string>();
  mixer.add(a);
  mixer.add(b);
  const next = mixer.out.receive().then();
  await time.settle();
  expect(queues(a).receivers).toBe(1);
  mixer.set(a, { pause: true });
  mixer.remove(b);
  await time.settle();
  expect([queues(a), queues(b)]).toEqual([noneParked, noneParked]);
  a.trySend("kept");
  await time.settle();
  expect(a.length).toBe(1);
  mixer.set(a, { pause: false });
  expect(await next).toBe("kept");
});

test("mix().out ends with the cause of an input that fails, and the other inputs are released (CB-3)", async () => {
  using time = virtualTime();
  const released: unknown[] = [];
  const cause = new Error("input");
  const [a] = inputs();
  const mixer = mix<string>();
  mixer.add(a);
  mixer.add(produce<string>(() => sleepLong(), { release: () => void released.push("released") }));
  const seen = outcome(mixer.out.receive());
  await time.settle();
  a.close(cause);
  expect(await seen).toBe(cause);
  await time.settle();
  expect(released).toEqual(["released"]);
});

test("mix() consumes nothing more and releases what it owns when out is cancelled (CB-2)", async () => {
  using time = virtualTime();
  const released: unknown[] = [];
  const [a] = inputs();
  const mixer = mix<string>();
  mixer.add(a);
  mixer.add(produce<string>(() => sleepLong(), { release: (reason) => void released.push(reason) }));
  await time.settle();
  mixer.out.cancel("enough");
  await time.settle();
  a.trySend("kept");
  await time.settle();
  expect([released, a.length, queues(a)]).toEqual([["enough"], 1, noneParked]);
});

test("mix() refuses an invalid input, an invalid soloMode and changes of an input that it does not have", () => {
  using _ = virtualTime();
  const mixer = mix<string>();
  expect(() => mixer.set("a" as never, { mute: true })).toThrow("Cannot set in mix");
  expect(() => mixer.add({} as ReceiveChannel<string>)).toThrow("Cannot add to mix: source must be a receive channel");
  expect(() => mix({ soloMode: "stop" as "mute" })).toThrow("soloMode must be");
});

test("mix() consumes a muted input while out is not read, and any other input only when out is read (CB-9)", async () => {
  using time = virtualTime();
  const [a, b] = inputs();
  const mixer = mix<string>();
  mixer.add(a);
  mixer.add(b, { mute: true });
  for (const word of ["1", "2"]) for (const input of [a, b]) input.trySend(word);
  await time.settle();
  expect([a.length, b.length]).toEqual([2, 0]);
});

test("a change of mix() takes effect at once, because it holds no value between out and its inputs (CB-9)", async () => {
  using time = virtualTime();
  const [a, b] = inputs();
  const mixer = mix<string>();
  mixer.add(a);
  a.trySend("a");
  await time.settle();
  mixer.set(a, { pause: true });
  expect([mixer.out.tryReceive(), a.length]).toEqual([EMPTY, 1]);
  mixer.add(b, { mute: true });
  await time.settle();
  mixer.set(b, { mute: false });
  b.trySend("b");
  expect(mixer.out.tryReceive()).toBe("b");
  mixer.set(a, { pause: false });
  expect(mixer.out.tryReceive()).toBe("a");
});

test("a set of changes of mix() applies in one step (CB-9)", async () => {
  using time = virtualTime();
  const [a, b] = inputs();
  const mixer = mix<string>();
  mixer.add(a, { solo: true });
  mixer.add(b);
  const next = mixer.out.receive().then();
  await time.settle();
  b.trySend("muted");
  await time.settle();
  mixer.set(
    new Map([
      [a, { solo: false, pause: true }],
      [b, { solo: true }],
    ]),
  );
  a.trySend("paused");
  b.trySend("heard");
  await time.settle();
  expect([await next, a.length, mixer.out.tryReceive()]).toEqual(["heard", 1, EMPTY]);
});

test("in mix() pause overrides mute, and a soloed input that has ended silences no other input (CB-9)", async () => {
  using time = virtualTime();
  const [a, b] = inputs();
  const mixer = mix<string>();
  mixer.add(a, { pause: true, mute: true });
  mixer.add(b, { solo: true });
  a.trySend("a");
  await time.settle();
  expect([a.length, mixer.out.tryReceive()]).toEqual([1, EMPTY]);
  b.close();
  // The soloed input has ended, and no longer silences the other one.
  expect(mixer.out.tryReceive()).toBe(EMPTY);
  mixer.set(a, { pause: false, mute: false });
  expect(mixer.out.tryReceive()).toBe("a");
});

test("Mix.remove() leaves the input as it is, and out open even if it was the last input (CB-2)", async () => {
  using time = virtualTime();
  const [a] = inputs();
  const source = produce<string>(() => sleepLong());
  const mixer = mix<string>();
  mixer.add(a);
  mixer.add(source, { mute: true });
  await time.settle();
  expect([mixer.remove(a), mixer.remove(source), mixer.remove(a)]).toEqual([true, true, false]);
  await time.settle();
  expect([source.closed, queues(a), mixer.out.tryReceive()]).toEqual([false, noneParked, EMPTY]);
  mixer.add(a);
  a.close();
  expect(mixer.out.tryReceive()).toBe(CLOSED);
  source.cancel();
  await time.settle();
});

test("mix().out ends and resumes its receiver when all inputs have ended, even if they are muted (CB-2)", async () => {
  using time = virtualTime();
  const [a, b] = inputs();
  const mixer = mix<string>();
  mixer.add(a, { mute: true });
  mixer.add(b, { mute: true });
  const end = mixer.out.receive().then();
  await time.settle();
  a.close();
  await time.settle();
  b.close();
  expect(await end).toBe(CLOSED);
});

test("mix().out ends with the cause of a muted input that fails, and the other inputs are released (CB-3)", async () => {
  using time = virtualTime();
  const cause = new Error("input");
  const released: unknown[] = [];
  const [a] = inputs();
  const mixer = mix<string>();
  mixer.add(a, { mute: true });
  mixer.add(produce<string>(() => sleepLong(), { release: (reason) => void released.push(reason) }));
  const end = outcome(mixer.out.receive());
  await time.settle();
  a.close(cause);
  expect([await end, released]).toEqual([cause, [cause]]);
  expect(time.reported).toEqual([]);
});

test("Mix.add() after the end of out releases the source, and does not read it (CB-2)", async () => {
  using time = virtualTime();
  const released: unknown[] = [];
  const mixer = mix<string>();
  mixer.out.cancel();
  const source = produce<string>(() => sleepLong(), { release: () => void released.push("released") });
  await time.settle();
  expect([mixer.add(source), mixer.add(channel<string>())]).toEqual([false, false]);
  await time.settle();
  expect([released, mixer.out.tryReceive()]).toEqual([["released"], CLOSED]);
});

test("mix() loses values only of inputs that were muted at some time, and keeps the order, whatever the changes (CB-4)", async () => {
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
        const mixer = mix<number>({ soloMode });
        let states: MixState[] = [{}, {}, {}];
        for (const source of sources) mixer.add(source);
        const received: number[] = [];
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
          for (let n: number | typeof CLOSED; (n = yield* mixer.out.receive()) !== CLOSED; yield* sleep(paces[3]!)) {
            received.push(n);
          }
        });
        await time.settle();
        for (const { at, states: changes } of steps) {
          await time.advance(at);
          mixer.set(changes.map(([which, change]) => [sources[which]!, change] as const));
          states = states.map((state, which) => changes.filter(([at]) => at === which).at(-1)?.[1] ?? state);
          note();
          const paused = states.map((state) => role(state) === "paused");
          // A paused input has no parked receiver from this very step on.
          sources.forEach((source, which) => {
            if (paused[which]) expect(queues(source).receivers).toBe(0);
          });
        }
        mixer.set(sources.map((source) => [source, { mute: false, pause: false, solo: false }] as const));
        await time.advance(1000);
        sources.forEach((source, at) => {
          const got = received.filter((n) => n % 3 === at);
          expect(got).toEqual([...got].sort((a, b) => a - b));
          if (!wasMuted[at]) expect(got.length).toBe(10);
          expect(source.length).toBe(0);
        });
        mixer.out.cancel();
        await reader;
        expect([sources.map(queues), time.timers, time.reported]).toEqual([
          [noneParked, noneParked, noneParked],
          0,
          [],
        ]);
      },
    ),
    { numRuns: 40 },
  );
});

function* sleepLong(): Routine<void> {
  yield* sleep(1_000_000);
}

import fc from "fast-check";
import { type Channel, CLOSED, channel, EMPTY, go, type Operation, select, type Task } from "millrace";
import { flush, replaceHost, usePolicy } from "millrace/host";
import { describe, expect, test } from "vitest";
import {
  ask,
  breaches,
  bufferStores,
  type Completion,
  goForms,
  Model,
  type ModelCase,
  noneParked,
  plainStores,
  queues,
  type Store,
} from "../support/model.js";
import { scaled } from "../support/stress.js";
import { seeded, virtualTime } from "../support/virtual.js";

const CHANNELS = 3;

type Command =
  | { do: "perform"; cases: ModelCase[]; mode: "alone" | "priority" | "random"; fallback: boolean }
  | { do: "try"; what: ModelCase }
  | { do: "close" | "cancel"; on: number }
  | { do: "stop"; which: number };

const on = fc.nat(CHANNELS - 1);
const value = fc.nat(999);
const oneCase: fc.Arbitrary<ModelCase> = fc.oneof(
  fc.record({ on, kind: fc.constant("send" as const), value }),
  fc.record({ on, kind: fc.constant("receive" as const) }),
);
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: oneCase.map((what) => ({
      do: "perform" as const,
      cases: [what],
      mode: "alone" as const,
      fallback: false,
    })),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("perform" as const),
      cases: fc.array(oneCase, { minLength: 1, maxLength: 4 }),
      mode: fc.constantFrom("priority" as const, "random" as const),
      fallback: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("try" as const), what: oneCase }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("close" as const, "cancel" as const), on }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("stop" as const), which: fc.nat(30) }) },
);

/** The commands against the library and against the model; every difference throws. */
function compare(store: Store, commands: readonly Command[], seed: number): void {
  // Nothing runs by itself, and a slice of time never ends: flush() runs all there is.
  using _ = replaceHost({ now: () => 0, random: seeded(seed), microtask: () => {}, turn: () => {} });
  const lost: number[] = [];
  const channels = Array.from({ length: CHANNELS }, () =>
    store.make<number>({ onUndelivered: (n) => void lost.push(n) }),
  );
  const model = new Model(channels.map(() => store));
  const tasks: Task<void>[] = [];
  const parked = new Set<number>();
  let log: Completion[] = [];
  const operationOf = (what: ModelCase): Operation<unknown> =>
    what.kind === "send" ? channels[what.on]!.send(what.value) : channels[what.on]!.receive();
  const named = (cases: ModelCase[]): Record<string, Operation<unknown>> =>
    Object.fromEntries(cases.map((what, n) => [`case ${n}`, operationOf(what)]));

  for (const at of commands) {
    log = [];
    model.woken = [];
    let expected: Completion[] = [];
    switch (at.do) {
      case "perform": {
        const id = tasks.length;
        // In random mode a channel stands in one case only: which of two cases of one channel wins is left to chance.
        const cases =
          at.mode === "random"
            ? at.cases.filter((what, n) => at.cases.findIndex((other) => other.on === what.on) === n)
            : at.cases;
        const ready = cases.flatMap((what, n) => (model.ready(what) ? [n] : []));
        const operation: Operation<readonly [number, unknown]> =
          at.mode === "alone"
            ? operationOf(cases[0]!).map((got) => [0, got] as const)
            : (at.fallback
                ? select(named(cases), { mode: at.mode, default: null })
                : select(named(cases), { mode: at.mode })
              ).map(({ key, value }) => [key === "default" ? -1 : Number(key.slice(5)), value] as const);
        tasks.push(
          go(function* () {
            const [which, got] = yield* operation;
            log.push([id, which, got as number]);
            parked.delete(id);
          }),
        );
        flush();
        if (ready.length > 0) {
          const chosen = log[0]![1];
          if (at.mode === "random") expect(ready).toContain(chosen);
          else expect(chosen).toBe(ready[0]);
          expected.push([id, chosen, model.take(cases[chosen]!)]);
        } else if (at.fallback) {
          expected.push([id, -1, null as never]);
        } else {
          parked.add(id);
          model.park(id, cases);
        }
        break;
      }
      case "try": {
        const { what } = at;
        const ch = channels[what.on]!;
        const got = what.kind === "send" ? ch.trySend(what.value) : ch.tryReceive();
        if (model.ready(what)) expect(got).toBe(model.take(what));
        else expect(got).toBe(what.kind === "send" ? false : EMPTY);
        flush();
        break;
      }
      case "close":
        expect(channels[at.on]!.close()).toBe(model.close(at.on));
        flush();
        break;
      case "cancel":
        channels[at.on]!.cancel();
        model.cancel(at.on);
        flush();
        break;
      case "stop": {
        const which = at.which % Math.max(1, tasks.length);
        tasks[which]?.cancel();
        if (parked.delete(which)) model.withdraw(which);
        flush();
        break;
      }
    }
    expected = [...expected, ...model.woken];
    expect(log).toEqual(expected);
    expect(lost).toEqual(model.undelivered);
    channels.forEach((ch, n) => {
      const its = model.channels[n]!;
      expect([ch.length, ch.closed]).toEqual([its.stored.length, its.closed]);
      expect(queues(ch)).toEqual({ senders: its.senders.length, receivers: its.receivers.length });
      const ids = new Set(its.senders.map(({ id }) => id));
      const inBoth = its.receivers.some(({ id }) => ids.has(id));
      if (!its.closed && !inBoth) expect(breaches(ch)).toEqual([]);
    });
  }
}

describe.each([...plainStores, ...bufferStores])("$store", (store) => {
  test("CH-1 to CH-8, CH-20 to CH-27, OP-6 to OP-11: random programs do what the model does, in its order", () => {
    fc.assert(
      fc.property(fc.array(command, { minLength: 1, maxLength: 40 }), fc.nat(), (commands, seed) =>
        compare(store, commands, seed),
      ),
      { numRuns: scaled(60, 300) },
    );
  });
});

describe.each(goForms)("$form", ({ start }) => {
  test("CH-2, CH-3, CH-5, CH-8: under any schedule every value arrives once, and each sender's in order", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(0, 1, 2, 16),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 12 }),
        fc.nat(),
        async (capacity, senders, receivers, each, seed) => {
          using time = virtualTime(seed);
          const chance = seeded(seed);
          const pick = (n: number): number => Math.floor(chance() * n);
          using _ = usePolicy({ next: pick, choose: pick });
          const [ch, other]: [Channel<[number, number]>, Channel<[number, number]>] = [
            channel(capacity),
            channel(capacity),
          ];
          const got: [number, number][] = [];
          const orders: [number, number][][] = [];
          let sending = senders;
          for (let sender = 0; sender < senders; sender++) {
            start(function* () {
              for (let n = 0; n < each; n++) {
                if (n % 3 === 2) yield* ask(select({ a: ch.send([sender, n]), b: other.send([sender, n]) }));
                else yield* ask(ch.send([sender, n]));
              }
              if (--sending === 0) {
                ch.close();
                other.close();
              }
            });
          }
          for (let receiver = 0; receiver < receivers; receiver++) {
            const mine: [number, number][] = [];
            orders.push(mine);
            start(function* () {
              const open = { ch: true, other: true };
              while (open.ch || open.other) {
                const message = yield* ask(select({ ...(open.ch && { ch }), ...(open.other && { other }) }));
                if (message.value === CLOSED) open[message.key as "ch" | "other"] = false;
                else {
                  got.push(message.value as [number, number]);
                  mine.push(message.value as [number, number]);
                }
              }
            });
          }
          for (let rounds = 0; rounds < 3; rounds++) await time.settle();
          const all = Array.from({ length: senders * each }, (_, n) => [Math.floor(n / each), n % each]);
          expect([...got].sort(([a, b], [c, d]) => a - c || b - d)).toEqual(all);
          expect([queues(ch), queues(other)]).toEqual([noneParked, noneParked]);
          expect([ch.length, other.length]).toEqual([0, 0]);
          if (receivers > 1 || capacity > 0) return;
          for (const mine of orders) {
            for (let sender = 0; sender < senders; sender++) {
              const its = mine.filter(([from]) => from === sender).map(([, n]) => n);
              expect(its).toEqual([...its].sort((a, b) => a - b));
            }
          }
        },
      ),
      { numRuns: scaled(30, 60) },
    );
  });
});

import {
  alt,
  always,
  type Channel,
  CLOSED,
  channel,
  go,
  never,
  type Operation,
  promiseChannel,
  receiveAny,
  select,
  sleep,
  timeout,
  when,
} from "millrace";
import { describe, expect, test } from "vitest";
import { ask, forms, goForms, inForms, noneParked, plainStores, queues } from "../support/model.js";
import { scaled, spaced } from "../support/stress.js";
import { virtualTime } from "../support/virtual.js";

/** Whether counts are such as chance gives when all are equally likely: 4.4 standard deviations for each. */
function uniform(counts: readonly number[]): void {
  const total = counts.reduce((sum, n) => sum + n, 0);
  const p = 1 / counts.length;
  const sigma = Math.sqrt(total * p * (1 - p));
  let chi = 0;
  for (const count of counts) {
    expect(Math.abs(count - total * p)).toBeLessThan(4.4 * sigma);
    chi += (count - total * p) ** 2 / (total * p);
  }
  // Wilson and Hilferty: the cube root of chi-square over its degrees of freedom is nearly normal.
  const free = counts.length - 1;
  const normal = (Math.cbrt(chi / free) - (1 - 2 / (9 * free))) / Math.sqrt(2 / (9 * free));
  expect(normal).toBeLessThan(4.4);
}

describe.each(inForms(plainStores, forms))("$store, $form", ({ make, size, start }) => {
  test("OP-6: exactly one case happens, and the losers leave every queue and timer in the same step", async () => {
    using time = virtualTime();
    const [a, b, full, signal] = [make<number>(), make<number>(), make<number>(), promiseChannel<number>()];
    for (let n = 0; n < size; n++) full.trySend(n);
    let got: unknown;
    start(function* () {
      got = yield* ask(
        select({
          a,
          b: b.receive().map((value) => value),
          nested: select({ full: full.send(9), again: a }),
          signal,
          late: sleep(1000),
        }),
      );
    });
    await time.settle();
    expect([queues(a).receivers, queues(b).receivers, queues(full).senders]).toEqual([2, 1, 1]);
    expect(b.trySend(5)).toBe(true);
    expect([queues(a), queues(b), queues(full)]).toEqual([noneParked, noneParked, noneParked]);
    await time.settle();
    expect(got).toEqual({ key: "b", value: 5 });
    expect(time.timers).toBe(0);
    expect(full.length).toBe(size);
  });

  test("OP-6: a select that completes at once queues up nowhere", async () => {
    using time = virtualTime();
    const [a, silent] = [make<number>(), make<number>()];
    start(function* () {
      yield* ask(a.send(1));
    });
    await time.settle();
    let got: unknown;
    start(function* () {
      got = yield* ask(select({ silent, a, late: sleep(10) }));
    });
    await time.settle();
    expect(got).toEqual({ key: "a", value: 1 });
    expect([queues(silent), queues(a), time.timers]).toEqual([noneParked, noneParked, 0]);
  });

  test("OP-9: a default fires only if nothing is ready on entry; a closed channel is ready", async () => {
    using time = virtualTime();
    const ch = make<number>();
    const got: unknown[] = [];
    start(function* () {
      const cases = () => ({ ch, nested: alt(ch.receive(), never()) });
      got.push(yield* ask(select(cases(), { default: "none" })));
      got.push(yield* ask(select({}, { default: undefined })));
      if (size > 0) {
        yield* ask(ch.send(1));
        got.push((yield* ask(select(cases(), { default: "none" }))).value);
      }
      ch.close();
      for (let n = 0; n < 3; n++) got.push((yield* ask(select(cases(), { default: "none" }))).value);
    });
    await time.settle();
    expect(got).toEqual([
      { key: "default", value: "none" },
      { key: "default", value: undefined },
      ...(size > 0 ? [1] : []),
      CLOSED,
      CLOSED,
      CLOSED,
    ]);
    expect(queues(ch)).toEqual(noneParked);
  });

  test("OP-10: the same channel may stand in several cases, and one value moves", async () => {
    using time = virtualTime();
    const ch = make<number>();
    const got: { key: string; value: unknown }[] = [];
    start(function* () {
      got.push(yield* ask(select({ a: ch, b: ch, c: ch.receive() })));
    });
    await time.settle();
    expect(queues(ch).receivers).toBe(3);
    ch.trySend(1);
    expect([queues(ch), ch.length]).toEqual([noneParked, 0]);
    await time.settle();
    expect(got.length).toBe(1);
    expect(got[0]!.value).toBe(1);
    start(function* () {
      got.push(yield* ask(select({ a: ch.send(10), b: ch.send(10) })));
    });
    await time.settle();
    expect(ch.tryReceive()).toBe(10);
    expect([queues(ch), ch.length]).toEqual([noneParked, 0]);
    await time.settle();
    expect(got.length).toBe(2);
    expect(got[1]!.value).toBe(true);
  });

  test("OP-11: two tasks that each select between sending and receiving on one channel pair with each other", async () => {
    using time = virtualTime();
    const ch = make<string>();
    const got: { key: string; value: unknown }[] = [];
    for (const name of ["first", "second"]) {
      start(function* () {
        got.push(yield* ask(select({ out: ch.send(name), in: ch }, { mode: "priority" })));
      });
    }
    await time.settle();
    expect(got.length).toBe(2);
    expect(queues(ch)).toEqual(noneParked);
    if (size > 1) return;
    if (size === 0) {
      // The second finds the first parked, and hands over.
      expect(got).toContainEqual({ key: "out", value: true });
      expect(got).toContainEqual({ key: "in", value: "second" });
    } else {
      expect(got).toEqual([
        { key: "out", value: true },
        { key: "in", value: "first" },
      ]);
    }
    expect(ch.length).toBe(0);
  });

  test("OP-14: a closed channel's case fires with CLOSED, at once and when it was parked", async () => {
    using time = virtualTime();
    const [ch, silent] = [make<number>(), make<number>()];
    const got: unknown[] = [];
    start(function* () {
      for (let n = 0; n < 3; n++) got.push(yield* ask(select({ ch, silent })));
    });
    await time.settle();
    expect(got).toEqual([]);
    ch.close();
    await time.settle();
    expect(got).toEqual(Array.from({ length: 3 }, () => ({ key: "ch", value: CLOSED })));
    expect(queues(silent)).toEqual(noneParked);
  });

  test("OP-14: receiveAny() drops a source when it closes and ends when all have closed, losing nothing", async () => {
    using time = virtualTime();
    const sources = { a: make<number>(), b: make<number>(), c: make<number>() };
    const got: Record<string, number[]> = { a: [], b: [], c: [] };
    let ended = false;
    start(function* () {
      const inbox = receiveAny(sources);
      for (let message: { key: string; value: number } | typeof CLOSED; (message = yield* ask(inbox)) !== CLOSED; ) {
        got[message.key]!.push(message.value);
      }
      ended = true;
    });
    Object.values(sources).forEach((ch, at) => {
      start(function* () {
        for (let n = 0; n < 20 + at; n++) yield* ask(ch.send(n));
        ch.close();
      });
    });
    for (let n = 0; n < 5; n++) await time.settle();
    expect(ended).toBe(true);
    Object.keys(sources).forEach((key, at) => {
      expect(got[key]).toEqual(Array.from({ length: 20 + at }, (_, n) => n));
    });
    for (const ch of Object.values(sources)) expect(queues(ch)).toEqual(noneParked);
  });
});

describe.each(forms)("$form", ({ start }) => {
  test("OP-10: a select never meets itself: its send and receive on one rendezvous channel park until a peer comes", async () => {
    using time = virtualTime();
    for (const peer of ["sender", "receiver"]) {
      const ch = channel<string>();
      let got: unknown;
      start(function* () {
        got = yield* ask(select({ out: ch.send("mine"), in: ch, nested: alt(ch.send("mine"), ch.receive()) }));
      });
      await time.settle();
      expect(got).toBe(undefined);
      expect(queues(ch)).toEqual({ senders: 2, receivers: 2 });
      if (peer === "sender") expect(ch.trySend("theirs")).toBe(true);
      else expect(ch.tryReceive()).toBe("mine");
      expect(queues(ch)).toEqual(noneParked);
      await time.settle();
      const { key, value } = got as { key: string; value: unknown };
      expect([peer === "sender" ? "in" : "out", "nested"]).toContain(key);
      expect(value).toBe(peer === "sender" ? "theirs" : true);
    }
  });

  test.each([2, 3, 5, 8])("OP-7: %i ready cases are chosen uniformly", async (cases) => {
    using _ = virtualTime(cases);
    const counts = new Array<number>(cases).fill(0);
    await start(function* () {
      for (let n = 0; n < 2000 * cases; n++) {
        counts[yield* ask(alt(...counts.map((_, at) => always(at))))]!++;
      }
    });
    uniform(counts);
  });

  test.each(["r..r", "r.r", "rr....", ".r...rr", "r.......r", "....r.r.."])(
    "OP-7: ready cases are chosen uniformly, also when cases that are not ready stand between them: %s",
    async (layout) => {
      using _ = virtualTime(layout.length);
      const silent = channel<number>();
      const counts = new Map<string, number>();
      await start(function* () {
        const cases: Record<string, Operation<unknown> | Channel<number>> = {};
        [...layout].forEach((letter, at) => {
          cases[`case ${at}`] = letter === "r" ? always(at) : silent;
        });
        // One select performed many times, and a new one each time: both are uniform.
        const kept = select(cases);
        for (let n = 0; n < 6000; n++) {
          const { key } = yield* ask(n % 2 === 0 ? kept : select(cases));
          counts.set(key, (counts.get(key) ?? 0) + 1);
        }
      });
      expect(counts.size).toBe([...layout].filter((letter) => letter === "r").length);
      uniform([...counts.values()]);
      expect(queues(silent)).toEqual(noneParked);
    },
  );

  test("OP-7: the choices of one select do not depend on the choice before", async () => {
    using _ = virtualTime(9);
    const pairs = new Array<number>(9).fill(0);
    await start(function* () {
      const choice = alt(always(0), always(1), always(2));
      let before = yield* ask(choice);
      for (let n = 0; n < 18_000; n++) {
        const now = yield* ask(choice);
        pairs[before * 3 + now]!++;
        before = now;
      }
    });
    uniform(pairs);
  });

  test("OP-8: { mode: 'priority' } takes the first ready case in order", async () => {
    using _ = virtualTime();
    const silent = channel<number>();
    const keys = new Set<string>();
    await start(function* () {
      const kept = select({ silent, b: always(1), a: always(2) }, { mode: "priority" });
      for (let n = 0; n < 100; n++) keys.add((yield* ask(kept)).key);
    });
    expect([...keys]).toEqual(["b"]);
  });

  test("OP-8: { mode: 'fair' } rotates: with n cases always ready each is chosen once in every n", async () => {
    using _ = virtualTime();
    for (const n of [1, 2, 3, 7]) {
      const chosen: string[] = [];
      await start(function* () {
        const cases = Object.fromEntries(Array.from({ length: n }, (_, at) => [`c${at}`, always(at)]));
        const fair = select(cases, { mode: "fair" });
        for (let round = 0; round < 10 * n; round++) chosen.push((yield* ask(fair)).key);
      });
      for (let at = 0; at < chosen.length; at += n) expect(new Set(chosen.slice(at, at + n)).size).toBe(n);
    }
  });

  test("OP-8: { mode: 'fair' } rotates over parked rounds and past cases that are not ready, too", async () => {
    using time = virtualTime();
    const [a, b, c] = [channel<number>(4), channel<number>(4), channel<number>(4)];
    const chosen: string[] = [];
    start(function* () {
      const fair = select({ a, b, c }, { mode: "fair" });
      for (let n = 0; n < 6; n++) chosen.push((yield* ask(fair)).key);
    });
    await time.settle();
    b.trySend(1);
    await time.settle();
    expect(chosen).toEqual(["b"]);
    for (const ch of [a, b]) for (const n of [1, 2]) ch.trySend(n);
    await time.settle();
    // Parked, so the first that was sent to won; from there on it is one after the other.
    expect(chosen.slice(0, 5)).toEqual(["b", "a", "b", "a", "b"]);
    c.trySend(1);
    await time.settle();
    expect(chosen[5]).toBe("c");
    expect([queues(a), queues(b), queues(c)]).toEqual([noneParked, noneParked, noneParked]);
  });

  test("OP-12: a case with a false condition takes no part and does not rename the others", async () => {
    using time = virtualTime();
    const [a, b] = [channel<number>(1), channel<number>(1)];
    a.trySend(1);
    b.trySend(2);
    const got: unknown[] = [];
    start(function* () {
      for (const open of [true, false]) {
        got.push(yield* ask(select({ a: when(open, a), b: when(!open, b.receive()), c: never() })));
      }
      got.push(yield* ask(select({ a: when(false, a) }, { default: 0 })));
      got.push(yield* ask(alt(when(false, a.receive()), always(3))));
    });
    await time.settle();
    expect(got).toEqual([{ key: "a", value: 1 }, { key: "b", value: 2 }, { key: "default", value: 0 }, 3]);
  });

  test("OP-12: with every condition false a select parks for ever, and nothing is registered", async () => {
    using time = virtualTime();
    const ch = channel<number>(1);
    ch.trySend(1);
    let got: unknown = "parked";
    start(function* () {
      got = yield* ask(select({ ch: when(false, ch), nested: when(false, alt(ch, ch)) }));
    });
    await time.settle();
    expect([got, queues(ch), ch.length]).toEqual(["parked", noneParked, 1]);
  });

  test("OP-14: receiveAny() throws the cause of a source once, and goes on with the others", async () => {
    using time = virtualTime();
    const [a, b] = [channel<number>(2), channel<number>(2)];
    const cause = new Error("a broke");
    b.trySend(1);
    b.trySend(2);
    b.close();
    a.close(cause);
    const got: unknown[] = [];
    start(function* () {
      const inbox = receiveAny({ a, b });
      for (let n = 0; n < 5; n++) {
        try {
          const message = yield* ask(inbox);
          got.push(message === CLOSED ? "end" : message.value);
        } catch (error) {
          expect(error).toBe(cause);
          got.push("threw");
        }
      }
    });
    await time.settle();
    expect(got.filter((value) => value === "threw").length).toBe(1);
    expect(got.filter((value) => value !== "threw")).toEqual([1, 2, "end", "end"]);
  });

  test("OP-14: receiveAny({}) is CLOSED; a source that is no channel throws a TypeError that names it", async () => {
    using time = virtualTime();
    let got: unknown;
    start(function* () {
      got = yield* ask(receiveAny({}));
    });
    await time.settle();
    expect(got).toBe(CLOSED);
    expect(() => receiveAny({ wrong: 3 as never })).toThrow(/wrong/);
  });

  test("OP-14: receiveAny() chooses uniformly among the sources that have a value", async () => {
    using _ = virtualTime(3);
    const sources = {
      a: promiseChannel<number>(),
      b: channel<number>(),
      c: promiseChannel<number>(),
      d: promiseChannel<number>(),
    };
    sources.a.trySend(0);
    sources.c.trySend(1);
    sources.d.trySend(2);
    const counts = [0, 0, 0];
    await start(function* () {
      const inbox = receiveAny(sources);
      for (let n = 0; n < 6000; n++) {
        const message = yield* ask(inbox);
        if (message !== CLOSED) counts[message.value]!++;
      }
    });
    uniform(counts);
  });

  test("OP-6: a select against a closing timeout leaves no timer and no queue", async () => {
    using time = virtualTime();
    const ch = channel<number>();
    const got: unknown[] = [];
    start(function* () {
      got.push(yield* ask(select({ ch, late: timeout(50) })));
    });
    await time.advance(49);
    expect(got).toEqual([]);
    await time.advance(1);
    expect(got).toEqual([{ key: "late", value: CLOSED }]);
    expect([queues(ch), time.timers]).toEqual([noneParked, 0]);
  });

  test("OP-6: two selects parked at the same two channels get one value each, and no value is lost", async () => {
    using time = virtualTime();
    const [a, b] = [channel<number>(), channel<number>()];
    const got: unknown[] = [];
    for (let n = 0; n < 2; n++) {
      start(function* () {
        got.push([n, (yield* ask(select({ a, b }))).key]);
      });
    }
    await time.settle();
    expect([a.trySend(1), b.trySend(2), a.trySend(3), b.trySend(4)]).toEqual([true, true, false, false]);
    await time.settle();
    expect(got).toEqual([
      [0, "a"],
      [1, "b"],
    ]);
  });
});

describe.each(goForms)("$form", ({ form, start }) => {
  test("OP-6: a cancelled task's select leaves every queue at once", async () => {
    using time = virtualTime();
    const [a, b] = [channel<number>(), channel<number>()];
    const task = start(function* () {
      yield* ask(select({ a, out: b.send(1), nested: alt(a.receive().map(String), b), late: sleep(100) }));
    });
    await time.settle();
    expect([queues(a).receivers, queues(b).senders, queues(b).receivers]).toEqual([2, 1, 1]);
    task.cancel();
    expect([queues(a), queues(b)]).toEqual([noneParked, noneParked]);
    await time.settle();
    expect(time.timers).toBe(0);
    expect(task.status).toBe("cancelled");
  });

  const rounds = form === "function*" ? scaled(100_000, 1_000_000) : scaled(50_000, 200_000);
  test(`OP-6: ${spaced(rounds)} selects leave a silent channel as they found it, in memory and in queues`, async () => {
    using _ = virtualTime();
    const [silent, busy] = [channel<number>(), channel<number>()];
    const { gc, process } = globalThis as { gc?: () => void; process?: { memoryUsage(): { heapUsed: number } } };
    const heap = (): number => {
      gc?.();
      return gc === undefined ? 0 : process!.memoryUsage().heapUsed;
    };
    let before = 0;
    const task = start(function* () {
      for (let n = 0; n < rounds; n++) {
        if (n === 1000) before = heap();
        yield* ask(select({ silent, mapped: silent.receive().map(String), nested: alt(silent, silent.send(1)), busy }));
      }
      return heap() - before;
    });
    const feeder = start(function* () {
      for (let n = 0; n < rounds; n++) yield* ask(busy.send(n));
    });
    const grown = await task;
    await feeder;
    expect([queues(silent), queues(busy)]).toEqual([noneParked, noneParked]);
    expect(grown).toBeLessThan(Math.min(1_000_000, 10 * rounds));
  });
});

describe("select()", () => {
  test("OP-5: keys that look like array indices are names like any other", async () => {
    const { key, value } = await select({ 2: always("two") });
    expect([key, value]).toEqual(["2", "two"]);
  });

  test("OP-6: a case named default is not mistaken for the default", async () => {
    using time = virtualTime();
    const ch = channel<number>();
    let got: unknown;
    go(function* () {
      got = yield* select({ default: ch });
    });
    await time.settle();
    expect(got).toBe(undefined);
    ch.trySend(1);
    await time.settle();
    expect(got).toEqual({ key: "default", value: 1 });
  });

  test("OP-12: only an object's own keys name cases; every case that takes part has its name", async () => {
    const cases = Object.create({ inherited: always(1) });
    expect((await select(cases, { default: 0 })).key).toBe("default");
    cases.own = always(2);
    const seen = new Set<string>();
    for (let n = 0; n < 50; n++) seen.add((await select(cases as Record<string, Operation<number>>)).key);
    expect([...seen]).toEqual(["own"]);
  });
});

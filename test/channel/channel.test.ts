import { type Channel, CLOSED, channel, EMPTY, go, select } from "millrace";
import { describe, expect, test } from "vitest";
import {
  ask,
  breaches,
  forms,
  goForms,
  inForms,
  noneParked,
  parkingStores,
  plainStores,
  queues,
  stores,
  unboundedStore,
} from "../support/model.js";
import { CROWD, scaled, spaced } from "../support/stress.js";
import { virtualTime } from "../support/virtual.js";

/** As many values as a store keeps without losing or parking; a few for one without a bound. */
const keeps = (size: number): number => (Number.isFinite(size) ? size : 40);

describe.each(forms)("$form", ({ form, start }) => {
  test("CH-1: Channel.send() on a rendezvous channel completes only when a receiver takes that very value", async () => {
    using time = virtualTime();
    const ch = channel<object>();
    const log: unknown[] = [];
    const value = {};
    start(function* () {
      log.push("1 sends");
      log.push(yield* ask(ch.send(value)));
      log.push("4 sent");
    });
    await time.settle();
    expect(log).toEqual(["1 sends"]);
    expect(queues(ch)).toEqual({ senders: 1, receivers: 0 });
    start(function* () {
      log.push("2 receives");
      expect(yield* ask(ch.receive())).toBe(value);
      log.push("3 received");
    });
    await time.settle();
    // In plain code both go on in microtasks, and the sender was made ready first.
    if (form === "await") expect(log).toEqual(["1 sends", "2 receives", true, "4 sent", "3 received"]);
    else expect(log).toEqual(["1 sends", "2 receives", "3 received", true, "4 sent"]);
    expect(queues(ch)).toEqual(noneParked);
  });

  test("CH-1: Channel.receive() parks at an empty open channel, whatever its store", async () => {
    using time = virtualTime();
    for (const { make } of stores) {
      const ch = make<number>();
      let got: unknown = "nothing";
      start(function* () {
        got = yield* ask(ch.receive());
      });
      await time.settle();
      expect(got).toBe("nothing");
      expect(queues(ch)).toEqual({ senders: 0, receivers: 1 });
      expect(ch.trySend(7)).toBe(true);
      await time.settle();
      expect(got).toBe(7);
    }
  });

  test("CH-7: a sender that finds a parked receiver hands over and keeps running; the receiver resumes in its turn", async () => {
    using time = virtualTime();
    const ch = channel<string>();
    const log: string[] = [];
    for (const name of ["first", "second"]) {
      start(function* () {
        log.push(`${name} got ${String(yield* ask(ch.receive()))}`);
      });
    }
    await time.settle();
    expect(ch.trySend("a")).toBe(true);
    log.push("1 keeps running");
    expect(ch.trySend("b")).toBe(true);
    log.push("2 keeps running");
    await time.settle();
    expect(log).toEqual(["1 keeps running", "2 keeps running", "first got a", "second got b"]);
  });
});

describe.each(goForms)("$form", ({ form, start }) => {
  test("CH-7: a hand-over interleaves as first made ready, first resumed", async () => {
    using time = virtualTime();
    const ch = channel<number>();
    const log: string[] = [];
    start(function* () {
      for (let n = 0; n < 3; n++) log.push(`received ${String(yield* ask(ch.receive()))}`);
    });
    start(function* () {
      for (let n = 0; n < 3; n++) {
        log.push(`sends ${n}`);
        yield* ask(ch.send(n));
        log.push(`sent ${n}`);
      }
    });
    await time.settle();
    // 1 the receiver parks; 2 the sender hands 0 over, runs on and parks with 1; 3 the receiver takes 0, then 1 from the
    // parked sender, and parks; 4 the sender is back, hands 2 over and is done; 5 the receiver takes 2.
    const inSync = "sends 0,sent 0,sends 1,received 0,received 1,sent 1,sends 2,sent 2,received 2".split(",");
    if (form === "function*") expect(log).toEqual(inSync);
    // An async body that goes on at once still lets the others have a microtask, but the order of resuming is the same.
    expect(log.slice(0, 4)).toEqual(inSync.slice(0, 4));
    expect(log.filter((line) => line.startsWith("rec"))).toEqual(["received 0", "received 1", "received 2"]);
    expect(log.filter((line) => line.startsWith("s"))).toEqual(inSync.filter((line) => line.startsWith("s")));
  });

  test("CH-14: a cancelled task leaves the middle of a queue, and the others keep their order", async () => {
    using time = virtualTime();
    const ch = channel<number>();
    const got: string[] = [];
    const tasks = [0, 1, 2, 3, 4].map((n) =>
      start(function* () {
        got.push(`${n} got ${String(yield* ask(ch.receive()))}`);
      }),
    );
    await time.settle();
    expect(queues(ch)).toEqual({ senders: 0, receivers: 5 });
    for (const at of [2, 1, 4]) tasks[at]!.cancel();
    await time.settle();
    expect(queues(ch)).toEqual({ senders: 0, receivers: 2 });
    ch.trySend(10);
    ch.trySend(11);
    expect(ch.trySend(12)).toBe(false);
    await time.settle();
    expect(got).toEqual(["0 got 10", "3 got 11"]);
  });
});

describe.each(inForms(stores, forms))("$store, $form", ({ make, size, start, policy }) => {
  test("CH-2: parked receivers are served in arrival order, each value once", async () => {
    using time = virtualTime();
    const ch = make<number>();
    const got: string[] = [];
    for (let n = 0; n < 20; n++) {
      start(function* () {
        got.push(`${n}:${String(yield* ask(ch.receive()))}`);
      });
    }
    await time.settle();
    for (let n = 0; n < 20; n++) expect(ch.trySend(n)).toBe(true);
    await time.settle();
    expect(got).toEqual(Array.from({ length: 20 }, (_, n) => `${n}:${n}`));
    expect(queues(ch)).toEqual(noneParked);
    expect(ch.length).toBe(0);
  });

  test("CH-3: with one sender, values arrive in sending order", async () => {
    using time = virtualTime();
    const ch = make<number>();
    const total = policy === "park" ? 100 : size;
    start(function* () {
      for (let n = 0; n < total; n++) expect(yield* ask(ch.send(n))).toBe(true);
      ch.close();
    });
    const got: number[] = [];
    start(function* () {
      for (let value: number | typeof CLOSED; (value = yield* ask(ch.receive())) !== CLOSED; ) got.push(value);
      got.push(-1);
    });
    await time.settle();
    expect(got).toEqual([...Array.from({ length: total }, (_, n) => n), -1]);
  });

  test("CH-4: while there is room, Channel.send() completes at once, without a receiver", async () => {
    using time = virtualTime();
    const ch = make<number>();
    let sent = 0;
    start(function* () {
      for (let n = 0; n < keeps(size); n++) {
        expect(yield* ask(ch.send(n))).toBe(true);
        sent++;
      }
    });
    await time.settle();
    expect(sent).toBe(keeps(size));
    expect(ch.length).toBe(keeps(size));
    expect(breaches(ch)).toEqual([]);
  });

  test("CH-8: one send wakes one receiver and one receive wakes one sender, selects included", async () => {
    using time = virtualTime();
    const ch = make<number>();
    let woken = 0;
    const other = channel<number>();
    for (let n = 0; n < 6; n++) {
      start(function* () {
        yield* ask<unknown>(n % 2 === 0 ? ch.receive() : select({ ch, other }));
        woken++;
      });
    }
    await time.settle();
    for (let n = 1; n <= 6; n++) {
      ch.trySend(n);
      await time.settle();
      expect(woken).toBe(n);
    }
    expect(queues(other)).toEqual(noneParked);
    if (policy !== "park" || !Number.isFinite(size)) return;
    let sent = 0 - size;
    for (let n = 0; n < size + 6; n++) {
      start(function* () {
        yield* ask<unknown>(n % 2 === 0 ? ch.send(n) : select({ a: ch.send(n), other }));
        sent++;
      });
    }
    await time.settle();
    expect(sent).toBe(0);
    for (let n = 1; n <= 6; n++) {
      ch.tryReceive();
      await time.settle();
      expect(sent).toBe(n);
    }
    expect(queues(other)).toEqual(noneParked);
  });

  test("CH-9: any value but CLOSED and EMPTY can be sent", async () => {
    using time = virtualTime();
    const ch = make<unknown>();
    const odd = [
      undefined,
      null,
      Number.NaN,
      0,
      "",
      () => 1,
      channel(),
      Symbol("own"),
      go(function* () {}),
      Promise.resolve(1),
    ];
    const got: unknown[] = [];
    start(function* () {
      for (let n = 0; n < odd.length; n++) got.push(yield* ask(ch.receive().map((value) => [value])));
    });
    start(function* () {
      for (const value of odd) {
        expect(yield* ask(ch.send(value))).toBe(true);
        for (let n = 0; n < 3; n++) yield* ask(go(function* () {}));
      }
    });
    await time.settle();
    expect(got.length).toBe(odd.length);
    odd.forEach((value, at) => {
      expect(Object.is((got[at] as unknown[])[0], value)).toBe(true);
    });
  });
});

describe.each(inForms(parkingStores, forms))("$store, $form", ({ make, size, start }) => {
  test("CH-2: parked senders are served in arrival order, each value once", async () => {
    using time = virtualTime();
    const ch = make<number>();
    const sent: number[] = [];
    for (let n = 0; n < size + 10; n++) {
      start(function* () {
        if (yield* ask(ch.send(n))) sent.push(n);
      });
    }
    await time.settle();
    expect(queues(ch)).toEqual({ senders: 10, receivers: 0 });
    const got: unknown[] = [];
    for (let n = 0; n < size + 10; n++) got.push(ch.tryReceive());
    await time.settle();
    const all = Array.from({ length: size + 10 }, (_, n) => n);
    expect(got).toEqual(all);
    expect(sent).toEqual(all);
    expect(ch.tryReceive()).toBe(EMPTY);
  });

  test("CH-5: the queues and the store keep their invariants after each arrival of a sender or a receiver", async () => {
    using time = virtualTime();
    const ch = make<number>();
    const turns = [..."sssrrrrrssrsrrssssssssssssssssssssssssrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr"];
    for (const turn of turns) {
      start(function* () {
        yield* ask<unknown>(turn === "s" ? ch.send(1) : ch.receive());
      });
      await Promise.resolve();
      expect(breaches(ch)).toEqual([]);
    }
    await time.settle();
    expect(breaches(ch)).toEqual([]);
  });

  test("CH-6: Channel.receive() at a full buffer takes the head and the oldest parked sender's value goes to the tail", async () => {
    using time = virtualTime();
    if (size === 0) return;
    const ch = make<string>();
    const log: string[] = [];
    for (let n = 0; n < size; n++) ch.trySend(`stored ${n}`);
    for (const name of ["a", "b"]) {
      start(function* () {
        yield* ask(ch.send(name));
        log.push(`${name} sent`);
      });
    }
    await time.settle();
    expect(log).toEqual([]);
    expect(ch.tryReceive()).toBe("stored 0");
    // In the same step: the buffer is full again, one sender is left, and the other resumes in its turn.
    expect(ch.length).toBe(size);
    expect(queues(ch)).toEqual({ senders: 1, receivers: 0 });
    expect(log).toEqual([]);
    await time.settle();
    expect(log).toEqual(["a sent"]);
    const rest: unknown[] = [];
    for (let n = 0; n <= size; n++) rest.push(ch.tryReceive());
    expect(rest).toEqual([...Array.from({ length: size - 1 }, (_, n) => `stored ${n + 1}`), "a", "b"]);
  });
});

/** The first form with each store, and the first store with each form. */
const crowds = <S extends (typeof plainStores)[number]>(...crowded: S[]) =>
  [...inForms(crowded, forms.slice(0, 1)), ...inForms(crowded.slice(0, 1), forms.slice(1))].map((crowd, nth) => ({
    ...crowd,
    many: nth === 0 ? CROWD : scaled(20_000, 30_000),
  }));

describe.each(crowds(plainStores[0]!, plainStores[2]!, unboundedStore))(
  "$many tasks, $store, $form",
  ({ make, start, many }) => {
    test("CH-13: parked receivers are released by one call", async () => {
      using time = virtualTime();
      const ch = make<number>();
      let released = 0;
      for (let n = 0; n < many; n++) {
        start(function* () {
          if ((yield* ask(ch.receive())) === CLOSED) released++;
        });
      }
      while (queues(ch).receivers < many) await time.settle();
      ch.close();
      expect(queues(ch)).toEqual(noneParked);
      for (let turns = 0; released < many && turns < 1000; turns++) await time.settle();
      expect(released).toBe(many);
    });
  },
);

describe.each(crowds(plainStores[0]!, plainStores[2]!))("$many tasks, $store, $form", ({ make, size, start, many }) => {
  test("CH-13: parked senders are released by one call", async () => {
    using time = virtualTime();
    const ch = make<number>();
    let released = 0;
    for (let n = 0; n < many + size; n++) {
      start(function* () {
        if (!(yield* ask(ch.send(n)))) released++;
      });
    }
    while (queues(ch).senders < many) await time.settle();
    ch.cancel();
    expect(queues(ch)).toEqual(noneParked);
    for (let turns = 0; released < many && turns < 1000; turns++) await time.settle();
    expect(released).toBe(many);
  });

  test("CH-13: a relay does not grow the stack", async () => {
    using time = virtualTime();
    const first = make<number>();
    let from: Channel<number> = first;
    for (let n = 0; n < many; n++) {
      const [left, right] = [from, make<number>()];
      start(function* () {
        const value = yield* ask(left.receive());
        if (value !== CLOSED) yield* ask(right.send(value + 1));
      });
      from = right;
    }
    let end: unknown;
    start(function* () {
      end = yield* ask(from.receive());
    });
    await time.settle();
    first.trySend(0);
    for (let turns = 0; end === undefined && turns < 2000; turns++) {
      await time.settle();
      if (turns === 0 && size === 0) first.trySend(0);
    }
    expect(end).toBe(many);
  });
});

describe("channel()", () => {
  test("CH-10: channel() and channel(0) are rendezvous channels", () => {
    for (const ch of [channel<number>(), channel<number>(0)]) {
      expect(ch.capacity).toBe(0);
      expect(ch.trySend(1)).toBe(false);
      expect(ch.tryReceive()).toBe(EMPTY);
    }
  });

  test.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    "CH-10: channel(%s) throws a RangeError that says what it got",
    (capacity) => {
      expect(() => channel(capacity)).toThrow(RangeError);
      expect(() => channel(capacity)).toThrow(String(capacity));
    },
  );

  test.each([{ wrong: null }, { wrong: "3" }, { wrong: {} }, { wrong: true }, { wrong: [] }, { wrong: () => 1 }])(
    "CH-10: channel($wrong), which is no capacity, throws a TypeError",
    ({ wrong }) => {
      expect(() => channel(wrong as never)).toThrow(TypeError);
    },
  );

  test("CH-9: CLOSED is no value: Channel.send() and trySend() refuse it with a TypeError", () => {
    const ch = channel<unknown>(1);
    expect(() => ch.send(CLOSED)).toThrow(TypeError);
    expect(() => ch.trySend(CLOSED)).toThrow(TypeError);
    expect(ch.length).toBe(0);
  });

  test("CH-9: CLOSED and EMPTY are symbols, and not the same", () => {
    expect(typeof CLOSED).toBe("symbol");
    expect(typeof EMPTY).toBe("symbol");
    expect(CLOSED).not.toBe(EMPTY);
  });

  test("CH-11: ChannelOptions.maxPending makes the excess throw, naming the channel, and leaves it usable", async () => {
    using time = virtualTime();
    const ch = channel<number>(0, { name: "narrow", maxPending: 2 });
    const results: unknown[] = [];
    for (let n = 0; n < 3; n++) {
      go(function* () {
        try {
          results.push(yield* ch.receive());
        } catch (error) {
          results.push(error);
        }
      });
    }
    await time.settle();
    expect(results.length).toBe(1);
    expect(results[0]).toBeInstanceOf(RangeError);
    expect((results[0] as Error).message).toMatch(/narrow.*2/);
    expect(queues(ch)).toEqual({ senders: 0, receivers: 2 });
    ch.trySend(7);
    ch.trySend(8);
    await time.settle();
    expect(results.slice(1)).toEqual([7, 8]);
    await expect(Promise.all([ch.send(1), ch.send(2), ch.send(3)])).rejects.toThrow("narrow");
    expect([ch.tryReceive(), ch.tryReceive(), ch.tryReceive()]).toEqual([1, 2, EMPTY]);
  });

  test("CH-11: a select that hits maxPending leaves nothing registered anywhere", async () => {
    using _ = virtualTime();
    const [open, narrow] = [channel<number>(), channel<number>(0, { maxPending: 0 })];
    await expect(select({ open, narrow }, { mode: "priority" })).rejects.toThrow(RangeError);
    expect(queues(open)).toEqual(noneParked);
    expect(queues(narrow)).toEqual(noneParked);
  });

  test.each(stores)(
    "CH-12: $store: length counts stored values only, capacity is constant, closed holds from closing on",
    async ({ make, size, policy }) => {
      using time = virtualTime();
      const ch = make<number>();
      const capacity = ch.capacity;
      expect(capacity).toBe(size);
      expect(ch.closed).toBe(false);
      for (let n = 0; n < keeps(size); n++) {
        expect(ch.length).toBe(n);
        ch.trySend(n);
      }
      void ch.send(-1).then(() => {});
      await time.settle();
      expect(ch.length).toBe(Number.isFinite(size) ? size : 41);
      expect(queues(ch).senders).toBe(policy === "park" && Number.isFinite(size) ? 1 : 0);
      ch.close();
      expect(ch.closed).toBe(true);
      expect(ch.capacity).toBe(capacity);
      while (ch.tryReceive() !== CLOSED);
      expect(ch.length).toBe(0);
      expect(ch.closed).toBe(true);
      expect(ch.capacity).toBe(capacity);
    },
  );

  test(`CH-14: leaving the middle of a queue of ${spaced(CROWD)} takes no longer than leaving its end`, async () => {
    using time = virtualTime();
    const ch = channel<number>();
    const many = CROWD;
    const tasks = Array.from({ length: many }, () =>
      go(function* () {
        yield* ch.receive();
      }),
    );
    while (queues(ch).receivers < many) await time.settle();
    // Were leaving O(n), this would be some 10^9 steps and more; the test's own limit of time says so.
    for (let n = 0; n < many; n++) tasks[(n * 7919) % many]!.cancel();
    expect(queues(ch)).toEqual(noneParked);
    await time.settle();
  });
});

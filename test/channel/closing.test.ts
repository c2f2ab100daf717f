import { CLOSED, channel, EMPTY, go, select } from "millrace";
import { describe, expect, test } from "vitest";
import {
  ask,
  bufferStores,
  forms,
  goForms,
  inForms,
  noneParked,
  parkingStores,
  plainStores,
  queues,
  stores,
} from "../support/model.js";
import { virtualTime } from "../support/virtual.js";

describe.each(inForms(parkingStores, forms))("$store, $form", ({ make, size, start }) => {
  test("CH-20: after Channel.close() all that was stored and all that parked senders offered is received, in order, then CLOSED for ever", async () => {
    using time = virtualTime();
    const ch = make<number>();
    const log: string[] = [];
    for (let n = 0; n < size + 3; n++) {
      start(function* () {
        log.push(`${n} sent ${yield* ask(ch.send(n))}`);
      });
    }
    await time.settle();
    expect(queues(ch).senders).toBe(3);
    expect(ch.close()).toBe(true);
    await time.settle();
    expect(queues(ch).senders).toBe(3);
    expect(log.length).toBe(size);
    const got: unknown[] = [];
    start(function* () {
      for (let n = 0; n < size + 5; n++) got.push(yield* ask(ch.receive()));
    });
    await time.settle();
    expect(got).toEqual([...Array.from({ length: size + 3 }, (_, n) => n), CLOSED, CLOSED]);
    expect(log).toEqual(Array.from({ length: size + 3 }, (_, n) => `${n} sent true`));
    expect(ch.tryReceive()).toBe(CLOSED);
    expect(queues(ch)).toEqual(noneParked);
  });

  test("CH-25: Channel.cancel() discards what is stored and completes parked sends false, all at once", async () => {
    using time = virtualTime();
    const lost: number[] = [];
    const ch = make<number>({ onUndelivered: (value) => void lost.push(value) });
    const log: string[] = [];
    for (let n = 0; n < size + 3; n++) {
      start(function* () {
        log.push(`${n} ${yield* ask(ch.send(n))}`);
      });
    }
    await time.settle();
    ch.cancel("enough");
    expect(ch.closed).toBe(true);
    expect(ch.length).toBe(0);
    expect(queues(ch)).toEqual(noneParked);
    expect(lost).toEqual(Array.from({ length: size }, (_, n) => n));
    await time.settle();
    expect(log).toEqual(Array.from({ length: size + 3 }, (_, n) => `${n} ${n < size}`));
    expect(ch.tryReceive()).toBe(CLOSED);
    expect(ch.trySend(1)).toBe(false);
    ch.cancel();
    expect(ch.close()).toBe(false);
  });
});

describe.each(inForms(stores, forms))("$store, $form", ({ make, start, size }) => {
  test("CH-21: Channel.close() releases every parked receiver in arrival order, in one step", async () => {
    using time = virtualTime();
    const ch = make<number>();
    const log: string[] = [];
    for (let n = 0; n < 5; n++) {
      start(function* () {
        const value = yield* ask(ch.receive());
        log.push(`${n} ${value === CLOSED}`);
      });
    }
    await time.settle();
    ch.close();
    expect(queues(ch)).toEqual(noneParked);
    log.push("closed");
    await time.settle();
    expect(log).toEqual(["closed", "0 true", "1 true", "2 true", "3 true", "4 true"]);
  });

  test("CH-22: a send after closing completes false at once, the same through send, trySend and select", async () => {
    using time = virtualTime();
    const ch = make<number>();
    if (size > 0) ch.trySend(0);
    ch.close();
    const { length } = ch;
    const results: unknown[] = [];
    start(function* () {
      results.push(yield* ask(ch.send(1)));
      results.push(yield* ask(select({ a: ch.send(2) })));
      results.push(ch.trySend(3));
    });
    await time.settle();
    expect(results).toEqual([false, { key: "a", value: false }, false]);
    expect(ch.length).toBe(length);
    expect(queues(ch)).toEqual(noneParked);
  });

  test("CH-24: after Channel.close(cause) and the drain every receive throws that very cause", async () => {
    using time = virtualTime();
    const ch = make<number>();
    const cause = new Error("the source broke");
    if (size > 0) ch.trySend(7);
    expect(ch.close(cause)).toBe(true);
    if (size > 0) expect(ch.tryReceive()).toBe(7);
    const caught: unknown[] = [];
    start(function* () {
      for (const operation of [ch.receive(), ch.receive(), select({ ch })]) {
        try {
          yield* ask<unknown>(operation);
        } catch (error) {
          caught.push(error);
        }
      }
    });
    await time.settle();
    expect(caught.length).toBe(3);
    for (const error of caught) expect(error).toBe(cause);
    expect(() => ch.tryReceive()).toThrow(cause);
    expect(ch.trySend(1)).toBe(false);
  });

  test("CH-24: Channel.close(cause) throws that very cause in receivers that are parked", async () => {
    using time = virtualTime();
    const ch = make<number>();
    const cause = { not: "even an Error" };
    const caught: unknown[] = [];
    for (let n = 0; n < 2; n++) {
      start(function* () {
        try {
          yield* ask(ch.receive());
        } catch (error) {
          caught.push(error);
        }
      });
    }
    await time.settle();
    ch.close(cause);
    await time.settle();
    expect(caught.length).toBe(2);
    for (const error of caught) expect(error).toBe(cause);
  });

  test("CH-25: Channel.cancel() completes parked receives CLOSED", async () => {
    using time = virtualTime();
    const ch = make<number>();
    const got: unknown[] = [];
    for (let n = 0; n < 3; n++) {
      start(function* () {
        got.push(yield* ask(ch.receive()));
      });
    }
    await time.settle();
    ch.cancel();
    await time.settle();
    expect(got).toEqual([CLOSED, CLOSED, CLOSED]);
  });

  test("CH-26: Channel.whenClosed() completes when no more sends are accepted, by close() and by cancel()", async () => {
    using time = virtualTime();
    for (const end of ["close", "cancel"] as const) {
      const ch = make<number>();
      const log: unknown[] = [];
      if (size > 0) ch.trySend(0);
      start(function* () {
        log.push(yield* ask(ch.whenClosed()), "first");
      });
      start(function* () {
        const { key } = yield* ask(select({ gone: ch.whenClosed(), never: channel<number>() }));
        log.push(key);
      });
      await time.settle();
      expect(log).toEqual([]);
      ch[end]();
      await time.settle();
      expect(log).toEqual([undefined, "first", "gone"]);
      start(function* () {
        yield* ask(ch.whenClosed());
        log.push("afterwards");
      });
      await time.settle();
      expect(log[3]).toBe("afterwards");
    }
  });

  test("CH-26: a producer that selects on Channel.whenClosed() ends when its channel is closed", async () => {
    using time = virtualTime();
    const ch = make<number>();
    const ticks = channel<number>();
    let produced = 0;
    let ended = false;
    start(function* () {
      while (true) {
        const got = yield* ask(select({ closed: ch.whenClosed(), tick: ticks }));
        if (got.key === "closed") break;
        produced++;
      }
      ended = true;
    });
    await time.settle();
    for (let n = 0; n < 3; n++) {
      expect(ticks.trySend(n)).toBe(true);
      await time.settle();
    }
    ch.cancel();
    await time.settle();
    expect([produced, ended]).toEqual([3, true]);
    expect(queues(ticks)).toEqual(noneParked);
  });
});

describe.each(inForms([...plainStores, ...bufferStores], goForms))("$store, $form", ({ make, start }) => {
  test("CH-27: a task cancelled after its receive was completed does not lose the value: it goes to onUndelivered", async () => {
    using time = virtualTime();
    const lost: number[] = [];
    const ch = make<number>({ onUndelivered: (value) => void lost.push(value) });
    const got: unknown[] = [];
    const task = start(function* () {
      got.push(yield* ask(ch.receive()));
    });
    await time.settle();
    expect(ch.trySend(7)).toBe(true);
    task.cancel();
    await time.settle();
    // The body came to have it, or noneParked did and it was reported: once.
    expect([...got, ...lost]).toEqual([7]);
    if (task.status === "cancelled") expect(got).toEqual([]);
  });

  test("CH-27: the same holds for the winner of a select, and for what `map` is still to be run on", async () => {
    using time = virtualTime();
    const lost: number[] = [];
    const ch = make<number>({ onUndelivered: (value) => void lost.push(value) });
    const got: unknown[] = [];
    const selecting = start(function* () {
      got.push((yield* ask(select({ ch, other: channel<number>() }))).value);
    });
    const mapping = start(function* () {
      yield* ask(ch.receive().map((value) => got.push(value)));
    });
    await time.settle();
    ch.trySend(7);
    ch.trySend(8);
    selecting.cancel();
    mapping.cancel();
    await time.settle();
    expect([...got, ...lost].sort()).toEqual([7, 8]);
    expect(queues(ch)).toEqual(noneParked);
  });

  test("CH-27: a task cancelled while its receive is parked takes nothing", async () => {
    using time = virtualTime();
    const ch = make<number>();
    const task = start(function* () {
      yield* ask(ch.receive());
    });
    await time.settle();
    task.cancel();
    expect(queues(ch)).toEqual(noneParked);
    const got: unknown[] = [];
    start(function* () {
      got.push(yield* ask(ch.receive()));
    });
    await time.settle();
    ch.trySend(1);
    await time.settle();
    expect(got).toEqual([1]);
    expect(task.status).toBe("cancelled");
  });

  test("CH-27: a task cancelled while its send is parked withdraws its offer", async () => {
    using time = virtualTime();
    const ch = make<number>();
    let stored = 0;
    while (stored < ch.capacity && ch.trySend(stored)) stored++;
    const task = start(function* () {
      yield* ask(ch.send(-1));
    });
    await time.settle();
    if (queues(ch).senders === 0) return;
    task.cancel();
    expect(queues(ch)).toEqual(noneParked);
    await time.settle();
    for (let n = 0; n < stored; n++) expect(ch.tryReceive()).toBe(n);
    expect(ch.tryReceive()).toBe(EMPTY);
  });
});

describe.each(stores)("$store", ({ make, size }) => {
  test("CH-23: closing twice is a no-op; Channel.close() returns whether it was this call that closed", () => {
    const ch = make<number>();
    expect(ch.close()).toBe(true);
    expect(ch.close()).toBe(false);
    expect(ch.close(new Error("too late"))).toBe(false);
    expect(ch.tryReceive()).toBe(CLOSED);
    const broken = make<number>();
    const cause = new Error("first");
    expect(broken.close(cause)).toBe(true);
    expect(broken.close(new Error("second"))).toBe(false);
    expect(broken.close()).toBe(false);
    expect(() => broken.tryReceive()).toThrow(cause);
  });

  test("CH-20, CH-24: for await yields what is left, then ends, or throws the cause", async () => {
    using _ = virtualTime();
    const values = Array.from({ length: Math.min(size, 3) }, (_, n) => n);
    const [ending, breaking] = [make<number>(), make<number>()];
    const cause = new Error("broke");
    for (const value of values) {
      ending.trySend(value);
      breaking.trySend(value);
    }
    ending.close();
    breaking.close(cause);
    const got: number[] = [];
    for await (const value of ending) got.push(value);
    expect(got).toEqual(values);
    got.length = 0;
    await expect(
      (async () => {
        for await (const value of breaking) got.push(value);
      })(),
    ).rejects.toBe(cause);
    expect(got).toEqual(values);
  });

  test("CH-25: Channel.cancel() after close() still discards what is left", () => {
    const lost: number[] = [];
    const ch = make<number>({ onUndelivered: (value) => void lost.push(value) });
    for (let n = 0; n < Math.min(size, 4); n++) ch.trySend(n);
    ch.close();
    ch.cancel();
    expect(lost).toEqual(Array.from({ length: Math.min(size, 4) }, (_, n) => n));
    expect(ch.length).toBe(0);
    expect(ch.tryReceive()).toBe(CLOSED);
  });
});

test("CH-20: a select that stands in both queues of a channel gets CLOSED when it closes", async () => {
  using time = virtualTime();
  const ch = channel<number>();
  let got: unknown;
  go(function* () {
    got = yield* select({ out: ch.send(1), in: ch });
  });
  await time.settle();
  expect(queues(ch)).toEqual({ senders: 1, receivers: 1 });
  ch.close();
  await time.settle();
  expect(got).toEqual({ key: "in", value: CLOSED });
  expect(queues(ch)).toEqual(noneParked);
  expect(ch.tryReceive()).toBe(CLOSED);
});

test("CH-25: an exception of onUndelivered leaves no stored value and no parked task behind", async () => {
  using time = virtualTime();
  const seen: number[] = [];
  const ch = channel<number>(2, {
    onUndelivered(value) {
      seen.push(value);
      throw new Error("from onUndelivered");
    },
  });
  let sent: unknown;
  go(function* () {
    for (const n of [1, 2, 3]) sent = yield* ch.send(n);
  });
  await time.settle();
  ch.cancel();
  await time.settle();
  expect(time.reported.map(String)).toEqual(["Error: from onUndelivered", "Error: from onUndelivered"]);
  expect(sent).toBe(false);
  expect([ch.length, queues(ch)]).toEqual([0, noneParked]);
  expect(seen).toEqual([1, 2]);
});

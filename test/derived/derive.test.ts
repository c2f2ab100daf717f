import {
  always,
  type Channel,
  CLOSED,
  type Closed,
  channel,
  DeadlockError,
  derive,
  EMPTY,
  type Emitter,
  type Feed,
  from,
  go,
  guard,
  never,
  type Operation,
  pause,
  type ReceiveChannel,
  type Routine,
  run,
  scope,
  select,
  settled,
  sleep,
  type Task,
  upon,
  withNack,
} from "millrace";
import { describe, expect, test } from "vitest";
import { ask, forms, goForms, noneParked, queues } from "../support/model.js";
import { CROWD, spaced } from "../support/stress.js";
import { virtualTime } from "../support/virtual.js";

/** A view that passes a channel on unchanged. */
function view<T>(source: ReceiveChannel<T>, more: Partial<Feed<T | Closed, T>> = {}): ReceiveChannel<T> {
  const receive = source.receive();
  return derive<T | Closed, T>({
    next: () => receive,
    accept(value, to) {
      if (value === CLOSED) to.end();
      else to.emit(value);
    },
    ...more,
  });
}

/** A channel that holds the given values. */
function holding<T>(...values: T[]): Channel<T> {
  const holds = channel<T>(Math.max(1, values.length));
  for (const value of values) holds.trySend(value);
  return holds;
}

/** A feed whose operation is always ready. */
function counting(emits: (n: number, to: Emitter<number>) => void): Feed<void, number> {
  let n = 0;
  const ready = always(undefined);
  return { next: () => ready, accept: (_, to) => emits(++n, to) };
}

/** Starts a task that receives one value, and notes the value under its name. */
function taker<T>(of: ReceiveChannel<T>, name: string, log: unknown[]): Task<void> {
  return go(function* (): Routine<void> {
    log.push([name, yield* of.receive()]);
  });
}

describe.each(forms)("derive() in $form", ({ start }) => {
  test("reads its source once for each receive, and never on its own", async () => {
    using time = virtualTime();
    const source = holding(1, 2, 3);
    const all = view(source);
    await time.settle();
    expect(source.length).toBe(3);
    const got = start(function* () {
      return [yield* ask(all.receive()), yield* ask(all.receive())];
    });
    expect(await got).toEqual([1, 2]);
    expect(source.length).toBe(1);
  });

  test("yields the remaining values of a closed source and then CLOSED, for ever (CH-20)", async () => {
    using _ = virtualTime();
    const source = holding(1, 2);
    source.close();
    const all = view(source);
    const got = start(function* () {
      const values: unknown[] = [];
      for (let n = 0; n < 4; n++) values.push(yield* ask(all.receive()));
      return values;
    });
    expect(await got).toEqual([1, 2, CLOSED, CLOSED]);
    expect([all.closed, all.tryReceive()]).toEqual([true, CLOSED]);
  });

  test("throws the very cause of its source after the drain, for ever (CH-24)", async () => {
    using _ = virtualTime();
    const source = holding(1);
    const cause = new Error("broken");
    source.close(cause);
    const all = view(source);
    const got = start(function* () {
      const seen: unknown[] = [yield* ask(all.receive())];
      for (let n = 0; n < 2; n++) {
        try {
          yield* ask(all.receive());
        } catch (error) {
          seen.push(error);
        }
      }
      return seen;
    });
    const seen = await got;
    expect(seen).toEqual([1, cause, cause]);
    expect(seen[1]).toBe(cause);
    expect(() => all.tryReceive()).toThrow(cause);
  });

  test("resumes a parked receiver with the next value, or with CLOSED at the end", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const all = view(source);
    const got = start(function* () {
      return [yield* ask(all.receive()), yield* ask(all.receive())];
    });
    await time.settle();
    expect(queues(source)).toEqual({ senders: 0, receivers: 1 });
    expect(source.trySend(7)).toBe(true);
    await time.settle();
    source.close();
    expect(await got).toEqual([7, CLOSED]);
    expect(queues(source)).toEqual(noneParked);
  });

  test.each(["random", "priority", "fair"] as const)(
    "in a select of mode %s takes nothing from its source when another case wins (OP-6)",
    async (mode) => {
      using time = virtualTime();
      const [source, other] = [channel<string>(1), channel<string>(1)];
      const shown = view(source);
      const got = start(function* () {
        const seen: unknown[] = [];
        for (let n = 0; n < 3; n++) seen.push(yield* ask(select({ shown, other }, { mode })));
        return seen;
      });
      await time.settle();
      other.trySend("a");
      await time.settle();
      source.trySend("b");
      await time.settle();
      other.trySend("c");
      expect(await got).toEqual([
        { key: "other", value: "a" },
        { key: "shown", value: "b" },
        { key: "other", value: "c" },
      ]);
      expect([queues(source), queues(other)]).toEqual([noneParked, noneParked]);
      source.trySend("kept");
      expect(shown.tryReceive()).toBe("kept");
    },
  );

  test("lets a select take its default only if no value is ready, and then leaves nothing behind (OP-9)", async () => {
    using _ = virtualTime();
    const source = channel<number>(1);
    const shown = view(source);
    const got = start(function* () {
      const first = yield* ask(select({ shown }, { default: "none" }));
      source.trySend(1);
      const second = yield* ask(select({ shown }, { default: "none" }));
      source.close();
      return [first, second, yield* ask(select({ shown }, { default: "none" }))];
    });
    expect(await got).toEqual([
      { key: "default", value: "none" },
      { key: "shown", value: 1 },
      { key: "shown", value: CLOSED },
    ]);
    expect(queues(source)).toEqual(noneParked);
  });
});

describe("derive() with several receivers", () => {
  test("serves them in the order of arrival, each value once (CH-2)", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const all = view(source);
    const log: unknown[] = [];
    for (const name of ["a", "b", "c"]) taker(all, name, log);
    await time.settle();
    expect(queues(source).receivers).toBe(1);
    for (const n of [1, 2, 3]) expect(source.trySend(n)).toBe(true);
    await time.settle();
    expect(log).toEqual([
      ["a", 1],
      ["b", 2],
      ["c", 3],
    ]);
    expect(source.trySend(4)).toBe(false);
  });

  test("yields EMPTY to tryReceive() while receivers are parked (CH-2)", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const all = view(source);
    const log: unknown[] = [];
    taker(all, "a", log);
    await time.settle();
    expect(all.tryReceive()).toBe(EMPTY);
    source.trySend(1);
    await time.settle();
    expect(log).toEqual([["a", 1]]);
  });

  test("releases all of them in order when its source closes (CH-21)", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const all = view(source);
    const log: unknown[] = [];
    for (const name of ["a", "b", "c"]) taker(all, name, log);
    await time.settle();
    source.close();
    await time.settle();
    expect(log).toEqual([
      ["a", CLOSED],
      ["b", CLOSED],
      ["c", CLOSED],
    ]);
  });

  test("gives the values of one operation to as many receivers, and keeps the rest in order", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const receive = source.receive();
    const thrice = derive<number | Closed, number>({
      next: () => receive,
      accept: (n, to) => {
        if (n === CLOSED) to.end();
        else for (let copy = 0; copy < 5; copy++) to.emit(n * 10 + copy);
      },
    });
    const log: unknown[] = [];
    for (const name of ["a", "b", "c"]) taker(thrice, name, log);
    await time.settle();
    source.trySend(1);
    await time.settle();
    expect(log).toEqual([
      ["a", 10],
      ["b", 11],
      ["c", 12],
    ]);
    // Stored values come first. Meanwhile the source is not read.
    expect(source.trySend(2)).toBe(false);
    expect([thrice.tryReceive(), thrice.tryReceive(), thrice.tryReceive()]).toEqual([13, 14, EMPTY]);
  });

  test(`releases ${spaced(CROWD)} of them without growing the stack (CH-13)`, async () => {
    using time = virtualTime();
    const source = channel<number>();
    const all = view(source);
    let released = 0;
    for (let n = 0; n < CROWD; n++) {
      upon(all.receive(), () => {
        released++;
      });
    }
    source.close();
    await time.settle();
    expect(released).toBe(CROWD);
  });
});

describe("derive() whose receiver leaves", () => {
  test("withdraws its operation when the last receiver has left, and the sender keeps its value (OP-6)", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const all = view(source);
    const log: unknown[] = [];
    const [a, b] = [taker(all, "a", log), taker(all, "b", log)];
    await time.settle();
    a.cancel();
    expect(queues(source).receivers).toBe(1);
    b.cancel();
    expect(queues(source)).toEqual(noneParked);
    expect(source.trySend(1)).toBe(false);
    taker(all, "c", log);
    await time.settle();
    source.trySend(2);
    await time.settle();
    expect(log).toEqual([["c", 2]]);
  });

  test("leaves every queue below it when a timer wins its select (OP-6)", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const twice = view(view(source));
    const choice = select({ twice, late: sleep(5) }).then();
    await time.settle();
    expect(queues(source).receivers).toBe(1);
    await time.advance(5);
    expect((await choice).key).toBe("late");
    expect([queues(source), time.timers]).toEqual([noneParked, 0]);
  });

  test("removes the timer of its operation when the last receiver has left (TM-3)", async () => {
    using time = virtualTime();
    const slow = derive<void, string>({ next: () => sleep(100), accept: (_, to) => to.emit("rung") });
    const log: unknown[] = [];
    const waiting = taker(slow, "a", log);
    await time.settle();
    expect(time.timers).toBe(1);
    waiting.cancel();
    await time.settle();
    expect(time.timers).toBe(0);
  });

  test.each(goForms)(
    "takes its value back if a task ($form) is cancelled after its receive completed (CH-27)",
    async ({ start }) => {
      using time = virtualTime();
      const source = channel<number>();
      const all = view(source);
      const task = start(function* () {
        yield* ask(all.receive());
      });
      await time.settle();
      source.trySend(1);
      task.cancel();
      await time.settle();
      expect([all.tryReceive(), all.tryReceive()]).toEqual([1, EMPTY]);
    },
  );

  test("takes several values back in their old order, before the stored values (CH-27)", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const receive = source.receive();
    const all = derive<number | Closed, number>({
      next: () => receive,
      accept: (n, to) => {
        if (n !== CLOSED) for (const copy of [n, n + 1, n + 2, n + 3]) to.emit(copy);
      },
    });
    const log: unknown[] = [];
    const tasks = ["a", "b", "c"].map((name) => taker(all, name, log));
    await time.settle();
    source.trySend(1);
    for (const task of tasks) task.cancel();
    await time.settle();
    expect(log).toEqual([]);
    expect([1, 2, 3, 4].map(() => all.tryReceive())).toEqual([1, 2, 3, 4]);
  });

  test("gives a value that it took back to the next receiver, and then stops reading (CH-27)", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const all = view(source);
    const log: unknown[] = [];
    const a = taker(all, "a", log);
    await time.settle();
    source.trySend(1);
    taker(all, "b", log);
    a.cancel();
    await time.settle();
    expect(log).toEqual([["b", 1]]);
    expect(queues(source)).toEqual(noneParked);
    expect(source.trySend(2)).toBe(false);
  });

  test("discards a value that it takes back after it was cancelled (CH-25)", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const all = view(source);
    const a = taker(all, "a", []);
    await time.settle();
    source.trySend(1);
    a.cancel();
    all.cancel();
    await time.settle();
    expect(all.tryReceive()).toBe(CLOSED);
  });

  test("still delivers a value that it takes back after the end (CH-20)", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const all = view(source);
    const a = taker(all, "a", []);
    await time.settle();
    source.trySend(1);
    source.close();
    a.cancel();
    await time.settle();
    expect([all.tryReceive(), all.tryReceive()]).toEqual([1, CLOSED]);
  });
});

describe("derive() on errors", () => {
  const cause = new Error("broken");
  const fail = (): never => {
    throw cause;
  };

  const broken: [what: string, feed: Feed<unknown, number>][] = [
    ["next()", { next: fail, accept() {} }],
    ["accept()", { next: () => always(1), accept: fail }],
    ["the operation", { next: () => always(1).map(fail), accept() {} }],
    ["the body of guard()", { next: () => guard(fail), accept() {} }],
    ["failed()", { next: () => always(1).map(fail), accept() {}, failed: fail }],
    ["an awaited promise", { next: () => settled(Promise.reject(cause)), accept() {} }],
    ["a map after pause()", { next: () => pause().map(fail), accept() {} }],
  ];

  test.each(broken)("ends with the error from %s, and throws it to every receiver (CB-3)", async (_, feed) => {
    using time = virtualTime();
    let released: unknown[] = [];
    const channelOf = derive({
      ...feed,
      release: (reason) => {
        released = [...released, reason];
      },
    });
    const first = channelOf.receive().then();
    const second = channelOf.receive().then();
    await expect(first).rejects.toBe(cause);
    await expect(second).rejects.toBe(cause);
    await time.settle();
    expect(channelOf.closed).toBe(true);
    expect(() => channelOf.tryReceive()).toThrow(cause);
    expect(released).toEqual([cause]);
  });

  test("delivers what accept() emitted before it threw, and then throws (CB-3)", () => {
    using _ = virtualTime();
    const some = derive(
      counting((n, to) => {
        to.emit(n);
        if (n === 1) to.emit(10);
        else fail();
      }),
    );
    expect([some.tryReceive(), some.tryReceive(), some.tryReceive()]).toEqual([1, 10, 2]);
    expect(() => some.tryReceive()).toThrow(cause);
  });

  test("throws what accept() throws after it has ended the channel (CB-3)", () => {
    using _ = virtualTime();
    const some = derive(
      counting((n, to) => {
        to.emit(n);
        to.end();
        fail();
      }),
    );
    expect(some.tryReceive()).toBe(1);
    expect(() => some.tryReceive()).toThrow(cause);
  });

  test("passes an error of its operation to Feed.failed(), which may continue", async () => {
    using _ = virtualTime();
    let n = 0;
    const mended = derive<number, unknown>({
      next: () =>
        always(++n).map((at) => {
          if (at === 2) throw cause;
          return at;
        }),
      accept(value, to) {
        to.emit(value);
        if (value === 3) to.end();
      },
      failed: (error, to) => to.emit(error),
    });
    const seen: unknown[] = [];
    for await (const value of mended) seen.push(value);
    expect(seen).toEqual([1, cause, 3]);
  });

  test("throws the cause of Emitter.end(cause) after the stored values (CH-24)", () => {
    using _ = virtualTime();
    const some = derive(
      counting((n, to) => {
        to.emit(n);
        to.end(cause);
        to.emit(99);
        to.end();
      }),
    );
    expect(some.tryReceive()).toBe(1);
    expect(some.closed).toBe(true);
    expect(() => some.tryReceive()).toThrow(cause);
  });

  test("throws the maxPending error of its source to the receiver, and stays usable (CH-11)", async () => {
    using time = virtualTime();
    const source = channel<number>(0, { maxPending: 1, name: "narrow" });
    const occupant = source.receive().then();
    const all = view(source);
    await expect(all.receive().then()).rejects.toThrow("narrow");
    source.trySend(1);
    expect(await occupant).toBe(1);
    const next = all.receive().then();
    await time.settle();
    source.trySend(2);
    expect(await next).toBe(2);
  });

  test("ends with the maxPending error of its source if it occurs between two values (CH-11)", async () => {
    using time = virtualTime();
    const source = channel<number>(0, { maxPending: 1, name: "narrow" });
    const receive = source.receive();
    const even = derive<number | Closed, number>({
      next: () => receive,
      accept: (n, to) => {
        if (n !== CLOSED && n % 2 === 0) to.emit(n);
        else upon(source.receive(), () => {});
      },
    });
    const waiting = even.receive().then();
    const rejected = expect(waiting).rejects.toThrow("narrow");
    await time.settle();
    source.trySend(1);
    await rejected;
    expect(even.closed).toBe(true);
  });

  test("throws what Feed.release() throws at the end, after the values", () => {
    using _ = virtualTime();
    const some = derive({
      ...counting((n, to) => {
        to.emit(n);
        to.end();
      }),
      release: fail,
    });
    expect(some.tryReceive()).toBe(1);
    expect(() => some.tryReceive()).toThrow(cause);
  });

  test("throws the cause of the end and not the error of Feed.release()", () => {
    using _ = virtualTime();
    const first = new Error("first");
    const some = derive({ ...counting((_n, to) => to.end(first)), release: fail });
    expect(() => some.tryReceive()).toThrow(first);
  });

  test("reports the error of Feed.release() at cancel(), and still releases its receivers", async () => {
    using time = virtualTime();
    const some = derive({ next: () => never(), accept() {}, release: fail });
    const waiting = some.receive().then();
    await time.settle();
    some.cancel();
    expect(time.reported).toEqual([cause]);
    expect(await waiting).toBe(CLOSED);
  });

  test.each([undefined, null, 1, {}, { next() {} }])("throws a TypeError for the feed %o", (feed) => {
    expect(() => derive(feed as unknown as Feed<unknown, unknown>)).toThrow(TypeError);
  });

  test("throws an error that names what next() returned in place of an operation", () => {
    using _ = virtualTime();
    const bad = derive({ next: () => 5 as unknown as Operation<number>, accept() {} });
    expect(() => bad.tryReceive()).toThrow("Cannot read: next() of a feed must return an operation, got 5");
  });
});

describe("cancelling a derived channel", () => {
  test("calls Feed.release() once with the reason, and resumes parked receivers with CLOSED (CH-25)", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const reasons: unknown[] = [];
    const all = view(source, { release: (reason) => reasons.push(reason) });
    const log: unknown[] = [];
    for (const name of ["a", "b"]) taker(all, name, log);
    await time.settle();
    all.cancel("enough");
    expect(queues(source)).toEqual(noneParked);
    all.cancel("again");
    await time.settle();
    expect(log).toEqual([
      ["a", CLOSED],
      ["b", CLOSED],
    ]);
    expect(reasons).toEqual(["enough"]);
    expect([all.closed, all.tryReceive()]).toEqual([true, CLOSED]);
  });

  test("discards the stored values, also after the end (CH-25)", () => {
    using _ = virtualTime();
    const some = derive(
      counting((n, to) => {
        for (const copy of [n, n, n]) to.emit(copy);
        to.end();
      }),
    );
    expect([some.tryReceive(), some.closed]).toEqual([1, true]);
    some.cancel();
    expect(some.tryReceive()).toBe(CLOSED);
  });

  test("does not call Feed.release() again after the end", () => {
    using _ = virtualTime();
    const reasons: unknown[] = [];
    const some = derive({ ...counting((_, to) => to.end()), release: (reason) => reasons.push(reason) });
    expect(some.tryReceive()).toBe(CLOSED);
    some.cancel("late");
    expect(reasons).toEqual([undefined]);
  });

  test("happens when a for await loop is left early", async () => {
    using _ = virtualTime();
    let released = 0;
    const some = derive({ ...counting((n, to) => to.emit(n)), release: () => released++ });
    for await (const n of some) if (n === 3) break;
    expect([released, some.closed]).toEqual([1, true]);
  });

  test("travels through every view to an owned source (CB-2)", () => {
    using _ = virtualTime();
    let returned = 0;
    const numbers = from(
      (function* () {
        try {
          for (let n = 0; ; n++) yield n;
        } finally {
          returned++;
        }
      })(),
    );
    const inner = view(numbers, { release: (reason) => numbers.cancel(reason) });
    const outer = view(inner, { release: (reason) => inner.cancel(reason) });
    expect(outer.tryReceive()).toBe(0);
    outer.cancel();
    expect([returned, numbers.closed, inner.closed]).toEqual([1, true, true]);
  });
});

describe("derive() over a feed that seldom or never emits", () => {
  test("does not starve other tasks, and stops when its receiver is cancelled (GO-5)", async () => {
    using time = virtualTime();
    let tried = 0;
    const fruitless = derive<void, never>(counting(() => void tried++) as Feed<void, never>);
    const waiting = go(function* (): Routine<void> {
      yield* fruitless.receive();
    });
    // Cancelled inside this task: if the test fails, a feed that never emits would loop for ever.
    const perTurn = await go(function* (): Routine<number[]> {
      const counts: number[] = [];
      for (let turns = 0; turns < 100; turns++) {
        const before = tried;
        yield* pause();
        counts.push(tried - before);
      }
      waiting.cancel();
      return counts;
    });
    expect(perTurn).toEqual(Array(100).fill(64));
    await time.settle();
    const before = tried;
    await time.settle();
    expect(tried).toBe(before);
    fruitless.cancel();
    expect(fruitless.tryReceive()).toBe(CLOSED);
  });

  test("stops when the channel is cancelled (GO-5)", async () => {
    using time = virtualTime();
    const fruitless = derive<void, never>(counting(() => {}) as Feed<void, never>);
    const waiting = fruitless.receive().then();
    await go(function* (): Routine<void> {
      yield* pause();
      fruitless.cancel();
    });
    expect(await waiting).toBe(CLOSED);
    await time.settle();
  });

  test("does not starve other tasks or grow the stack if its operation completes while it is being queued (GO-5)", async () => {
    using _ = virtualTime();
    let n = 0;
    const late = derive<void, number>({
      next: () => pause(),
      accept: (_, to) => {
        if (++n % 100_000 === 0) to.emit(n);
      },
    });
    let others = 0;
    const beside = go(function* (): Routine<void> {
      for (; n < 100_000; others++) yield* pause();
    });
    expect(await late.receive()).toBe(100_000);
    await beside;
    expect(others).toBeGreaterThan(1000);
  });

  test("delivers the values that it emits", async () => {
    using _ = virtualTime();
    const seldom = derive(
      counting((n, to) => {
        if (n % 1000 === 0) to.emit(n);
      }),
    );
    const got = await go(function* (): Routine<unknown[]> {
      return [yield* seldom.receive(), yield* seldom.receive()];
    });
    expect(got).toEqual([1000, 2000]);
  });

  test("serves a receiver that comes while it yields to other tasks after the first receiver", async () => {
    using time = virtualTime();
    const seldom = derive(
      counting((n, to) => {
        if (n % 1000 === 0) to.emit(n);
      }),
    );
    const log: unknown[] = [];
    taker(seldom, "a", log);
    taker(seldom, "b", log);
    await time.settle();
    expect(log).toEqual([
      ["a", 1000],
      ["b", 2000],
    ]);
  });
});

describe("derive() whose feed uses the channel", () => {
  test("is empty for code of the feed, and is not corrupted (CH-33)", () => {
    using _ = virtualTime();
    const found: unknown[] = [];
    const own: ReceiveChannel<number> = derive({
      next() {
        found.push(own.tryReceive());
        return guard(() => {
          found.push(own.tryReceive());
          return always(undefined);
        });
      },
      accept(_, to) {
        found.push(own.tryReceive());
        to.emit(found.length);
      },
    });
    expect([own.tryReceive(), own.tryReceive()]).toEqual([3, 6]);
    expect(found).toEqual(Array(6).fill(EMPTY));
  });

  test("serves a receive that the feed starts in its turn (CH-33)", async () => {
    using time = virtualTime();
    const got: unknown[] = [];
    let n = 0;
    const own: ReceiveChannel<number> = derive({
      next: () => always(undefined),
      accept(_, to) {
        if (n === 0) upon(own.receive(), (value) => got.push(value));
        to.emit(++n);
      },
    });
    expect(own.tryReceive()).toBe(1);
    await time.settle();
    expect(got).toEqual([2]);
    expect(own.tryReceive()).toBe(3);
  });

  test("can be cancelled by the feed (CH-33)", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const reasons: unknown[] = [];
    const own: ReceiveChannel<number> = view(source, {
      accept(_, to) {
        to.emit(1);
        own.cancel("inside");
        to.emit(2);
      },
      release: (reason) => reasons.push(reason),
    });
    const waiting = own.receive().then();
    await time.settle();
    source.trySend(0);
    expect(await waiting).toBe(CLOSED);
    expect([own.tryReceive(), reasons]).toEqual([CLOSED, ["inside"]]);
  });

  test("resumes its receiver with CLOSED if the feed cancels it while making its operation (CH-33)", async () => {
    using time = virtualTime();
    const own: ReceiveChannel<number> = derive({
      next: () =>
        guard(() => {
          own.cancel();
          return never();
        }),
      accept() {},
    });
    const got = own.receive().then();
    await time.settle();
    expect(await got).toBe(CLOSED);
  });

  test("keeps the value if the feed cancels its only receiver (CH-33)", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const own: ReceiveChannel<number> = view(source, {
      accept(n, to) {
        waiting.cancel();
        if (n !== CLOSED) to.emit(n);
      },
    });
    const waiting = taker(own, "a", []);
    await time.settle();
    source.trySend(5);
    await time.settle();
    expect([waiting.status, own.tryReceive()]).toEqual(["cancelled", 5]);
    expect(queues(source)).toEqual(noneParked);
  });

  test("gives values that are emitted from outside to parked receivers, and then stops reading", async () => {
    using time = virtualTime();
    const source = channel<number>();
    let outside: Emitter<number> | undefined;
    const own = view(source, {
      accept(n, to) {
        outside = to;
        if (n !== CLOSED) to.emit(n);
      },
    });
    const log: unknown[] = [];
    taker(own, "a", log);
    await time.settle();
    source.trySend(1);
    taker(own, "b", log);
    await time.settle();
    outside!.emit(10);
    outside!.emit(11);
    await time.settle();
    expect(log).toEqual([
      ["a", 1],
      ["b", 10],
    ]);
    expect([queues(source), own.tryReceive()]).toEqual([noneParked, 11]);
    taker(own, "c", log);
    await time.settle();
    outside!.end();
    await time.settle();
    expect([log[2], queues(source)]).toEqual([["c", CLOSED], noneParked]);
  });
});

describe("derive() over an operation with a nack", () => {
  /** A feed whose operation notes when it did not win. */
  function noted(operation: () => Operation<number>): { own: ReceiveChannel<number>; log: string[] } {
    const log: string[] = [];
    let made = 0;
    const own = derive<number, number>({
      next: () =>
        withNack((lost) => {
          const which = ++made;
          log.push(`made ${which}`);
          upon(lost, () => log.push(`lost ${which}`));
          return operation();
        }),
      accept: (n, to) => to.emit(n),
    });
    return { own, log };
  }

  test("fires the nack when the last receiver leaves, and makes a new operation for the next receiver (OP-4)", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const { own, log } = noted(() => source.receive().map((n) => n as number));
    const waiting = taker(own, "a", []);
    await time.settle();
    expect(log).toEqual(["made 1"]);
    waiting.cancel();
    expect([log, queues(source)]).toEqual([["made 1", "lost 1"], noneParked]);
    const next = own.receive().then();
    await time.settle();
    source.trySend(3);
    expect(await next).toBe(3);
    expect(log).toEqual(["made 1", "lost 1", "made 2"]);
  });

  test("fires the nack in the next turn after a try that found no value (OP-4)", async () => {
    using time = virtualTime();
    const { own, log } = noted(() => never());
    expect(own.tryReceive()).toBe(EMPTY);
    await time.settle();
    expect(log).toEqual(["made 1", "lost 1"]);
    expect((await select({ own, other: always(1) }, { mode: "priority" })).key).toBe("other");
    await time.settle();
    expect(log).toEqual(["made 1", "lost 1", "made 2", "lost 2"]);
  });

  test("fires the nack of a failed try at the next try, and of the last one at a cancel (OP-4)", () => {
    using _ = virtualTime();
    const { own, log } = noted(() => never());
    own.tryReceive();
    own.tryReceive();
    expect(log).toEqual(["made 1", "lost 1", "made 2"]);
    own.cancel();
    expect(log).toEqual(["made 1", "lost 1", "made 2", "lost 2"]);
  });

  test("does not fire the nack of an operation that wins (OP-4)", async () => {
    using time = virtualTime();
    const { own, log } = noted(() => always(4));
    expect(await own.receive()).toBe(4);
    await time.settle();
    expect(log).toEqual(["made 1"]);
  });

  test("makes one operation for a receive that finds no value and then parks (OP-4)", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const { own, log } = noted(() => source.receive().map((n) => n as number));
    const waiting = own.receive().then();
    await time.settle();
    source.trySend(8);
    expect([await waiting, log]).toEqual([8, ["made 1"]]);
  });

  test("cancels a scope that it waits for when its last receiver leaves (SC-3)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const own = derive<string, string>({
      next: () =>
        scope(function* (): Routine<string> {
          try {
            yield* sleep(10);
            return "slept";
          } finally {
            log.push(`over at ${time.now()}`);
          }
        }),
      accept: (word, to) => to.emit(word),
    });
    const waiting = taker(own, "a", []);
    await time.advance(5);
    waiting.cancel();
    await time.settle();
    expect([log, time.timers]).toEqual([["over at 5"], 0]);
    const next = own.receive().then();
    await time.advance(10);
    expect([await next, log]).toEqual(["slept", ["over at 5", "over at 15"]]);
  });
});

describe("derive() in run()", () => {
  test.each(goForms)(
    "names the operation that it waits for in the report of a deadlock ($form) (EN-1)",
    async ({ form }) => {
      using time = virtualTime();
      const all = (source: ReceiveChannel<number>): ReceiveChannel<number> => view(view(source));
      const dead =
        form === "function*"
          ? run(function* main(): Routine<void> {
              yield* all(channel<number>(0, { name: "silent" })).receive();
            })
          : run(async function* main() {
              yield* all(channel<number>(0, { name: "silent" })).receive();
            });
      const outcome = dead.catch((error: unknown) => error);
      await time.settle();
      await time.settle();
      const error = (await outcome) as DeadlockError;
      expect(error).toBeInstanceOf(DeadlockError);
      expect(error.tasks.map(({ waitsFor }) => waitsFor)).toEqual(["receive from silent"]);
    },
  );

  test("is no deadlock while it waits for a timer or a promise (EN-1)", async () => {
    using time = virtualTime();
    const slow = derive<void, string>({ next: () => sleep(1000), accept: (_, to) => to.emit("late") });
    const answered = derive<string, string>({
      next: () => settled(Promise.resolve("told")),
      accept: (word, to) => to.emit(word),
    });
    const program = run(function* main(): Routine<unknown[]> {
      return [yield* slow.receive(), yield* answered.receive()];
    });
    await time.advance(1000);
    expect(await program).toEqual(["late", "told"]);
  });
});

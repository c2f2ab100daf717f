import {
  CLOSED,
  channel,
  collect,
  dropping,
  EMPTY,
  fixed,
  from,
  fromEvent,
  go,
  merge,
  type Routine,
  select,
  sleep,
  sliding,
  through,
} from "millrace";
import { map, take } from "millrace/transducers";
import { describe, expect, test } from "vitest";
import { Emitter } from "../../support/emitter.js";
import { read } from "../../support/flow.js";
import { virtualTime } from "../../support/virtual.js";

/** An event that carries a number. */
class Count extends Event {
  constructor(
    type: string,
    readonly n: number,
  ) {
    super(type);
  }
}

/** A target that counts its listeners. */
class Target extends EventTarget {
  listeners = 0;
  readonly log: unknown[] = [];

  override addEventListener(...args: Parameters<EventTarget["addEventListener"]>): void {
    this.listeners++;
    this.log.push(args[2]);
    super.addEventListener(...args);
  }

  override removeEventListener(...args: Parameters<EventTarget["removeEventListener"]>): void {
    this.listeners--;
    this.log.push(args[2]);
    super.removeEventListener(...args);
  }

  count(...numbers: number[]): void {
    for (const n of numbers) this.dispatchEvent(new Count("count", n));
  }
}

const numbersOf = (values: readonly unknown[]): unknown[] =>
  values.map((value) => (value instanceof Count ? value.n : value));

describe("fromEvent()", () => {
  test("keeps every event from the moment of the call, in order", async () => {
    using time = virtualTime();
    const target = new Target();
    target.count(0);
    const events = fromEvent<Count>(target, "count");
    target.count(1, 2);
    const seen = read(events);
    await time.settle();
    target.count(3);
    target.dispatchEvent(new Event("other"));
    await time.settle();
    expect([numbersOf(seen.values), seen.end]).toEqual([[1, 2, 3], "open"]);
    events.cancel();
  });

  test.each([
    ["all events without the option buffer", undefined, [1, 2, 3, 4, EMPTY]],
    ["the last events with sliding(2)", sliding<Count>(2), [3, 4, EMPTY]],
    ["the first events with dropping(2)", dropping<Count>(2), [1, 2, EMPTY]],
    ["the first events with a capacity of 2", 2, [1, 2, EMPTY]],
    ["the first events with fixed(2)", fixed<Count>(2), [1, 2, EMPTY]],
    ["no event with buffer: 0 and no parked receiver", 0, [EMPTY]],
  ] as const)("keeps %s", (_, buffer, kept) => {
    const target = new Target();
    const events = fromEvent<Count>(target, "count", buffer === undefined ? {} : { buffer });
    target.count(1, 2, 3, 4);
    expect(numbersOf(kept.map(() => events.tryReceive()))).toEqual(kept);
  });

  test("with buffer: 0 hands an event to a parked receiver", async () => {
    using time = virtualTime();
    const target = new Target();
    const lost: number[] = [];
    const events = fromEvent<Count>(target, "count", { buffer: 0, onUndelivered: ({ n }) => void lost.push(n) });
    const waiting = events.receive().then();
    await time.settle();
    target.count(1, 2);
    expect([numbersOf([await waiting]), lost]).toEqual([[1], [2]]);
  });

  test("passes events without room, and the events left at a cancel, to onUndelivered", () => {
    const target = new Target();
    const lost: number[] = [];
    const events = fromEvent<Count>(target, "count", { buffer: 2, onUndelivered: ({ n }) => void lost.push(n) });
    target.count(1, 2, 3);
    expect(lost).toEqual([3]);
    events.cancel();
    expect(lost).toEqual([3, 1, 2]);
  });

  test("stops listening when it is cancelled, disposed of, left by a loop or done with a take (CB-2)", async () => {
    const target = new Target();
    fromEvent(target, "count").cancel();
    expect(target.listeners).toBe(0);
    {
      using events = fromEvent(target, "count");
      expect([target.listeners, events.closed]).toEqual([1, false]);
    }
    expect(target.listeners).toBe(0);
    const looped = fromEvent(target, "count");
    target.count(1);
    for await (const _ of looped) break;
    expect(target.listeners).toBe(0);
    const taken = fromEvent<Count>(target, "count");
    target.count(1, 2, 3);
    expect(numbersOf(await collect(through(taken, take(2))))).toEqual([1, 2]);
    expect(target.listeners).toBe(0);
    const merged = merge([fromEvent(target, "a"), fromEvent(target, "b")]);
    expect(target.listeners).toBe(2);
    merged.cancel();
    expect(target.listeners).toBe(0);
  });

  test("ignores events after it was cancelled", () => {
    const target = new Target();
    const events = fromEvent(target, "count", { onUndelivered: () => expect.unreachable() });
    events.cancel();
    target.count(1);
    expect([events.closed, events.tryReceive()]).toEqual([true, CLOSED]);
    events.cancel();
    events[Symbol.dispose]();
    expect(target.listeners).toBe(0);
  });

  test("stops listening when its signal aborts, and earlier events can still be received before the end", async () => {
    using time = virtualTime();
    const target = new Target();
    const leaving = new AbortController();
    const events = fromEvent<Count>(target, "count", { signal: leaving.signal });
    target.count(1);
    leaving.abort("enough");
    expect([target.listeners, events.closed]).toEqual([0, true]);
    target.count(2);
    const seen = read(events);
    await time.settle();
    expect([numbersOf(seen.values), seen.end]).toEqual([[1], "closed"]);
  });

  test("is closed at once and never listens if its signal is already aborted", () => {
    const target = new Target();
    const events = fromEvent(target, "count", { signal: AbortSignal.abort() });
    expect([target.log, events.closed, events.tryReceive()]).toEqual([[], true, CLOSED]);
  });

  test("removes its listener from the signal when it is cancelled", () => {
    let listeners = 0;
    const { signal } = new AbortController();
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: unknown[]) => {
      listeners++;
      addEventListener.apply(signal, args as never);
    };
    signal.removeEventListener = (...args: unknown[]) => {
      listeners--;
      removeEventListener.apply(signal, args as never);
    };
    const events = fromEvent(new EventTarget(), "x", { signal });
    expect(listeners).toBe(1);
    events.cancel();
    expect(listeners).toBe(0);
  });

  test("passes capture and passive on, and removes the listener that it added", () => {
    const target = new Target();
    fromEvent(target, "count").cancel();
    fromEvent(target, "count", { capture: true }).cancel();
    fromEvent(target, "count", { capture: true, passive: true }).cancel();
    expect(target.log).toEqual([false, false, true, true, { capture: true, passive: true }, true]);
    target.count(1);
    expect(target.listeners).toBe(0);
  });

  test("takes no event for a select that another case wins", async () => {
    using time = virtualTime();
    const target = new Target();
    using events = fromEvent<Count>(target, "count");
    const late = select({ events, late: sleep(5) }).then(({ key }) => key);
    await time.advance(5);
    target.count(1);
    const choice = await select({ events, never: channel() });
    expect([await late, choice.key, numbersOf([choice.value])]).toEqual(["late", "events", [1]]);
  });

  test("resumes a receiver in the turn of the receiver, not inside the dispatch", async () => {
    using time = virtualTime();
    const target = new Target();
    const log: unknown[] = [];
    using events = fromEvent<Count>(target, "count");
    const task = go(function* (): Routine<void> {
      yield* events.receive();
      log.push("received");
    });
    await time.settle();
    target.count(1);
    log.push("dispatched");
    await task;
    expect(log).toEqual(["dispatched", "received"]);
  });

  test("stops listening when a transducer over it throws, and the output closes with that error", async () => {
    using time = virtualTime();
    const target = new Target();
    const cause = new Error("step");
    const seen = read(
      through(
        fromEvent<Count>(target, "count"),
        map((_: Count): number => {
          throw cause;
        }),
      ),
    );
    await time.settle();
    target.count(1);
    await time.settle();
    expect([seen.end, target.listeners]).toEqual([{ cause }, 0]);
  });

  test("yields the arguments of the listener for an emitter with on and off", () => {
    const listeners = new Set<(...args: unknown[]) => void>();
    const emitter = {
      on: (_: string | symbol, listener: (...args: unknown[]) => void) => listeners.add(listener),
      off: (_: string | symbol, listener: (...args: unknown[]) => void) => listeners.delete(listener),
    };
    const lines = fromEvent<[line: string, n: number]>(emitter, "line");
    for (const listener of listeners) listener("a", 1);
    expect([lines.tryReceive(), listeners.size]).toEqual([["a", 1], 1]);
    lines.cancel();
    expect(listeners.size).toBe(0);
  });

  test.each([[null], [{}], [5]])("refuses %s as a target", (given) => {
    expect(() => fromEvent(given as never, "x")).toThrow(
      /^Cannot listen: the target must be an event target, or an emitter with on and off, got /,
    );
  });

  test("refuses an invalid buffer before it listens", () => {
    const target = new Target();
    expect(() => fromEvent(target, "x", { buffer: -1 })).toThrow(RangeError);
    expect(target.listeners).toBe(0);
  });
});

/** A target, or an emitter, and how to make it dispatch an event with an error. */
const sources = [
  {
    kind: "an event target",
    make() {
      const target = new Target();
      const fire = (type: string, error?: unknown): void => {
        const event = new Event(type);
        if (error !== undefined) Object.assign(event, { error });
        target.dispatchEvent(event);
      };
      return { source: target, fire, listeners: () => target.listeners };
    },
    typesOf: (values: readonly unknown[]) => values.map((event) => (event as Event).type),
  },
  {
    kind: "an emitter",
    make() {
      const emitter = new Emitter();
      const fire = (type: string, error?: unknown): void => emitter.emit(type, error);
      return { source: emitter, fire, listeners: () => emitter.listeners };
    },
    typesOf: (values: readonly unknown[]) => values.map((event) => (event as { type: string }).type),
  },
] as const;

describe.each(sources)("fromEvent() of $kind", ({ make, typesOf }) => {
  const listen = (source: unknown, types: readonly string[], options?: object) =>
    fromEvent(source as EventTarget, types, options);

  test("yields the events of several types in the order in which they were dispatched", async () => {
    using time = virtualTime();
    const { source, fire, listeners } = make();
    const events = listen(source, ["down", "move", "up"]);
    for (const type of ["move", "down", "other", "move", "up", "move"]) fire(type);
    const seen = read(events);
    await time.settle();
    expect(typesOf(seen.values)).toEqual(["move", "down", "move", "up", "move"]);
    events.cancel();
    expect(listeners()).toBe(0);
  });

  test("closes at an event that until names, and stops listening in that step", async () => {
    for (const until of ["end", ["close", "end"]]) {
      using time = virtualTime();
      const { source, fire, listeners } = make();
      const events = listen(source, ["data"], { until });
      fire("data");
      fire("end");
      expect([events.closed, listeners()]).toEqual([true, 0]);
      fire("data");
      const seen = read(events);
      await time.settle();
      expect([typesOf(seen.values), seen.end]).toEqual([["data"], "closed"]);
    }
  });

  test("yields the closing event as its last value if it is also one of the types", async () => {
    using _ = virtualTime();
    const { source, fire } = make();
    const events = listen(source, ["data", "end"], { until: "end" });
    for (const type of ["data", "end", "data"]) fire(type);
    expect(typesOf(await collect(events))).toEqual(["data", "end"]);
  });

  test("closes with the error of an event that error names, after the stored events", async () => {
    using time = virtualTime();
    const { source, fire, listeners } = make();
    const events = listen(source, ["data"], { until: "end", error: "error" });
    fire("data");
    const cause = new Error("broken");
    fire("error", cause);
    fire("end");
    expect(listeners()).toBe(0);
    const seen = read(events);
    await time.settle();
    expect([typesOf(seen.values), seen.end]).toEqual([["data"], { cause }]);
  });

  test("does not end cleanly at an event for errors that carries none", async () => {
    using _ = virtualTime();
    const { source, fire } = make();
    const events = listen(source, ["data"], { error: "error" });
    fire("error");
    const error: unknown = await events.receive().then(undefined, (error) => error);
    if (error instanceof Event) expect(error.type).toBe("error");
    else expect(error).toEqual(new Error('The event "error" came without an error'));
  });

  test("listens once to a type that is named several times", () => {
    const { source, fire, listeners } = make();
    const events = listen(source, ["data", "data", "end"], { until: ["end", "end"], error: "end" });
    expect(listeners()).toBe(2);
    fire("data");
    expect(typesOf([events.tryReceive(), events.tryReceive()].filter((event) => event !== EMPTY))).toEqual(["data"]);
    events.cancel();
    expect(listeners()).toBe(0);
  });
});

test("fromEvent() of an emitter yields type and args of each event of several types", () => {
  const emitter = new Emitter();
  const events = fromEvent<{ line: [string, number]; pause: [] }>(emitter, ["line", "pause"]);
  emitter.emit("line", "a", 1);
  emitter.emit("pause");
  expect([events.tryReceive(), events.tryReceive()]).toEqual([
    { type: "line", args: ["a", 1] },
    { type: "pause", args: [] },
  ]);
});

test("fromEvent() leaves no listener behind if the target refuses one of several types", () => {
  const emitter = new Emitter();
  const on = emitter.on.bind(emitter);
  emitter.on = (type, listener) => {
    if (type === "b") throw new Error("no b");
    on(type, listener);
  };
  expect(() => fromEvent(emitter, ["a", "b"])).toThrow("no b");
  expect(emitter.listeners).toBe(0);
});

test("from() passes a target and a list of types to fromEvent()", () => {
  const target = new Target();
  const events = from(target, ["a", "b"]);
  target.dispatchEvent(new Event("b"));
  const event = events.tryReceive();
  expect(event instanceof Event && event.type).toBe("b");
});

// Rule CB-12: what a combinator made belongs to the task that made it and to each task that receives from it, and is released
// when the last of them has ended. One table of all combinators, in all forms and for all endings.

import {
  broadcast,
  CLOSED,
  channel,
  debounce,
  EMPTY,
  forEach,
  from,
  go,
  type OwnedChannel,
  partition,
  pause,
  pipe,
  produce,
  type ReceiveChannel,
  type Routine,
  sample,
  scope,
  select,
  sleep,
  stream,
  ticker,
  watch,
  withTimeout,
} from "millrace";
import { describe, expect, test } from "vitest";
import { watched } from "../support/flow.js";
import { virtualTime } from "../support/virtual.js";
import { subjects } from "./subjects.js";

type Output = ReceiveChannel<unknown>;

/** How a task ends, behind its first receive from each output. */
const endings = ["is cancelled", "returns", "throws", "is cancelled before it goes on"] as const;
type Ending = (typeof endings)[number];

const failure = new Error("the reader failed");

/** What a reader does at its end. */
function* finish(ending: Ending): Routine<void> {
  if (ending === "throws") throw failure;
  if (ending === "is cancelled") yield* sleep(10_000);
}

/** The forms of a reader that has made the channel: it makes the outputs, receives once from each, and ends. */
const forms: Readonly<Record<string, (make: () => Output[], ending: Ending) => () => Generator | AsyncGenerator>> = {
  "function*": (make, ending) =>
    function* reader() {
      for (const output of make()) yield* receiveSoon(output);
      yield* finish(ending);
    },
  "function* with select": (make, ending) =>
    function* reader() {
      for (const output of make()) yield* select({ output, late: sleep(50) });
      yield* finish(ending);
    },
  "function* with a routine": (make, ending) => {
    function* readAll(): Routine<void> {
      for (const output of make()) yield* receiveSoon(output);
    }
    return function* reader() {
      yield* readAll();
      yield* finish(ending);
    };
  },
  "async function*": (make, ending) =>
    async function* reader() {
      const outputs = make();
      for (const output of outputs) yield* select({ value: output.receive(), late: sleep(50) });
      yield* finish(ending);
    },
  "async function* with awaits": (make, ending) =>
    async function* reader() {
      const outputs = make();
      await Promise.resolve();
      for (const output of outputs) yield* withTimeout(50, output.receive()).map(() => 0);
      await Promise.resolve();
      yield* finish(ending);
    },
  "async function* that makes it behind an await": (make, ending) =>
    async function* reader() {
      await Promise.resolve();
      const receives = make().map((output) => output.receive());
      for (const value of receives) yield* select({ value, late: sleep(50) });
      yield* finish(ending);
    },
  "async function* with a scope": (make, ending) =>
    async function* reader() {
      const outputs = make();
      await Promise.resolve();
      yield* scope(function* () {
        for (const output of outputs) yield* receiveSoon(output);
      });
      yield* finish(ending);
    },
};

function* receiveSoon(output: Output): Routine<void> {
  yield* select({ output, late: sleep(50) });
}

const made = subjects.filter(({ name }) => name !== "pipe()");

describe.each(made)("what $name made", ({ name, inputs, make }) => {
  // A stream of the platform releases its source some microtasks later.
  for (const [form, reader] of Object.entries(forms)) {
    test.each(endings)(`is released when its reader, ${form}, %s (CB-12)`, async (ending) => {
      using time = virtualTime();
      const yours = Array.from({ length: inputs }, () => channel<number>());
      const owned: ReturnType<typeof watched<number>>[] = [];
      const task = go(
        reader(() => {
          for (let n = 0; n < inputs; n++) owned.push(watched(2, 3, 4, 5, 6, 7, 8, 9));
          return [...make(...owned.map(({ source }) => source)), ...make(...yours)];
        }, ending) as () => Routine<void>,
      );
      const joined = task.then(
        () => "done",
        (error: unknown) => (error === failure ? "failed" : "cancelled"),
      );
      for (const yourChannel of yours) go(sendAll, yourChannel);
      await time.settle();
      if (ending === "is cancelled before it goes on") task.cancel();
      await time.advance(500);
      if (ending === "is cancelled") task.cancel();
      await time.settle();
      expect(await joined).not.toBe(ending === "is cancelled" ? "failed" : "running");
      expect([name, owned.map(({ released }) => released.length)]).toEqual([name, owned.map(() => 1)]);
      await time.settle();
      // Nothing reads your channels any more: a value that is sent now is not taken.
      const stored = yours.map((source) => source.trySend(0));
      expect(stored).toEqual(yours.map(() => false));
      for (const yourChannel of yours) yourChannel.cancel();
      await time.settle();
      expect([time.timers, time.reported.filter((error) => error !== failure)]).toEqual([0, []]);
    });
  }

  test("ends at the latest with the scope in which it was made, although no task received from it (CB-12)", async () => {
    using time = virtualTime();
    const owned: ReturnType<typeof watched<number>>[] = [];
    const released = (): number[] => owned.map((source) => source.released.length);
    const task = go(function* (): Routine<Output[]> {
      return yield* scope(function* (s): Routine<Output[]> {
        const outputs = yield* s.go(function* maker(): Routine<Output[]> {
          for (let n = 0; n < inputs; n++) owned.push(watched(2, 3, 4, 5));
          return make(...owned.map(({ source }) => source));
        });
        yield* sleep(20);
        expect(released()).toEqual(owned.map(() => 0));
        return outputs;
      });
    });
    await time.advance(100);
    const outputs = await task;
    await time.settle();
    expect(outputs.every(({ closed }) => closed)).toBe(true);
    expect(released()).toEqual(owned.map(() => 1));
    expect([time.timers, time.reported]).toEqual([0, []]);
  });

  test("is Disposable, and `using` releases it at once (CB-12)", async () => {
    using time = virtualTime();
    const yours = Array.from({ length: inputs }, () => channel<number>());
    const outputs = make(...yours) as OwnedChannel<unknown>[];
    await time.settle();
    for (const output of outputs) output[Symbol.dispose]();
    await time.settle();
    expect(outputs.every(({ closed }) => closed)).toBe(true);
    if (name !== "broadcast()" && name !== "publish()")
      expect(yours.map((source) => source.trySend(0))).toEqual(yours.map(() => false));
    for (const yourChannel of yours) yourChannel.cancel();
    await time.settle();
    expect(time.timers).toBe(0);
  });

  test("stays open when its maker returns before its receiver has begun, and ends with the receiver (CB-12)", async () => {
    using time = virtualTime();
    const owned: ReturnType<typeof watched<number>>[] = [];
    let outputs: Output[] = [];
    go(function* maker(): Routine<void> {
      for (let n = 0; n < inputs; n++) owned.push(watched(2, 3, 4, 5, 6, 7, 8, 9));
      outputs = make(...owned.map(({ source }) => source));
      go(function* receiver(): Routine<void> {
        yield* sleep(100);
        expect(outputs.some(({ closed }) => closed)).toBe(false);
        for (const output of outputs) yield* receiveSoon(output);
        yield* sleep(1000);
      });
    });
    await time.advance(1000);
    expect(owned.map(({ released }) => released.length)).toEqual(owned.map(() => 0));
    await time.advance(1000);
    expect(owned.map(({ released }) => released.length)).toEqual(owned.map(() => 1));
    expect([time.timers, time.reported]).toEqual([0, []]);
  });
});

function* sendAll(to: ReturnType<typeof channel<number>>): Routine<void> {
  for (const n of [2, 3]) if (!(yield* to.send(n))) return;
}

/** A channel that yields the numbers from 0, one in 10 ms, and the log of its release. */
function numbers(log: unknown[]): OwnedChannel<number> {
  return produce<number>(
    function* numbers(out) {
      for (let n = 0; ; n++) {
        if (!(yield* out.send(n))) return;
        yield* sleep(10);
      }
    },
    { release: () => void log.push("released") },
  );
}

describe("a channel that several tasks use", () => {
  test("stays open for a task that still receives from it when the others have ended (CB-12)", async () => {
    using time = virtualTime();
    const log: unknown[] = [];
    function* worker(source: ReceiveChannel<number>, count: number): Routine<void> {
      for (let n = 0; n < count; n++) yield* source.receive();
      log.push(`worker ${count} is over`);
    }
    go(function* main(): Routine<void> {
      const source = numbers(log);
      for (const count of [1, 2, 5]) go(worker, source, count);
    });
    await time.advance(1000);
    expect(log).toEqual(["worker 1 is over", "worker 2 is over", "worker 5 is over", "released"]);
  });

  test("stays open while its maker runs, however short the tasks are that receive from it (CB-12)", async () => {
    using time = virtualTime();
    const log: unknown[] = [];
    go(function* main(): Routine<void> {
      const source = numbers(log);
      for (let n = 0; n < 3; n++) log.push(yield* go(() => one(source)));
      yield* sleep(5);
      log.push("main is over");
    });
    await time.advance(1000);
    expect(log).toEqual([0, 1, 2, "main is over", "released"]);
  });

  test("may be read in short scopes by a task that did not make it (CB-12)", async () => {
    using time = virtualTime();
    const log: unknown[] = [];
    go(function* main(): Routine<void> {
      go(reader, numbers(log));
    });
    function* reader(source: ReceiveChannel<number>): Routine<void> {
      for (let n = 0; n < 3; n++)
        log.push(
          yield* withTimeout(
            100,
            scope(() => one(source)),
          ),
        );
      log.push("reader is over");
    }
    await time.advance(1000);
    expect(log).toEqual([0, 1, 2, "reader is over", "released"]);
  });

  test("is never cancelled by the end of a task if plain code made it (CB-12)", async () => {
    using time = virtualTime();
    const log: unknown[] = [];
    const source = numbers(log);
    for (let n = 0; n < 3; n++) {
      const task = go(() => one(source));
      await time.advance(10);
      log.push(await task);
    }
    expect(log).toEqual([0, 1, 2]);
    source.cancel();
    await time.settle();
    expect(log).toEqual([0, 1, 2, "released"]);
  });

  test("stays open for plain code that has received from it (CB-12)", async () => {
    using time = virtualTime();
    const log: unknown[] = [];
    let given!: OwnedChannel<number>;
    const maker = go(function* (): Routine<void> {
      given = numbers(log);
      yield* sleep(15);
    });
    await time.settle();
    log.push(await given.receive());
    await time.advance(20);
    await maker;
    log.push(await given.receive());
    expect(log).toEqual([0, 1]);
    given.cancel();
  });

  test("is handed on by the task that returns it, although that task has received from it (CB-12)", async () => {
    using time = virtualTime();
    const log: unknown[] = [];
    const opened = go(function* open(): Routine<OwnedChannel<number>> {
      const source = numbers(log);
      log.push(yield* source.receive());
      return source;
    });
    await time.advance(10);
    const rest: OwnedChannel<number>[] = [];
    go(function* (): Routine<void> {
      rest.push(yield* opened);
      log.push(yield* rest[0]!.receive());
    });
    await time.advance(10);
    expect(log).toEqual([0, 1, "released"]);
  });

  test("several async workers share it, and it ends with the last of them (CB-12)", async () => {
    using time = virtualTime();
    const log: unknown[] = [];
    go(function* main(): Routine<void> {
      const source = numbers(log);
      for (const count of [1, 2, 5]) go(worker, source, count);
    });
    async function* worker(source: ReceiveChannel<number>, count: number) {
      for (let n = 0; n < count; n++) {
        await Promise.resolve();
        yield* source.receive();
      }
      log.push(`worker ${count} is over`);
    }
    await time.advance(1000);
    expect(log).toEqual(["worker 1 is over", "worker 2 is over", "worker 5 is over", "released"]);
  });

  test("a failed maker releases it at once if no other task has received from it (CB-12)", async () => {
    using time = virtualTime();
    const log: unknown[] = [];
    const maker = go(function* (): Routine<void> {
      numbers(log);
      yield* pause();
      throw failure;
    });
    await time.settle();
    await expect(maker.then()).rejects.toBe(failure);
    expect(log).toEqual(["released"]);
  });
});

function* one<T>(source: ReceiveChannel<T>): Routine<T> {
  return (yield* source.receive()) as T;
}

describe("a receive from a channel that was released", () => {
  test("throws an error that names the task, instead of a clean end (CB-12)", async () => {
    using time = virtualTime();
    let kept!: OwnedChannel<number>;
    await go(function* reader(): Routine<void> {
      kept = numbers([]);
      yield* kept.receive();
    });
    await time.settle();
    await expect(kept.receive().then()).rejects.toThrow(
      /^Cannot receive: the channel was released, as the last task that used it has ended \(reader#\d+\)$/,
    );
    expect(() => kept.tryReceive()).toThrow("the channel was released");
  });

  test("throws an error that names the scope (CB-12)", async () => {
    using time = virtualTime();
    const kept = await scope(function* (): Routine<OwnedChannel<number>> {
      return numbers([]);
    });
    await time.settle();
    await expect(kept.receive().then()).rejects.toThrow("the scope in which it was made has ended");
  });

  test("yields CLOSED if the channel had ended before (CB-12)", async () => {
    const kept = await go(function* reader(): Routine<OwnedChannel<number>> {
      const list = from([1]);
      expect([yield* list.receive(), yield* list.receive()]).toEqual([1, CLOSED]);
      return list;
    });
    expect(await kept.receive()).toBe(CLOSED);
  });
});

describe("a source that is not released by its combinator (own: false)", () => {
  test("stays open when the combinator's reader ends, and when its maker ends (CB-12)", async () => {
    using time = virtualTime();
    const log: unknown[] = [];
    let source!: OwnedChannel<number>;
    go(function* main(): Routine<void> {
      source = numbers(log);
      const typed = debounce(source, 5, { own: false });
      yield* typed.receive();
    });
    await time.advance(100);
    expect([log, source.closed]).toEqual([[], false]);
    source.cancel();
    await time.settle();
    expect(log).toEqual(["released"]);
  });

  test("is read on by the task that has read a part of it with forEach() (CB-12)", async () => {
    using time = virtualTime();
    const log: unknown[] = [];
    function* reader(source: ReceiveChannel<number>): Routine<void> {
      const part = forEach(source, (n) => void log.push(n), { own: false });
      yield* select({ part, enough: sleep(15) });
      log.push(yield* source.receive());
    }
    go(function* main(): Routine<void> {
      go(reader, numbers(log));
    });
    await time.advance(100);
    expect(log).toEqual([0, 1, 2, "released"]);
  });
});

describe("in a scope", () => {
  test("a task that ends releases what it made before the scope ends (CB-12)", async () => {
    using time = virtualTime();
    const log: unknown[] = [];
    const all = scope(function* (s): Routine<void> {
      s.go(function* reader(): Routine<void> {
        const source = numbers(log);
        yield* source.receive();
      });
      yield* sleep(100);
      log.push("the body is over");
    }).then();
    await time.advance(100);
    await all;
    expect(log).toEqual(["released", "the body is over"]);
  });

  test("pipe(), broadcast() and a channel for another task end with it (CB-12)", async () => {
    using time = virtualTime();
    const yours = channel<number>();
    const to = channel<number>();
    const all = scope(function* (): Routine<void> {
      pipe(debounce(yours, 1), to);
      broadcast(yours);
      yield* sleep(10);
    }).then();
    await time.advance(10);
    await all;
    await time.settle();
    expect([yours.trySend(1), to.closed]).toEqual([false, false]);
    expect([time.timers, time.reported]).toEqual([0, []]);
  });

  test("a task outside that receives from it gets an error, not a clean end (CB-12)", async () => {
    using time = virtualTime();
    const handed = channel<OwnedChannel<number>>(1);
    const outside = go(function* (): Routine<number> {
      const source = (yield* handed.receive()) as OwnedChannel<number>;
      let count = 0;
      while ((yield* source.receive()) !== CLOSED) count++;
      return count;
    });
    const result = outside.then(String, String);
    const all = scope(function* (): Routine<void> {
      yield* handed.send(numbers([]));
      yield* sleep(25);
    }).then();
    await time.advance(100);
    await all;
    expect(await result).toBe(
      "Error: Cannot receive: the channel was released, as the scope in which it was made has ended",
    );
  });
});

test("a reader that was cancelled steals no value from the next one, as in a page that renders again (CB-12)", async () => {
  using time = virtualTime();
  const typed = channel<string>(10);
  const log: string[] = [];
  function* search(me: string): Routine<void> {
    const quiet = debounce(typed, 10);
    for (;;) log.push(`${me} ${String(yield* quiet.receive())}`);
  }
  const first = go(search, "first");
  await time.advance(5);
  first.cancel();
  const second = go(search, "second");
  await time.advance(5);
  for (const letter of ["a", "b", "c"]) {
    typed.trySend(letter);
    await time.advance(30);
  }
  expect(log).toEqual(["second a", "second b", "second c"]);
  second.cancel();
  await time.settle();
});

test("the ticker of a sample stops with its reader, so the process can exit (CB-12)", async () => {
  using time = virtualTime();
  const source = channel<number>();
  const task = go(function* (): Routine<void> {
    const sampled = sample(source, 10);
    source.trySend(1);
    yield* select({ sampled, late: sleep(5) });
  });
  await time.advance(50);
  await task;
  expect(time.timers).toBe(0);
});

test("partition() gives later parts to the task that made it (CB-12)", async () => {
  using time = virtualTime();
  const source = channel<number>();
  const parts: OwnedChannel<number>[] = [];
  const task = go(function* (): Routine<void> {
    const byKey = partition(source, (n) => n % 3);
    for (let n = 0; n < 3; n++) {
      const { values } = (yield* byKey.receive()) as { values: OwnedChannel<number> };
      parts.push(values);
      yield* values.receive();
    }
    yield* sleep(1000);
  });
  for (const n of [0, 1, 2]) {
    await time.settle();
    expect(source.trySend(n)).toBe(true);
  }
  await time.settle();
  expect(parts.length).toBe(3);
  task.cancel();
  await time.settle();
  expect(source.trySend(3)).toBe(false);
});

test("a long task keeps nothing of channels that have ended or were released (CB-12)", async () => {
  using time = virtualTime();
  const yours = channel<number>();
  const task = go(function* (): Routine<void> {
    for (let n = 0; n < 100; n++) {
      for (const list = from([1, 2]); (yield* list.receive()) !== CLOSED; );
      using typed = debounce(yours, 1);
      expect(typed.tryReceive()).toBe(EMPTY);
      yield* forEach(from([1, 2]), () => {});
      stream(yours).map(String).channel(); // holds nothing
      watch(1).changes();
      ticker(1);
    }
    yield* sleep(10);
  });
  await time.settle();
  const { keeps } = task as unknown as { readonly keeps: Set<unknown> | null };
  expect(keeps?.size ?? 0).toBe(0);
  await time.advance(10);
  await task;
});

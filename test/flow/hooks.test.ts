// Functions of the user that combinators call: a hook that throws stops nothing and is heard, and a hook may use the channels.

import {
  batch,
  broadcast,
  buffer,
  type Channel,
  channel,
  debounce,
  delay,
  derive,
  flatPipeline,
  from,
  fromEvent,
  go,
  merge,
  mix,
  type OwnedChannel,
  partition,
  pipe,
  pipeline,
  produce,
  type ReceiveChannel,
  type Routine,
  type SendChannel,
  sample,
  split,
  throttle,
  zip,
} from "millrace";
import { describe, expect, test } from "vitest";
import { virtualTime } from "../support/virtual.js";

const failure = new Error("the hook failed");

interface Scene {
  /** What is cancelled, so that hooks are called. */
  readonly output: ReceiveChannel<unknown> | { cancel(): void };
  /** How often the hook is called. */
  readonly calls: number;
}

/** Makes a combinator over two values, whose hook is called with both, or with the one that it holds. */
type Hooked = (source: Channel<number>, hook: (value: unknown) => void) => Scene;

const undelivered: Readonly<Record<string, Hooked>> = {
  "buffer()": (source, onUndelivered) => ({ output: buffer(source, 2, { onUndelivered }), calls: 2 }),
  "batch()": (source, onUndelivered) => ({ output: batch(source, 5, 100, { onUndelivered }), calls: 1 }),
  "debounce()": (source, onUndelivered) => ({ output: debounce(source, 100, { onUndelivered }), calls: 1 }),
  "throttle()": (source, onUndelivered) => ({ output: throttle(source, 100, { onUndelivered }), calls: 2 }),
  "sample()": (source, onUndelivered) => ({ output: sample(source, 100, { onUndelivered }), calls: 1 }),
  "delay()": (source, onUndelivered) => ({ output: delay(source, 100, { onUndelivered }), calls: 2 }),
  "pipeline()": (source, onUndelivered) => ({ output: pipeline(2, source, (n) => n, { onUndelivered }), calls: 2 }),
  "flatPipeline()": (source, onUndelivered) => ({
    output: flatPipeline(
      2,
      source,
      function* (n, out: SendChannel<number>) {
        yield* out.send(n);
      },
      { onUndelivered },
    ),
    calls: 2,
  }),
  "split()": (source, onUndelivered) => {
    const [yes, no] = split(source, () => true, { capacity: 1, onUndelivered });
    no.cancel();
    return { output: yes, calls: 2 };
  },
  "zip()": (source, onUndelivered) => {
    const rows = zip([source, channel<number>()], { onUndelivered });
    go(function* (): Routine<void> {
      yield* rows.receive();
    });
    return { output: rows, calls: 1 };
  },
  "broadcast() with onMissed": (source, onMissed) => {
    const all = broadcast(source);
    const one = all.subscribe({ capacity: 2, onMissed });
    return { output: { cancel: () => [one.cancel(), all.cancel()] }, calls: 2 };
  },
};

describe.each(Object.entries(undelivered))("the hook of %s", (name, make) => {
  const play = async (hook: (value: unknown, scene: Scene, source: Channel<number>) => void) => {
    const time = virtualTime();
    const source = channel<number>();
    let calls = 0;
    let scene!: Scene;
    scene = make(source, (value) => {
      calls++;
      hook(value, scene, source);
    });
    await time.settle();
    for (const n of [1, 2]) {
      source.trySend(n);
      await time.settle();
    }
    let thrown = 0;
    try {
      scene.output.cancel();
    } catch (error) {
      expect(error).toBe(failure);
      thrown++;
    }
    await time.advance(500);
    return { time, source, calls, scene, thrown };
  };

  test("that throws is called for each value all the same, is heard, and everything ends", async () => {
    const { time, source, calls, scene, thrown } = await play(() => {
      throw failure;
    });
    expect([name, calls]).toEqual([name, scene.calls]);
    expect(time.reported.every((error) => error === failure)).toBe(true);
    expect(time.reported.length + thrown).toBeGreaterThan(0);
    expect(source.trySend(3)).toBe(false);
    expect(time.timers).toBe(0);
    time[Symbol.dispose]();
  });

  test("may use the channels: cancel, receive, send", async () => {
    const { time, source, calls, scene } = await play((_, { output }, source) => {
      output.cancel();
      if ("tryReceive" in output) output.tryReceive();
      source.trySend(9);
    });
    expect([name, calls]).toEqual([name, scene.calls]);
    expect(source.trySend(3)).toBe(false);
    expect([time.reported, time.timers]).toEqual([[], 0]);
    time[Symbol.dispose]();
  });
});

/** A source of the user whose end throws, and whether the end was reached. */
const releases: Readonly<Record<string, (log: string[]) => ReceiveChannel<number>>> = {
  "onCancel of a channel": (log) =>
    channel<number>(0, {
      owned: true,
      onCancel() {
        log.push("left");
        throw failure;
      },
    }),
  "release of produce()": (log) =>
    produce<number>(
      function* (out) {
        yield* out.whenClosed();
      },
      {
        release() {
          log.push("left");
          throw failure;
        },
      },
    ),
  "release of a feed": (log) =>
    derive<number, number>({
      next: () => channel<number>().receive() as never,
      accept() {},
      release() {
        log.push("left");
        throw failure;
      },
    }),
  "return() of an async iterator": (log) =>
    from<number>({
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<never>(() => {}),
        return() {
          log.push("left");
          throw failure;
        },
      }),
    }),
  "unsubscribing from an observable": (log) =>
    from<number>({
      subscribe: () => () => {
        log.push("left");
        throw failure;
      },
    }),
  "removing a listener": (log) =>
    fromEvent(
      {
        on() {},
        off() {
          log.push("left");
          throw failure;
        },
      },
      "x",
    ) as OwnedChannel<unknown> as OwnedChannel<number>,
};

/** Combinators with several sources, and with a task: each is given two sources and is cancelled. */
const several: Readonly<Record<string, (...sources: ReceiveChannel<number>[]) => { cancel(): void }>> = {
  "merge()": (...sources) => merge(sources),
  "zip()": (...sources) => zip(sources),
  "mix()": (...sources) => {
    const mixed = mix<number>();
    for (const source of sources) mixed.add(source);
    return mixed.out;
  },
  "sample()": (a, b) => sample(a!, b!),
  "pipelines of merge()": (...sources) => pipeline(2, merge(sources), (n) => n),
  "buffer() of merge()": (...sources) => buffer(merge(sources), 1),
  "split() of merge()": (...sources) => {
    const [yes, no] = split(merge(sources), () => true);
    no.cancel();
    return yes;
  },
  "partition() of merge()": (...sources) => partition(merge(sources), () => 1),
  "broadcast() of merge()": (...sources) => broadcast(merge(sources)),
  "pipe() of merge()": (...sources) => pipe(merge(sources), channel<number>()),
};

describe.each(Object.entries(several))("%s", (name, combine) => {
  test.each(Object.entries(releases))("releases its second source although %s throws (CB-2)", async (_, make) => {
    using time = virtualTime();
    const log: string[] = [];
    const other = channel<number>(0, { owned: true, onCancel: () => void log.push("the other left") });
    const combined = combine(make(log), other);
    await time.settle();
    let thrown = 0;
    try {
      combined.cancel();
    } catch {
      thrown++;
    }
    await time.settle();
    expect([name, log.sort()]).toEqual([name, ["left", "the other left"]]);
    expect(time.reported.every((error) => error === failure)).toBe(true);
    expect(time.reported.length + thrown).toBe(1);
    expect(other.closed).toBe(true);
  });
});

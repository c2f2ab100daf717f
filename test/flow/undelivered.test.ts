// CH-27 for combinators: a value that was taken is received, given back or passed to `onUndelivered`, exactly once, at whatever
// moment its receiver is cancelled and the channel after it.

import {
  batch,
  buffer,
  type Channel,
  CLOSED,
  channel,
  concat,
  debounce,
  delay,
  flatPipeline,
  go,
  merge,
  partition,
  pause,
  pipeline,
  produce,
  type ReceiveChannel,
  type Routine,
  race,
  type SendChannel,
  sample,
  sleep,
  split,
  stream,
  throttle,
  zip,
} from "millrace";
import { describe, expect, test } from "vitest";
import { virtualTime } from "../support/virtual.js";

type Make = (source: Channel<string>, lost: (value: string) => void) => ReceiveChannel<unknown>;

const makers: Readonly<Record<string, Make>> = {
  "buffer()": (source, onUndelivered) => buffer(source, 2, { onUndelivered }),
  "batch()": (source, lost) => batch(source, 2, 5, { onUndelivered: (group) => group.forEach(lost) }),
  "batch() of one": (source, lost) => batch(source, 1, undefined, { onUndelivered: (group) => group.forEach(lost) }),
  "debounce()": (source, onUndelivered) => debounce(source, 5, { onUndelivered }),
  "throttle()": (source, onUndelivered) => throttle(source, 5, { onUndelivered }),
  "throttle() without leading": (source, onUndelivered) => throttle(source, 5, { leading: false, onUndelivered }),
  "sample()": (source, onUndelivered) => sample(source, 5, { onUndelivered }),
  "delay()": (source, onUndelivered) => delay(source, 5, { onUndelivered }),
  "pipeline()": (source, onUndelivered) => pipeline(2, source, (value) => value, { onUndelivered }),
  "pipeline() of operations": (source, onUndelivered) =>
    pipeline(2, source, (value) => pause().map(() => value), { onUndelivered }),
  "flatPipeline()": (source, onUndelivered) =>
    flatPipeline(
      2,
      source,
      function* (value, out: SendChannel<string>) {
        if (!(yield* out.send(value))) onUndelivered(value);
      },
      { onUndelivered },
    ),
  "split()": (source, onUndelivered) => split(source, () => true, { onUndelivered })[0],
  "partition()": (source, onUndelivered) => {
    const out = channel<unknown>(0, { onUndelivered: (value) => onUndelivered(value as string) });
    const parts = partition(source, () => "all", { onUndelivered });
    go(function* () {
      const part = yield* parts.receive();
      if (part === CLOSED) return;
      for (let value: unknown; (value = yield* part.values.receive()) !== CLOSED; ) {
        if (!(yield* out.send(value))) onUndelivered(value as string);
      }
    });
    return out;
  },
  "produce()": (source, onUndelivered) =>
    produce<string>(
      function* (out) {
        for (let value: string | typeof CLOSED; (value = yield* source.receive()) !== CLOSED; ) {
          let taken = false;
          const offer = out.send(value);
          try {
            taken = yield* offer;
          } finally {
            if (!taken && offer.value !== true) onUndelivered(value);
          }
        }
      },
      { onUndelivered },
    ),
  "merge()": (source) => merge([source]),
  "concat()": (source) => concat([source]),
  "race()": (source) => race([source]),
  "zip()": (source, onUndelivered) => zip([source], { onUndelivered }),
  "a stream of steps": (source) =>
    stream(source)
      .map((value) => value)
      .channel(),
};

/** The values in what an output yields. */
const flat = (value: unknown): string[] => (Array.isArray(value) ? (value as string[]) : [value as string]);

describe.each(Object.entries(makers))("%s", (_, make) => {
  test("accounts for each value once, whenever its receiver and then the channel is cancelled (CH-27, CB-4)", async () => {
    for (const ms of [0, 1, 5]) {
      for (let pauses = 0; pauses < 10; pauses++) {
        using time = virtualTime();
        const seen: string[] = [];
        const source = channel<string>(0, { onUndelivered: (value) => void seen.push(value) });
        const output = make(source, (value) => void seen.push(value));
        let taken = 0;
        const sender = go(function* (): Routine<void> {
          if (yield* source.send("v")) taken++;
        });
        const victim = go(function* (): Routine<void> {
          seen.push(...flat(yield* output.receive()));
        });
        go(function* canceller(): Routine<void> {
          if (ms > 0) yield* sleep(ms);
          for (let n = 0; n < pauses; n++) yield* pause();
          victim.cancel();
        });
        await time.advance(20);
        // A value that was put back, or is still held, can be received.
        const left = output.tryReceive();
        if (typeof left !== "symbol") seen.push(...flat(left));
        output.cancel();
        source.cancel();
        sender.cancel();
        await time.advance(20);
        expect([ms, pauses, seen]).toEqual([ms, pauses, taken === 0 ? [] : ["v"]]);
        expect([time.timers, time.reported]).toEqual([0, []]);
      }
    }
  });
});

const held: Readonly<Record<string, (source: Channel<number>, lost: (n: number) => void) => ReceiveChannel<unknown>>> =
  {
    "buffer()": (source, onUndelivered) => buffer(source, 1, { onUndelivered }),
    "batch() while it gathers": (source, lost) =>
      batch(source, 9, 100, { onUndelivered: (group) => group.forEach(lost) }),
    "batch() that is due": (source, lost) => batch(source, 2, 100, { onUndelivered: (group) => group.forEach(lost) }),
    "debounce()": (source, onUndelivered) => debounce(source, 100, { onUndelivered }),
    "sample()": (source, onUndelivered) => sample(source, 100, { onUndelivered }),
    "throttle()": (source, onUndelivered) => throttle(source, 100, { onUndelivered }),
    "delay()": (source, onUndelivered) => delay(source, 100, { onUndelivered }),
    "pipeline()": (source, onUndelivered) => pipeline(2, source, (n) => n, { onUndelivered }),
  };

test.each(Object.entries(held))(
  "%s reports the values that it holds when it is cancelled, once (CH-27)",
  async (name, make) => {
    using time = virtualTime();
    for (const late of [false, true]) {
      const source = channel<number>();
      const lost: number[] = [];
      const out = make(source, (n) => void lost.push(n));
      for (const n of [1, 2]) {
        await time.settle();
        expect(source.trySend(n)).toBe(true);
      }
      await time.settle();
      if (late) await time.advance(150);
      out.cancel();
      await time.settle();
      const replaced = name === "debounce()" || name === "sample()" ? [2] : [1, 2];
      expect([name, late, lost]).toEqual([name, late, replaced]);
    }
    expect(time.timers).toBe(0);
  },
);

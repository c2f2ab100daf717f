// What all combinators that keep time have in common, from one table: the end, an error, a cancel, and what they leave.

import {
  batch,
  buffer,
  CLOSED,
  channel,
  debounce,
  delay,
  type FlowOptions,
  from,
  type ReceiveChannel,
  sample,
  throttle,
} from "millrace";
import { describe, expect, test } from "vitest";
import { nobody, queues } from "../rules/model.js";
import { noting, planned, pressed, type Seen } from "../support/timeline.js";
import { virtualTime } from "../support/virtual.js";

const kinds: {
  kind: string;
  over: (source: ReceiveChannel<number>, options?: FlowOptions) => ReceiveChannel<unknown>;
  /** What it makes of a value that comes at 3, with the end at 4. */
  seen: unknown;
  end: number;
}[] = [
  { kind: "batch(10, 10)", over: (source, options) => batch(source, 10, 10, options), seen: [7], end: 4 },
  { kind: "batch(10)", over: (source, options) => batch(source, 10, undefined, options), seen: [7], end: 4 },
  { kind: "debounce(10)", over: (source, options) => debounce(source, 10, options), seen: 7, end: 4 },
  {
    kind: "throttle(10, trailing)",
    over: (source, options) => throttle(source, 10, { ...options, leading: false }),
    seen: 7,
    end: 13,
  },
  { kind: "throttle(10)", over: (source, options) => throttle(source, 10, options), seen: 7, end: 4 },
  { kind: "sample(10)", over: (source, options) => sample(source, 10, options), seen: 7, end: 4 },
  { kind: "delay(10)", over: (source, options) => delay(source, 10, options), seen: 7, end: 13 },
  { kind: "buffer(2)", over: (source, options) => buffer(source, 2, options), seen: 7, end: 4 },
];

describe.each(kinds)("$kind", ({ over, seen, end }) => {
  test("CB-2: closes when its source has ended, after what it held; no timer is left", async () => {
    using time = virtualTime();
    const log: Seen = [];
    noting(time, over(planned(time, [[3, 7]], 4)), log);
    await time.advance(100);
    expect(log.map(([, what]) => what)).toEqual([seen, CLOSED]);
    expect(log.at(-1)).toEqual([end, CLOSED]);
    expect(time.timers).toBe(0);
  });

  test("CB-3: the cause comes after what it held", async () => {
    using time = virtualTime();
    const cause = new Error("broken");
    const log: Seen = [];
    noting(time, over(planned(time, [[3, 7]], 4, cause)), log);
    await time.advance(100);
    expect(log.map(([, what]) => what)).toEqual([seen, cause]);
    expect([log.at(-1), time.timers, time.reported]).toEqual([[end, cause], 0, []]);
  });

  test("CB-2: cancelled while it holds a value, it releases its source with the reason in the same turn; no timer is left", async () => {
    using time = virtualTime();
    const cancelled: unknown[] = [];
    const out = over(pressed(time, [[3, 7]], { cancelled }));
    await time.advance(5);
    out.cancel("enough");
    expect(out.closed).toBe(true);
    await time.settle();
    expect([cancelled, time.timers, time.reported]).toEqual([["enough"], 0, []]);
    expect(out.tryReceive()).toBe(CLOSED);
  });

  test("CB-2: cancelled before its task had a turn, it releases its source all the same", async () => {
    using time = virtualTime();
    let returned = 0;
    const endless = from(
      (function* () {
        try {
          for (;;) yield 1;
        } finally {
          returned++;
        }
      })(),
    );
    // A generator that has not begun runs no `finally`.
    endless.tryReceive();
    over(endless).cancel();
    await time.settle();
    expect([returned, endless.closed]).toEqual([1, true]);
  });

  test("CB-2: a channel that it does not own stays open when it is cancelled, and with `own` does not", async () => {
    using time = virtualTime();
    const [mine, given] = [channel<number>(), channel<number>()];
    const outs = [over(mine), over(given, { own: true })];
    await time.settle();
    expect([queues(mine).receivers, queues(given).receivers]).toEqual([1, 1]);
    for (const out of outs) out.cancel();
    await time.settle();
    expect([mine.closed, queues(mine), given.closed, queues(given)]).toEqual([false, nobody, true, nobody]);
  });

  test("nobody receives: it reads on its own", async () => {
    using time = virtualTime();
    const mine = channel<number>();
    const out = over(mine);
    await time.settle();
    expect(mine.trySend(1)).toBe(true);
    out.cancel();
    await time.settle();
  });

  test("an empty source ends it at once", async () => {
    using time = virtualTime();
    const log: Seen = [];
    noting(time, over(from([])), log);
    await time.settle();
    expect([log, time.timers]).toEqual([[[0, CLOSED]], 0]);
  });

  test("it throws a TypeError that names what it was given when that is no channel", () => {
    expect(() => over([1] as unknown as ReceiveChannel<number>)).toThrow("must be a receive channel, got an object");
  });
});

describe("bad input", () => {
  const source = channel<number>();
  const calls: [call: string, act: () => unknown][] = [
    ...[-1, Number.NaN, Number.POSITIVE_INFINITY, "5" as unknown as number].flatMap((ms): [string, () => unknown][] => [
      [`debounce(${ms})`, () => debounce(source, ms)],
      [`throttle(${ms})`, () => throttle(source, ms)],
      [`delay(${ms})`, () => delay(source, ms)],
      [`batch(1, ${ms})`, () => batch(source, 1, ms)],
    ]),
    ...[-1, 0, Number.NaN, Number.POSITIVE_INFINITY].map((ms): [string, () => unknown] => [
      `sample(${ms})`,
      () => sample(source, ms),
    ]),
    ...[0, -1, 1.5, Number.NaN].flatMap((size): [string, () => unknown][] => [
      [`batch(${size})`, () => batch(source, size, 5)],
      [`buffer(${size})`, () => buffer(source, size)],
    ]),
  ];

  test.each(calls)("%s throws a RangeError", (_, act) => {
    expect(act).toThrow(RangeError);
    expect(queues(source)).toEqual(nobody);
  });

  test("throttle() with neither edge, and sample() by what is no channel, throw a TypeError", () => {
    expect(() => throttle(source, 5, { leading: false, trailing: false })).toThrow(TypeError);
    expect(() => sample(source, "5" as unknown as number)).toThrow(TypeError);
  });
});

// What all combinators that wait have in common, in one table: the end, an error, a cancel, and what they leave behind.

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
import { noneParked, queues } from "../../support/model.js";
import { noting, planned, pressed, type Seen } from "../../support/timeline.js";
import { virtualTime } from "../../support/virtual.js";

const kinds: {
  kind: string;
  over: (source: ReceiveChannel<number>, options?: FlowOptions) => ReceiveChannel<unknown>;
  /** What it emits for a value that arrives at 3, with the end at 4. */
  seen: unknown;
  end: number;
}[] = [
  { kind: "batch(10, 10)", over: (source, options) => batch(source, 10, 10, options), seen: [7], end: 4 },
  { kind: "batch(10)", over: (source, options) => batch(source, 10, undefined, options), seen: [7], end: 4 },
  { kind: "debounce(10)", over: (source, options) => debounce(source, 10, options), seen: 7, end: 4 },
  {
    kind: "throttle(10, leading: false)",
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
  test("ends after the value that it held when its source has ended, and leaves no timer (CB-2)", async () => {
    using time = virtualTime();
    const log: Seen = [];
    noting(time, over(planned(time, [[3, 7]], 4)), log);
    await time.advance(100);
    expect(log.map(([, what]) => what)).toEqual([seen, CLOSED]);
    expect(log.at(-1)).toEqual([end, CLOSED]);
    expect(time.timers).toBe(0);
  });

  test("throws the cause of its source after the value that it held (CB-3)", async () => {
    using time = virtualTime();
    const cause = new Error("broken");
    const log: Seen = [];
    noting(time, over(planned(time, [[3, 7]], 4, cause)), log);
    await time.advance(100);
    expect(log.map(([, what]) => what)).toEqual([seen, cause]);
    expect([log.at(-1), time.timers, time.reported]).toEqual([[end, cause], 0, []]);
  });

  test("that is cancelled while it holds a value releases its source with the reason, and leaves no timer (CB-2)", async () => {
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

  test("that is cancelled before its first turn releases its source (CB-2)", async () => {
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
    // A generator that has not started runs no `finally`.
    endless.tryReceive();
    over(endless).cancel();
    await time.settle();
    expect([returned, endless.closed]).toEqual([1, true]);
  });

  test("that is cancelled leaves your channel open, unless own is true (CB-2)", async () => {
    using time = virtualTime();
    const [mine, given] = [channel<number>(), channel<number>()];
    const outs = [over(mine), over(given, { own: true })];
    await time.settle();
    expect([queues(mine).receivers, queues(given).receivers]).toEqual([1, 1]);
    for (const out of outs) out.cancel();
    await time.settle();
    expect([mine.closed, queues(mine), given.closed, queues(given)]).toEqual([false, noneParked, true, noneParked]);
  });

  test("reads its source before its output is read", async () => {
    using time = virtualTime();
    const mine = channel<number>();
    const out = over(mine);
    await time.settle();
    expect(mine.trySend(1)).toBe(true);
    out.cancel();
    await time.settle();
  });

  test("of an empty source ends at once", async () => {
    using time = virtualTime();
    const log: Seen = [];
    noting(time, over(from([])), log);
    await time.settle();
    expect([log, time.timers]).toEqual([[[0, CLOSED]], 0]);
  });

  test("refuses a source that is no channel, and names what it was given", () => {
    expect(() => over({} as ReceiveChannel<number>)).toThrow(
      "source must be a receive channel, a stream or an iterable, got an object",
    );
  });
});

/** A number, or a string in quotes. */
const shown = (value: unknown): string => (typeof value === "string" ? `"${value}"` : String(value));

describe("an invalid argument", () => {
  const source = channel<number>();
  const calls: [call: string, act: () => unknown][] = [
    ...[-1, Number.NaN, Number.POSITIVE_INFINITY, "5" as unknown as number].flatMap((ms): [string, () => unknown][] => [
      [`debounce(${shown(ms)})`, () => debounce(source, ms)],
      [`throttle(${shown(ms)})`, () => throttle(source, ms)],
      [`delay(${shown(ms)})`, () => delay(source, ms)],
      [`batch(1, ${shown(ms)})`, () => batch(source, 1, ms)],
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

  test.each(calls)("of %s throws a RangeError", (_, act) => {
    expect(act).toThrow(RangeError);
    expect(queues(source)).toEqual(noneParked);
  });

  test("of throttle() with neither edge, or of sample() with no channel, throws a TypeError", () => {
    expect(() => throttle(source, 5, { leading: false, trailing: false })).toThrow(TypeError);
    expect(() => sample(source, "5" as unknown as number)).toThrow(TypeError);
  });
});

import fc from "fast-check";
import { CLOSED, from, throttle } from "millrace";
import { describe, expect, test } from "vitest";
import { noting, planned, pressed, type Seen } from "../../support/timeline.js";
import { virtualTime } from "../../support/virtual.js";

const busy = [
  [0, 1],
  [3, 2],
  [6, 3],
  [12, 4],
  [50, 5],
] as const;

describe("throttle()", () => {
  test("emits the first value at once, and then the latest one at the end of each window", async () => {
    using time = virtualTime();
    const seen: Seen = [];
    noting(time, throttle(planned(time, busy, 80), 10), seen);
    await time.advance(100);
    expect(seen).toEqual([
      [0, 1],
      [10, 3],
      [20, 4],
      [50, 5],
      [80, CLOSED],
    ]);
    expect(time.timers).toBe(0);
  });

  test("with trailing: false drops the values that come in a window", async () => {
    using time = virtualTime();
    const seen: Seen = [];
    noting(time, throttle(planned(time, busy, 80), 10, { trailing: false }), seen);
    await time.advance(100);
    expect(seen).toEqual([
      [0, 1],
      [12, 4],
      [50, 5],
      [80, CLOSED],
    ]);
  });

  test("with leading: false opens a window with the first value", async () => {
    using time = virtualTime();
    const seen: Seen = [];
    noting(time, throttle(planned(time, busy, 80), 10, { leading: false }), seen);
    await time.advance(100);
    expect(seen).toEqual([
      [10, 3],
      [20, 4],
      [60, 5],
      [80, CLOSED],
    ]);
  });

  test("emits the value that it holds when its source ends at the end of its window", async () => {
    using time = virtualTime();
    const seen: Seen = [];
    noting(
      time,
      throttle(
        planned(
          time,
          [
            [0, 1],
            [2, 2],
          ],
          3,
        ),
        10,
      ),
      seen,
    );
    await time.advance(100);
    expect(seen).toEqual([
      [0, 1],
      [10, 2],
      [10, CLOSED],
    ]);
  });

  test("that is cancelled during the last window leaves no timer", async () => {
    using time = virtualTime();
    const out = throttle(
      planned(
        time,
        [
          [0, 1],
          [2, 2],
        ],
        3,
      ),
      10,
    );
    noting(time, out, []);
    await time.advance(5);
    expect(time.timers).toBe(1);
    out.cancel();
    await time.settle();
    expect([time.timers, time.reported]).toEqual([0, []]);
  });

  test("keeps the first value until it is taken, and the latest one behind it, and never holds up its source", async () => {
    using time = virtualTime();
    const [seen, sent]: [Seen, Seen] = [[], []];
    const out = throttle(
      pressed(
        time,
        [
          [0, 1],
          [3, 2],
          [20, 3],
          [31, 4],
        ],
        { sent },
      ),
      10,
    );
    await time.advance(30);
    noting(time, out, seen);
    await time.advance(30);
    expect(sent.map(([at]) => at)).toEqual([0, 3, 20, 31]);
    expect(seen).toEqual([
      [30, 1],
      [40, 4],
    ]);
    out.cancel();
    await time.settle();
    expect(time.timers).toBe(0);
  });

  test("replaces a value that is due by a newer one until it is taken", async () => {
    using time = virtualTime();
    const seen: Seen = [];
    noting(
      time,
      throttle(
        planned(
          time,
          [
            [0, 1],
            [3, 2],
            [15, 3],
            [34, 4],
          ],
          35,
        ),
        10,
      ),
      seen,
      30,
    );
    await time.advance(200);
    expect(seen).toEqual([
      [0, 1],
      [30, 3],
      [60, 4],
      [90, CLOSED],
    ]);
  });

  test("whose source has ended emits the first value when it is taken, and the latest one ms later", async () => {
    using time = virtualTime();
    const seen: Seen = [];
    const out = throttle(from([1, 2, 3, 4]), 10);
    await time.advance(50);
    noting(time, out, seen);
    await time.advance(50);
    expect(seen).toEqual([
      [50, 1],
      [60, 4],
      [60, CLOSED],
    ]);
  });

  test("with trailing: false drops newer values until the first one is taken", async () => {
    using time = virtualTime();
    const seen: Seen = [];
    const out = throttle(
      planned(time, [
        [0, 1],
        [3, 2],
        [20, 3],
        [41, 4],
      ]),
      10,
      { trailing: false },
    );
    await time.advance(30);
    noting(time, out, seen);
    await time.advance(30);
    expect(seen).toEqual([
      [30, 1],
      [41, 4],
    ]);
  });

  test("emits values at least ms apart and in order, the last value included, whatever the times", async () => {
    const plan = fc.record({
      gaps: fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 30 }),
      rest: fc.nat({ max: 15 }),
      leading: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(plan, async ({ gaps, rest, leading }) => {
        using time = virtualTime();
        let at = 0;
        const values = gaps.map((gap, n) => [(at += gap), n] as const);
        const seen: Seen = [];
        noting(time, throttle(planned(time, values, at + 1), 10, { leading }), seen, rest);
        await time.advance(2000);
        const [end, ...taken] = [seen.at(-1), ...seen.slice(0, -1)];
        expect(end?.[1]).toBe(CLOSED);
        expect(taken.at(-1)?.[1]).toBe(gaps.length - 1);
        for (const [n, [when, value]] of taken.entries()) {
          if (n === 0) continue;
          expect(when - taken[n - 1]![0]).toBeGreaterThanOrEqual(10);
          expect(value).toBeGreaterThan(taken[n - 1]![1] as number);
        }
        expect(time.timers).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});

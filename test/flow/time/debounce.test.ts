import { CLOSED, channel, type DebounceOptions, debounce } from "millrace";
import { describe, expect, test } from "vitest";
import { noting, planned, pressed, type Seen } from "../../support/timeline.js";
import { virtualTime } from "../../support/virtual.js";

describe("debounce()", () => {
  test("emits the last value of each burst once ms have passed without another value", async () => {
    using time = virtualTime();
    const seen: Seen = [];
    noting(
      time,
      debounce(
        planned(
          time,
          [
            [0, 1],
            [5, 2],
            [14, 3],
            [40, 4],
          ],
          60,
        ),
        10,
      ),
      seen,
    );
    await time.advance(100);
    expect(seen).toEqual([
      [24, 3],
      [50, 4],
      [60, CLOSED],
    ]);
  });

  test("emits the value that it holds at once when its source ends", async () => {
    using time = virtualTime();
    const seen: Seen = [];
    noting(
      time,
      debounce(
        planned(
          time,
          [
            [0, 1],
            [5, 2],
          ],
          6,
        ),
        10,
      ),
      seen,
    );
    await time.advance(100);
    expect(seen).toEqual([
      [6, 2],
      [6, CLOSED],
    ]);
  });

  test("keeps a due value until the consumer takes it", async () => {
    using time = virtualTime();
    const seen: Seen = [];
    const calm = debounce(planned(time, [[0, 1]]), 10);
    await time.advance(500);
    noting(time, calm, seen);
    await time.settle();
    expect(seen).toEqual([[500, 1]]);
  });

  test("replaces a due value that is not taken by a newer one, which waits ms again, and never holds up its source", async () => {
    using time = virtualTime();
    const [seen, sent]: [Seen, Seen] = [[], []];
    const calm = debounce(
      pressed(
        time,
        [
          [0, 1],
          [20, 2],
          [40, 3],
        ],
        { sent },
      ),
      10,
    );
    await time.advance(45);
    noting(time, calm, seen);
    await time.advance(50);
    expect(sent).toEqual([
      [0, 1],
      [20, 2],
      [40, 3],
    ]);
    expect(seen).toEqual([[50, 3]]);
    calm.cancel();
    await time.settle();
    expect(time.timers).toBe(0);
  });

  test("with ms 0 emits the last of the values that arrive together", async () => {
    using time = virtualTime();
    const seen: Seen = [];
    noting(
      time,
      debounce(
        planned(
          time,
          [
            [0, 1],
            [0, 2],
            [1, 3],
          ],
          2,
        ),
        0,
      ),
      seen,
    );
    await time.advance(10);
    expect(seen.map(([, what]) => what)).toEqual([2, 3, CLOSED]);
  });

  // A burst of six values, one value alone, and a burst of two. What lodash 4 does with the same calls.
  const calls = [1, 5, 12, 19, 27, 33, 60, 85, 90].map((at, n): [number, number] => [at, n + 1]);
  test.each<[DebounceOptions<number>, Seen]>([
    [
      {},
      [
        [43, 6],
        [70, 7],
        [100, 9],
      ],
    ],
    [
      { leading: true },
      [
        [1, 1],
        [43, 6],
        [60, 7],
        [85, 8],
        [100, 9],
      ],
    ],
    [
      { leading: true, trailing: false },
      [
        [1, 1],
        [60, 7],
        [85, 8],
      ],
    ],
    [
      { maxWait: 25 },
      [
        [26, 4],
        [43, 6],
        [70, 7],
        [100, 9],
      ],
    ],
    [
      { leading: true, maxWait: 25 },
      [
        [1, 1],
        [26, 4],
        [43, 6],
        [60, 7],
        [85, 8],
        [100, 9],
      ],
    ],
    [
      { leading: true, trailing: false, maxWait: 25 },
      [
        [1, 1],
        [27, 5],
        [60, 7],
        [85, 8],
      ],
    ],
  ])("with %j emits what debounce of lodash calls", async (options, expected) => {
    using time = virtualTime();
    const seen: Seen = [];
    noting(time, debounce(planned(time, calls), 10, options), seen);
    await time.advance(200);
    expect(seen).toEqual(expected);
    expect(time.timers).toBe(0);
  });

  test("takes a maxWait below ms for ms", async () => {
    using time = virtualTime();
    const [low, same]: [Seen, Seen] = [[], []];
    noting(time, debounce(planned(time, calls), 10, { maxWait: 3 }), low);
    noting(time, debounce(planned(time, calls), 10, { maxWait: 10 }), same);
    await time.advance(200);
    expect(low).toEqual(same);
    expect(low).toEqual([
      [11, 2],
      [21, 4],
      [31, 5],
      [41, 6],
      [70, 7],
      [95, 9],
    ]);
  });

  test("with leading keeps the first value of a burst until it is received, and the latest value behind it", async () => {
    using time = virtualTime();
    const [seen, sent]: [Seen, Seen] = [[], []];
    const calm = debounce(
      pressed(
        time,
        [
          [0, 1],
          [2, 2],
          [4, 3],
          [30, 4],
        ],
        { sent },
      ),
      10,
      { leading: true },
    );
    await time.advance(40);
    expect(sent.map(([at]) => at)).toEqual([0, 2, 4, 30]);
    noting(time, calm, seen);
    await time.advance(10);
    expect(seen).toEqual([
      [40, 1],
      [40, 4],
    ]);
    calm.cancel();
    await time.settle();
    expect(time.timers).toBe(0);
  });

  test("with maxWait gives a slow consumer the newest value once one was due", async () => {
    using time = virtualTime();
    const seen: Seen = [];
    const plan = Array.from({ length: 20 }, (_, n): [number, number] => [n * 4, n]);
    const calm = debounce(planned(time, plan), 10, { maxWait: 21 });
    await time.advance(50);
    noting(time, calm, seen);
    await time.settle();
    expect(seen).toEqual([[50, 12]]);
    await time.advance(100);
    expect(seen.slice(1)).toEqual([
      [63, 15],
      [84, 19],
    ]);
  });

  test.each([[{}], [{ leading: true }], [{ leading: true, maxWait: 25 }]])(
    "with %j emits the last value at once when its source ends, after the first one",
    async (options) => {
      using time = virtualTime();
      const seen: Seen = [];
      const calm = debounce(
        planned(
          time,
          [
            [0, 1],
            [5, 2],
            [6, 3],
          ],
          7,
        ),
        10,
        options,
      );
      await time.advance(8);
      noting(time, calm, seen);
      await time.advance(100);
      expect(seen.map(([, what]) => what)).toEqual([...("leading" in options ? [1] : []), 3, CLOSED]);
    },
  );

  test("refuses an invalid time, and to emit neither the first nor the last value", () => {
    const source = channel<number>();
    for (const maxWait of [-1, Number.NaN, "5"]) {
      expect(() => debounce(source, 5, { maxWait: maxWait as number })).toThrow(
        "Cannot debounce: maxWait must be a number of milliseconds, 0 or more, got ",
      );
    }
    expect(() => debounce(source, 5, { trailing: false })).toThrow(
      "Cannot debounce: leading or trailing must be true, got false for both",
    );
  });
});

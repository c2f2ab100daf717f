import { CLOSED, delay, EMPTY } from "millrace";
import { describe, expect, test } from "vitest";
import { noting, planned, pressed, type Seen } from "../../support/timeline.js";
import { virtualTime } from "../../support/virtual.js";

describe("delay()", () => {
  test("emits each value ms after it arrived, in order and with the same gaps, and ends after the last", async () => {
    using time = virtualTime();
    const seen: Seen = [];
    noting(
      time,
      delay(
        planned(
          time,
          [
            [0, 1],
            [1, 2],
            [1, 3],
            [50, 4],
          ],
          51,
        ),
        20,
      ),
      seen,
    );
    await time.advance(200);
    expect(seen).toEqual([
      [20, 1],
      [21, 2],
      [21, 3],
      [70, 4],
      [70, CLOSED],
    ]);
    expect(time.timers).toBe(0);
  });

  test("uses one timer for all values that it holds", async () => {
    using time = virtualTime();
    const out = delay(
      planned(time, [
        [0, 1],
        [1, 2],
        [2, 3],
      ]),
      20,
    );
    await time.advance(5);
    expect(time.timers).toBe(1);
    out.cancel();
    await time.settle();
    expect(time.timers).toBe(0);
  });

  test("stops reading while a due value is not taken, and then continues with the values that it holds", async () => {
    using time = virtualTime();
    const sent: Seen = [];
    const out = delay(
      pressed(
        time,
        [
          [0, 1],
          [5, 2],
          [15, 3],
          [16, 4],
        ],
        { sent },
      ),
      10,
    );
    await time.advance(100);
    expect(sent).toEqual([
      [0, 1],
      [5, 2],
    ]);
    const seen: Seen = [];
    noting(time, out, seen);
    await time.advance(50);
    expect(seen).toEqual([
      [100, 1],
      [100, 2],
      [110, 3],
      [110, 4],
    ]);
    out.cancel();
    await time.settle();
    expect(time.timers).toBe(0);
  });

  test("stops and drops its values when it is cancelled after its source has ended", async () => {
    using time = virtualTime();
    const out = delay(
      planned(
        time,
        [
          [0, 1],
          [5, 2],
        ],
        6,
      ),
      10,
    );
    await time.advance(8);
    expect([out.tryReceive(), time.timers]).toEqual([EMPTY, 1]);
    out.cancel();
    await time.settle();
    expect([out.tryReceive(), time.timers, time.reported]).toEqual([CLOSED, 0, []]);
  });
});

import { CLOSED, delay, EMPTY } from "millrace";
import { describe, expect, test } from "vitest";
import { noting, planned, pressed, type Seen } from "../support/timeline.js";
import { virtualTime } from "../support/virtual.js";

describe("delay(source, ms)", () => {
  test("each goes out ms after it came, in order and with the same gaps; the end comes after the last", async () => {
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

  test("one timer stands for all that is held", async () => {
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

  test("a slow consumer: while what is due is not taken it reads no more, and then goes on with what it holds", async () => {
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

  test("cancelled while it drains after the end, it stops there", async () => {
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

import { CLOSED, debounce } from "millrace";
import { describe, expect, test } from "vitest";
import { noting, planned, pressed, type Seen } from "../support/timeline.js";
import { virtualTime } from "../support/virtual.js";

describe("debounce(source, ms)", () => {
  test("the last of each burst goes out once ms have passed without another", async () => {
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

  test("the one that is held at the end goes out at once", async () => {
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

  test("a slow consumer: one that is due and not taken waits", async () => {
    using time = virtualTime();
    const seen: Seen = [];
    const calm = debounce(planned(time, [[0, 1]]), 10);
    await time.advance(500);
    noting(time, calm, seen);
    await time.settle();
    expect(seen).toEqual([[500, 1]]);
  });

  test("a slow consumer: it gives way to a newer one, which has to be quiet itself; the source never waits", async () => {
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

  test("debounce(0) takes together what is there at once", async () => {
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
});

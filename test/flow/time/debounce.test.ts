import { CLOSED, debounce } from "millrace";
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
});

import { CLOSED, channel, EMPTY, from, produce, sample, sleep } from "millrace";
import { describe, expect, test } from "vitest";
import { noneParked, queues } from "../../support/model.js";
import { noting, planned, pressed, type Seen } from "../../support/timeline.js";
import { virtualTime } from "../../support/virtual.js";

describe("sample() every ms", () => {
  test("emits the latest value at each tick, if there is a new one", async () => {
    using time = virtualTime();
    const seen: Seen = [];
    noting(
      time,
      sample(
        planned(
          time,
          [
            [1, 1],
            [4, 2],
            [15, 3],
            [41, 4],
          ],
          60,
        ),
        10,
      ),
      seen,
    );
    await time.advance(100);
    expect(seen).toEqual([
      [10, 2],
      [20, 3],
      [50, 4],
      [60, CLOSED],
    ]);
    expect(time.timers).toBe(0);
  });

  test("emits the latest value at once when its source ends", async () => {
    using time = virtualTime();
    const seen: Seen = [];
    noting(
      time,
      sample(
        planned(
          time,
          [
            [1, 1],
            [12, 2],
            [13, 3],
          ],
          14,
        ),
        10,
      ),
      seen,
    );
    await time.advance(100);
    expect(seen).toEqual([
      [10, 1],
      [14, 3],
      [14, CLOSED],
    ]);
  });

  test("replaces a value that is not taken at the next tick and not before, and never holds up its source", async () => {
    using time = virtualTime();
    const sent: Seen = [];
    const out = sample(
      pressed(
        time,
        [
          [1, 1],
          [12, 2],
          [25, 3],
        ],
        { sent },
      ),
      10,
    );
    await time.advance(15);
    expect(out.tryReceive()).toBe(1);
    expect(out.tryReceive()).toBe(EMPTY);
    await time.advance(20);
    expect(out.tryReceive()).toBe(3);
    expect(sent.map(([at]) => at)).toEqual([1, 12, 25]);
    out.cancel();
    await time.settle();
    expect(time.timers).toBe(0);
  });

  test("replaces a value that it offers at the end by a newer one", async () => {
    using time = virtualTime();
    const seen: Seen = [];
    const out = sample(
      planned(
        time,
        [
          [1, 1],
          [12, 2],
        ],
        14,
      ),
      10,
    );
    await time.advance(30);
    noting(time, out, seen);
    await time.settle();
    expect(seen).toEqual([
      [30, 2],
      [30, CLOSED],
    ]);
  });
});

describe("sample() at the values of a channel", () => {
  test("emits at each value of the channel, and leaves both channels open when it is cancelled", async () => {
    using time = virtualTime();
    const [source, ticks] = [channel<number>(), channel<void>()];
    const out = sample(source, ticks);
    const seen: Seen = [];
    noting(time, out, seen);
    await time.settle();
    ticks.trySend();
    await time.settle();
    for (const n of [1, 2]) {
      source.trySend(n);
      await time.settle();
    }
    ticks.trySend();
    await time.settle();
    expect(seen).toEqual([[0, 2]]);
    out.cancel();
    await time.settle();
    expect([ticks.closed, queues(ticks), source.closed, queues(source)]).toEqual([
      false,
      noneParked,
      false,
      noneParked,
    ]);
  });

  test("ends after the latest value when the ticks end, and releases its source (CB-2)", async () => {
    using time = virtualTime();
    const cancelled: unknown[] = [];
    const seen: Seen = [];
    noting(
      time,
      sample(
        pressed(
          time,
          [
            [1, 1],
            [6, 2],
          ],
          { cancelled },
        ),
        planned(time, [[5, "tick"]], 7),
      ),
      seen,
    );
    await time.advance(50);
    expect(seen).toEqual([
      [5, 1],
      [7, 2],
      [7, CLOSED],
    ]);
    expect([cancelled.length, time.timers]).toEqual([1, 0]);
  });

  test("releases owned ticks when its source ends, and when it is cancelled before it began (CB-2)", async () => {
    using time = virtualTime();
    const cancelled: unknown[] = [];
    const ticks = () => pressed(time, [[1, 0]], { cancelled });
    noting(time, sample(from([]), ticks()), []);
    await time.settle();
    expect(cancelled).toEqual([undefined]);
    sample(from([]), ticks()).cancel("early");
    await time.settle();
    expect([cancelled, time.timers]).toEqual([[undefined, "early"], 0]);
  });

  test("lets neither an always ready source nor always ready ticks starve the other (GO-5)", async () => {
    using time = virtualTime();
    const endless = () =>
      produce<number>(function* (out) {
        for (let n = 0; ; n++) if (!(yield* out.send(n))) return;
      });
    const out = sample(endless(), endless());
    const got = [await out.receive(), await out.receive(), await out.receive()] as number[];
    expect(got.toSorted((a, b) => a - b)).toEqual(got);
    out.cancel();
    await time.settle();
    await sleep(0);
  });
});

import fc from "fast-check";
import { batch, CLOSED, channel, go, pause, type Routine, sleep } from "millrace";
import { describe, expect, test } from "vitest";
import { noting, planned, pressed, type Seen } from "../../support/timeline.js";
import { virtualTime } from "../../support/virtual.js";

describe("batch()", () => {
  test("emits a group as soon as it is full", async () => {
    using time = virtualTime();
    const seen: Seen = [];
    noting(
      time,
      batch(
        planned(
          time,
          [
            [0, 1],
            [1, 2],
            [2, 3],
            [3, 4],
          ],
          5,
        ),
        2,
        10,
      ),
      seen,
    );
    await time.advance(50);
    expect(seen).toEqual([
      [1, [1, 2]],
      [3, [3, 4]],
      [5, CLOSED],
    ]);
  });

  test("emits a group ms after its first value, also while the source always has a next one", async () => {
    function* forever(): Generator<number> {
      for (let n = 0; ; n++) yield n;
    }
    const groups = batch(forever(), 1e9, 5);
    const group = await groups.receive();
    groups.cancel();
    expect(Array.isArray(group) && group.length > 32 && group[32] === 32).toBe(true);
  });

  test("emits a group ms after its first value, not after its last", async () => {
    using time = virtualTime();
    const seen: Seen = [];
    noting(
      time,
      batch(
        planned(time, [
          [5, 1],
          [12, 2],
          [14, 3],
          [16, 4],
        ]),
        10,
        10,
      ),
      seen,
    );
    await time.advance(100);
    expect(seen).toEqual([
      [15, [1, 2, 3]],
      [26, [4]],
    ]);
  });

  test("without ms emits a group only when it is full or the source ends, and sets no timer", async () => {
    using time = virtualTime();
    const seen: Seen = [];
    noting(
      time,
      batch(
        planned(
          time,
          [
            [5, 1],
            [500, 2],
            [501, 3],
          ],
          600,
        ),
        2,
      ),
      seen,
    );
    await time.advance(400);
    expect([seen, time.timers]).toEqual([[], 1]); // the timer of the plan
    await time.advance(300);
    expect(seen).toEqual([
      [500, [1, 2]],
      [600, [3]],
      [600, CLOSED],
    ]);
  });

  test("adds to a group that is due for as long as the consumer does not take it", async () => {
    using time = virtualTime();
    const seen: Seen = [];
    const groups = batch(
      planned(time, [
        [0, 1],
        [20, 2],
        [30, 3],
        [41, 4],
      ]),
      10,
      5,
    );
    await time.advance(40);
    noting(time, groups, seen);
    await time.advance(100);
    expect(seen).toEqual([
      [40, [1, 2, 3]],
      [46, [4]],
    ]);
  });

  test("stops reading its source while a full group is not taken", async () => {
    using time = virtualTime();
    const sent: Seen = [];
    const seen: Seen = [];
    const groups = batch(
      pressed(
        time,
        [
          [0, 1],
          [10, 2],
          [20, 3],
          [30, 4],
        ],
        { sent },
      ),
      2,
      5,
    );
    await time.advance(40);
    expect(sent).toEqual([
      [0, 1],
      [10, 2],
    ]);
    noting(time, groups, seen);
    await time.advance(100);
    expect(sent.slice(2)).toEqual([
      [40, 3],
      [40, 4],
    ]);
    expect(seen).toEqual([
      [40, [1, 2]],
      [40, [3, 4]],
    ]);
    groups.cancel();
    await time.settle();
    expect(time.timers).toBe(0);
  });

  test("does not change a group that was taken", async () => {
    using time = virtualTime();
    const source = channel<number>(8);
    const groups = batch(source, 3, 5);
    source.trySend(1);
    await time.advance(5);
    source.trySend(2);
    const first = await groups.receive();
    source.trySend(3);
    await time.advance(5);
    expect([first, await groups.receive()]).toEqual([[1, 2], [3]]);
    groups.cancel();
  });

  test("does not starve other tasks if its source is always ready (GO-5)", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const feeding = go(function* (): Routine<void> {
      for (let n = 0; ; n++) if (!(yield* source.send(n))) return;
    });
    const groups = batch(source, Number.MAX_SAFE_INTEGER, 5);
    let turns = 0;
    await go(function* (): Routine<void> {
      for (; turns < 50; turns++) yield* pause();
      groups.cancel();
      feeding.cancel();
    });
    expect(turns).toBe(50);
    await time.settle();
    expect(time.timers).toBe(0);
  });

  test("loses no value and keeps the order, whatever the times (CB-4)", async () => {
    const gaps = fc.array(fc.nat({ max: 4 }), { maxLength: 40 });
    const plan = fc.record({
      gaps,
      size: fc.integer({ min: 1, max: 6 }),
      ms: fc.option(fc.nat({ max: 8 })),
      rests: gaps,
    });
    await fc.assert(
      fc.asyncProperty(plan, async ({ gaps, size, ms, rests }) => {
        using time = virtualTime();
        const source = channel<number>(2);
        go(function* (): Routine<void> {
          for (const [n, gap] of gaps.entries()) {
            if (gap > 0) yield* sleep(gap);
            yield* source.send(n);
          }
          source.close();
        });
        const got: number[][] = [];
        const reading = go(function* (): Routine<void> {
          const groups = batch(source, size, ms ?? undefined);
          for (let group; (group = yield* groups.receive()) !== CLOSED; ) {
            got.push([...group]);
            yield* sleep(rests[got.length % (rests.length || 1)] ?? 0);
          }
        });
        await time.advance(2000);
        await reading;
        expect(got.flat()).toEqual(gaps.map((_, n) => n));
        expect(got.every((group) => group.length >= 1 && group.length <= size)).toBe(true);
        if (ms === null) expect(got.slice(0, -1).every((group) => group.length === size)).toBe(true);
        expect(time.timers).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});

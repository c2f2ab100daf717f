import { buffer, CLOSED, channel, dropping, from, sliding } from "millrace";
import { describe, expect, test } from "vitest";
import { noting, pressed, type Seen } from "../../support/timeline.js";
import { virtualTime } from "../../support/virtual.js";

describe("buffer()", () => {
  test("reads ahead by its capacity and one more value, and then the source waits", async () => {
    using time = virtualTime();
    const [seen, sent]: [Seen, Seen] = [[], []];
    const plan = [1, 2, 3, 4, 5, 6].map((n) => [n, n] as const);
    const out = buffer(pressed(time, plan, { sent }), 3);
    await time.advance(20);
    expect(sent.map(([, value]) => value)).toEqual([1, 2, 3, 4]);
    noting(time, out, seen);
    await time.settle();
    expect(seen.map(([, value]) => value)).toEqual([1, 2, 3, 4, 5, 6]);
    out.cancel();
    await time.settle();
    expect(time.timers).toBe(0);
  });

  test("with a buffer as its capacity drops the values that the buffer drops", async () => {
    using time = virtualTime();
    const drops: number[] = [];
    const latest = buffer(
      from([1, 2, 3, 4]),
      sliding<number>(2, (n) => drops.push(n)),
    );
    const first = buffer(from([1, 2, 3, 4]), dropping<number>(2));
    await time.settle();
    const [a, b]: [Seen, Seen] = [[], []];
    noting(time, latest, a);
    noting(time, first, b);
    await time.settle();
    expect(a.map(([, what]) => what)).toEqual([3, 4, CLOSED]);
    expect(b.map(([, what]) => what)).toEqual([1, 2, CLOSED]);
    expect(drops).toEqual([1, 2]);
  });

  test("refuses an invalid capacity before it reads a value", () => {
    const source = channel<number>(1);
    source.trySend(1);
    expect(() => buffer(source, {} as unknown as number)).toThrow(TypeError);
    expect(source.length).toBe(1);
  });
});

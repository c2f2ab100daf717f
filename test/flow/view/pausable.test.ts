import { channel, pausable, watch, workers } from "millrace";
import { describe, expect, test } from "vitest";
import { feed, read, upTo, watched } from "../../support/flow.js";
import { virtualTime } from "../../support/virtual.js";

describe("pausable()", () => {
  test("takes nothing while it is paused, and goes on when it is resumed", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const paused = watch(true);
    const seen = read(pausable(source, paused));
    const fed = feed(source, upTo(5), { pace: 10 });
    await time.advance(15);
    expect([seen.values, fed.taken]).toEqual([[], 0]);
    paused.set(false);
    await time.advance(10);
    paused.set(true);
    await time.advance(50);
    expect(seen.values).toEqual([0, 1]);
    paused.set(false);
    await time.advance(50);
    expect([seen, time.timers]).toEqual([{ values: [0, 1, 2, 3, 4], end: "closed" }, 0]);
  });

  test("takes no value in the step in which it is paused", async () => {
    using time = virtualTime();
    const source = channel<number>(1);
    const paused = watch(false);
    const seen = read(pausable(source, paused));
    await time.settle();
    paused.set(true);
    source.trySend(1);
    await time.settle();
    expect([seen.values, source.length]).toEqual([[], 1]);
  });

  test("pauses workers: they finish what they have, and a closed source drains them", async () => {
    using time = virtualTime();
    const jobs = channel<number>(10);
    const paused = watch(false);
    const done: number[] = [];
    const all = workers(pausable(jobs, paused), 2, async (job) => {
      await new Promise<void>((resolve) => resolve());
      done.push(job);
    }).then(() => "drained");
    for (const job of [1, 2]) jobs.trySend(job);
    await time.settle();
    paused.set(true);
    for (const job of [3, 4]) jobs.trySend(job);
    jobs.close();
    await time.settle();
    expect([done, jobs.length]).toEqual([[1, 2], 2]);
    paused.set(false);
    await time.settle();
    expect([await all, done]).toEqual(["drained", [1, 2, 3, 4]]);
  });

  test("releases its source when it is cancelled, and ends when the switch is closed (CB-2)", async () => {
    using time = virtualTime();
    const { source, released } = watched(1);
    pausable(source, watch(true)).cancel("enough");
    await time.settle();
    expect(released).toEqual(["enough"]);
    const paused = watch(true);
    const cause = new Error("switch");
    const out = pausable(channel<number>(), paused);
    const next = expect(out.receive().then()).rejects.toBe(cause);
    paused.close(cause);
    await next;
    expect(out.closed).toBe(true);
  });

  test("refuses what is no switch", () => {
    expect(() => pausable([1], true as never)).toThrow("Cannot pause: paused must be a watch of a boolean");
  });
});

// What a callback may return, in its five forms, shown with forEach and pipeline, which wait for it.

import { CancelledError, channel, collect, forEach, from, go, pipeline, type Routine, sleep } from "millrace";
import { describe, expect, test } from "vitest";
import { feed, upTo } from "../support/flow.js";
import { type StageForm, stageForms, waiting } from "../support/stages.js";
import { virtualTime } from "../support/virtual.js";

describe.each(stageForms)("forEach() whose body returns $form", ({ make, fail }: StageForm) => {
  test("takes the next value when the body has settled", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const fed = feed(source, upTo(4));
    const over: number[] = [];
    const all = forEach(source, (n) => make(10, undefined, { over: () => void over.push(n) })).then();
    await time.settle();
    if (over.length === 0) expect(fed.taken).toBe(1);
    await time.advance(40);
    await all;
    expect([over, time.timers]).toEqual([upTo(4), 0]);
  });

  test("throws the error of the body, and releases an owned source (CB-11)", async () => {
    using time = virtualTime();
    const error = new Error("body");
    const source = channel<number>(3);
    for (const n of [1, 2, 3]) source.trySend(n);
    const all = forEach(source, (n) => (n === 2 ? fail(5, error) : make(1, undefined)), { own: true }).then();
    const failed = expect(all).rejects.toBe(error);
    await time.advance(20);
    await failed;
    expect([source.closed, source.length, time.reported]).toEqual([true, 0, []]);
  });
});

describe.each(waiting)("forEach() whose body returns $form", ({ make, stops }: StageForm) => {
  test("that is cancelled cancels the body, takes nothing more, and leaves your channel open (CB-11)", async () => {
    using time = virtualTime();
    const source = channel<number>(2);
    source.trySend(1);
    source.trySend(2);
    const over: boolean[] = [];
    const task = go(function* (): Routine<void> {
      yield* forEach(source, () => make(50, undefined, { over: (done) => void over.push(done) }));
    });
    await time.advance(5);
    task.cancel();
    await expect(task.then()).rejects.toBeInstanceOf(CancelledError);
    if (stops) expect(time.timers).toBe(0);
    await time.advance(100);
    expect([source.length, source.closed]).toEqual([1, false]);
    if (over.length > 0) expect(over).toEqual([!stops]);
  });
});

describe("a settleable value", () => {
  test("forEach() does not continue after a cancelled body parks in its finally block (GO-4)", async () => {
    using time = virtualTime();
    const source = channel<number>(2);
    source.trySend(1);
    source.trySend(2);
    const task = go(function* (): Routine<void> {
      yield* forEach(source, function* (): Routine<void> {
        try {
          yield* sleep(50);
        } finally {
          yield* sleep(10);
        }
      });
    });
    await time.advance(5);
    task.cancel();
    await time.advance(10);
    expect([task.status, source.length, time.timers]).toEqual(["cancelled", 1, 0]);
  });

  test("a promise that rejects after the task that waits for it was cancelled is not reported (WK-2)", async () => {
    using time = virtualTime();
    const task = go(function* (): Routine<void> {
      yield* forEach(from([1]), () =>
        sleep(10).then(() => {
          throw new Error("late");
        }),
      );
    });
    await time.advance(5);
    task.cancel();
    await expect(task.then()).rejects.toBeInstanceOf(CancelledError);
    await time.advance(10);
    expect(time.reported).toEqual([]);
  });

  test("any thenable is accepted, also one that calls back at once", async () => {
    using _ = virtualTime();
    const thenable: PromiseLike<string> = {
      then: ((onValue: (value: string) => unknown) => onValue("now")) as PromiseLike<string>["then"],
    };
    expect(await collect(pipeline(2, from([1, 2]), () => thenable))).toEqual(["now", "now"]);
  });

  test("a task is joined, and continues when the pipeline() that joins it is cancelled", async () => {
    using time = virtualTime();
    const shared = go(function* (): Routine<number> {
      yield* sleep(20);
      return 7;
    });
    const output = pipeline(2, from([1, 2]), () => shared);
    await time.advance(5);
    output.cancel();
    await time.advance(20);
    expect(await shared).toBe(7);
  });
});

import { CancelledError, go, type RetryOptions, type Routine, random, retry, select, sleep } from "millrace";
import { describe, expect, test } from "vitest";
import { type StageForm, stageForms, waiting } from "../../support/stages.js";
import { virtualTime } from "../../support/virtual.js";

describe.each(stageForms)("retry() of an attempt that returns $form", ({ make, fail }: StageForm) => {
  test("repeats the attempt until it succeeds, and yields its value", async () => {
    using time = virtualTime();
    const seen: number[] = [];
    const got = retry(
      (n) => {
        seen.push(n);
        return n < 3 ? fail(1, new Error(`${n}`)) : make(1, `at ${n}`);
      },
      { delay: 10 },
    ).then();
    await time.advance(100);
    expect([await got, seen]).toEqual(["at 3", [1, 2, 3]]);
    expect([time.timers, time.reported]).toEqual([0, []]);
  });

  test("throws the error of the last attempt, and passes every earlier error to when", async () => {
    using time = virtualTime();
    const errors = [new Error("1"), new Error("2"), new Error("3")];
    const shown: unknown[] = [];
    const got = retry((n) => fail(1, errors[n - 1]), {
      when: (error, n) => {
        shown.push([error, n]);
        return true;
      },
    }).then();
    const failed = expect(got).rejects.toBe(errors[2]);
    await time.advance(1000);
    await failed;
    // when is not asked about the last error.
    expect(shown).toEqual([
      [errors[0], 1],
      [errors[1], 2],
    ]);
  });
});

describe.each(waiting)("retry() of an attempt that returns $form", ({ make, stops }: StageForm) => {
  test("cancels the attempt when it is cancelled itself", async () => {
    using time = virtualTime();
    let begun = 0;
    const task = go(function* (): Routine<number> {
      return yield* retry(() => make(100, 1, { begun: () => void begun++ }));
    });
    await time.advance(5);
    task.cancel();
    await expect(task.then()).rejects.toBeInstanceOf(CancelledError);
    if (stops) expect(time.timers).toBe(0);
    await time.advance(1000);
    expect([begun, time.timers]).toEqual([1, 0]);
  });
});

/** The times at which the attempts are made. */
async function times(options: RetryOptions, seed = 1): Promise<number[]> {
  using time = virtualTime(seed);
  const at: number[] = [];
  const got = retry(() => {
    at.push(time.now());
    throw new Error("busy");
  }, options).then(null, () => {});
  await time.advance(100_000);
  await got;
  return at;
}

describe("retry()", () => {
  test("waits between attempts for delays that grow by the factor, up to max", async () => {
    expect(await times({ jitter: "none" })).toEqual([0, 100, 300]);
    expect(await times({ jitter: "none", attempts: 6, delay: 10, factor: 3, max: 200 })).toEqual([
      0, 10, 40, 130, 330, 530,
    ]);
    expect(await times({ jitter: "none", attempts: 3, delay: 10, factor: 1 })).toEqual([0, 10, 20]);
    expect(await times({ attempts: 1 })).toEqual([0]);
    expect(await times({ attempts: 5, delay: 0 })).toEqual([0, 0, 0, 0, 0]);
  });

  test("with jitter waits for a part of each delay, the same part for the same seed (OP-15)", async () => {
    const [one, again, other] = [
      await times({ attempts: 5 }, 1),
      await times({ attempts: 5 }, 1),
      await times({ attempts: 5 }, 2),
    ];
    expect(again).toEqual(one);
    expect(other).not.toEqual(one);
    const delays = one.slice(1).map((at, n) => at - one[n]!);
    delays.forEach((delay, n) => {
      expect(delay).toBeGreaterThanOrEqual(0);
      expect(delay).toBeLessThanOrEqual(100 * 2 ** n + 1);
    });
  });

  test("random() draws from the random numbers of the host (OP-15)", () => {
    const draw = (seed: number): number[] => {
      using _ = virtualTime(seed);
      return [random(), random()];
    };
    expect(draw(3)).toEqual(draw(3));
    expect(draw(3)).not.toEqual(draw(4));
  });

  test("throws the error at once if when returns false", async () => {
    using time = virtualTime();
    const fatal = new Error("fatal");
    let made = 0;
    const got = retry(
      () => {
        made++;
        throw fatal;
      },
      { attempts: 10, when: (error) => error !== fatal },
    );
    await expect(got.then()).rejects.toBe(fatal);
    expect([made, time.timers]).toEqual([1, 0]);
  });

  test("throws what when throws", async () => {
    using _ = virtualTime();
    const error = new Error("in when");
    const options = {
      when(): boolean {
        throw error;
      },
    };
    await expect(retry(() => Promise.reject(new Error("x")), options).then()).rejects.toBe(error);
  });

  test("that is cancelled between attempts leaves no timer and makes no further attempt", async () => {
    using time = virtualTime();
    let made = 0;
    const choice = select({
      retried: retry(
        () => {
          made++;
          throw new Error("busy");
        },
        { delay: 100, jitter: "none" },
      ),
      late: sleep(50),
    }).then();
    await time.advance(50);
    expect((await choice).key).toBe("late");
    await time.settle();
    expect([made, time.timers]).toEqual([1, 0]);
  });

  test("makes no further attempt if an attempt throws in finally while it is cancelled", async () => {
    using time = virtualTime();
    let made = 0;
    const task = go(function* (): Routine<void> {
      yield* retry(function* (): Routine<void> {
        made++;
        using _ = {
          [Symbol.dispose](): void {
            throw new Error("in finally");
          },
        };
        yield* sleep(1000);
      });
    });
    await time.advance(5);
    task.cancel();
    await time.advance(10_000);
    expect([made, time.timers]).toEqual([1, 0]);
    await expect(task.then()).rejects.toThrow();
  });

  test("can be performed several times at once, each time with its own attempts", async () => {
    using time = virtualTime();
    let made = 0;
    const twice = retry(
      (n) => {
        made++;
        if (n < 2) throw new Error("busy");
        return n;
      },
      { jitter: "none" },
    );
    const all = Promise.all([twice, twice]);
    await time.advance(100);
    expect([await all, made]).toEqual([[2, 2], 4]);
  });

  test.each([
    [{ attempts: 0 }, "attempts must be a whole number, 1 or more, or Infinity, got 0"],
    [{ delay: -1 }, "delay must be a number, 0 or more, got -1"],
    [{ factor: Number.NaN }, "factor must be a number, 0 or more, got NaN"],
    [{ max: "x" as never }, 'max must be a number, 0 or more, got "x"'],
    [{ jitter: "some" as never }, 'jitter must be "full" or "none", got "some"'],
    [{ when: 1 as never }, "when must be a function, got 1"],
  ])("refuses %o", (options, message) => {
    expect(() => retry(() => 1, options)).toThrow(`Cannot retry: ${message}`);
  });
});

import fc from "fast-check";
import { go, now, RateLimiter, type Routine, run, select, sleep, TimeoutError, withTimeout } from "millrace";
import { describe, expect, test } from "vitest";
import { CROWD, spaced } from "../support/stress.js";
import { virtualTime } from "../support/virtual.js";

describe("RateLimiter", () => {
  test("acquire() completes at once for a burst, then once per interval, in the order of the calls", async () => {
    using time = virtualTime();
    const limiter = new RateLimiter({ limit: 10, per: 1000, burst: 3 });
    const log: [number, number][] = [];
    for (let n = 0; n < 6; n++) {
      go(function* (): Routine<void> {
        yield* limiter.acquire();
        log.push([n, time.now()]);
      });
    }
    await time.advance(1000);
    expect(log).toEqual([0, 0, 0, 100, 200, 300].map((at, n) => [n, at]));
    expect(time.timers).toBe(0);
  });

  test("available grows steadily, in fractions, up to the burst, and does not drift", async () => {
    using time = virtualTime();
    const limiter = new RateLimiter({ limit: 3, per: 1000 });
    expect(limiter.available).toBe(3);
    expect(limiter.tryAcquire(3)).toBe(true);
    await time.advance(500);
    expect([limiter.available, limiter.tryAcquire(2)]).toEqual([1.5, false]);
    expect(limiter.tryAcquire(1.5)).toBe(true);
    await time.advance(1000);
    expect(limiter.available).toBe(3);
    await time.advance(100_000);
    expect(limiter.available).toBe(3);
    // The bucket is never full, so that the limiter never starts to count anew.
    const busy = new RateLimiter({ limit: 3, per: 1000, burst: 4 });
    const start = time.now();
    busy.tryAcquire(4);
    for (let n = 1; n <= 300; n++) {
      await time.advance(1000);
      for (let token = 0; token < 3; token++) expect(busy.tryAcquire()).toBe(true);
      expect([busy.tryAcquire(), busy.available, time.now() - start]).toEqual([false, 0, n * 1000]);
    }
  });

  test("acquire() of many tokens waits for all of them, and later small requests do not overtake it", async () => {
    using time = virtualTime();
    const limiter = new RateLimiter({ limit: 1, per: 100, burst: 5 });
    const log: [number, number][] = [];
    limiter.tryAcquire(5);
    for (const n of [4, 1, 2]) {
      go(function* (): Routine<void> {
        yield* limiter.acquire(n);
        log.push([n, time.now()]);
      });
    }
    await time.advance(300);
    expect([limiter.available, limiter.tryAcquire()]).toEqual([3, false]);
    await time.advance(1000);
    expect(log).toEqual([
      [4, 400],
      [1, 500],
      [2, 700],
    ]);
  });

  test("acquire() behind a cancelled large request waits only for its own tokens", async () => {
    using time = virtualTime();
    const limiter = new RateLimiter({ limit: 1, per: 100, burst: 5 });
    limiter.tryAcquire(5);
    const large = go(function* (): Routine<void> {
      yield* limiter.acquire(5);
    });
    const small = go(function* (): Routine<number> {
      yield* limiter.acquire();
      return now();
    });
    await time.advance(50);
    large.cancel();
    await time.advance(50);
    expect([await small, time.timers]).toEqual([100, 0]);
  });

  test("leaves no timer when every waiter has left", async () => {
    using time = virtualTime();
    const limiter = new RateLimiter({ limit: 1, per: 100 });
    limiter.tryAcquire();
    const late = expect(withTimeout(10, limiter.acquire()).then()).rejects.toBeInstanceOf(TimeoutError);
    expect((await select({ token: limiter.acquire() }, { default: null })).key).toBe("default");
    await time.advance(10);
    await late;
    await time.settle();
    expect(time.timers).toBe(0);
    await time.advance(90);
    expect(limiter.available).toBe(1);
  });

  test("passes the tokens of a task that is cancelled before it resumes to the next waiters", async () => {
    using time = virtualTime();
    const limiter = new RateLimiter({ limit: 1, per: 100, burst: 2 });
    limiter.tryAcquire(2);
    const log: [string, number][] = [];
    function* taker(name: string, n: number): Routine<void> {
      yield* select({ tokens: limiter.acquire(n), late: sleep(1e6) });
      log.push([name, now()]);
    }
    // Its alarm was set first, so it runs after the alarm of the limiter and before the served task resumes.
    go(function* (): Routine<void> {
      yield* sleep(200);
      a.cancel();
    });
    const a = go(taker, "a", 2);
    const b = go(taker, "b", 1);
    const c = go(taker, "c", 1);
    await time.advance(1000);
    for (const task of [b, c]) await task;
    expect(log).toEqual([
      ["b", 200],
      ["c", 200],
    ]);
  });

  test("acquire() that waits for a token is no deadlock, even if its task is the only one (EN-1)", async () => {
    using time = virtualTime();
    const main = run(function* (): Routine<number> {
      const limiter = new RateLimiter({ limit: 1, per: 100 });
      yield* limiter.acquire();
      yield* limiter.acquire();
      return now();
    });
    await time.advance(100);
    expect(await main).toBe(100);
  });

  test(`serves ${spaced(CROWD)} waiters, each when its token is due`, async () => {
    using time = virtualTime();
    const limiter = new RateLimiter({ limit: CROWD / 2, per: 1000, burst: CROWD / 2 });
    let served = 0;
    for (let n = 0; n < CROWD; n++) {
      go(function* (): Routine<void> {
        yield* limiter.acquire();
        served++;
      });
    }
    await time.settle();
    expect(served).toBe(CROWD / 2);
    for (let n = 1; n <= 10; n++) {
      await time.advance(100);
      expect(served).toBe(CROWD / 2 + n * (CROWD / 20));
    }
  });

  test.each(["limit", "per", "burst"])("refuses a value for %s that is not a finite number above 0", (key) => {
    for (const value of [0, -1, Number.NaN, Infinity, "5" as unknown as number]) {
      const make = () => new RateLimiter({ limit: 1, per: 1, burst: 1, [key]: value });
      expect(make).toThrow(RangeError);
      expect(make).toThrow(`Cannot create rate limiter: ${key} must be a number above 0, got`);
    }
  });

  test("acquire() and tryAcquire() refuse more tokens than the bucket holds, and acquire() an invalid number", () => {
    using _ = virtualTime();
    const limiter = new RateLimiter({ limit: 5, per: 1000, name: "api" });
    const message = "Cannot acquire from rate limiter api: n must be a number above 0 and at most 5 (the burst), got 6";
    expect(() => limiter.acquire(6)).toThrow(message);
    expect(() => limiter.tryAcquire(6)).toThrow(RangeError);
    for (const n of [0, -1, Number.NaN]) expect(() => limiter.acquire(n)).toThrow(RangeError);
    expect(limiter.available).toBe(5);
  });
});

/** The requests, each after a pause. Some have a deadline. */
const asks = fc.array(
  fc.record({
    after: fc.nat(40),
    n: fc.integer({ min: 1, max: 6 }),
    deadline: fc.option(fc.nat(60), { nil: undefined }),
  }),
  { minLength: 1, maxLength: 40 },
);
const rates = fc.record({
  limit: fc.integer({ min: 1, max: 20 }),
  per: fc.integer({ min: 1, max: 300 }),
  burst: fc.integer({ min: 6, max: 12 }),
});

test("RateLimiter grants at most the burst plus the rate in any span, in order, and serves each request without a deadline", async () => {
  await fc.assert(
    fc.asyncProperty(rates, asks, async (options, list) => {
      using time = virtualTime();
      const limiter = new RateLimiter(options);
      const taken: { at: number; n: number; order: number }[] = [];
      const tasks = list.map(({ n, deadline }, order) => ({ n, deadline, order }));
      const main = go(function* (): Routine<void> {
        for (const { n, deadline, order } of tasks) {
          yield* sleep(list[order]!.after);
          go(function* (): Routine<void> {
            const late = deadline === undefined ? {} : { late: sleep(deadline) };
            const { key } = yield* select({ tokens: limiter.acquire(n), ...late }, { mode: "priority" });
            if (key === "tokens") taken.push({ at: now(), n, order });
          });
        }
      });
      await time.advance(40 * 40 + 40 * 6 * 300);
      await main;
      // 1. Every request without a deadline was served.
      const unlimited = tasks.filter(({ deadline }) => deadline === undefined).map(({ order }) => order);
      expect(taken.map(({ order }) => order)).toEqual(expect.arrayContaining(unlimited));
      // 2. In the order of the calls.
      expect(taken.map(({ order }) => order)).toEqual(taken.map(({ order }) => order).sort((a, b) => a - b));
      // 3. Never faster than the rate.
      for (let first = 0; first < taken.length; first++) {
        let sum = 0;
        for (let last = first; last < taken.length; last++) {
          sum += taken[last]!.n;
          const came = ((taken[last]!.at - taken[first]!.at) * options.limit) / options.per;
          expect(sum).toBeLessThanOrEqual(options.burst + came + 1e-9);
        }
      }
      // 4. All tokens are back, and no timer is left.
      expect([limiter.available, time.timers]).toEqual([options.burst, 0]);
    }),
    { numRuns: 60 },
  );
});

test("RateLimiter.acquire() completes at the times that an exact simulation of the bucket gives", async () => {
  await fc.assert(
    fc.asyncProperty(
      rates,
      fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 30 }),
      async (options, list) => {
        using time = virtualTime();
        const limiter = new RateLimiter(options);
        const times: number[] = [];
        const main = go(function* (): Routine<void> {
          for (const n of list) {
            yield* limiter.acquire(n);
            times.push(now());
          }
        });
        await time.advance(30 * 6 * 300);
        await main;
        // In units of 1/per tokens, `limit` units come each millisecond. The timer of the host has a resolution of 1 ms.
        let [level, at] = [options.burst * options.per, 0];
        const expected = list.map((n) => {
          while (level < n * options.per) {
            at++;
            level = Math.min(level + options.limit, options.burst * options.per);
          }
          level -= n * options.per;
          return at;
        });
        expect(times).toEqual(expected);
      },
    ),
    { numRuns: 60 },
  );
});

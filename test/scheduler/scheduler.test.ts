import { type AsyncRoutine, always, CLOSED, channel, go, pause, type Routine, select, sleep } from "millrace";
import { flush, nativeHost, replaceHost, usePolicy } from "millrace/host";
import { describe, expect, test } from "vitest";
import { CROWD, scaled, spaced } from "../support/stress.js";
import { virtualTime } from "../support/virtual.js";

const forms = [
  {
    form: "function*",
    *spin(counter: { count: number }, until: () => boolean): Routine<void> {
      for (; !until(); counter.count++) yield* always(0);
    },
    *receive(
      from: ReturnType<typeof channel<number>>,
      counter: { count: number },
      until: () => boolean,
    ): Routine<void> {
      for (; !until(); counter.count++) yield* from.receive();
    },
    *note(log: string[], name: string, turns: number): Routine<void> {
      for (let turn = 1; turn <= turns; turn++) {
        log.push(`${name}${turn}`);
        yield* pause();
      }
    },
  },
  {
    form: "async function*",
    async *spin(counter: { count: number }, until: () => boolean): AsyncRoutine<void> {
      for (; !until(); counter.count++) yield* always(0);
    },
    async *receive(
      from: ReturnType<typeof channel<number>>,
      counter: { count: number },
      until: () => boolean,
    ): AsyncRoutine<void> {
      for (; !until(); counter.count++) yield* from.receive();
    },
    async *note(log: string[], name: string, turns: number): AsyncRoutine<void> {
      for (let turn = 1; turn <= turns; turn++) {
        log.push(`${name}${turn}`);
        yield* pause();
      }
    },
  },
];

describe.each(forms)("scheduler, $form", (form) => {
  test.each(forms)(
    "a block that never parks takes its turn after a bounded number of completions; so $form gets its own (GO-5)",
    async (other) => {
      using _ = virtualTime();
      const counter = { count: 0 };
      const between: number[] = [];
      let over = false;
      const spinner = go(form.spin, counter, () => over || counter.count > 3_000_000);
      const watcher = go(function* (): Routine<void> {
        for (let turn = 0; turn < 50; turn++) {
          const before = counter.count;
          yield* pause();
          between.push(counter.count - before);
        }
      });
      const log: string[] = [];
      const noting = go(other.note, log, "turn", 50);
      // The clock stands still here, so only a go block can end this: plain code gets its turn with the next slice.
      await go(function* (): Routine<void> {
        yield* noting;
        yield* watcher;
        over = true;
        yield* spinner;
      });
      expect(log.length).toBe(50);
      expect(Math.max(...between)).toBeLessThanOrEqual(256);
      expect(counter.count).toBeLessThan(3_000_000);
    },
  );

  test("a loop over a closed channel, which is ready for ever, starves no other task (GO-5, CH-20)", async () => {
    using _ = virtualTime();
    const closed = channel<number>();
    closed.close();
    const counter = { count: 0 };
    let over = false;
    const reader = go(form.receive, closed, counter, () => over || counter.count > 3_000_000);
    const noting = go(form.note, [], "turn", 20);
    await go(function* (): Routine<void> {
      yield* noting;
      over = true;
      yield* reader;
    });
    expect(counter.count).toBeGreaterThan(0);
    expect(counter.count).toBeLessThan(3_000_000);
  });

  test("pause() gives every ready task its turn, round robin (GO-5)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    for (const name of ["a", "b", "c"]) go(form.note, log, name, 3);
    await time.settle();
    expect(log).toEqual(["a1", "b1", "c1", "a2", "b2", "c2", "a3", "b3", "c3"]);
  });

  test("the scheduler gives the thread back to the host after each slice of time (GO-5)", async () => {
    // Each look at the clock costs 1 ms here, so that time passes with work done.
    let now = 0;
    let turns = 0;
    using _ = replaceHost({
      now: () => now++,
      turn: (job) => {
        turns++;
        nativeHost.turn(job);
      },
    });
    const counter = { count: 0 };
    await go(form.spin, counter, () => counter.count === scaled(200_000, 1_000_000));
    expect(now).toBeGreaterThan(scaled(10, 50));
    expect(turns).toBeGreaterThan(now / 20);
  });

  test("a sleep that is due is over while other tasks never park (GO-5, TM-2)", async () => {
    let now = 0;
    using _ = replaceHost({ now: () => (now += 0.1) });
    const counter = { count: 0 };
    let rung = false;
    go(function* (): Routine<void> {
      yield* sleep(5);
      rung = true;
    });
    await go(form.spin, counter, () => rung || counter.count > 3_000_000);
    expect(rung).toBe(true);
  });

  test("usePolicy() takes over the order of the run queue", async () => {
    using time = virtualTime();
    const log: string[] = [];
    {
      using _ = usePolicy({ next: (ready) => ready - 1, choose: () => 0 });
      for (const name of ["a", "b", "c"]) go(form.note, log, name, 1);
      await time.settle();
    }
    expect(log).toEqual(["c1", "b1", "a1"]);
    for (const name of ["d", "e"]) go(form.note, log, name, 1);
    await time.settle();
    expect(log.slice(3)).toEqual(["d1", "e1"]);
  });
});

test("the task that was made ready first is resumed first, at whichever operation it was parked (CH-7)", async () => {
  using time = virtualTime();
  const log: string[] = [];
  const [a, b] = [channel<number>(), channel<number>()];
  const wait = function* (name: string, from: typeof a): Routine<void> {
    yield* from.receive();
    log.push(name);
  };
  go(wait, "1 (waits for b)", b);
  go(wait, "2 (waits for a)", a);
  go(function* (): Routine<void> {
    yield* sleep(5);
    log.push("3 (slept)");
  });
  await time.settle();
  a.trySend(1);
  b.trySend(1);
  await time.advance(5);
  expect(log).toEqual(["2 (waits for a)", "1 (waits for b)", "3 (slept)"]);
});

test("flush() runs all tasks that are ready, and all timers that are due, before it returns", () => {
  let now = 0;
  using _ = replaceHost({ now: () => now });
  const log: string[] = [];
  go(function* (): Routine<void> {
    log.push("started");
    yield* sleep(10);
    log.push("slept");
  });
  flush();
  expect(log).toEqual(["started"]);
  now = 10;
  flush();
  expect(log).toEqual(["started", "slept"]);
});

test("a host with the same seed repeats every choice, and another seed gives other choices (OP-15)", async () => {
  const play = async (seed: number): Promise<string> => {
    using _ = virtualTime(seed);
    return await go(function* (): Routine<string> {
      let keys = "";
      for (let n = 0; n < 64; n++) keys += (yield* select({ a: always(1), b: always(2) })).key;
      return keys;
    });
  };
  expect(await play(7)).toBe(await play(7));
  expect(await play(7)).not.toBe(await play(8));
});

test("replaceHost() moves ready tasks and timers to the new host", async () => {
  const log: string[] = [];
  let finished: Promise<unknown>;
  {
    using time = virtualTime();
    finished = go(function* (): Routine<void> {
      yield* sleep(10);
      log.push("woke");
    }).then();
    await time.settle();
    expect(time.timers).toBe(1);
    go(function* ready(): Routine<void> {
      log.push("ready");
    });
  }
  await finished;
  expect(log).toEqual(["ready", "woke"]);
});

test("replaceHost(), called many times, leaves one chain of turns (GO-5)", async () => {
  for (let n = 0; n < 50; n++) {
    using _ = virtualTime();
    go(function* (): Routine<void> {
      yield* sleep(0);
    });
    await null;
  }
  let [asked, most] = [0, 0];
  using _ = replaceHost({
    turn: (job) => {
      most = Math.max(most, ++asked);
      nativeHost.turn(() => {
        asked--;
        job();
      });
    },
  });
  const start = performance.now();
  await go(function* (): Routine<void> {
    while (performance.now() - start < 50) yield* pause();
  });
  expect(most).toBe(1);
});

test(`a relay of ${spaced(CROWD)} tasks does not grow the stack (CH-13)`, async () => {
  let from = channel<number>();
  const first = from;
  for (let n = 0; n < CROWD; n++) {
    const to = channel<number>();
    go(
      function* (source: typeof first, target: typeof first): Routine<void> {
        const value = yield* source.receive();
        if (value !== CLOSED) yield* target.send(value + 1);
      },
      from,
      to,
    );
    from = to;
  }
  first.send(0).then();
  expect(await from.receive()).toBe(CROWD);
});

// The host gets the thread after a bounded time, however long the code between two operations computes (GO-5). The clock is
// virtual: it moves where code computes, and by a little with each operation. So the numbers are the same in every run.

import { channel, go, pause, sliding } from "millrace";
import { nativeHost, replaceHost } from "millrace/host";
import { describe, expect, test } from "vitest";
import { scheduler } from "../../src/scheduler/scheduler.js";

/** The most milliseconds between two turns of the host: by so much a timer may be late. */
const MOST = 15;
/** The same, if the code goes on several microtasks later, or if tasks that compute make others ready that do not. */
const MOST_APART = 25;
const OPERATION = 0.0001;

interface Program {
  /** Moves the clock. */
  compute(ms: number): void;
  /** Whether code goes on. */
  readonly on: boolean;
}

/** Runs a program for some time on a virtual clock; returns the longest times between two turns of the host, the longest first. */
async function gaps(lasts: number, start: (program: Program) => readonly PromiseLike<unknown>[]): Promise<number[]> {
  let now = 0;
  let had = 0;
  const seen: number[] = [];
  using _ = replaceHost({
    now: () => now,
    turn: (job) =>
      nativeHost.turn(() => {
        seen.push(now - had);
        had = now;
        job();
      }),
  });
  const program: Program = {
    compute: (ms) => {
      now += ms + OPERATION;
    },
    get on() {
      return now < lasts;
    },
  };
  await Promise.all(start(program));
  seen.push(now - had);
  return seen.sort((a, b) => b - a);
}

type Form = (program: Program, work: () => number) => PromiseLike<unknown>;

const forms: Readonly<Record<string, Form>> = {
  "function*": (program, work) =>
    go(function* () {
      for (const to = channel<number>(sliding(1)); program.on; program.compute(work())) yield* to.send(1);
    }),
  "async function*": (program, work) =>
    go(async function* () {
      for (const to = channel<number>(sliding(1)); program.on; program.compute(work())) yield* to.send(1);
    }),
  "async function* with await": (program, work) =>
    go(async function* () {
      for (const to = channel<number>(sliding(1)); program.on; program.compute(work())) await to.send(1);
    }),
  await: async (program, work) => {
    for (const to = channel<number>(sliding(1)); program.on; program.compute(work())) await to.send(1);
  },
  "await of a mapped operation": async (program, work) => {
    for (const to = channel<number>(sliding(1)); program.on; program.compute(work())) await to.send(1).map(Boolean);
  },
  "for await": async (program, work) => {
    const from = channel<number>(1);
    from.trySend(1);
    for await (const value of from) {
      if (!program.on) break;
      program.compute(work());
      from.trySend(value);
    }
  },
  "function* that parks": (program, work) =>
    go(function* () {
      for (; program.on; program.compute(work())) yield* pause();
    }),
  "function* that hands over": (program, work) => {
    const to = channel<number>();
    go(function* () {
      for (; program.on; program.compute(work())) yield* to.send(1);
      to.cancel();
    });
    return go(function* () {
      while (program.on) yield* to.receive();
    });
  },
};

const works = [0, 0.02, 0.1, 0.4, 1, 4];

const apart = ["await of a mapped operation", "function* that parks", "function* that hands over"];

describe.each(Object.entries(forms))("beside tasks in the form %s", (form, start) => {
  // Where code uses contexts, as some files of tests do, what is awaited goes on in the context of its code: some microtasks later.
  const isLate = scheduler.contexts !== null && form.includes("await");
  const most = apart.includes(form) || isLate ? MOST_APART : MOST;

  test.each(works)(
    "that compute %d ms, the host gets the thread in time, from the first slice on (GO-5)",
    async (ms) => {
      for (const tasks of [1, 2, 3]) {
        const [longest] = await gaps(ms === 0 ? 20 : ms * tasks * 25, (program) =>
          Array.from({ length: tasks }, () => start(program, () => ms)),
        );
        expect(longest, `${tasks} tasks`).toBeLessThan(most);
      }
    },
  );

  test.each(works)(
    "that compute %d ms, fifty of them, it gets the thread in time after the first slice (GO-5)",
    async (ms) => {
      const [, longest] = await gaps(ms === 0 ? 20 : ms * 50 * 20, (program) =>
        Array.from({ length: 50 }, () => start(program, () => ms)),
      );
      expect(longest).toBeLessThan(most);
    },
  );

  test("that compute little and much beside each other, the host gets the thread in time (GO-5)", async () => {
    const [longest] = await gaps(1000, (program) => works.slice(1).map((ms) => start(program, () => ms)));
    expect(longest).toBeLessThan(most);
  });

  test("that begin to compute, the host waits for no more than the operations that were to be quick (GO-5)", async () => {
    let done = 0;
    // After each phase with little work comes one with much.
    const [longest] = await gaps(3000, (program) => [start(program, () => (done++ % 1000 < 500 ? 0.001 : 1))]);
    expect(longest).toBeLessThan(64 + most);
  });
});

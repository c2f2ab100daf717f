// Faults on named channels: what each means, and that they belong to the schedule.

import { CLOSED, channel, go, type Routine, select, sleep } from "millrace";
import { type Faults, replay, ScheduleError, simulate } from "millrace/testing";
import { describe, expect, test } from "vitest";

/** Sends 1, 2, 3 over a line that may be faulty, and returns what arrived before nothing came any more. */
function* transmission(): Routine<string> {
  const line = channel<number>(10, { name: "line" });
  const sent = go(function* () {
    const accepted: boolean[] = [];
    for (let n = 1; n <= 3; n++) accepted.push(yield* line.send(n));
    return accepted.join();
  });
  const seen: number[] = [];
  for (;;) {
    const { key, value } = yield* select({ line, over: sleep(1000) });
    if (key === "over" || value === CLOSED) break;
    seen.push(Number(value));
  }
  return `${seen.join()} (${yield* sent})`;
}

const outcomesWith = async (faults: Faults): Promise<string[]> => {
  const { outcomes } = await simulate(transmission, { faults: { line: faults }, schedules: 300, strategy: "random" });
  return [...outcomes].sort();
};

describe("a fault on a channel of that name", () => {
  test("faults { drop }: the send completes with true, and the value is lost", async () => {
    expect(await outcomesWith({ drop: 1 })).toEqual([" (true,true,true)"]);
    const some = await outcomesWith({ drop: 0.5 });
    expect(some).toContain("1,3 (true,true,true)");
    expect(some).toHaveLength(8);
  });

  test("faults { duplicate }: the value arrives twice", async () => {
    const [first, ...rest] = await outcomesWith({ duplicate: 1 });
    expect(first).toMatch(/^[123](,[123]){5} \(true,true,true\)$/);
    for (const outcome of [first!, ...rest]) {
      expect([...outcome.split(" ")[0]!.replaceAll(",", "")].sort().join("")).toBe("112233");
    }
  });

  test("faults { delay }: the value arrives later, and may arrive behind later values", async () => {
    const seen = (await outcomesWith({ delay: 1, delayMs: 20 })).map((outcome) => outcome.split(" ")[0]);
    expect(new Set(seen)).toEqual(new Set(["1,2,3", "1,3,2", "2,1,3", "2,3,1", "3,1,2", "3,2,1"]));
  });

  test("faults { close }: the channel closes instead, and the send completes with false", async () => {
    expect(await outcomesWith({ close: 1 })).toEqual([" (false,false,false)"]);
  });

  test("simulate() with faults on one channel leaves channels with other names as they are", async () => {
    const { outcomes } = await simulate(transmission, { faults: { wire: { drop: 1 } } });
    expect([...outcomes]).toEqual(["1,2,3 (true,true,true)"]);
  });

  test("a receiver on a channel with faults gets the values that are not dropped", async () => {
    const { outcomes } = await simulate(
      function* () {
        const line = channel<number>(0, { name: "line" });
        go(function* () {
          for (let n = 1; n <= 2; n++) yield* line.send(n);
          line.close();
        });
        const seen: number[] = [];
        for (let n: unknown; (n = yield* line.receive()) !== CLOSED; ) seen.push(Number(n));
        return seen.join();
      },
      { faults: { line: { drop: 0.5 } }, schedules: 200 },
    );
    expect([...outcomes].sort()).toEqual(["", "1", "1,2", "2"]);
  });
});

/** Fails as soon as the last of three values is lost. */
function* wantsTheLast(): Routine<void> {
  const result = yield* transmission();
  if (!result.includes("3 (")) throw new Error(`The last is missing: ${result}`);
}

test("a failing schedule has only the faults that it needs, each as a step, and replays", async () => {
  const faults = { line: { drop: 0.5 } };
  const error = await simulate(wantsTheLast, { faults }).catch((error: unknown) => error as ScheduleError);
  if (!(error instanceof ScheduleError)) throw new Error("It must fail");
  const struck = error.schedule.steps.filter(({ what }) => what.includes("dropped"));
  expect(struck.map(({ what }) => what)).toEqual(["line ! 3: dropped"]);
  const again = await replay(error.token, wantsTheLast, { faults }).catch((error: unknown) => error as ScheduleError);
  expect(again).toMatchObject({ kind: "throw", token: error.token });
});

test.each([{ drop: 2 }, { close: -1 }, { delay: Number.NaN }, { delayMs: 0 }])(
  "simulate() refuses the faults %o",
  (faults) => {
    expect(() => simulate(transmission, { faults: { line: faults } })).toThrow("Cannot plan faults for line");
  },
);

import { now, type Routine, sleep } from "millrace";
import { type Backoff, type SupervisorEvent, supervise } from "millrace/supervise";
import { describe, expect, test } from "vitest";
import { inVirtualTime } from "./stage.js";

/** The delays before the restarts of a child that runs for the given times and then fails. */
function delays(backoff: Backoff, runs: readonly number[], failStart = false): Promise<number[]> {
  return inVirtualTime(function* (): Routine<number[]> {
    const tree = supervise(
      {
        a: {
          *body({ incarnation }) {
            if (failStart && incarnation > 1) throw new Error("cannot start");
            yield* sleep(runs[incarnation - 1] ?? 1e9);
            throw new Error("again");
          },
          backoff,
        },
      },
      { intensity: runs.length, period: 1e9 },
    );
    yield* tree.ready();
    const found: number[] = [];
    for (let event: SupervisorEvent | symbol; found.length < runs.length; ) {
      event = yield* tree.events.receive();
      if (typeof event === "object" && event.type === "restarting") found.push(event.delay);
    }
    yield* tree.stop();
    return found;
  });
}

describe("backoff", () => {
  const cases: readonly [title: string, backoff: Backoff, runs: number[], expected: number[]][] = [
    [
      "doubles up to max",
      { min: 3_000, max: 30_000 },
      [1, 1, 1, 1, 1, 1],
      [3_000, 6_000, 12_000, 24_000, 30_000, 30_000],
    ],
    ["grows by factor", { min: 10, max: 1_000, factor: 3 }, [1, 1, 1], [10, 30, 90]],
    ["stays with a factor of 1", { min: 10, max: 1_000, factor: 1 }, [1, 1, 1], [10, 10, 10]],
    ["begins anew after (min + max) / 2", { min: 10, max: 90 }, [1, 1, 49, 50], [10, 20, 40, 10]],
    ["begins anew after resetAfter", { min: 10, max: 90, resetAfter: 5 }, [1, 4, 5], [10, 20, 10]],
    ["is none with 0", { min: 0, max: 0 }, [1, 1], [0, 0]],
  ];
  test.each(cases)("SV-22 (P5): the delay %s", async (_, backoff, runs, expected) => {
    expect(await delays(backoff, runs)).toEqual(expected);
  });

  test("SV-22: an attempt that fails does not begin anew", async () => {
    expect(await delays({ min: 10, max: 80, resetAfter: 1 }, [0.5, 0, 0], true)).toEqual([10, 20, 40]);
  });

  test("SV-22 (P5): jitter adds a random share of the delay", async () => {
    const found = await delays(
      { min: 100, max: 100, jitter: 0.5 },
      Array.from({ length: 50 }, () => 1),
    );
    expect(Math.min(...found)).toBeGreaterThanOrEqual(100);
    expect(Math.max(...found)).toBeLessThanOrEqual(150);
    expect(new Set(found).size).toBeGreaterThan(40);
  });

  test("SV-22: the child starts exactly after its delay, and the others of its group wait with it", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const times: string[] = [];
      const start = now();
      const child = (name: string) =>
        function* ({ incarnation }: { incarnation: number }): Routine<void> {
          times.push(`${name} at ${now() - start}`);
          yield* sleep(name === "b" && incarnation === 1 ? 10 : 1e6);
          throw new Error("again");
        };
      const b = { body: child("b"), backoff: { min: 25, max: 100 } };
      const tree = supervise({ a: child("a"), b, c: child("c") }, { strategy: "one-for-all" });
      yield* tree.ready();
      yield* sleep(100);
      yield* tree.stop();
      return times;
    });
    expect(seen).toEqual(["a at 0", "b at 0", "c at 0", "a at 35", "b at 35", "c at 35"]);
  });

  test.each<[title: string, backoff: Backoff | undefined, kind: string]>([
    ["without delays ends the supervisor", undefined, "max-restarts"],
    ["with delays goes on", { min: 10, max: 10 }, "running"],
  ])("SV-23 (P7): with no limit of restarts, an attempt that fails %s", async (_, backoff, expected) => {
    const kind = await inVirtualTime(function* (): Routine<string> {
      const tree = supervise(
        {
          a: {
            *body({ incarnation }) {
              if (incarnation > 1) throw new Error("cannot start");
              yield* sleep(1);
              throw new Error("again");
            },
            ...(backoff && { backoff }),
          },
        },
        { intensity: Number.POSITIVE_INFINITY },
      );
      yield* tree.ready();
      yield* sleep(1_000);
      const exit = yield* tree.stop("running");
      const reason = exit.kind === "cancelled" ? exit.reason : undefined;
      return (reason as { code?: string }).code ?? String(reason);
    });
    expect(kind).toBe(expected);
  });

  test("SV-23: with no limit, a child that starts may fail for ever", async () => {
    const restarts = await inVirtualTime(function* (): Routine<number> {
      const tree = supervise(
        {
          *a() {
            yield* sleep(1);
            throw new Error("again");
          },
        },
        { intensity: Number.POSITIVE_INFINITY },
      );
      yield* tree.ready();
      yield* sleep(500.5);
      const { restarts } = tree.child("a")!;
      yield* tree.stop();
      return restarts;
    });
    expect(restarts).toBe(500);
  });
});

import { type Routine, sleep } from "millrace";
import { type Restart, type Strategy, supervise } from "millrace/supervise";
import { describe, expect, test } from "vitest";
import { eventsOf, inVirtualTime, Stage } from "./stage.js";

describe("supervise() starts and stops", () => {
  test("SV-1 (S1): children start in order, each after the one before has started, and stop in reverse order", async () => {
    const seen = await inVirtualTime(function* (): Routine<string[]> {
      const stage = new Stage();
      const tree = supervise(stage.bodies("a", "b", "c"));
      yield* tree.ready();
      const started = stage.seen();
      const exit = yield* tree.stop("enough");
      return [started, stage.seen(), JSON.stringify(exit), eventsOf(tree).join(", ")];
    });
    expect(seen).toEqual([
      "+a +b +c",
      "-c -b -a",
      '{"kind":"cancelled","reason":"enough"}',
      "started a 1, started b 1, started c 1, exited c cancelled, exited b cancelled, exited a cancelled",
    ]);
  });
});

/** What is stopped and started when `b` of a, b, c fails. */
const strategies: readonly [strategy: Strategy, seen: string][] = [
  ["one-for-one", "-b +b"],
  ["one-for-all", "-b -c -a +a +b +c"],
  ["rest-for-one", "-b -c +b +c"],
];

describe.each(strategies)("the strategy %s", (strategy, expected) => {
  test("SV-8, SV-9, SV-10 (S11, S12, S13): a failure restarts the group in order, and no other child", async () => {
    const seen = await inVirtualTime(function* (): Routine<string> {
      const stage = new Stage();
      const tree = supervise(stage.bodies("a", "b", "c"), { strategy });
      yield* tree.ready();
      stage.seen();
      yield* stage.fail("b");
      const log = stage.seen();
      yield* tree.stop();
      return log;
    });
    expect(seen).toBe(expected);
  });

  test("SV-13 (S21): one group restart counts as one", async () => {
    const status = await inVirtualTime(function* (): Routine<string> {
      const stage = new Stage();
      const tree = supervise(stage.bodies("a", "b", "c", "d", "e"), { strategy, intensity: 1 });
      yield* tree.ready();
      yield* stage.fail("a");
      const { status } = tree.child("e")!;
      yield* tree.stop();
      return status;
    });
    expect(status).toBe("running");
  });

  test.each<[intensity: number, passes: number]>([
    [0, 0],
    [1, 1],
    [2, 2],
    [5, 5],
  ])(
    "SV-12 (S17, S18): with an intensity of %i, failure %i + 1 within the period ends the supervisor",
    async (intensity, passes) => {
      const [running, exit, log, error] = await inVirtualTime(function* (): Routine<unknown[]> {
        const stage = new Stage();
        const tree = supervise(stage.bodies("a", "b"), { strategy, intensity });
        yield* tree.ready();
        for (let n = 0; n < passes; n++) yield* stage.fail("b");
        const { status } = tree.child("b")!;
        stage.seen();
        const cause = new Error("once more");
        yield* stage.fail("b", cause);
        const exit = yield* tree.exited();
        const reason = exit.kind === "cancelled" ? (exit.reason as Error & { code: string }) : undefined;
        return [status, exit.kind, stage.seen(), [reason?.code, reason?.cause === cause]];
      });
      expect([running, exit, log, error]).toEqual(["running", "cancelled", "-b -a", ["max-restarts", true]]);
    },
  );
});

describe("a group restart in which a child does not start", () => {
  test.each<[strategy: Strategy, failing: string, seen: string]>([
    ["one-for-one", "b", "-b !b +b"],
    // The children that were started again are stopped again, and the whole group is tried again.
    ["one-for-all", "b", "-b -c -a +a !b -a +a +b +c"],
    ["one-for-all", "c", "-b -c -a +a +b !c -b -a +a +b +c"],
    // The children before the one that did not start stay up.
    ["rest-for-one", "b", "-b -c !b +b +c"],
    ["rest-for-one", "c", "-b -c +b !c +c"],
  ])("SV-11 (S14): %s, when %s does not start", async (strategy, failing, expected) => {
    const seen = await inVirtualTime(function* (): Routine<string> {
      const stage = new Stage();
      const tree = supervise(stage.bodies("a", "b", "c"), { strategy, intensity: 2 });
      yield* tree.ready();
      stage.seen();
      stage.failStarts(failing, 1);
      yield* stage.fail("b");
      const log = stage.seen();
      yield* tree.stop();
      return log;
    });
    expect(seen).toBe(expected);
  });

  test("SV-13 (S19): an attempt that fails counts as a restart, so a child that never starts ends the supervisor", async () => {
    const seen = await inVirtualTime(function* (): Routine<string[]> {
      const stage = new Stage();
      const tree = supervise(stage.bodies("a"), { intensity: 3 });
      yield* tree.ready();
      stage.failStarts("a", 100);
      yield* stage.fail("a");
      const { kind } = yield* tree.exited();
      return [stage.seen(), kind];
    });
    expect(seen).toEqual(["+a -a !a !a !a", "cancelled"]);
  });
});

describe("restart", () => {
  const endings = {
    returned: function* (stage: Stage) {
      yield* stage.tell("a", "return");
    },
    failed: function* (stage: Stage) {
      yield* stage.fail("a");
    },
  };
  test.each<[restart: Restart, ending: keyof typeof endings, status: string | undefined, counted: number]>([
    ["permanent", "returned", "running", 1],
    ["permanent", "failed", "running", 1],
    ["transient", "returned", "stopped", 0],
    ["transient", "failed", "running", 1],
    ["temporary", "returned", undefined, 0],
    ["temporary", "failed", undefined, 0],
  ])("SV-6 (S7, S8, S9): a %s child that %s is then %s", async (restart, ending, status, counted) => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const stage = new Stage();
      const tree = supervise({ a: { body: stage.body("a"), restart } });
      yield* tree.ready();
      const a = tree.child("a")!;
      yield* endings[ending](stage);
      const found = tree.child("a")?.status;
      yield* tree.stop();
      return [found, a.restarts];
    });
    expect(seen).toEqual([status, counted]);
  });

  test("SV-13 (S23): the ends of transient and temporary children that are not restarted do not count", async () => {
    const kind = await inVirtualTime(function* (): Routine<string> {
      const stage = new Stage();
      const names = ["b", "c", "d", "e"];
      const tree = supervise(
        {
          a: stage.body("a"),
          ...Object.fromEntries(
            names.map((name, at) => [name, { body: stage.body(name), restart: at < 2 ? "transient" : "temporary" }]),
          ),
        },
        { intensity: 1 },
      );
      yield* tree.ready();
      for (const name of names.slice(0, 2)) yield* stage.tell(name, "return");
      for (const name of names.slice(2)) yield* stage.fail(name);
      yield* stage.fail("a");
      const { status } = tree.child("a")!;
      yield* tree.stop();
      return status;
    });
    expect(kind).toBe("running");
  });

  test.each<Strategy>(["one-for-all", "rest-for-one"])(
    "SV-6 (S9): a temporary child that is stopped because another failed is forgotten (%s)",
    async (strategy) => {
      const seen = await inVirtualTime(function* (): Routine<unknown[]> {
        const stage = new Stage();
        const tree = supervise(
          { a: stage.body("a"), b: { body: stage.body("b"), restart: "temporary" }, c: stage.body("c") },
          { strategy },
        );
        yield* tree.ready();
        stage.seen();
        yield* stage.fail("a");
        const ids = tree.children().map(({ id }) => id);
        const log = stage.seen();
        yield* tree.stop();
        return [ids, log];
      });
      expect(seen).toEqual([["c", "a"], "-a -c -b +a +c"]);
    },
  );
});

describe("the window of restarts", () => {
  const pauses: readonly [pause: number, status: string][] = [
    // Failures that are further apart than the period never add up.
    [2_100, "running"],
    [1_001, "running"],
    // A restart that is exactly as old as the period still counts.
    [1_000, "ended"],
    [500, "ended"],
  ];
  test.each(pauses)("SV-12 (S20): with intensity 1 in 1000 ms, failures %i ms apart: %s", async (pause, expected) => {
    const seen = await inVirtualTime(function* (): Routine<string> {
      const stage = new Stage();
      const tree = supervise(
        {
          *a() {
            yield* sleep(pause);
            stage.log.push("x");
            throw new Error("again");
          },
        },
        { intensity: 1, period: 1_000 },
      );
      yield* tree.ready();
      yield* sleep(pause * 5 + 1);
      const count = stage.log.length;
      yield* tree.stop();
      return count === 5 ? "running" : "ended";
    });
    expect(seen).toBe(expected);
  });
});

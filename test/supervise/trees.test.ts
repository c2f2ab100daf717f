import { never, type Routine, sleep } from "millrace";
import {
  type Children,
  type Restart,
  type Strategy,
  type Supervisor,
  supervise,
  type TreeOptions,
} from "millrace/supervise";
import { describe, expect, test } from "vitest";
import { eventsOf, inVirtualTime, Stage } from "./stage.js";

describe("a tree of supervisors", () => {
  test("SV-18 (S32): trees start and stop in order, and only what fails is restarted", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const stage = new Stage();
      const tree = supervise({
        a: stage.body("a"),
        inner: { children: stage.bodies("b", "c"), options: { strategy: "one-for-all" } },
        d: stage.body("d"),
      });
      yield* tree.ready();
      const started = stage.seen();
      yield* stage.fail("b");
      const restarted = stage.seen();
      const count = tree.count();
      yield* tree.stop();
      return [started, restarted, stage.seen(), count];
    });
    const count = { specs: 3, active: 3, supervisors: 1, workers: 2 };
    expect(seen).toEqual(["+a +b +c +d", "-b -c +b +c", "-d -c -b -a", count]);
  });

  test("SV-18 (S32): a tree that gives up is restarted by its parent with its static children; added children are gone", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const stage = new Stage();
      const tree = supervise({ inner: { children: stage.bodies("a", "b"), options: { intensity: 0 } } });
      yield* tree.ready();
      const first = tree.child("inner")!.tree!;
      yield* first.start("extra", stage.body("extra"));
      stage.seen();
      yield* stage.fail("a");
      const second = tree.child("inner")!.tree!;
      const ids = second.children().map(({ id }) => id);
      const log = stage.seen();
      const events = eventsOf(tree).slice(4);
      yield* tree.stop();
      return [log, ids, first === second, events];
    });
    expect(seen).toEqual([
      "-a -extra -b +a +b",
      ["b", "a"],
      false,
      [
        "exited inner/a failed",
        "gave up inner/a",
        "exited inner/extra cancelled",
        "exited inner/b cancelled",
        "exited inner cancelled",
        "restarting inner after 0",
        "started inner/a 1",
        "started inner/b 1",
        "started inner 2",
      ],
    ]);
  });

  test.each<[restart: Restart, status: string | undefined]>([
    ["permanent", "running"],
    // As in OTP: it has shut down, and has not failed.
    ["transient", "stopped"],
    ["temporary", undefined],
  ])("SV-20 (T1): a %s tree that gives up is then %s", async (restart, expected) => {
    const status = await inVirtualTime(function* (): Routine<unknown> {
      const stage = new Stage();
      const tree = supervise({ inner: { children: stage.bodies("a"), options: { intensity: 0 }, restart } });
      yield* tree.ready();
      yield* stage.fail("a");
      const status = tree.child("inner")?.status;
      yield* tree.stop();
      return status;
    });
    expect(status).toBe(expected);
  });

  test.each([
    [1, 1, 4],
    [2, 1, 6],
    [2, 2, 9],
    [0, 3, 4],
  ])(
    "SV-20 (T2): restarts multiply: intensities %i and %i let %i starts of a leaf pass",
    async (outer, inner, starts) => {
      const count = await inVirtualTime(function* (): Routine<number> {
        let count = 0;
        const leaf = function* (): Routine<never> {
          count++;
          yield* sleep(1);
          throw new Error("again");
        };
        const tree = supervise({ inner: { children: { leaf }, options: { intensity: inner } } }, { intensity: outer });
        yield* tree.exited();
        return count;
      });
      expect(count).toBe(starts);
    },
  );

  test("SV-18: a tree that does not start is a child that does not start", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const stage = new Stage();
      stage.failStarts("c", 1);
      const tree = supervise({ a: stage.body("a"), inner: { children: stage.bodies("b", "c") } });
      try {
        yield* tree.ready();
      } catch (error) {
        return [stage.seen(), String(error)];
      }
      return [];
    });
    expect(seen).toEqual([
      "+a +b !c -b -a",
      'StartError: Cannot start child "inner": StartError: Cannot start child "c": Error: c cannot start',
    ]);
  });

  test("SV-16: ending a tree by force ends all that is in it", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const stage = new Stage();
      stage.whenStopping("a", function* () {
        yield* never();
      });
      const children: Children = {
        inner: {
          children: { a: { body: stage.body("a"), shutdown: "infinity" }, b: stage.body("b") },
          shutdown: 100,
        },
      };
      const tree = supervise(children);
      yield* tree.ready();
      yield* tree.stop();
      yield* sleep(10);
      return [stage.seen(), eventsOf(tree).slice(-2)];
    });
    expect(seen).toEqual(["+a +b -b", ["exited inner killed", "shutdown error inner killed"]]);
  });

  test.each([
    ["a leaf", ["inner", "a"], "+a", ["exited inner/a killed", "restarting inner/a after 0", "started inner/a 2"]],
    ["a tree", ["inner"], "+a +b", ["exited inner killed", "restarting inner after 0"]],
  ] as const)("SV-27: kill() of %s is a failure", async (_, [first, second], log, events) => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const stage = new Stage();
      const tree = supervise({ inner: { children: stage.bodies("a", "b") } });
      yield* tree.ready();
      const inner = tree.child(first)!;
      eventsOf(tree);
      stage.seen();
      (second === undefined ? inner : inner.tree!.child(second)!).kill();
      yield* sleep(5);
      const seen = stage.seen().replaceAll(/-\w ?/g, "").trim();
      const told = eventsOf(tree).slice(0, events.length);
      yield* tree.stop();
      return [seen, told];
    });
    expect(seen).toEqual([log, events]);
  });

  test("SV-27: kill() aborts the signal in the same step, also of a promise that never settles", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const signals: AbortSignal[] = [];
      const tree = supervise({
        async a({ signal }) {
          signals.push(signal);
          await new Promise(() => {});
        },
      });
      yield* tree.ready();
      tree.child("a")!.kill();
      const aborted = signals[0]!.aborted;
      yield* tree.stop();
      return [aborted, signals.length];
    });
    expect(seen).toEqual([true, 1]);
  });

  test("SV-18: stop() of an inner tree ends that tree, and its parent treats it as any end", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const stage = new Stage();
      const tree = supervise({ inner: { children: stage.bodies("a"), restart: "transient" }, z: stage.body("z") });
      yield* tree.ready();
      const exit = yield* tree.child("inner")!.tree!.stop("done here");
      yield* sleep(1);
      const statuses = tree.children().map(({ id, status }) => `${id} ${status}`);
      yield* tree.stop();
      return [exit, statuses];
    });
    expect(seen).toEqual([{ kind: "cancelled", reason: "done here" }, ["z running", "inner stopped"]]);
  });

  test("SV-10 (T3): in a pipeline, rest-for-one counts a failure of the producer once; one-for-one counts each consumer", async () => {
    const run = (strategy: Strategy) =>
      inVirtualTime(function* (): Routine<string> {
        let producing: (() => void)[] = [];
        const consumer = function* (): Routine<never> {
          yield* new Wake((fail) => producing.push(fail)).wait();
          throw new Error("the producer is gone");
        };
        const producer = function* ({ incarnation }: { incarnation: number }): Routine<never> {
          yield* sleep(10);
          if (incarnation === 1) {
            const all = producing;
            producing = [];
            for (const fail of all) fail();
            throw new Error("broken");
          }
          return yield* never();
        };
        const tree = supervise({ producer, c1: consumer, c2: consumer, c3: consumer }, { strategy, intensity: 3 });
        yield* tree.ready();
        yield* sleep(100);
        const status = tree.child("producer")?.status ?? "gone";
        const { restarts } = tree.child("producer")!;
        yield* tree.stop();
        return `${status} ${restarts}`;
      });
    expect([await run("rest-for-one"), await run("one-for-one")]).toEqual(["running 1", "stopped 1"]);
  });
});

/** Something that a producer wakes. */
class Wake {
  private _done = false;
  constructor(begin: (done: () => void) => void) {
    begin(() => {
      this._done = true;
    });
  }

  *wait(): Routine<void> {
    while (!this._done) yield* sleep(1);
  }
}

describe("autoShutdown", () => {
  const significant = (stage: Stage, id: string, restart: Restart) => ({
    body: stage.body(id),
    restart,
    significant: true,
  });
  type Step = (stage: Stage, tree: Supervisor) => Routine<unknown>;
  const returns =
    (id: string): Step =>
    (stage) =>
      stage.tell(id, "return");
  const fails =
    (id: string): Step =>
    (stage) =>
      stage.fail(id);
  const terminated = (id: string): Step =>
    function* (_, tree) {
      yield* tree.terminate(id);
    };
  const cases: readonly [
    mode: TreeOptions["autoShutdown"],
    strategy: TreeOptions["strategy"],
    restart: Restart,
    title: string,
    steps: readonly Step[],
    ended: boolean,
  ][] = [
    ["any-significant", "one-for-one", "transient", "the first returns", [returns("a")], true],
    ["any-significant", "one-for-one", "temporary", "the first returns", [returns("a")], true],
    ["any-significant", "one-for-one", "temporary", "the first fails", [fails("a")], true],
    ["any-significant", "one-for-one", "transient", "the first fails, and is restarted", [fails("a")], false],
    ["any-significant", "one-for-one", "transient", "another child returns", [returns("z")], false],
    ["any-significant", "one-for-one", "transient", "the first is terminated", [terminated("a")], false],
    ["any-significant", "one-for-all", "temporary", "the first goes because another child failed", [fails("z")], false],
    ["all-significant", "one-for-one", "transient", "the first returns", [returns("a")], false],
    ["all-significant", "one-for-one", "transient", "both return", [returns("a"), returns("b")], true],
    ["all-significant", "one-for-one", "temporary", "both fail", [fails("a"), fails("b")], true],
    ["all-significant", "one-for-one", "transient", "one is terminated", [terminated("a")], false],
    ["all-significant", "one-for-one", "transient", "the last returns", [terminated("a"), returns("b")], true],
  ];
  test.each(cases)(
    "SV-19 (S33, S34, S35): %s, %s, %s children: %s",
    async (autoShutdown, strategy, restart, _, steps, ended) => {
      const seen = await inVirtualTime(function* (): Routine<unknown> {
        const stage = new Stage();
        const tree = supervise(
          {
            a: significant(stage, "a", restart),
            b: significant(stage, "b", restart),
            z: {
              body: stage.body("z"),
              restart: steps.length === 1 && strategy === "one-for-one" ? "transient" : "permanent",
            },
          },
          { autoShutdown: autoShutdown!, strategy: strategy! },
        );
        yield* tree.ready();
        for (const step of steps) yield* step(stage, tree);
        yield* sleep(1);
        const log = stage.seen().split(" ");
        const over = log.includes("-z") && !log.slice(log.indexOf("-z")).includes("+z");
        const exit = yield* tree.stop("test");
        return [over && exit.kind === "cancelled" && exit.reason === "auto-shutdown"];
      });
      expect(seen).toEqual([ended]);
    },
  );

  test("SV-19 (S36): a tree that shuts down by itself may be a significant child of its parent", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const stage = new Stage();
      const tree = supervise(
        {
          inner: {
            children: { a: significant(stage, "a", "transient") },
            options: { autoShutdown: "any-significant" },
            restart: "transient",
            significant: true,
          },
          z: stage.body("z"),
        },
        { autoShutdown: "any-significant" },
      );
      yield* tree.ready();
      yield* stage.tell("a", "return");
      const exit = yield* tree.exited();
      return [exit, stage.seen()];
    });
    expect(seen).toEqual([{ kind: "cancelled", reason: "auto-shutdown" }, "+a +z -a -z"]);
  });
});

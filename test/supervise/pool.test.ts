import { never, now, pause, type Routine, sleep } from "millrace";
import {
  type Child,
  type ChildContext,
  type ChildError,
  IGNORE,
  pool,
  type Restart,
  supervise,
} from "millrace/supervise";
import { describe, expect, test } from "vitest";
import { inVirtualTime, Stage } from "./stage.js";

function* failingOnce(context: ChildContext, log: string[], name: string): Routine<never> {
  log.push(`${name}${context.incarnation}`);
  yield* sleep(1);
  if (context.incarnation === 1) throw new Error("first");
  return yield* never();
}

describe("pool()", () => {
  test("SV-21 (S15): a child is restarted alone, with its own arguments", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const log: string[] = [];
      const children = pool(failingOnce, { intensity: 2 });
      yield* children.start(log, "a");
      yield* children.start(log, "b");
      yield* sleep(10);
      const count = children.count();
      yield* children.stop();
      return [log, count];
    });
    expect(seen).toEqual([["a1", "b1", "a2", "b2"], { specs: 2, active: 2, supervisors: 0, workers: 2 }]);
  });

  test.each<[restart: Restart, ending: "return" | "fail" | "terminate", left: number]>([
    ["permanent", "return", 1],
    ["permanent", "terminate", 0],
    ["transient", "return", 0],
    ["transient", "fail", 1],
    ["temporary", "fail", 0],
  ])("SV-21: of a %s child, after %s, %i is left", async (restart, ending, left) => {
    const count = await inVirtualTime(function* (): Routine<number> {
      const stage = new Stage();
      const children = pool(stage.body("a"), { restart });
      const child = yield* children.start();
      if (ending === "return") yield* stage.tell("a", "return");
      else if (ending === "fail") yield* stage.fail("a");
      else yield* children.terminate(child);
      const { specs } = children.count();
      yield* children.stop();
      return specs;
    });
    expect(count).toBe(left);
  });

  test("SV-21 (S15): all children stop at the same time, within one grace", async () => {
    const ms = await inVirtualTime(function* (): Routine<number> {
      const stage = new Stage();
      stage.whenStopping("a", function* () {
        yield* sleep(80);
      });
      stage.whenStopping("b", function* () {
        yield* never();
      });
      const children = pool((context, name: string) => stage.body(name)(context), { shutdown: 100 });
      for (let n = 0; n < 50; n++) {
        yield* children.start("a");
        yield* children.start("b");
      }
      const before = now();
      yield* children.stop();
      return Math.floor(now() - before);
    });
    expect(ms).toBe(100);
  });

  test("SV-21: there are at most `max` children, those that wait for a restart included", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const stage = new Stage();
      const children = pool(stage.body("a"), { max: 2, backoff: { min: 100, max: 100 } });
      const first = yield* children.start();
      yield* children.start();
      yield* stage.fail("a");
      const { specs, active } = children.count();
      let code = "";
      try {
        yield* children.start();
      } catch (error) {
        code = (error as ChildError).code;
      }
      yield* children.terminate(first);
      yield* children.start();
      yield* children.stop();
      return [specs, active, code];
    });
    expect(seen).toEqual([2, 1, "max-children"]);
  });

  test("SV-21 (S16): a child that returns IGNORE when it is restarted is forgotten", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const children = pool(function* ({ incarnation }): Routine<unknown> {
        if (incarnation > 1) return IGNORE;
        yield* sleep(1);
        throw new Error("first");
      });
      yield* children.start();
      yield* sleep(10);
      const { specs } = children.count();
      const { kind } = yield* children.stop();
      return [specs, kind];
    });
    expect(seen).toEqual([0, "cancelled"]);
  });

  test("SV-21 (S15): a child of another pool is not found", async () => {
    const code = await inVirtualTime(function* (): Routine<string> {
      const stage = new Stage();
      const one = pool(stage.body("a"));
      const other = pool(stage.body("b"));
      const child = yield* one.start();
      yield* other.start();
      try {
        yield* other.terminate(child);
      } catch (error) {
        return (error as ChildError).code;
      } finally {
        yield* one.stop();
        yield* other.stop();
      }
      return "none";
    });
    expect(code).toBe("not-found");
  });

  test("SV-21: a pool may be a child of a tree", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const stage = new Stage();
      const template = (context: ChildContext, name: string) => stage.body(name)(context);
      const tree = supervise({ a: stage.body("a"), many: { template, options: { max: 2 } } });
      yield* tree.ready();
      const { pool: many } = tree.child("many") as Child;
      yield* many!.start("x");
      yield* many!.start("y");
      const { supervisors } = tree.count();
      yield* tree.stop();
      return [stage.seen(), supervisors];
    });
    expect(seen).toEqual(["+a +x +y -y -x -a", 1]);
  });

  test.each<[body: unknown, options: unknown, message: string]>([
    [1, {}, "Cannot make pool: the body of a pool must be a function, got 1"],
    [function* () {}, { max: 0 }, "Cannot make pool: max must be a whole number, 1 or more, or Infinity, got 0"],
    [
      function* () {},
      { intensity: -1 },
      "Cannot make pool: intensity must be a whole number, 0 or more, or Infinity, got -1",
    ],
    [
      function* () {},
      { restart: "never" },
      'Cannot make pool: restart of the body must be "permanent", "transient" or "temporary", got "never"',
    ],
  ])("SV-5: pool(%o, %o) is refused", (body, options, message) => {
    expect(() => pool(body as () => Routine<void>, options as object)).toThrow(message);
  });

  test("SV-21 (S28): ten thousand children that fail at once are restarted, and stopped", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const n = 10_000;
      const children = pool(
        function* ({ incarnation }): Routine<never> {
          if (incarnation === 1) {
            yield* sleep(10);
            throw new Error("all at once");
          }
          return yield* never();
        },
        { intensity: n },
      );
      for (let at = 0; at < n; at++) yield* children.start();
      yield* sleep(11);
      yield* pause();
      const { active } = children.count();
      const restarts = children.children().every((child) => child.restarts === 1);
      yield* children.stop();
      return [active, restarts, children.count().active];
    });
    expect(seen).toEqual([10_000, true, 0]);
  });
});

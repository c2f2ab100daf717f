import { channel, go, never, type Operation, pause, type Routine, select, sleep } from "millrace";
import { ChildError, StartError, type Strategy, type Supervisor, supervise } from "millrace/supervise";
import { describe, expect, test } from "vitest";
import { inVirtualTime, Stage } from "./stage.js";

/** What a request yields or throws, as a word. */
function* answer(operation: Operation<unknown>): Routine<string> {
  try {
    const value = yield* operation;
    return value === undefined ? "ok" : `child ${(value as { id: string }).id}`;
  } catch (error) {
    return error instanceof ChildError ? error.code : (error as Error).name;
  }
}

type Act = (tree: Supervisor, stage: Stage) => Operation<unknown>;
const acts = {
  start: (tree, stage) => tree.start("a", stage.body("a")),
  terminate: (tree) => tree.terminate("a"),
  restart: (tree) => tree.restart("a"),
  remove: (tree) => tree.remove("a"),
} satisfies Record<string, Act>;

/** The states of a child, and what each request then answers. */
const states: readonly [state: string, answers: Record<keyof typeof acts, string>][] = [
  ["unknown", { start: "child a", terminate: "not-found", restart: "not-found", remove: "not-found" }],
  ["running", { start: "already-started", terminate: "ok", restart: "running", remove: "running" }],
  ["terminated", { start: "already-present", terminate: "ok", restart: "child a", remove: "ok" }],
  ["restarting", { start: "already-started", terminate: "ok", restart: "restarting", remove: "restarting" }],
];

function* inState(state: string, stage: Stage): Routine<Supervisor> {
  const backoff = { min: 1_000, max: 1_000 };
  const tree = supervise({ ...(state !== "unknown" && { a: { body: stage.body("a"), backoff } }), z: stage.body("z") });
  yield* tree.ready();
  if (state === "terminated") yield* tree.terminate("a");
  if (state === "restarting") yield* stage.fail("a");
  return tree;
}

describe("the administration of a supervisor", () => {
  for (const [state, answers] of states) {
    test.each(Object.entries(answers))(
      `SV-17 (S29): a child that is ${state}: %s answers %s`,
      async (act, expected) => {
        const seen = await inVirtualTime(function* (): Routine<string> {
          const stage = new Stage();
          const tree = yield* inState(state, stage);
          const said = yield* answer(acts[act as keyof typeof acts](tree, stage));
          yield* tree.stop();
          return said;
        });
        expect(seen).toBe(expected);
      },
    );
  }

  test("SV-17: the error of a taken id has the child", async () => {
    const same = await inVirtualTime(function* (): Routine<boolean> {
      const stage = new Stage();
      const tree = supervise(stage.bodies("a"));
      yield* tree.ready();
      try {
        yield* tree.start("a", stage.body("b"));
      } catch (error) {
        return (error as ChildError).child === tree.child("a");
      } finally {
        yield* tree.stop();
      }
      return false;
    });
    expect(same).toBe(true);
  });

  test("SV-17 (S30): a started child is the last, and is stopped first", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const stage = new Stage();
      const tree = supervise(stage.bodies("a", "b"));
      const child = yield* tree.start("c", stage.body("c"));
      const ids = tree.children().map(({ id }) => id);
      stage.seen();
      yield* tree.stop();
      return [child.id, ids, stage.seen()];
    });
    expect(seen).toEqual(["c", ["c", "b", "a"], "-c -b -a"]);
  });

  test("SV-17 (S31, G10): a child that does not start is an answer to the caller, and the supervisor goes on", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const stage = new Stage();
      const tree = supervise(stage.bodies("a"), { intensity: 0 });
      yield* tree.ready();
      stage.failStarts("b", 1);
      const first = yield* answer(tree.start("b", stage.body("b")));
      const found = tree.child("b");
      const second = yield* answer(tree.start("b", stage.body("b")));
      yield* tree.terminate("b");
      stage.failStarts("b", 1);
      const third = yield* answer(tree.restart("b"));
      const { status } = tree.child("b")!;
      yield* tree.stop();
      return [first, found, second, third, status];
    });
    expect(seen).toEqual([StartError.name, undefined, "child b", StartError.name, "stopped"]);
  });

  test("SV-17 (S29): terminate() keeps the spec, except that of a temporary child, and is no reason for a restart", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const stage = new Stage();
      const tree = supervise({ a: stage.body("a"), b: { body: stage.body("b"), restart: "temporary" } });
      yield* tree.ready();
      yield* tree.terminate("a");
      yield* tree.terminate("b");
      yield* sleep(10);
      const statuses = tree.children().map(({ id, status }) => `${id} ${status}`);
      const count = tree.count();
      yield* tree.stop();
      return [statuses, count, stage.seen()];
    });
    const count = { specs: 1, active: 0, supervisors: 0, workers: 1 };
    expect(seen).toEqual([["a stopped"], count, "+a +b -a -b"]);
  });

  test("SV-14 (S22, S30): while a child waits for its restart, requests are served, and terminating it ends the attempts", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const stage = new Stage();
      const backoff = { min: 50, max: 50 };
      const tree = supervise({ a: { body: stage.body("a"), backoff }, b: stage.body("b") }, { intensity: 9 });
      yield* tree.ready();
      stage.failStarts("a", 100);
      yield* stage.fail("a");
      yield* sleep(120);
      const statuses = tree.children().map(({ id, status }) => `${id} ${status}`);
      const count = tree.count();
      const added = yield* answer(tree.start("c", stage.body("c")));
      yield* tree.terminate("a");
      const { restarts } = tree.child("a")!;
      yield* sleep(500);
      const after = [tree.child("a")!.status, tree.child("a")!.restarts - restarts];
      yield* tree.stop();
      return [statuses, count, added, after];
    });
    const count = { specs: 2, active: 1, supervisors: 0, workers: 2 };
    expect(seen).toEqual([["b running", "a restarting"], count, "child c", ["stopped", 0]]);
  });

  test.each<[strategy: Strategy, seen: string]>([
    ["one-for-all", "+a +c"],
    ["rest-for-one", "+c"],
  ])(
    "SV-14: terminating a child that waits for its restart leaves the others of the group (%s)",
    async (strategy, log) => {
      const seen = await inVirtualTime(function* (): Routine<string> {
        const stage = new Stage();
        const b = { body: stage.body("b"), backoff: { min: 50, max: 50 } };
        const tree = supervise({ a: stage.body("a"), b, c: stage.body("c") }, { strategy });
        yield* tree.ready();
        yield* stage.fail("b");
        yield* tree.terminate("b");
        stage.seen();
        yield* sleep(100);
        const log = stage.seen();
        yield* tree.stop();
        return log;
      });
      expect(seen).toBe(log);
    },
  );

  test("SV-14 (S22): a stop ends attempts to restart", async () => {
    const seen = await inVirtualTime(function* (): Routine<string> {
      const stage = new Stage();
      const tree = supervise({ a: { body: stage.body("a"), backoff: { min: 50, max: 50 } } });
      yield* tree.ready();
      yield* stage.fail("a");
      yield* tree.stop();
      yield* sleep(200);
      return stage.seen();
    });
    expect(seen).toBe("+a -a");
  });

  test("SV-17: requests to a supervisor that has ended, and those that it had not served, fail at once", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const stage = new Stage();
      stage.whenStopping("a", function* () {
        yield* sleep(50);
      });
      const tree = supervise(stage.bodies("a"));
      yield* tree.ready();
      const stop = go(function* () {
        yield* tree.stop();
      });
      yield* sleep(1);
      const late = go(() => answer(tree.start("b", stage.body("b"))));
      yield* stop;
      return [yield* late, yield* answer(tree.terminate("a"))];
    });
    expect(seen).toEqual(["not-running", "not-running"]);
  });

  test("SV-17: a request that loses a select is not served", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const stage = new Stage();
      const tree = supervise(stage.bodies("a"));
      yield* tree.ready();
      const gate = channel<string>();
      go(function* () {
        yield* gate.send("go on");
      });
      const { key } = yield* select({ gate, add: tree.start("b", stage.body("b")) });
      yield* sleep(10);
      const found = tree.child("b");
      yield* tree.stop();
      return [key, found];
    });
    expect(seen).toEqual(["gate", undefined]);
  });

  test("SV-17: a child may ask for its own end", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown> {
      const gate = channel<Supervisor>(1);
      const tree = supervise({
        *a(): Routine<void> {
          const mine = yield* gate.receive();
          if (typeof mine === "object") yield* mine.terminate("a");
          yield* never();
        },
      });
      yield* tree.ready();
      gate.trySend(tree);
      yield* sleep(1);
      const { status } = tree.child("a")!;
      yield* tree.stop();
      return status;
    });
    expect(seen).toBe("stopped");
  });

  test("SV-26: exited() of a child waits for its present incarnation", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const stage = new Stage();
      const tree = supervise(stage.bodies("a"), { intensity: 5 });
      yield* tree.ready();
      const a = tree.child("a")!;
      const kinds: string[] = [];
      const first = go(() => kindOf(a.exited()));
      yield* pause();
      yield* stage.tell("a", "return");
      kinds.push(yield* first);
      const second = go(() => kindOf(a.exited()));
      yield* pause();
      yield* stage.fail("a");
      kinds.push(yield* second);
      yield* tree.stop();
      kinds.push(yield* kindOf(a.exited()));
      return kinds;
    });
    expect(seen).toEqual(["done", "failed", "cancelled"]);
  });
});

function* kindOf(exited: Operation<{ kind: string }>): Routine<string> {
  return (yield* exited).kind;
}

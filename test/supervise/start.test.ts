import { CancelledError, channel, never, now, type Operation, type Routine, sleep, withTimeout } from "millrace";
import { type Children, IGNORE, StartError, type StartUp, type SuperviseOptions, supervise } from "millrace/supervise";
import { describe, expect, test } from "vitest";
import { virtualTime } from "../support/virtual.js";
import { eventsOf, inVirtualTime, Stage, thrownBy } from "./stage.js";

describe("Supervisor.ready()", () => {
  test("SV-2 (S2): if a child does not start, those before it stop in reverse order, and there is no second attempt", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const stage = new Stage();
      stage.failStarts("c", 1);
      const tree = supervise(stage.bodies("a", "b", "c", "d"), { intensity: 10 });
      const error = (yield* thrownBy(ready(tree))) as StartError;
      const exit = yield* tree.exited();
      return [error instanceof StartError, error.child, String(error.cause), stage.seen(), exit.kind];
    });
    expect(seen).toEqual([true, "c", "Error: c cannot start", "+a +b !c -b -a", "failed"]);
  });

  test("SV-2: a supervisor that does not start is reported, if no code asks how it went", async () => {
    using time = virtualTime();
    const stage = new Stage();
    stage.failStarts("a", 2);
    supervise(stage.bodies("a"));
    await time.advance(10);
    expect(time.reported.map(String)).toEqual(['StartError: Cannot start child "a": Error: a cannot start']);
    const tree = supervise(stage.bodies("a"));
    tree.exited().then(() => {});
    await time.advance(10);
    expect(time.reported).toHaveLength(1);
  });

  test("SV-2: it throws if the supervisor is stopped before all children have started", async () => {
    const error = await inVirtualTime(function* (): Routine<unknown> {
      const tree = supervise(
        {
          *a() {
            yield* never();
          },
        },
        { startUp: "ready" },
      );
      yield* sleep(1);
      yield* tree.stop();
      return yield* thrownBy(ready(tree));
    });
    expect(error).toBeInstanceOf(CancelledError);
  });

  const starts: readonly [title: string, startUp: StartUp, at: number][] = [
    ["first-park: the child has started once it parks", "first-park", 0],
    ["ready: the child has started once it calls ready()", "ready", 50],
  ];
  test.each(starts)("SV-1: %s", async (_, startUp, at) => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const times: number[] = [];
      const start = now();
      const tree = supervise({
        a: {
          *body({ ready }) {
            yield* sleep(50);
            ready();
            yield* never();
          },
          startUp,
        },
        *b() {
          times.push(now() - start);
          yield* never();
        },
      });
      yield* tree.ready();
      yield* tree.stop();
      return times;
    });
    expect(seen).toEqual([at]);
  });

  test("SV-1: a child that ends before it is ready has not started; one that returns at once has", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const returns = function* () {};
      const early = supervise({ a: { body: returns, startUp: "ready" } });
      const error = yield* thrownBy(ready(early));
      const quick = supervise({ a: { body: returns, restart: "transient" } });
      yield* quick.ready();
      yield* sleep(1);
      const { status } = quick.child("a")!;
      yield* quick.stop();
      return [String(error), status];
    });
    expect(seen).toEqual([
      'StartError: Cannot start child "a": Error: Child "a" has ended before it was ready',
      "stopped",
    ]);
  });

  test("SV-1 (G10): a start can be late by its own choice", async () => {
    const error = await inVirtualTime(function* (): Routine<unknown> {
      const tree = supervise({
        a: {
          *body({ ready }) {
            yield* withTimeout(100, channel().receive());
            ready();
          },
          startUp: "ready",
        },
      });
      return yield* thrownBy(ready(tree));
    });
    expect(String((error as Error).cause)).toContain("TimeoutError");
  });

  test.each([
    ["permanent", { specs: 2, active: 1, supervisors: 0, workers: 2 }],
    ["transient", { specs: 2, active: 1, supervisors: 0, workers: 2 }],
    ["temporary", { specs: 1, active: 1, supervisors: 0, workers: 1 }],
  ] as const)(
    "SV-3 (S3, G10): a %s child that returns IGNORE from its start does not run",
    async (restart, expected) => {
      const count = await inVirtualTime(function* (): Routine<unknown> {
        const stage = new Stage();
        const tree = supervise({
          a: {
            *body() {
              return IGNORE;
            },
            restart,
          },
          b: stage.body("b"),
        });
        yield* tree.ready();
        const count = tree.count();
        yield* tree.stop();
        return count;
      });
      expect(count).toEqual(expected);
    },
  );

  test("SV-4 (S4): the defaults are one-for-one, one restart in 5000 ms, permanent, and a grace of 5000 ms", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const stage = new Stage();
      stage.whenStopping("b", function* () {
        yield* never();
      });
      const tree = supervise(stage.bodies("a", "b"));
      yield* tree.ready();
      yield* stage.tell("a", "return");
      const before = now();
      yield* tree.stop();
      const grace = Math.round(now() - before);
      const first = stage.seen();
      const other = supervise(stage.bodies("a"));
      yield* other.ready();
      yield* stage.fail("a");
      yield* sleep(4_999);
      yield* stage.fail("a");
      const { kind } = yield* other.exited();
      return [first, grace, kind, eventsOf(tree).at(-1)];
    });
    // The force itself takes a millisecond.
    expect(seen).toEqual(["+a +b -a +a -a", 5_000, "cancelled", "exited a cancelled"]);
  });
});

function* ready(tree: { ready(): Operation<void> }): Routine<void> {
  yield* tree.ready();
}

const wrong: readonly [what: string, children: unknown, options: unknown, message: string][] = [
  ["no children", undefined, {}, "Cannot supervise: children must be an object of ids and children, got undefined"],
  [
    "a list of children",
    [],
    {},
    "Cannot supervise: children must be an object of ids and children, got an object (Array)",
  ],
  [
    "a number as an id",
    { 1: function* () {} },
    {},
    'Cannot supervise: an id must not be a whole number, as JavaScript does not keep the order of such keys, got "1"; write "child1"',
  ],
  [
    "a child that is no function",
    { a: 1 },
    {},
    'Cannot supervise: child "a" must be a function or an object with a body, got 1',
  ],
  [
    "a child without a body",
    { a: {} },
    {},
    'Cannot supervise: child "a" must have a body that is a function, got undefined',
  ],
  [
    "an unknown restart",
    { a: { body: function* () {}, restart: "always" } },
    {},
    'Cannot supervise: restart of child "a" must be "permanent", "transient" or "temporary", got "always"',
  ],
  [
    "a negative grace",
    { a: { body: function* () {}, shutdown: -1 } },
    {},
    'Cannot supervise: shutdown of child "a" must be milliseconds, 0 or more, "infinity" or "kill", got -1',
  ],
  [
    "an unknown start-up",
    { a: { body: function* () {}, startUp: "soon" } },
    {},
    'Cannot supervise: startUp of child "a" must be "first-park" or "ready", got "soon"',
  ],
  [
    "a significant permanent child",
    { a: { body: function* () {}, significant: true } },
    { autoShutdown: "any-significant" },
    'Cannot supervise: child "a" is significant, so restart must be "transient" or "temporary"',
  ],
  [
    "a significant child without autoShutdown",
    { a: { body: function* () {}, significant: true, restart: "transient" } },
    {},
    'Cannot supervise: child "a" is significant, so autoShutdown must not be "never"',
  ],
  [
    "a significance that is no boolean",
    { a: { body: function* () {}, significant: 1 } },
    {},
    'Cannot supervise: significant of child "a" must be true or false, got 1',
  ],
  [
    "an unknown strategy",
    {},
    { strategy: "one_for_one" },
    'Cannot supervise: strategy must be "one-for-one", "one-for-all" or "rest-for-one", got "one_for_one"',
  ],
  [
    "a negative intensity",
    {},
    { intensity: -1 },
    "Cannot supervise: intensity must be a whole number, 0 or more, or Infinity, got -1",
  ],
  [
    "a fraction as intensity",
    {},
    { intensity: 1.5 },
    "Cannot supervise: intensity must be a whole number, 0 or more, or Infinity, got 1.5",
  ],
  ["a period of 0", {}, { period: 0 }, "Cannot supervise: period must be a number of milliseconds above 0, got 0"],
  [
    "an unknown autoShutdown",
    {},
    { autoShutdown: "all" },
    'Cannot supervise: autoShutdown must be "never", "any-significant" or "all-significant", got "all"',
  ],
  [
    "a mistake in a tree",
    { t: { children: { a: 1 } } },
    {},
    'Cannot supervise: child "a" must be a function or an object with a body, got 1',
  ],
  [
    "a mistake in the options of a tree",
    { t: { children: {}, options: { period: -1 } } },
    {},
    "Cannot supervise: period must be a number of milliseconds above 0, got -1",
  ],
  [
    "a backoff without min",
    { a: { body: function* () {}, backoff: { max: 1 } } },
    {},
    'Cannot supervise, child "a": backoff.min must be 0 or more, got undefined',
  ],
  [
    "a backoff whose max is below min",
    { a: { body: function* () {}, backoff: { min: 2, max: 1 } } },
    {},
    'Cannot supervise, child "a": backoff.max must be a number that is not below min, got 1',
  ],
  ["options that are no object", {}, 1, "Cannot supervise: options must be an object, got 1"],
  ["a scope without go", {}, { scope: {} }, "Cannot supervise: the go of scope must be a function, got undefined"],
];

describe("supervise() checks", () => {
  test.each(wrong)("SV-5 (S5, S6): %s is refused before any child starts", (_, children, options, message) => {
    expect(() => supervise(children as Children, options as SuperviseOptions)).toThrow(message);
  });

  test("SV-5 (S5): unknown keys are tolerated", async () => {
    const kind = await inVirtualTime(function* (): Routine<string> {
      const stage = new Stage();
      const child = { body: stage.body("a"), label: "mine" };
      const tree = supervise({ a: child }, { colour: "red" } as SuperviseOptions);
      yield* tree.ready();
      return (yield* tree.stop()).kind;
    });
    expect(kind).toBe("cancelled");
  });
});

import { always, channel, go, never, now, type Routine, scope, sleep } from "millrace";
import { supervise } from "millrace/supervise";
import { describe, expect, test } from "vitest";
import { eventsOf, inVirtualTime, Stage } from "./stage.js";

/** How a child that stops in its own way ends, within a grace of 100 ms, and after how many milliseconds. */
const ways: readonly [
  title: string,
  stopping: (name: string) => Routine<void>,
  shutdown: number | "infinity" | "kill",
  events: string[],
  ms: number,
][] = [
  ["stops at once", function* () {}, 100, ["exited a cancelled"], 0],
  [
    "stops within its grace",
    function* () {
      yield* sleep(99);
    },
    100,
    ["exited a cancelled"],
    99,
  ],
  [
    "does not stop within its grace",
    function* () {
      yield* sleep(101);
    },
    100,
    ["exited a killed", "shutdown error a killed"],
    100,
  ],
  [
    "never stops",
    function* () {
      yield* never();
    },
    100,
    ["exited a killed", "shutdown error a killed"],
    100,
  ],
  [
    "is waited for",
    function* () {
      yield* sleep(60_000);
    },
    "infinity",
    ["exited a cancelled"],
    60_000,
  ],
  [
    "is killed at once",
    function* () {
      yield* sleep(50);
    },
    "kill",
    ["exited a killed"],
    0,
  ],
  [
    "has a grace of 0",
    function* () {
      yield* sleep(50);
    },
    0,
    ["exited a killed"],
    0,
  ],
  [
    "throws while it stops",
    function* () {
      throw new Error("while stopping");
    },
    100,
    ["exited a failed", "shutdown error a failed"],
    0,
  ],
];

describe("Supervisor.stop()", () => {
  test.each(ways)("SV-15 (S24, S25): a child that %s", async (_, stopping, shutdown, events, ms) => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const stage = new Stage();
      stage.whenStopping("a", stopping);
      const tree = supervise({ z: stage.body("z"), a: { body: stage.body("a"), shutdown } });
      yield* tree.ready();
      const before = now();
      const exit = yield* tree.stop();
      return [eventsOf(tree).slice(2), Math.round(now() - before), exit.kind];
    });
    expect(seen).toEqual([[...events, "exited z cancelled"], ms, "cancelled"]);
  });

  test("SV-15 (S24): children stop one at a time, each with a grace of its own", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const stage = new Stage();
      const times: string[] = [];
      for (const [name, ms] of [
        ["a", 30],
        ["b", 80],
        ["c", 20],
      ] as const)
        stage.whenStopping(name, function* () {
          yield* sleep(ms);
          times.push(`${name} ${now() - start}`);
        });
      const children = Object.fromEntries(["a", "b", "c"].map((id) => [id, { body: stage.body(id), shutdown: 100 }]));
      const tree = supervise(children);
      yield* tree.ready();
      const start = now();
      yield* tree.stop();
      return times;
    });
    expect(seen).toEqual(["c 20", "b 100", "a 130"]);
  });

  test("SV-16 (S26): a promise that never settles cannot hang a stop", async () => {
    // Settled when the test is over, so that it leaves no task behind.
    let settle = (): void => {};
    const promise = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const tree = supervise({
        a: {
          async *body() {
            await promise;
          },
          shutdown: 100,
        },
        b: { body: () => promise, shutdown: 100 },
      });
      yield* tree.ready();
      const before = now();
      yield* tree.stop();
      return [eventsOf(tree).slice(2), Math.round(now() - before)];
    });
    settle();
    await promise;
    expect(seen).toEqual([
      ["exited b killed", "shutdown error b killed", "exited a killed", "shutdown error a killed"],
      201,
    ]);
  });

  test("SV-16 (S26): a scope whose tasks do not stop cannot hang a stop", async () => {
    const events = await inVirtualTime(function* (): Routine<unknown[]> {
      const tree = supervise({
        a: {
          *body() {
            yield* scope(function* (s) {
              s.go(function* stubborn() {
                try {
                  yield* never();
                } finally {
                  yield* never();
                }
              });
              yield* never();
            });
          },
          shutdown: 100,
        },
      });
      yield* tree.ready();
      yield* tree.stop();
      return eventsOf(tree).slice(1);
    });
    expect(events).toEqual(["exited a killed", "shutdown error a killed"]);
  });

  test("SV-16: a child that is killed never runs on", async () => {
    const log = await inVirtualTime(function* (): Routine<string[]> {
      const log: string[] = [];
      const gate = channel<string>();
      const tree = supervise({
        a: {
          *body() {
            try {
              yield* never();
            } finally {
              log.push(`got ${String(yield* gate.receive())}`);
            }
          },
          shutdown: 10,
        },
      });
      yield* tree.ready();
      yield* tree.stop();
      log.push(String(gate.trySend("late")));
      yield* sleep(10);
      return log;
    });
    expect(log).toEqual(["false"]);
  });

  test("SV-16 (S27): a child that ends by itself while the supervisor stops it is not restarted", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const stage = new Stage();
      const tree = supervise(stage.bodies("a", "b", "c"));
      yield* tree.ready();
      stage.seen();
      for (const name of ["a", "b", "c"]) go(() => stage.fail(name));
      const { kind } = yield* tree.stop();
      return [stage.seen().split(" ").sort(), kind];
    });
    expect(seen).toEqual([["-a", "-b", "-c"], "cancelled"]);
  });

  test("SV-15: stopping twice, and a supervisor that has ended, yields the same exit", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const stage = new Stage();
      const tree = supervise(stage.bodies("a"));
      const other = go(function* () {
        return yield* tree.stop("first");
      });
      yield* sleep(1);
      return [yield* other, yield* tree.stop("second"), yield* tree.exited()];
    });
    const exit = { kind: "cancelled", reason: "first" };
    expect(seen).toEqual([exit, exit, exit]);
  });
});

/** Functions that are no generator functions, as bodies. */
describe("a body that is an async function", () => {
  test("SV-25: its signal is aborted when it is asked to stop, and it is waited for", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const log: unknown[] = [];
      const tree = supervise({
        async a({ signal }) {
          await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
          log.push(signal.reason);
          await Promise.resolve();
          log.push("closed");
        },
      });
      yield* tree.ready();
      yield* tree.stop("maintenance");
      return [...log, ...eventsOf(tree)];
    });
    expect(seen).toEqual(["maintenance", "closed", "started a 1", "exited a cancelled"]);
  });

  test.each([
    ["the reason of the signal", (signal: AbortSignal) => signal.reason, "exited a cancelled"],
    ["an AbortError", () => new DOMException("aborted", "AbortError"), "exited a cancelled"],
    ["another error", () => new Error("while closing"), "exited a failed"],
  ] as const)("SV-25: a rejection with %s after the abort", async (_, error, expected) => {
    const events = await inVirtualTime(function* (): Routine<string[]> {
      const tree = supervise({
        a: ({ signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(error(signal)))),
      });
      yield* tree.ready();
      yield* tree.stop();
      return eventsOf(tree).slice(0, 2);
    });
    expect(events).toEqual(["started a 1", expected]);
  });

  const bodies = {
    "an async function": async () => {
      throw new Error("no");
    },
    "an async generator function": async function* () {
      throw new Error("no");
    },
    "an arrow that returns a routine": () => failing(),
    "an arrow that returns an async routine": () => failingAsync(),
    "an arrow that returns an operation": () =>
      always(1).map(() => {
        throw new Error("no");
      }),
    "an arrow that throws": () => {
      throw new Error("no");
    },
  } as const;
  test.each(Object.entries(bodies))("SV-25: a failure of %s restarts the child", async (_, body) => {
    const exit = await inVirtualTime(function* (): Routine<unknown> {
      let starts = 0;
      const tree = supervise(
        {
          a: {
            body(context) {
              starts++;
              context.ready();
              return (body as (context: unknown) => Routine<never>)(context);
            },
          },
        },
        { intensity: 2 },
      );
      const { kind } = yield* tree.exited();
      return [kind, starts];
    });
    expect(exit).toEqual(["cancelled", 3]);
  });
});

function* failing(): Routine<never> {
  yield* sleep(1);
  throw new Error("no");
}

async function* failingAsync(): AsyncGenerator<never, never> {
  await Promise.resolve();
  throw new Error("no");
}

describe("a supervisor as a task of its scope", () => {
  test("SV-24: cancelling the scope stops the tree in order, and the scope waits for it", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const stage = new Stage();
      stage.whenStopping("a", () => sleepRoutine(20));
      const before = now();
      yield* scope(function* (s) {
        const tree = supervise(stage.bodies("a", "b"), { scope: s });
        yield* tree.ready();
        s.cancel();
      });
      return [stage.seen(), now() - before];
    });
    expect(seen).toEqual(["+a +b -b -a", 20]);
  });

  test("SV-24: a supervisor that gives up fails its scope", async () => {
    const error = await inVirtualTime(function* (): Routine<unknown> {
      const stage = new Stage();
      try {
        yield* scope(function* (s) {
          const tree = supervise(stage.bodies("a"), { scope: s, intensity: 0, name: "shop" });
          yield* tree.ready();
          yield* stage.fail("a");
          yield* never();
        });
      } catch (error) {
        return String(error);
      }
      return "no error";
    });
    expect(error).toBe(
      'MaxRestartsError: Supervisor shop gave up: child "a" must not fail more than 0 times in 5000 ms: Error: a failed',
    );
  });

  test("SV-24: a block with `await using` stops the tree at its end", async () => {
    const stage = new Stage();
    {
      await using tree = supervise(stage.bodies("a", "b"));
      await tree.ready();
    }
    expect(stage.seen()).toBe("+a +b -b -a");
  });
});

function* sleepRoutine(ms: number): Routine<void> {
  yield* sleep(ms);
}

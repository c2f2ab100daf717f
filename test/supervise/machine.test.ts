import { type AsyncRoutine, call, pause, type Routine, sleep } from "millrace";
import { actor, ask, END, machine, monitor, type Reply, type States } from "millrace/supervise";
import { describe, expect, test } from "vitest";
import { inVirtualTime } from "./stage.js";

type Gate =
  | { readonly type: "open" }
  | { readonly type: "close" }
  | { readonly type: "enter"; readonly who: string }
  | { readonly type: "end" };

/** A gate in three kinds of handlers. */
const kinds = {
  values: (log) => ({
    closed: { open: () => "opened", end: () => END },
    opened: { close: () => "closed", enter: ({ who }) => void log.push(who) },
  }),
  routines: (log) => ({
    closed: {
      *open(_, { become }) {
        yield* sleep(1);
        become("opened");
      },
      *end(_, { become }) {
        yield* pause();
        become(END);
      },
    },
    opened: {
      *close(): Routine<"closed"> {
        yield* pause();
        return "closed";
      },
      *enter({ who }) {
        yield* sleep(1);
        log.push(who);
      },
    },
  }),
  promises: (log) => ({
    closed: {
      async open(_, { become }) {
        become("opened");
      },
      end: async (_, { become }) => become(END),
    },
    opened: {
      close: async () => "closed" as const,
      async enter({ who }) {
        log.push(who);
      },
    },
  }),
} satisfies Record<string, (log: string[]) => States<"closed" | "opened", Gate>>;

describe.each(Object.entries(kinds))("machine() with handlers that return %s", (_, make) => {
  test("AC-13: a state takes its messages; the others wait, in order, for a state that takes them", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const log: string[] = [];
      const gate = actor<Gate>(machine(make(log)));
      for (const who of ["a", "b"]) yield* gate.send({ type: "enter", who });
      yield* sleep(10);
      const early = [...log];
      yield* gate.send({ type: "open" });
      yield* gate.send({ type: "enter", who: "c" });
      yield* gate.send({ type: "end" });
      yield* sleep(10);
      const later = [...log];
      yield* gate.send({ type: "close" });
      const { kind } = yield* monitor(gate);
      return [early, later, kind];
    });
    expect(seen).toEqual([[], ["a", "b", "c"], "done"]);
  });
});

describe("machine()", () => {
  const faults: readonly [title: string, message: unknown, error: string][] = [
    [
      "a message that no state takes",
      { type: "explode" },
      'TypeError: Cannot handle message: its type must be one that a state takes, got "explode"',
    ],
    [
      "a message without a type",
      1,
      "TypeError: Cannot handle message: its type must be one that a state takes, got undefined",
    ],
    [
      "a next state that does not exist",
      { type: "close" },
      'TypeError: Cannot enter state: it must be one of opened, got "closed"',
    ],
  ];
  test.each(faults)("AC-13: %s fails the actor", async (_, message, error) => {
    const seen = await inVirtualTime(function* (): Routine<string> {
      const states = { opened: { close: () => "closed" as "opened" } };
      const gate = actor<Gate>(machine<"opened", Gate>(states));
      const end = monitor(gate);
      yield* gate.send(message as Gate);
      const exit = yield* end;
      return exit.kind === "failed" ? String(exit.error) : exit.kind;
    });
    expect(seen).toBe(error);
  });

  test("AC-13: a function that makes the states is called for each life", async () => {
    type Count =
      | { readonly type: "up" }
      | { readonly type: "fail" }
      | { readonly type: "get"; readonly reply: Reply<number> };
    const seen = await inVirtualTime(function* (): Routine<number[]> {
      const counter = actor<Count>(
        machine<"counting", Count>(() => {
          let count = 0;
          return {
            counting: {
              up: () => void count++,
              get: ({ reply }) => reply(count),
              fail: () => {
                throw new Error("lost count");
              },
            },
          };
        }),
        { restart: "transient" },
      );
      const get = () => ask(counter, (reply: Reply<number>): Count => ({ type: "get", reply }));
      yield* counter.send({ type: "up" });
      const before = yield* get();
      yield* counter.send({ type: "fail" });
      const after = yield* get();
      yield* counter.stop();
      return [before, after];
    });
    expect(seen).toEqual([1, 0]);
  });

  test("AC-13: `initial` names the first state", async () => {
    const seen = await inVirtualTime(function* (): Routine<string[]> {
      const log: string[] = [];
      const gate = actor<Gate>(machine(kinds.values(log), { initial: "opened" }));
      yield* gate.send({ type: "enter", who: "a" });
      yield* sleep(1);
      yield* gate.stop();
      return log;
    });
    expect(seen).toEqual(["a"]);
  });

  test.each([[{}], [null], [1]])("AC-13: %o are no states", (states) => {
    expect(() => machine(states as unknown as States<"a", Gate>)).toThrow(
      "Cannot make machine: states must be an object of states and handlers, got",
    );
  });
});

test("AC-1: a handler may return a promise or an operation, which is waited for; a routine is refused", async () => {
  const seen = await inVirtualTime(function* (): Routine<unknown[]> {
    const log: string[] = [];
    const sleeping = actor<number>((ms: number) => sleep(ms).map(() => log.push(`slept ${ms}`)));
    const calling = actor<number>((ms: number) =>
      call(function* () {
        yield* sleep(ms);
        log.push(`called ${ms}`);
      }),
    );
    for (const ms of [20, 10]) {
      yield* sleeping.send(ms);
      yield* calling.send(ms);
    }
    sleeping.close();
    calling.close();
    yield* sleeping.exited();
    yield* calling.exited();
    async function* routine(): AsyncRoutine<void> {}
    const wrong = actor<number>((_: number) => routine());
    const end = monitor(wrong);
    yield* wrong.send(1);
    const exit = yield* end;
    return [log.sort(), exit.kind === "failed" && String(exit.error).slice(0, 86)];
  });
  expect(seen).toEqual([
    ["called 10", "called 20", "slept 10", "slept 20"],
    "TypeError: Cannot handle message: a behaviour must be a generator function itself, got",
  ]);
});

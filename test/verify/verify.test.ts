// Verdicts of verify() on small programs.

import {
  CLOSED,
  Condition,
  channel,
  dropping,
  go,
  Mutex,
  pause,
  scope,
  select,
  sleep,
  type Task,
  timeout,
  withTimeout,
} from "millrace";
import {
  cell,
  choose,
  daemon,
  type Failed,
  forever,
  invariant,
  loop,
  type Proved,
  replay,
  ScheduleError,
  settle,
  simulate,
  type Verdict,
  verify,
} from "millrace/testing";
import { describe, expect, test } from "vitest";

function proved<T>(verdict: Verdict<T>): Proved<T> {
  expect(verdict).toMatchObject({ status: "proved" });
  return verdict as Proved<T>;
}

function failed(verdict: Verdict<unknown>): Failed {
  expect(verdict).toMatchObject({ status: "failed" });
  return verdict as Failed;
}

/** The kind of the failure that verify or simulate finds. */
async function kindOf(found: Promise<unknown>): Promise<string> {
  const result = (await found.catch((error: unknown) => error)) as { readonly kind?: string };
  return result.kind ?? "none";
}

describe("verify()", () => {
  test("finds every outcome of a program", async () => {
    const verdict = await verify(function* () {
      const [a, b] = [channel<string>(), channel<string>()];
      for (const out of [a, b]) {
        daemon(
          go(function* () {
            yield* out.send("x");
          }),
        );
      }
      return (yield* select({ a, b })).key;
    });
    expect(proved(verdict).outcomes).toEqual(new Set(["a", "b"]));
  });

  test("uses virtual time, which passes only when no other event is enabled", async () => {
    const verdict = await verify(function* () {
      const replies = channel<number>(1);
      go(function* server() {
        yield* sleep(yield* choose(1, 3_600_000));
        yield* replies.send(1);
      });
      const late = timeout(80);
      return (yield* select({ replies, late })).key;
    });
    expect(proved(verdict).outcomes).toEqual(new Set(["replies", "late"]));
  });

  test("takes the first ready case of a select with priority, and the default of a select that would park", async () => {
    const verdict = await verify(function* () {
      const [a, b] = [channel<number>(1), channel<number>(1)];
      yield* a.send(1);
      yield* b.send(2);
      const first = yield* select({ b, a }, { mode: "priority" });
      const second = yield* select({ b }, { default: "none" });
      return [first.key, second.key];
    });
    expect([...proved(verdict).outcomes]).toEqual([["b", "default"]]);
  });

  test("explores async bodies, for await and plain await", async () => {
    const verdict = await verify(async function* () {
      const numbers = channel<number>();
      go(async function* () {
        for (let n = 0; n < 3; n++) yield* numbers.send(n);
        await null;
        numbers.close();
      });
      let sum = 0;
      for await (const n of numbers) sum += n;
      return sum + ((await numbers.receive()) === CLOSED ? 10 : 0);
    });
    expect(proved(verdict).outcomes).toEqual(new Set([13]));
  });

  test("proves a program of endless loops by its three states", async () => {
    const verdict = await verify(function* () {
      const numbers = channel<number>();
      go(loop<number>, 0, function* (n) {
        yield* numbers.send(n);
        return (n + 1) % 3;
      });
      yield* forever(function* () {
        yield* numbers.receive();
      });
    });
    expect(proved(verdict).states).toBe(3);
  });

  test("runs a program under every schedule if the model does not support it", async () => {
    const verdict = await verify(function* () {
      const mutex = new Mutex();
      let count = 0;
      const add = function* () {
        using _ = yield* mutex.lock();
        const before = count;
        yield* pause();
        count = before + 1;
      };
      const tasks = [go(add), go(add), go(add)];
      for (const task of tasks) yield* task;
      return count;
    });
    expect(proved(verdict).outcomes).toEqual(new Set([3]));
    expect(proved(verdict).runs).toBeGreaterThan(100);
    expect(proved(verdict).assumptions.join()).toContain("tasks share variables: count");
  });

  test("explores a scope that cancels its tasks", async () => {
    const verdict = await verify(function* () {
      return yield* scope(function* (s) {
        const found = channel<string>();
        for (const name of ["ann", "bob"]) {
          s.go(function* () {
            yield* found.send(name);
          });
        }
        const first = yield* found.receive();
        s.cancel();
        return first;
      });
    });
    expect(proved(verdict).outcomes).toEqual(new Set(["ann", "bob"]));
  });

  test("delivers a send that was parked before the close of its channel; a later send yields false", async () => {
    const verdict = await verify(function* () {
      const numbers = channel<number>();
      const sender = go(function* () {
        return yield* numbers.send(1);
      });
      const closer = go(function* () {
        return numbers.close();
      });
      const got = yield* numbers.receive();
      return [got === CLOSED ? "closed" : got, yield* sender, yield* closer];
    });
    expect([...proved(verdict).outcomes].map(String).sort()).toEqual(["1,true,true", "closed,false,true"]);
  });
});

describe("cell(), invariant() and settle()", () => {
  test("an update of a cell can be lost in two turns, and cannot in one turn", async () => {
    const counting = (atOnce: boolean) =>
      function* () {
        const count = cell(0);
        const add = function* () {
          const before = count.value;
          if (!atOnce) yield* pause();
          count.value = before + 1;
        };
        const tasks = [go(add), go(add)];
        for (const task of tasks) yield* task;
        return count.value;
      };
    expect(proved(await verify(counting(true))).outcomes).toEqual(new Set([2]));
    expect(proved(await verify(counting(false))).outcomes).toEqual(new Set([1, 2]));
  });

  test.each([verify, simulate])("an invariant is checked between the turns of tasks: %o", async (method) => {
    const program = (most: number) =>
      function* () {
        const inside = cell(0);
        invariant("at most one is inside", () => inside.value <= most);
        const enter = function* () {
          inside.value++;
          yield* pause();
          inside.value--;
        };
        const tasks = [go(enter), go(enter)];
        for (const task of tasks) yield* task;
      };
    expect(await kindOf(method(program(1)))).toBe("invariant");
    expect(await kindOf(method(program(2)))).toBe("none");
  });

  test("an invariant over two tasks is checked under every order of their independent events", async () => {
    const program = function* () {
      const belts = [channel<number>(1), channel<number>(1)];
      invariant("one is empty", () => belts.some((belt) => belt.length === 0));
      for (const belt of belts) {
        go(function* () {
          yield* belt.send(1);
          yield* belt.receive();
        });
      }
    };
    expect(failed(await verify(program)).kind).toBe("invariant");
  });

  test.each([verify, simulate])("an invariant is checked from its declaration on: %o", async (method) => {
    const program = (most: number) =>
      function* () {
        const belt = channel<number>(3);
        yield* belt.send(1);
        yield* belt.send(2);
        yield* belt.receive();
        invariant("the belt has room", () => belt.length < most);
        yield* pause();
      };
    expect(await kindOf(method(program(2)))).toBe("none");
    expect(await kindOf(method(program(1)))).toBe("invariant");
  });

  test("settle() completes when all other tasks are parked", async () => {
    const verdict = await verify(function* () {
      const numbers = channel<number>(3);
      for (let n = 0; n < 3; n++) {
        go(function* () {
          yield* numbers.send(n);
        });
      }
      yield* settle();
      return numbers.length;
    });
    expect(proved(verdict).outcomes).toEqual(new Set([3]));
  });
});

describe("verify() reports", () => {
  test("a deadlock with its shortest schedule, the parked tasks and the cycle", async () => {
    const verdict = await verify(function* () {
      const [left, right] = [channel<1>(1, { name: "left" }), channel<1>(1, { name: "right" })];
      const take = function* taker(one: typeof left, other: typeof left) {
        yield* one.send(1);
        yield* other.send(1);
        yield* other.receive();
        yield* one.receive();
      };
      const tasks = [go(take, left, right), go(take, right, left)];
      for (const task of tasks) yield* task;
    });
    const { kind, schedule } = failed(verdict);
    expect([kind, schedule.steps.map(({ what }) => what)]).toEqual(["deadlock", ["send 1 to left", "send 1 to right"]]);
    expect(schedule.waiting.map(({ task, waitsFor }) => `${task}: ${waitsFor}`)).toEqual([
      "main: join taker#0",
      "taker#0: send 1 to right",
      "taker#1: send 1 to left",
    ]);
    expect(schedule.cycle).toEqual(["taker#0", "taker#1"]);
  });

  test("a lost wake-up as a leak after five events", async () => {
    const verdict = await verify(function* () {
      const queue = channel<number>(2, { name: "q" });
      const wake = channel<1>(0, { name: "wake" });
      go(function* cons() {
        for (let got = 0; got < 2; ) {
          if (typeof queue.tryReceive() === "number") got++;
          else yield* wake.receive();
        }
      });
      go(function* prod() {
        for (let n = 0; n < 2; n++) {
          yield* queue.send(n);
          wake.trySend(1);
        }
      });
    });
    expect(failed(verdict)).toMatchObject({ kind: "leak", states: 32 });
    expect(failed(verdict).schedule.steps).toHaveLength(5);
  });

  test("an error of a task that no task joins", async () => {
    const verdict = await verify(function* () {
      go(function* () {
        throw new Error("unheard");
      });
    });
    expect(failed(verdict)).toMatchObject({ kind: "throw", cause: new Error("unheard") });
  });

  test("a write to a value that has been sent as a TypeError with freeze: true", async () => {
    const verdict = await verify(
      function* () {
        const boxes = channel<{ n: number }>(1);
        const box = { n: 1 };
        yield* boxes.send(box);
        box.n = 2;
      },
      { freeze: true },
    );
    expect(failed(verdict).kind).toBe("throw");
    expect(failed(verdict).cause).toBeInstanceOf(TypeError);
  });

  test("an outcome that the options do not allow", async () => {
    const verdict = await verify(
      function* () {
        return yield* choose(1, 2, 3);
      },
      { outcomes: [1, 2] },
    );
    expect(failed(verdict)).toMatchObject({ kind: "outcome", cause: 3 });
  });

  test("a send on a closed channel, or values left in a channel, if the options say so", async () => {
    const program = function* () {
      const numbers = channel<number>(1);
      yield* numbers.send(1);
      numbers.close();
      yield* numbers.send(2);
    };
    expect((await verify(program)).status).toBe("proved");
    expect(failed(await verify(program, { closed: true })).kind).toBe("closed");
    expect(failed(await verify(program, { unread: true })).kind).toBe("unread");
  });

  test("a task that is parked for ever while other tasks run for ever", async () => {
    const verdict = await verify(function* () {
      const [ping, lost] = [channel<number>(0, { name: "ping" }), channel<number>(0, { name: "lost" })];
      go(function* left() {
        yield* lost.receive();
      });
      go(forever, function* () {
        yield* ping.send(1);
      });
      yield* forever(function* () {
        yield* ping.receive();
      });
    });
    expect(failed(verdict)).toMatchObject({ kind: "stuck" });
    // Tasks that are parked only for now are not listed.
    expect(failed(verdict).schedule.waiting.map(({ task }) => task)).toEqual(["left#0"]);
  });

  test("a stuck task after main has returned, unless it is a daemon or leaks is false", async () => {
    const program = (left: (task: Task<void>) => unknown, ends: boolean) =>
      function* () {
        const [ping, lost] = [channel<number>(), channel<number>()];
        left(
          go(function* () {
            yield* lost.receive();
          }),
        );
        go(forever, function* () {
          yield* ping.send(1);
        });
        go(forever, function* () {
          yield* ping.receive();
        });
        yield* ends ? pause() : lost.receive();
      };
    const kinds = async (...[left, ends]: Parameters<typeof program>): Promise<unknown[]> => {
      const verdicts = [await verify(program(left, ends)), await verify(program(left, ends), { leaks: false })];
      return verdicts.map((verdict) => (verdict.status === "failed" ? verdict.kind : verdict.status));
    };
    expect(await kinds(() => {}, true)).toEqual(["stuck", "proved"]);
    expect(await kinds(daemon, true)).toEqual(["proved", "proved"]);
    expect(await kinds(daemon, false)).toEqual(["stuck", "stuck"]);
  });

  test("an error that is never joined in a program that runs for ever", async () => {
    const program = (joins: boolean) =>
      function* () {
        const bad = go(function* bad() {
          throw new Error("unheard");
        });
        if (joins) yield* bad.whenOver();
        yield* forever(function* () {
          yield* sleep(10);
        });
      };
    expect(failed(await verify(program(false)))).toMatchObject({ kind: "throw", cause: new Error("unheard") });
    expect(failed(await verify(program(true)))).toMatchObject({ kind: "throw" });
  });

  test("a wait for a timer of the host as escaped", async () => {
    const verdict = await verify(async function* () {
      await new Promise((resolve) => setTimeout(resolve, 50));
    });
    expect(failed(verdict).kind).toBe("escaped");
  });

  test("the error of a timeout that main does not catch", async () => {
    const verdict = await verify(function* () {
      const reply = channel<number>();
      go(function* server() {
        yield* sleep(100);
        yield* reply.send(1);
      });
      return yield* withTimeout(50, reply.receive()).map(String);
    });
    expect(failed(verdict).kind).toBe("throw");
  });
});

describe("plain calls", () => {
  test("tryReceive() throws the cause that its channel was closed with", async () => {
    const verdict = await verify(function* () {
      const numbers = channel<number>(1);
      numbers.close(new Error("cause"));
      try {
        return numbers.tryReceive();
      } catch (error) {
        return String(error);
      }
    });
    expect([...proved(verdict).outcomes]).toEqual(["Error: cause"]);
  });

  test("a close directly before tryReceive() does not wait for a send that never parks", async () => {
    const verdict = await verify(function* () {
      const numbers = channel<number>(dropping(1));
      go(function* () {
        numbers.close();
        numbers.tryReceive();
      });
      const sender = go(function* () {
        return yield* numbers.send(1);
      });
      return yield* sender;
    });
    expect(proved(verdict).outcomes).toEqual(new Set([true, false]));
  });

  test("trySend() and tryReceive() never meet on an unbuffered channel", async () => {
    const verdict = await verify(function* () {
      const numbers = channel<number>();
      const results = channel<unknown>(2);
      go(function* () {
        yield* results.send(numbers.trySend(1));
      });
      go(function* () {
        yield* results.send(String(numbers.tryReceive()));
      });
      return new Set([yield* results.receive(), yield* results.receive()]);
    });
    expect([...proved(verdict).outcomes].map((outcome) => [...outcome].map(String).sort())).toEqual([
      ["Symbol(millrace.EMPTY)", "false"],
      ["Symbol(millrace.EMPTY)", "false"],
    ]);
  });
});

test("catch and finally have no effect in a routine that the model abandons at a plain call", async () => {
  const verdict = await verify(
    function* () {
      const [numbers, ends] = [channel<number>(1), channel<string>(2)];
      try {
        numbers.close();
      } catch {
        go(function* () {
          yield* ends.send("never started");
        });
        yield* ends.send("never caught");
      } finally {
        yield* ends.send("finally");
      }
      yield* sleep(1);
      return ends.length;
    },
    { engine: "model" },
  );
  expect(proved(verdict).outcomes).toEqual(new Set([1]));
});

describe("limits and options", () => {
  test("a search that reaches maxStates is bounded, and its reason names the limit", async () => {
    const verdict = await verify(
      function* () {
        const numbers = channel<number>();
        go(function* () {
          for (let n = 0; ; n++) yield* numbers.send(n);
        });
        for (;;) yield* numbers.receive();
      },
      { maxStates: 500 },
    );
    expect(verdict).toMatchObject({ status: "bounded", reason: "it reached maxStates, 500 states" });
  });

  test("the engine model rejects a program with the test of a condition, and accepts a scope that cancels itself", async () => {
    const waits = function* () {
      const condition = new Condition();
      go(function* () {
        yield* condition.until(() => true);
      });
      yield* sleep(1);
      condition.signal();
    };
    await expect(verify(waits, { engine: "model" })).rejects.toThrow(
      "Cannot verify by the model, which does not support all that the program does",
    );
    expect(await verify(waits)).toMatchObject({ status: "proved", engine: "runs" });
    const quits = function* () {
      yield* scope(function* (s) {
        s.cancel();
      });
    };
    expect(await verify(quits, { engine: "model" })).toMatchObject({ status: "proved" });
  });

  test("an invalid main, limit or engine throws", () => {
    expect(() => verify(5 as never)).toThrow("Cannot verify: main must be a function");
    expect(() => verify(function* () {}, { maxStates: 0 })).toThrow("maxStates must be above 0");
    expect(() => verify(function* () {}, { engine: "fast" as "runs" })).toThrow("engine must be one of");
  });
});

describe("a report", () => {
  const lost = function* lostWakeUp() {
    const queue = channel<number>(2, { name: "q" });
    const wake = channel<1>(0, { name: "wake" });
    go(function* cons() {
      for (let got = 0; got < 2; ) {
        if (typeof queue.tryReceive() === "number") got++;
        else yield* wake.receive();
      }
    });
    go(function* prod() {
      for (let n = 0; n < 2; n++) {
        yield* queue.send(n);
        wake.trySend(1);
      }
    });
  };

  test("lists the parked tasks, the steps in a column for each task, and the token", async () => {
    const { report, token } = failed(await verify(lost, { name: "lost wake-up" }));
    const lines = report.split("\n").map((line) => line.replace(/ {2,}\S*verify\.test\.ts\S*$/, "").trimEnd());
    expect(lines[0]).toBe("✗ lost wake-up: leak, shortest schedule has 5 events (32 states)");
    expect(lines.slice(1).map((line) => line.replace(/ {2,}/g, "  "))).toEqual([
      "  cons#0  blocked  receive from wake",
      "  no task is left that sends to wake (lostWakeUp is done, prod#1 is done)",
      "  schedule  cons#0  prod#1",
      "  1. cons#0  try: receive from q, not now  not now",
      "  2. prod#1  send 0 to q  q ! 0",
      "  3. prod#1  try: send 1 to wake, not now  not now",
      "  4. prod#1  send 1 to q  q ! 1",
      "  5. prod#1  try: send 1 to wake, not now  not now",
      `  replay("${token}", main)`,
    ]);
  });

  test("has a token that replays the same schedule, and that fits no other program", async () => {
    const first = failed(await verify(lost));
    const again = await replay(first.token, lost).catch((error: unknown) => error);
    expect(again).toBeInstanceOf(ScheduleError);
    expect(again).toMatchObject({ kind: "leak", token: first.token, schedule: first.schedule });
    const other = function* () {
      yield* channel<number>(1).send(1);
    };
    await expect(replay(first.token, other)).rejects.toThrow("Cannot replay: the token is of another program");
  });

  test.each(["ABab", "ABba", "BAab", "BAba", "AaBb", "BbAa"])(
    "has a token that replays the schedule if the tasks run in the order %s",
    async (order) => {
      const program = function* () {
        const [gates, letters] = [[channel<number>(1), channel<number>(1)], channel<string>(4)];
        for (const [nth, name] of ["A", "B"].entries()) {
          go(function* parent() {
            yield* gates[nth]!.receive();
            yield* letters.send(name);
            go(function* child() {
              yield* letters.send(name.toLowerCase());
            });
          });
        }
        for (const gate of gates) yield* gate.send(0);
        let word = "";
        while (word.length < 4) word += String(yield* letters.receive());
        if (word === order) throw new Error(`It is ${word}`);
      };
      const verdict = failed(await verify(program));
      expect(verdict.report).toContain(`It is ${order}`);
      await expect(replay(verdict.token, program)).rejects.toThrow(`It is ${order}`);
    },
  );

  test("of a program that was verified by runs has a token", async () => {
    const program = function* () {
      const mutex = new Mutex();
      const held = go(function* () {
        yield* mutex.lock();
      });
      yield* held;
      yield* mutex.lock();
    };
    const verdict = failed(await verify(program));
    expect(verdict.kind).toBe("deadlock");
    await expect(replay(verdict.token, program)).rejects.toThrow("deadlock");
  });

  test("has a token that names the kind of a failure that the schedule alone does not show", async () => {
    const endless = function* () {
      go(forever, function* () {
        yield* pause();
      });
      yield* channel<number>().receive();
    };
    const returning = function* () {
      return yield* choose(1, 2);
    };
    const locking = function* () {
      yield* new Mutex().lock();
      return 3;
    };
    const refused = function* () {
      const numbers = channel<number>();
      numbers.close();
      yield* numbers.send(1);
    };
    const failures = [
      [endless, await verify(endless), "stuck"],
      [returning, await verify<number>(returning, { outcomes: [1] }), "outcome"],
      [locking, await verify<number>(locking, { outcomes: [1] }), "outcome"],
      [refused, await verify(refused, { closed: true }), "closed"],
    ] as const;
    for (const [program, verdict, kind] of failures) {
      const { token, cause } = failed(verdict);
      expect(token).toMatch(new RegExp(`:${kind}(?:[.]\\d+)?$`));
      const again = await replay<unknown>(token, program).catch((error: unknown) => error);
      expect(again).toMatchObject({ kind, token });
      expect((again as ScheduleError).cause).toBe(cause);
    }
    expect(() => replay("millrace1e:0:1:nonsense", endless)).toThrow("Cannot replay: a token begins with");
  });
});

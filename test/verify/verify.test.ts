// What verify() decides, on programs small enough to know the answer.

import {
  CLOSED,
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

/** What went wrong, by verify or by simulate. */
async function kindOf(found: Promise<unknown>): Promise<string> {
  const result = (await found.catch((error: unknown) => error)) as { readonly kind?: string };
  return result.kind ?? "right";
}

describe("what is proved", () => {
  test("every outcome is found", async () => {
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

  test("time is virtual, and passes only when nothing else can happen", async () => {
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

  test("with priority the first that is ready goes first; with a default nobody waits", async () => {
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

  test("async bodies, for await and plain await are explored as well", async () => {
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

  test("endless loops come to an end when nothing new is found", async () => {
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

  test("what the model does not know is run under every schedule", async () => {
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
    expect(proved(verdict).executions).toBeGreaterThan(100);
    expect(proved(verdict).assumptions.join()).toContain("lock");
  });

  test("a scope and what it cancels", async () => {
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
});

describe("what is declared", () => {
  test("a cell is looked at and written to by whoever has its turn: an update in two steps is lost, in one it is not", async () => {
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

  test.each([verify, simulate])("an invariant is looked at whenever tasks wait: %o", async (method) => {
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
    expect(await kindOf(method(program(2)))).toBe("right");
  });

  test("an invariant over what two tasks do, which one of all schedules alike would not show", async () => {
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

  test.each([verify, simulate])("an invariant holds from where it is said on: %o", async (method) => {
    const program = (most: number) =>
      function* () {
        const belt = channel<number>(3);
        yield* belt.send(1);
        yield* belt.send(2);
        yield* belt.receive();
        invariant("it is not full any more", () => belt.length < most);
        yield* pause();
      };
    expect(await kindOf(method(program(2)))).toBe("right");
    expect(await kindOf(method(program(1)))).toBe("invariant");
  });

  test("settle waits until all others are parked", async () => {
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

describe("what fails", () => {
  test("a deadlock, with the shortest schedule, who waits where, and the circle", async () => {
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

  test("a lost wake-up", async () => {
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

  test("a send that was parked when its channel closed is delivered; one that comes later yields false", async () => {
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

  test("what is thrown and joined by nobody", async () => {
    const verdict = await verify(function* () {
      go(function* () {
        throw new Error("unheard");
      });
    });
    expect(failed(verdict)).toMatchObject({ kind: "throw", cause: new Error("unheard") });
  });

  test("a change to what has been sent, at the culprit", async () => {
    const verdict = await verify(function* () {
      const boxes = channel<{ n: number }>(1);
      const box = { n: 1 };
      yield* boxes.send(box);
      box.n = 2;
    });
    expect(failed(verdict).kind).toBe("throw");
    expect(failed(verdict).cause).toBeInstanceOf(TypeError);
  });

  test("an outcome that is not allowed", async () => {
    const verdict = await verify(
      function* () {
        return yield* choose(1, 2, 3);
      },
      { outcomes: [1, 2] },
    );
    expect(failed(verdict)).toMatchObject({ kind: "outcome", cause: 3 });
  });

  test("on request: a send on a closed channel, values that nobody read", async () => {
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

  test("a task that is parked for ever while others go on and on", async () => {
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
    // Those who wait for one another only for now are not told.
    expect(failed(verdict).schedule.waiting.map(({ task }) => task)).toEqual(["left#0"]);
  });

  test("the same once main is done, where leaks are none", async () => {
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

  test("a failure that nobody will ever hear of, while others go on and on", async () => {
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

  test("a wait for something outside", async () => {
    const verdict = await verify(async function* () {
      await new Promise((resolve) => setTimeout(resolve, 50));
    });
    expect(failed(verdict).kind).toBe("escaped");
  });

  test("a deadline that comes while the answer is on its way leaves the server behind", async () => {
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
  test("tryReceive throws the cause that a channel was closed with", async () => {
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

  test("a send that cannot be parked is not waited for behind a close", async () => {
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

  test("trySend and tryReceive do not meet without a buffer: neither waits for the other", async () => {
    const verdict = await verify(function* () {
      const numbers = channel<number>();
      const said = channel<unknown>(2);
      go(function* () {
        yield* said.send(numbers.trySend(1));
      });
      go(function* () {
        yield* said.send(numbers.tryReceive());
      });
      return new Set([yield* said.receive(), yield* said.receive()]);
    });
    expect([...proved(verdict).outcomes].map((outcome) => [...outcome].map(String).sort())).toEqual([
      ["Symbol(millrace.EMPTY)", "false"],
      ["Symbol(millrace.EMPTY)", "false"],
    ]);
  });
});

test("what a routine does while a plain call is looked into has not happened", async () => {
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

describe("what is cut short", () => {
  test("a limit is named, and nothing is proved", async () => {
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

  test("an engine that was asked for, and does not know the program, says so", async () => {
    const locks = function* () {
      using _ = yield* new Mutex().lock();
    };
    await expect(verify(locks, { engine: "model" })).rejects.toThrow(
      "Cannot verify by the model, which does not support all that the program does",
    );
    expect(await verify(locks)).toMatchObject({ status: "proved", engine: "runs" });
    const quits = function* () {
      yield* scope(function* (s) {
        s.cancel();
      });
    };
    expect(await verify(quits, { engine: "model" })).toMatchObject({ status: "proved" });
  });

  test("options that make no sense are refused", () => {
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

  test("says who waits where, what happened in order, in a column for each task, and how to see it again", async () => {
    const { report, token } = failed(await verify(lost, { name: "lost wake-up" }));
    const lines = report.split("\n").map((line) => line.replace(/ {2,}\S*verify\.test\.ts\S*$/, "").trimEnd());
    expect(lines[0]).toBe("✗ lost wake-up: leak, shortest schedule has 5 events (32 states)");
    expect(lines.slice(1).map((line) => line.replace(/ {2,}/g, "  "))).toEqual([
      "  cons#0  blocked  receive from wake",
      "  schedule  cons#0  prod#1",
      "  1. cons#0  try: receive from q, not now  not now",
      "  2. prod#1  send 0 to q  q ! 0",
      "  3. prod#1  try: send 1 to wake, not now  not now",
      "  4. prod#1  send 1 to q  q ! 1",
      "  5. prod#1  try: send 1 to wake, not now  not now",
      `  replay("${token}", main)`,
    ]);
  });

  test("comes with a token that shows the same schedule again", async () => {
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
    "comes with a token that shows the same where tasks are started in any order: %s",
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

  test("of a program that is run comes with a token, too", async () => {
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

  test("names in its token what the schedule alone does not show", async () => {
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

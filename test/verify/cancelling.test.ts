// Scopes, cancelled tasks and cancelled channels in the model. Each program is also run under every schedule; the model must find
// every outcome of these runs.

import {
  type AsyncRoutine,
  always,
  CancelledError,
  type Channel,
  CLOSED,
  channel,
  go,
  type Operation,
  pause,
  type Routine,
  type Scope,
  scope,
  select,
  sleep,
  type Task,
  withTimeout,
} from "millrace";
import { type Failed, type Proved, replay, ScheduleError, type Verdict, verify } from "millrace/testing";
import { describe, expect, test } from "vitest";
import { expectNoFailure } from "./every-run.js";

const shown = <T>(verdict: Verdict<T>): string => (verdict.status === "failed" ? verdict.report : verdict.status);

/** The outcomes of a program in the model; they include the outcome of every run. */
async function outcomes<T>(main: () => Routine<T>): Promise<T[]> {
  const modelled = await verify(main, { engine: "model" });
  expect(shown(modelled)).toBe("proved");
  const found = (modelled as Proved<T>).outcomes;
  expectNoFailure(await verify(main, { engine: "runs", outcomes: found }));
  expect(await verify(main)).toMatchObject({ status: "proved", outcomes: found });
  return [...found].sort();
}

async function failure<T>(main: () => Routine<T>): Promise<Failed> {
  const verdict = await verify(main, { engine: "model" });
  expect(verdict.status).toBe("failed");
  return verdict as Failed;
}

function* messageOf(work: () => Routine<unknown>): Routine<string> {
  try {
    return String(yield* work());
  } catch (error) {
    return error instanceof AggregateError ? error.errors.map(({ message }) => message).join() : String(error);
  }
}

/** A routine that performs an operation. */
const performing = <T>(operation: Operation<T>) =>
  function* (): Routine<T> {
    return yield* operation;
  };

const started = <T>(main: () => Routine<T>) => go(main);

describe("a cancelled task", () => {
  const reports = (during: (numbers: Channel<number>) => Routine<unknown>) =>
    function* main(): Routine<string> {
      const [numbers, log] = [channel<number>(), channel<string>(3)];
      const task = started(function* () {
        yield* log.send("began");
        try {
          yield* numbers.receive();
          yield* log.send("received");
        } finally {
          yield* log.send("ended");
        }
      });
      yield* during(numbers);
      task.cancel();
      yield* task.whenOver();
      log.close();
      const seen: string[] = [];
      for (let entry = yield* log.receive(); entry !== CLOSED; entry = yield* log.receive()) seen.push(entry);
      return seen.join(" ");
    };

  test("never begins, or ends where it is parked, after its finally", async () => {
    expect(await outcomes(reports(function* () {}))).toEqual([""]);
    expect(await outcomes(reports(performing(pause())))).toEqual(["", "began", "began ended"]);
  });

  test("that has received a value goes on to its next yield*, or ends without going on", async () => {
    const served = reports(function* (numbers) {
      yield* numbers.send(1);
    });
    const found = await outcomes(served);
    expect(found).toContain("began ended");
    expect(found).toContain("began received ended");
  });

  test("can read in its finally the value that its operation received", async () => {
    const main = function* (): Routine<string> {
      const [numbers, log] = [channel<number>(), channel<string>(1)];
      const task = go(function* () {
        const receive = numbers.receive();
        let went = "back";
        try {
          yield* receive;
          went = "on";
        } finally {
          yield* log.send(`${went} with ${receive.value}`);
        }
      });
      const { key } = yield* select({ sent: numbers.send(1), late: sleep(1) });
      task.cancel();
      yield* task.whenOver();
      return `${key}, ${String(log.tryReceive())}`;
    };
    expect(await outcomes(main)).toContain("sent, back with 1");
  });

  test("fails its joiners with the first reason as the cause; a second cancel does nothing", async () => {
    const main = function* (): Routine<string> {
      const task = go(performing(channel<number>().receive()));
      yield* pause();
      task.cancel("first");
      task.cancel("second");
      try {
        yield* task;
        return "not cancelled";
      } catch (error) {
        return error instanceof CancelledError ? String(error.cause) : "something else";
      }
    };
    expect(await outcomes(main)).toEqual(["first"]);
  });

  test("fails its joiners with an error of its finally; an error is reported if its joiner is cancelled first", async () => {
    const failing = function* (): Routine<string> {
      const task = started(function* (): Routine<void> {
        try {
          yield* sleep(5);
        } finally {
          yield* pause();
          // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested
          throw new Error("in finally");
        }
      });
      yield* pause();
      task.cancel();
      return yield* messageOf(performing(task));
    };
    expect(await outcomes(failing)).toContain("Error: in finally");
    const unheard = function* (): Routine<void> {
      const fails = started(function* (): Routine<void> {
        yield* pause();
        throw new Error("unheard");
      });
      const joins = started(function* () {
        yield* messageOf(performing(fails));
      });
      yield* fails.whenOver();
      joins.cancel();
      yield* joins.whenOver();
    };
    expect(await failure(unheard)).toMatchObject({ kind: "throw", cause: new Error("unheard") });
    expect(await verify(unheard, { engine: "runs" })).toMatchObject({ status: "failed", kind: "throw" });
  });

  test("can be one of twenty in a program that the model proves, or shows to deadlock", async () => {
    const many = (waits: boolean) =>
      function* main(): Routine<number> {
        const silent = channel<number>();
        for (let nth = 0; nth < 20; nth++) {
          const task = started(function* () {
            yield* silent.receive();
          });
          yield* sleep(1);
          task.cancel();
          yield* task.whenOver();
        }
        return waits ? ((yield* silent.receive()) as number) : 20;
      };
    expect(await verify(many(false))).toMatchObject({ status: "proved", engine: "model", outcomes: new Set([20]) });
    const found = await failure(many(true));
    expect(found.kind).toBe("deadlock");
    const again = await replay(found.token, many(true)).catch((error: unknown) => error);
    expect((again as ScheduleError).schedule).toEqual(found.schedule);
  });

  test("that cancels its own scope ends at its next park, or returns before; the scope is cancelled in both cases", async () => {
    const main = (waits: boolean) =>
      function* (): Routine<string> {
        return yield* messageOf(
          performing(
            scope(function* (s) {
              const inner = s.go(function* (): Routine<string> {
                s.cancel();
                if (waits) yield* sleep(1);
                return "done";
              });
              yield* inner.whenOver();
              return "over";
            }),
          ),
        );
      };
    expect(await outcomes(main(true))).toEqual(["CancelledError: The scope was cancelled"]);
    expect(await outcomes(main(false))).toEqual(["CancelledError: The scope was cancelled"]);
  });

  test("that is cancelled again while it ends goes on with its finally", async () => {
    const main = function* (): Routine<number> {
      const [self, log] = [channel<Task<void>>(1), channel<string>(2)];
      const task = go(function* (): Routine<void> {
        const own = (yield* self.receive()) as Task<void>;
        try {
          yield* sleep(10);
        } finally {
          own.cancel();
          yield* log.send("first");
          yield* log.send("second");
        }
      });
      yield* self.send(task);
      yield* sleep(1);
      task.cancel();
      yield* task.whenOver();
      return log.length;
    };
    expect(await outcomes(main)).toEqual([2]);
  });

  test("has handled the failure of a task that it has joined before", async () => {
    const main = function* (): Routine<string> {
      const failing = go(() => fail("broken"));
      const task = go(function* () {
        try {
          yield* failing;
        } catch {
          yield* sleep(10);
        }
      });
      yield* sleep(1);
      task.cancel();
      yield* task.whenOver();
      return "over";
    };
    expect(await outcomes(main)).toEqual(["over"]);
  });

  test("whose channel main waits for leaves a deadlock; the schedule has each turn, and the token replays it", async () => {
    const main = function* hasty(): Routine<void> {
      const done = channel<true>();
      const task = go(function* worker() {
        yield* pause();
        yield* done.send(true);
      });
      yield* pause();
      task.cancel("too slow");
      yield* done.receive();
    };
    const found = await failure(main);
    expect(found.kind).toBe("deadlock");
    expect(found.schedule.steps.map(({ task, what }) => `${task}: ${what}`)).toEqual([
      "hasty: pause",
      "hasty: cancel worker#0",
      "worker#0: return, cancelled",
    ]);
    const again = await replay(found.token, main).catch((error: unknown) => error);
    expect((again as ScheduleError).schedule).toEqual(found.schedule);
  });
});

describe("a cancelled channel", () => {
  test.each([false, true])(
    "does not change the verdict on tasks that share a variable (cancelled: %s)",
    async (cancels) => {
      const main = function* (): Routine<number> {
        const count = Object.create(null, { held: { value: 0, writable: true } });
        const add = function* (): Routine<void> {
          const before = count.held;
          yield* pause();
          count.held = before + 1;
        };
        const numbers = channel<number>();
        const tasks = [go(add), go(add)];
        for (const task of tasks) yield* task;
        if (cancels) numbers.cancel();
        return count.held;
      };
      expect(await verify(main)).toMatchObject({ status: "failed", kind: "shared-state" });
    },
  );

  test("accepts no further send and yields no further value (CH-25)", async () => {
    const main = function* (): Routine<string> {
      const numbers = channel<number>(2);
      const sends = go(function* (): Routine<string> {
        const taken: boolean[] = [];
        for (let n = 0; n < 4; n++) taken.push(yield* numbers.send(n));
        return taken.join();
      });
      yield* numbers.receive();
      numbers.cancel();
      const after = yield* numbers.receive();
      return `${yield* sends}; ${String(after)}, ${numbers.length}`;
    };
    const found = await outcomes(main);
    expect(found).toContain("true,true,true,false; Symbol(millrace.CLOSED), 0");
    expect(found).toContain("true,false,false,false; Symbol(millrace.CLOSED), 0");
    for (const outcome of found) expect(outcome).toMatch(/^true,.*,false; Symbol\(millrace\.CLOSED\), 0$/);
  });

  test("refuses a send that was parked when the channel was closed before", async () => {
    const main = (cancels: boolean) =>
      function* (): Routine<string> {
        const numbers = channel<number>();
        const send = go(function* (): Routine<boolean> {
          return yield* numbers.send(1);
        });
        yield* pause();
        numbers.close();
        if (cancels) numbers.cancel();
        const received = yield* numbers.receive();
        return `${yield* send}, ${String(received)}`;
      };
    expect(await outcomes(main(true))).toEqual(["false, Symbol(millrace.CLOSED)"]);
    expect(await outcomes(main(false))).toEqual(["false, Symbol(millrace.CLOSED)", "true, 1"]);
  });

  test("resumes a task that is parked in receive() or in whenClosed()", async () => {
    const main = function* (): Routine<string> {
      const numbers = channel<number>();
      const waits = [
        go(function* (): Routine<unknown> {
          return yield* numbers.receive();
        }),
        go(function* (): Routine<unknown> {
          yield* numbers.whenClosed();
          return "over";
        }),
      ];
      numbers.cancel("enough");
      const ends: string[] = [];
      for (const wait of waits) ends.push(String(yield* wait));
      return ends.join();
    };
    expect(await outcomes(main)).toEqual(["Symbol(millrace.CLOSED),over"]);
  });

  test("calls its onCancel handler with the reason, in the step that cancels it", async () => {
    const verdict = await verify(function* () {
      const reasons = channel<unknown>(1);
      const numbers = channel<number>(1, { onCancel: (reason) => reasons.trySend(reason) });
      numbers.cancel("enough");
      return yield* reasons.receive();
    });
    expect(verdict).toMatchObject({ status: "proved", engine: "model", outcomes: new Set(["enough"]) });
  });
});

describe("a scope", () => {
  const pool = (size: number, jobs: number) =>
    function* main(): Routine<number> {
      return yield* scope(function* (s) {
        const [work, results] = [channel<number>(), channel<number>()];
        for (let nth = 0; nth < size; nth++) {
          s.go(function* worker() {
            for (let job = yield* work.receive(); job !== CLOSED; job = yield* work.receive()) {
              yield* results.send(job * 10);
            }
          });
        }
        s.go(function* source() {
          for (let job = 1; job <= jobs; job++) yield* work.send(job);
          work.close();
        });
        let sum = 0;
        for (let nth = 0; nth < jobs; nth++) sum += (yield* results.receive()) as number;
        return sum;
      });
    };

  test("of two workers is proved by the model and by runs, and one of four workers by the model", async () => {
    expect(await outcomes(pool(2, 2))).toEqual([30]);
    const large = await verify(pool(4, 4));
    expect(large).toMatchObject({ status: "proved", engine: "model", outcomes: new Set([100]) });
  });

  test("of async tasks is modelled if it is yielded, awaited or a case of a select", async () => {
    const main = (form: "yields" | "awaits" | "selects") =>
      async function* (): AsyncRoutine<string> {
        const work = scope(async function* (s) {
          const numbers = channel<number>();
          for (const n of [1, 2]) {
            s.go(async function* () {
              yield* numbers.send(n);
            });
          }
          return `${String(yield* numbers.receive())}${String(yield* numbers.receive())}`;
        });
        if (form === "yields") return yield* work;
        if (form === "awaits") return await work;
        const { key, value } = yield* select({ work, late: sleep(1) });
        return key === "work" ? value : key;
      };
    for (const form of ["yields", "awaits", "selects"] as const) {
      const proved = (await verify(main(form), { engine: "model" })) as Proved<string>;
      expect(shown(proved)).toBe("proved");
      expect([...proved.outcomes].sort()).toEqual(["12", "21"]);
    }
  });

  test("cancels the losers of a race, and yields the result of its body", async () => {
    const main = function* (): Routine<string> {
      return yield* scope(function* (s) {
        const replies = channel<string>();
        for (const name of ["ann", "bob"]) {
          s.go(function* () {
            yield* replies.send(name);
          });
        }
        const first = yield* replies.receive();
        s.cancel();
        return first as string;
      });
    };
    expect(await outcomes(main)).toEqual(["ann", "bob"]);
  });

  const failsWith = (...messages: string[]) =>
    function* main(): Routine<string> {
      return yield* messageOf(
        performing(
          scope(function* (s) {
            for (const message of messages) {
              s.go(function* () {
                try {
                  yield* sleep(5);
                } finally {
                  fail(message);
                }
              });
            }
            yield* pause();
            fail("body");
          }),
        ),
      );
    };

  test("throws its only error, or an AggregateError of all errors; tasks that never began have none", async () => {
    expect(await outcomes(failsWith())).toEqual(["Error: body"]);
    expect(await outcomes(failsWith("one"))).toEqual(["Error: body", "body,one"]);
    expect(await outcomes(failsWith("one", "two"))).toContain("body,one,two");
  });

  test("ends after its tasks, and after a finally that parks", async () => {
    const main = function* (): Routine<string> {
      const log = channel<string>(1);
      const work = started(function* () {
        yield* scope(function* (s) {
          s.go(function* () {
            try {
              yield* sleep(10);
            } finally {
              yield* sleep(1);
              yield* log.send("tidied up");
            }
          });
          yield* sleep(20);
        });
      });
      yield* sleep(1);
      work.cancel();
      yield* work.whenOver();
      return String(log.tryReceive());
    };
    expect(await outcomes(main)).toEqual(["tidied up"]);
  });

  test("fails with a TimeoutError at its deadline, and is cancelled when it loses a select", async () => {
    const slow = (options: { deadline?: number }) =>
      scope(function* (s) {
        s.go(performing(sleep(5)));
        return "in time";
      }, options);
    const late = "TimeoutError: Timed out: the scope took longer than 3 ms";
    expect(await outcomes(() => messageOf(performing(slow({ deadline: 3 }))))).toEqual([late]);
    expect(await outcomes(() => messageOf(performing(slow({ deadline: 7 }))))).toEqual(["in time"]);
    const chosen = function* (): Routine<string> {
      return (yield* select({ slow: slow({}), late: sleep(3) })).key;
    };
    expect(await outcomes(chosen)).toEqual(["late"]);
    const timed = function* (): Routine<string> {
      return yield* messageOf(performing(withTimeout(3, slow({}))));
    };
    expect((await outcomes(timed)).join()).toMatch(/^TimeoutError/);
  });

  test("inside a scope is cancelled with the outer scope", async () => {
    const nested = (s: Scope, numbers: Channel<number>) =>
      s.go(function* () {
        yield* scope(function* (inner) {
          inner.go(function* () {
            yield* numbers.send(1);
          });
          yield* numbers.send(2);
        });
      });
    const main = function* (): Routine<string> {
      const numbers = channel<number>();
      return yield* messageOf(
        performing(
          scope(function* (s) {
            nested(s, numbers);
            const got = yield* numbers.receive();
            s.cancel();
            return got as number;
          }),
        ),
      );
    };
    expect(await outcomes(main)).toEqual(["1", "2"]);
  });

  test("whose tasks wait for each other is a deadlock, which its token replays", async () => {
    const main = function* bank(): Routine<void> {
      const [left, right] = [channel<true>(1, { name: "left" }), channel<true>(1, { name: "right" })];
      const move = function* mover(from: typeof left, to: typeof left): Routine<void> {
        yield* from.send(true);
        yield* to.send(true);
        yield* to.receive();
        yield* from.receive();
      };
      yield* scope(function* (s) {
        s.go(move, left, right);
        s.go(move, right, left);
      });
    };
    const found = await failure(main);
    expect(found.kind).toBe("deadlock");
    expect(found.schedule.cycle).toEqual(["scope#0/mover#1", "scope#0/mover#2"]);
    expect(found.report).toContain("scope#0/mover#1  blocked  send true to right");
    const again = await replay(found.token, main).catch((error: unknown) => error);
    expect(again).toBeInstanceOf(ScheduleError);
    expect((again as ScheduleError).schedule).toEqual(found.schedule);
  });

  test("whose tasks share a variable is verified by runs, and the proof gives this reason", async () => {
    const main = function* (): Routine<number> {
      let last = 0;
      yield* scope(function* (s) {
        for (const n of [1, 2]) {
          s.go(function* () {
            yield* pause();
            last = n;
          });
        }
      });
      return last;
    };
    const proved = (await verify(main)) as Proved<number>;
    expect(proved).toMatchObject({ status: "proved", engine: "runs", outcomes: new Set([1, 2]) });
    expect(proved.assumptions.join()).toContain("tasks share variables: last");
  });
});

test("onUndelivered is in the model, as long as no value is on its way to a task that is cancelled", async () => {
  const program = (value: number | null) =>
    function* (): Routine<void> {
      const numbers = channel<number>(1, { onUndelivered() {} });
      const task = go(performing(numbers.receive()));
      if (value !== null) yield* numbers.send(value);
      yield* pause();
      task.cancel();
    };
  expect(await verify(program(null))).toMatchObject({ status: "proved", engine: "model" });
  expect(await verify(program(1))).toMatchObject({ status: "proved", engine: "runs" });
});

test("a function with a signal that returns an operation is in the model, unless it is cancelled", async () => {
  const program = (cancelled: boolean) =>
    function* (): Routine<void> {
      const task = go((signal: AbortSignal) => sleep(1).map(() => signal.aborted));
      yield* pause();
      if (cancelled) task.cancel();
      yield* task.whenOver();
    };
  expect(await verify(program(false))).toMatchObject({ status: "proved", engine: "model" });
  expect(await verify(program(true))).toMatchObject({ status: "proved", engine: "runs" });
});

test("a program that listens to a signal or cancels an async task is verified by runs", async () => {
  const programs: (() => Routine<unknown>)[] = [
    performing(
      scope(function* ({ signal }) {
        signal.addEventListener("abort", () => {});
        return signal.aborted;
      }),
    ),
    performing(scope(performing(always(1)), { signal: new AbortController().signal })),
    function* () {
      const task = go(async function* () {
        yield* sleep(1);
      });
      yield* pause();
      task.cancel();
      yield* task.whenOver();
    },
  ];
  for (const main of programs) expect(await verify(main)).toMatchObject({ status: "proved", engine: "runs" });
});

function fail(message: string): never {
  throw new Error(message);
}

test("the error of a cancelled task that main joins is the same on every schedule", async () => {
  const verdict = await failure(function* () {
    const task = go(function* () {});
    task.cancel();
    yield* task;
  });
  expect(verdict.kind).toBe("throw");
  expect(verdict.cause).toBeInstanceOf(CancelledError);
});

/** What a function with a signal may return. */
const SIGNALLED: Readonly<Record<string, readonly [make: () => unknown, engine: string]>> = {
  "an operation": [() => sleep(10), "runs"],
  "a routine": [
    () =>
      (function* (): Routine<void> {
        yield* sleep(10);
      })(),
    "model",
  ],
};

describe.each(Object.entries(SIGNALLED))("a function with a signal that returns %s", (_, [make, engine]) => {
  const aborts = (cancels: boolean): (() => Routine<void>) =>
    function* () {
      const ends = channel<string>(2);
      const task = go((signal) => {
        signal.addEventListener("abort", () => ends.trySend("aborted"));
        return make() as Routine<void>;
      });
      yield* sleep(1);
      if (cancels) task.cancel();
      else yield* task;
      yield* sleep(1);
      if (ends.length > 0) throw new Error("aborted");
    };

  test("gets a signal that is aborted when its task is cancelled", async () => {
    const verdict = await verify(aborts(true));
    expect(verdict).toMatchObject({ status: "failed", kind: "throw", cause: { message: "aborted" }, engine });
  });

  test("gets a signal that is not aborted when it is done", async () => {
    expect(await verify(aborts(false))).toMatchObject({ status: "proved", engine: "model" });
  });
});

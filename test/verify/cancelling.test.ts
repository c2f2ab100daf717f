// Scopes, and tasks that are cancelled, as the model knows them. Each program is also run under every schedule: what it returns
// there the model must have found.

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
  withTimeout,
} from "millrace";
import { type Failed, type Proved, replay, ScheduleError, type Verdict, verify } from "millrace/testing";
import { describe, expect, test } from "vitest";

const shown = <T>(verdict: Verdict<T>): string => (verdict.status === "failed" ? verdict.report : verdict.status);

/** What a program returns, with what it does when it is run among it. */
async function outcomes<T>(main: () => Routine<T>): Promise<T[]> {
  const [modelled, run] = await Promise.all([verify(main, { engine: "model" }), verify(main, { engine: "runs" })]);
  expect([shown(modelled), shown(run)]).toEqual(["proved", "proved"]);
  const found = (modelled as Proved<T>).outcomes;
  for (const outcome of (run as Proved<T>).outcomes) expect(found).toContain(outcome);
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

describe("a task that is cancelled", () => {
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

  test("never begins, or ends where it waits, with its finally", async () => {
    expect(await outcomes(reports(function* () {}))).toEqual([""]);
    expect(await outcomes(reports(performing(pause())))).toEqual(["", "began", "began ended"]);
  });

  test("may have been served before it is cancelled: then it ends without having gone on", async () => {
    const served = reports(function* (numbers) {
      yield* numbers.send(1);
    });
    const found = await outcomes(served);
    expect(found).toContain("began ended");
    expect(found).toContain("began received ended");
  });

  test("holds in its finally what it was served with", async () => {
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

  test("is cancelled for a reason, which is the cause of what its joiners get; a second time does nothing", async () => {
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

  test("has a failure in its finally; one that it was told of too late is still reported", async () => {
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

  test("is one of many, cancelled one after the other", async () => {
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

  test("that cancels itself ends where it waits next; one that returns first is simply done", async () => {
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
});

describe("a channel that is cancelled", () => {
  test.each([false, true])(
    "does not change the verdict on tasks that share a variable (cancelled: %s)",
    async (cancels) => {
      const main = function* (): Routine<number> {
        let count = 0;
        const add = function* (): Routine<void> {
          const before = count;
          yield* pause();
          count = before + 1;
        };
        const numbers = channel<number>();
        const tasks = [go(add), go(add)];
        for (const task of tasks) yield* task;
        if (cancels) numbers.cancel();
        return count;
      };
      expect(await verify(main)).toMatchObject({ status: "failed", kind: "shared-state" });
    },
  );

  test("accepts nothing more, and has nothing more to give (CH-25)", async () => {
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

  test("refuses even what was parked when it closed before", async () => {
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

  test("lets go of whoever waits for it, or for its end", async () => {
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

  test("that tells somebody is run instead", async () => {
    const told: unknown[] = [];
    const verdict = await verify(function* () {
      const numbers = channel<number>(1, { onCancel: (reason) => told.push(reason) });
      numbers.cancel("enough");
    });
    expect(verdict).toMatchObject({ status: "proved", engine: "runs" });
    expect(told).toContain("enough");
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

  test("of workers is proved, as far as it goes, where all its runs would take years", async () => {
    expect(await outcomes(pool(2, 2))).toEqual([30]);
    const large = await verify(pool(4, 4));
    expect(large).toMatchObject({ status: "proved", engine: "model", outcomes: new Set([100]) });
  });

  test("of async tasks is modelled, too, by itself and as a case of a select; awaited or not", async () => {
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

  test("cancels those who lost a race, and has the result of its body", async () => {
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

  test("throws what failed first, and all that failed, those who never began left out", async () => {
    expect(await outcomes(failsWith())).toEqual(["Error: body"]);
    expect(await outcomes(failsWith("one"))).toEqual(["Error: body", "body,one"]);
    expect(await outcomes(failsWith("one", "two"))).toContain("body,one,two");
  });

  test("ends only when its tasks have, with a finally that waits", async () => {
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

  test("with a deadline fails when it is late, and as a case of a select it is cancelled when another wins", async () => {
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

  test("inside another is cancelled with it", async () => {
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

  test("in which everybody waits is a deadlock, and its token shows it again", async () => {
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

  test("whose cancelling goes wrong is told turn by turn, and its token shows it again", async () => {
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

  test("whose tasks share a variable is run instead, and the proof says so", async () => {
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
    expect(proved.assumptions.join()).toContain("tasks seem to share state");
  });

  test("that does what the model does not know is run instead", async () => {
    const programs: (() => Routine<unknown>)[] = [
      performing(
        scope(function* ({ signal }) {
          return signal.aborted;
        }),
      ),
      performing(scope(performing(always(1)), { signal: new AbortController().signal })),
      function* () {
        const numbers = channel<number>(1, { onUndelivered() {} });
        const task = go(performing(numbers.receive()));
        yield* pause();
        task.cancel();
      },
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
});

function fail(message: string): never {
  throw new Error(message);
}

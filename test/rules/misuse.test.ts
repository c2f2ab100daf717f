// Programs that use operations, channels and tasks in ways that they are not made for: each gets a clear error or the right
// result, nothing stays registered, and other tasks go on.

import {
  aborted,
  alt,
  always,
  CLOSED,
  channel,
  collect,
  derive,
  go,
  guard,
  never,
  now,
  Operation,
  pause,
  type ReceiveChannel,
  type Routine,
  receiveAny,
  scope,
  select,
  settled,
  sleep,
  type Task,
  ticker,
  upon,
  withNack,
  withTimeout,
} from "millrace";
import { flush, nativeHost, replaceHost } from "millrace/host";
import { take } from "millrace/transducers";
import { describe, expect, test } from "vitest";
import { virtualTime } from "../support/virtual.js";

describe("a select", () => {
  test("names the case that happened, also when it is nested and performed again and again (OP-5)", async () => {
    using _ = virtualTime();
    const [A, B, C] = [channel<string>(1), channel<string>(1), channel<string>(1)];
    const inner = select({ a: A.receive(), b: B.receive() });
    const outer = alt(inner, C.receive());
    const wrong: unknown[] = [];
    await go(function* () {
      for (let round = 0; round < 100; round++) {
        A.trySend("a");
        B.trySend("b");
        yield* inner;
        yield* inner;
        A.trySend("a");
        const result = yield* outer;
        if (typeof result !== "object" || result.key !== result.value) wrong.push(result);
      }
    });
    expect(wrong).toEqual([]);
  });

  test("that offers to a transforming channel and waits for its end has one of both, and loses no value (OP-6)", async () => {
    using time = virtualTime();
    const ch = channel<number, number>(1, { transform: take(2) });
    ch.trySend(1);
    const offered = go(function* () {
      return (yield* select({ sent: ch.send(2), gone: ch.whenClosed() })).key;
    });
    await time.settle();
    expect(ch.tryReceive()).toBe(1);
    expect([await offered, ch.tryReceive(), ch.tryReceive()]).toEqual(["sent", 2, CLOSED]);
  });

  const makers: Record<string, (ready: () => void) => Operation<unknown>> = {
    "a guard": (ready) =>
      guard(() => {
        ready();
        return never();
      }),
    "a guard under map": (ready) =>
      guard(() => {
        ready();
        return never();
      }).map(String),
    "a view": (ready) => {
      let calls = 0;
      const view = derive<unknown, number>({ next: () => (calls++ === 0 ? always(1) : never()), accept: ready });
      return view.receive();
    },
  };
  const others: Record<string, (now: AbortController) => { other: Operation<unknown>; ready: () => void }> = {
    "a receive": () => {
      const ch = channel<string>(1);
      return { other: ch.receive(), ready: () => void ch.trySend("x") };
    },
    "the closing of a channel": () => {
      const ch = channel<string>();
      return { other: ch.whenClosed(), ready: () => void ch.close() };
    },
    "an abort signal": (controller) => ({ other: aborted(controller.signal), ready: () => controller.abort("x") }),
  };
  const pairs = Object.keys(makers).flatMap((maker) => Object.keys(others).map((other) => [maker, other] as const));

  test.each(pairs)("does not park if the code of %s makes %s ready (OP-16)", async (maker, other) => {
    const modes = ["priority", "fair", "random", "random", "random", "random", "random", "random"] as const;
    for (const [seed, mode] of modes.entries()) {
      using time = virtualTime(seed);
      const { other: operation, ready } = others[other]!(new AbortController());
      const choice = go(function* () {
        return (yield* select({ operation, made: makers[maker]!(ready) }, { mode })).key;
      });
      await time.settle();
      expect(choice.status).toBe("done");
      expect(await choice).toBe("operation");
    }
  });

  test("refuses one operation under two of its branches, and leaves nothing registered (OP-1, OP-13)", async () => {
    const twice: Record<string, () => Operation<unknown>> = {
      "a receive under map": () => {
        const r = channel<number>().receive();
        return select({ a: r.map(String), b: r.map(Number) });
      },
      "a sleep under map": () => {
        const s = sleep(10);
        return select({ a: s.map(String), b: s.map(Number) });
      },
      "a receive under guard": () => {
        const r = channel<number>().receive();
        return select({ a: guard(() => r), b: guard(() => r) });
      },
      "a nested choice": () => {
        const inner = select({ x: channel().receive(), y: channel().receive() });
        return select({ a: inner, b: inner });
      },
    };
    for (const [name, make] of Object.entries(twice)) {
      using time = virtualTime();
      const refused = go(function* () {
        yield* make();
      }).then(
        () => "completed",
        (error: unknown) => String(error),
      );
      const other = go(function* () {
        yield* sleep(20);
        return "slept";
      });
      await time.advance(30);
      expect([name, await refused]).toEqual([name, expect.stringMatching(/^TypeError: Cannot perform operation/)]);
      expect(await other).toBe("slept");
    }
  });

  test("tells a case that has lost when a later case throws (OP-4, OP-13)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const lost = withNack((nack) => {
      upon(nack, () => log.push("lost"));
      return never();
    });
    const error = new Error("guard");
    const failing = guard((): Operation<never> => {
      throw error;
    });
    const failed = select({ lost, failing }, { mode: "priority" }).then(undefined, (failure) => failure);
    await time.settle();
    expect([await failed, log]).toEqual([error, ["lost"]]);
  });

  test("with two ticks of a ticker that is cancelled happens once (OP-10)", async () => {
    using time = virtualTime();
    const ticks = ticker(10);
    const both = select({ a: ticks.receive(), b: ticks.receive() }).then(({ value }) => value);
    await time.settle();
    ticks.cancel();
    expect(await both).toBe(CLOSED);
  });
});

describe("an operation", () => {
  const reused: Record<string, (ch: ReceiveChannel<number>) => Operation<unknown>> = {
    "a receive": (ch) => ch.receive(),
    "a mapped receive": (ch) => ch.receive().map((n) => n),
    "a receive with a deadline": (ch) => withTimeout(1000, ch.receive()),
    "a mapped select": (ch) => select({ ch }).map(({ value }) => value),
    "a guard": (ch) => guard(() => ch.receive()).map((n) => n),
  };

  test.each(Object.keys(reused))("is at rest after its task was cancelled: %s (OP-1)", async (name) => {
    using time = virtualTime();
    const ch = channel<number>();
    const next = reused[name]!(ch);
    const worker = function* (): Routine<unknown> {
      return yield* next;
    };
    for (let round = 0; round < 2; round++) {
      const first = go(worker);
      await time.settle();
      first.cancel();
      await time.settle();
    }
    const last = go(worker);
    await time.settle();
    ch.trySend(1);
    expect(await last).toBe(1);
  });

  test("is at rest after its channel refused to park it (CH-11)", async () => {
    using time = virtualTime();
    const ch = channel<number>(0, { maxPending: 0 });
    const mapped = ch.receive().map((n) => n);
    for (let round = 0; round < 2; round++) await expect(mapped.then()).rejects.toThrow("maxPending");
    const all = receiveAny({ open: channel<number>(), full: ch });
    for (let round = 0; round < 2; round++) await expect(all.then()).rejects.toThrow("maxPending");
    await time.settle();
  });

  test("of the user that is completed twice throws in the code that completes it, and its task is not disturbed", async () => {
    using time = virtualTime();
    class Once extends Operation<string> {
      poll() {
        return false;
      }
      block() {}
    }
    const operation = new Once();
    const ch = channel<string>();
    const task = go(function* () {
      const first = yield* operation;
      return [first, yield* ch.receive()];
    });
    await time.settle();
    operation.complete("one");
    await time.settle();
    expect(() => operation.complete("two")).toThrow("Cannot complete operation: it is not parked");
    ch.trySend("three");
    expect(await task).toEqual(["one", "three"]);
  });

  test("of a promise whose thenable calls back twice yields the first value, as await does", async () => {
    using time = virtualTime();
    const calls: ((value: number) => void)[] = [];
    const thenable = {
      then: (done: (value: number) => void) => void calls.push(done),
    } as unknown as PromiseLike<number>;
    const task = go(function* () {
      const first = yield* settled(thenable);
      yield* pause();
      return [first, yield* settled(thenable)];
    });
    await time.settle();
    for (const value of [1, 2]) calls[0]!(value);
    expect(await task).toEqual([1, 1]);
  });

  const iterated: Record<string, (operation: Operation<unknown>) => unknown> = {
    destructuring: (operation) => {
      const [value] = operation as unknown as Iterable<unknown>;
      return value;
    },
    "for of": (operation) => {
      for (const value of operation as unknown as Iterable<unknown>) return value;
      return undefined;
    },
    spread: (operation) => [...(operation as unknown as Iterable<unknown>)],
    "Array.from": (operation) => Array.from(operation as unknown as Iterable<unknown>),
  };

  test.each(Object.keys(iterated))(
    "that is iterated by %s is refused, and its channel is not disturbed (GO-7)",
    async (how) => {
      for (const next of [() => sleep(1), () => channel().receive()]) {
        using time = virtualTime();
        const ch = channel<number>(0, { name: "numbers" });
        const task = go(function* () {
          iterated[how]!(ch.receive());
          yield* next();
        }).then(
          () => "completed",
          (error: unknown) => String(error),
        );
        await time.settle();
        expect(await task).toMatch(/^TypeError: Cannot iterate operation \(receive from numbers\)/);
        expect(ch.trySend(1)).toBe(false);
      }
    },
  );

  test("performed by a generator that plain code drives is refused (GO-7)", () => {
    using _ = virtualTime();
    const ch = channel<number>();
    const routine = (function* () {
      yield* ch.receive();
    })();
    routine.next();
    expect(() => routine.next()).toThrow("Cannot iterate operation");
    expect(ch.trySend(1)).toBe(false);
  });
});

describe("a task", () => {
  test("whose generator was ended by other code fails, and the value goes back", async () => {
    using time = virtualTime();
    const lost: number[] = [];
    const ch = channel<number>(0, { onUndelivered: (value) => lost.push(value) });
    const routine = (function* (): Routine<number | typeof CLOSED> {
      return yield* ch.receive();
    })();
    const task = go(() => routine);
    await time.settle();
    routine.return(0);
    ch.trySend(7);
    await expect(task.then()).rejects.toThrow("only the task may run its generator");
    expect(lost).toEqual([7]);
  });

  test("that is cancelled runs its finally although its operation throws when it gives its value back", async () => {
    class Given extends Operation<number> {
      poll() {
        return false;
      }
      block() {}
      override discard() {
        throw new Error("discard");
      }
    }
    for (const form of ["function*", "async function*"]) {
      using time = virtualTime();
      const given = new Given();
      const log: string[] = [];
      const task =
        form === "function*"
          ? go(function* () {
              try {
                yield* given;
              } finally {
                log.push("finally");
              }
            })
          : go(async function* () {
              try {
                yield* given;
              } finally {
                log.push("finally");
              }
            });
      await time.settle();
      given.complete(1);
      task.cancel();
      await time.settle();
      expect([form, log, task.status]).toEqual([form, ["finally"], "cancelled"]);
      expect(time.reported.map(String)).toEqual(["Error: discard"]);
    }
  });

  test("cannot flush the scheduler that runs it", async () => {
    using _ = virtualTime();
    const task = go(function* () {
      flush();
    });
    await expect(task.then()).rejects.toThrow("Cannot flush");
  });

  test("that fails is reported while other tasks keep the thread busy (GO-10)", async () => {
    const error = new Error("heard");
    const reported: unknown[] = [];
    using _ = replaceHost({
      report(failure) {
        reported.push(failure);
        return () => {};
      },
    });
    const busy = go(function* () {
      for (const end = now() + 5000; now() < end; yield* pause()) if (reported.length > 0) return "heard while busy";
      return "not heard";
    });
    go(function* () {
      throw error;
    });
    expect([await busy, reported]).toEqual(["heard while busy", [error]]);
  });
});

describe("a task that fails and is joined", () => {
  /** Runs for longer than a slice, so that the host gets a turn before the next task. */
  function burn(): void {
    for (const end = now() + 15; now() < end; );
  }

  const joiners: Readonly<Record<string, (task: Task<void>) => Task<unknown> | Promise<unknown>>> = {
    "a function*": (task) =>
      go(function* () {
        try {
          yield* task;
        } catch (error) {
          return error;
        }
      }),
    "an async function*": (task) =>
      go(async function* () {
        try {
          yield* task;
        } catch (error) {
          return error;
        }
      }),
    await: async (task) => {
      try {
        await task;
      } catch (error) {
        return error;
      }
    },
    "a select": (task) =>
      go(function* () {
        try {
          yield* select({ task, late: sleep(10_000) });
        } catch (error) {
          return error;
        }
      }),
  };

  test.each(Object.entries(joiners))(
    "by %s is not reported if the slice ends before the joiner has its turn (GO-10)",
    async (_, join) => {
      const reported: unknown[] = [];
      using _host = replaceHost({
        // As a host does with a rejection: it counts when the turn ends in which it was not handled.
        report(failure) {
          let isHandled = false;
          nativeHost.turn(() => {
            if (!isHandled) reported.push(failure);
          });
          return () => {
            isHandled = true;
          };
        },
      });
      const error = new Error("joined");
      const failing = go(function* () {
        yield* sleep(1);
        burn();
        throw error;
      });
      const joined = join(failing);
      const others = Array.from({ length: 3 }, () =>
        go(function* () {
          for (let turn = 0; turn < 4; turn++, burn()) yield* pause();
        }),
      );
      const got = await joined;
      for (const other of others) await other;
      expect([got, reported]).toEqual([error, []]);
    },
  );
});

describe("a scope", () => {
  test("whose value reaches no code disposes of it (SC-4)", async () => {
    for (const async of [false, true]) {
      for (const turns of [0, 1, 2, 3, 4, 5]) {
        using time = virtualTime();
        let open = 0;
        const acquire = function* (): Routine<Disposable> {
          yield* pause();
          open++;
          return { [Symbol.dispose]: () => void open-- };
        };
        const body = scope(acquire);
        const taker = async
          ? go(async function* () {
              using _lease = yield* body;
              yield* sleep(1000);
            })
          : go(function* () {
              using _lease = yield* body;
              yield* sleep(1000);
            });
        go(function* () {
          for (let turn = 0; turn < turns; turn++) yield* pause();
          taker.cancel();
        });
        await time.advance(10);
        expect([async, turns, open, taker.status]).toEqual([async, turns, 0, "cancelled"]);
      }
    }
  });

  test("that is ending when its deadline passes ends its finally blocks", async () => {
    using time = virtualTime();
    const all = scope(
      function* (s) {
        s.go(function* () {
          try {
            yield* sleep(1000);
          } finally {
            yield* never();
          }
        });
        yield* sleep(5);
        throw new Error("boom");
      },
      { deadline: 20 },
    ).then(undefined, (error: unknown) => error);
    await time.advance(50);
    const error = (await all) as AggregateError;
    expect(error).toBeInstanceOf(AggregateError);
    expect(String(error.errors)).toContain("boom");
  });

  test.each([
    Symbol("thrown"),
    Object.create(null),
    {
      toString: () => {
        throw new Error("no text");
      },
    },
  ])("with two failures that have no text throws both", async (thrown) => {
    using time = virtualTime();
    const fail = (): never => {
      throw thrown;
    };
    const all = scope(function* (s) {
      s.go(function* () {
        try {
          yield* never();
        } finally {
          fail();
        }
      });
      yield* sleep(1);
      fail();
    }).then(undefined, (error: unknown) => error);
    await time.advance(5);
    const { errors } = (await all) as AggregateError;
    expect(errors.map((error) => error === thrown)).toEqual([true, true]);
  });
});

describe("depth", () => {
  test("a receiver on 4 000 views gets its value, from a sender and from a ready source (CH-13)", async () => {
    using time = virtualTime();
    const source = channel<number>(2);
    let view: ReceiveChannel<number> = source;
    for (let n = 0; n < 4000; n++) {
      const below = view;
      view = derive<number | typeof CLOSED, number>({
        next: () => below.receive(),
        accept: (value, to) => (value === CLOSED ? to.end() : to.emit(value)),
      });
    }
    const first = view.receive().then();
    await time.settle();
    source.trySend(1);
    expect(await first).toBe(1);
    source.trySend(2);
    source.close();
    expect(await collect(view)).toEqual([2]);
  });

  test("10 000 functions of map() are applied to a parked receive (CH-13)", async () => {
    using time = virtualTime();
    const ch = channel<number>();
    let operation: Operation<unknown> = ch.receive();
    for (let n = 0; n < 10_000; n++) operation = operation.map((value) => (value as number) + 1);
    const all = operation.then();
    await time.settle();
    ch.trySend(0);
    expect(await all).toBe(10_000);
  });

  test("300 nested labelled selects are built", async () => {
    using _ = virtualTime();
    let operation: Operation<unknown> = always("core");
    for (let n = 0; n < 300; n++) operation = select({ inner: operation, silent: never() });
    let value = await operation;
    let depth = 0;
    for (; typeof value === "object"; depth++) value = (value as { value: unknown }).value;
    expect([value, depth]).toEqual(["core", 300]);
  });
});

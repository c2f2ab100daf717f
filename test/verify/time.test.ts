// The passing of time beside busy loops, and the checks of a proof of an endless program against the program itself.

import { type Channel, channel, go, never, now, pause, type Routine, select, sleep, timeout } from "millrace";
import {
  cell,
  choose,
  daemon,
  type Failed,
  forever,
  loop,
  type Proved,
  replay,
  type Verdict,
  verify,
} from "millrace/testing";
import { describe, expect, test } from "vitest";
import { type Allowed, sound } from "../../src/testing/explore/validation/cross-check.js";

/** The status of a verdict, or the kind of its failure. */
const said = (verdict: Verdict<unknown>): string => (verdict.status === "failed" ? verdict.kind : verdict.status);

/** Two tasks that hand over for ever; `round` is called in each round. */
function* exchange(round: () => void) {
  const c = channel<number>();
  go(forever, function* () {
    yield* c.send(1);
  });
  yield* forever(function* () {
    yield* c.receive();
    round();
  });
}

describe("a proof of an endless program is held against the program itself", () => {
  test("and stands if nothing is shared", async () => {
    expect(said(await verify(() => exchange(() => {})))).toBe("proved");
  });

  test.each([3, 50, 400])("so a hidden count that stops both tasks after %i rounds is found", async (most) => {
    const main = function* () {
      const c = channel<number>();
      let rounds = 0;
      go(forever, function* () {
        yield* c.send(1);
      });
      yield* forever(function* () {
        yield* c.receive();
        if (++rounds > most) yield* never();
      });
    };
    expect(said(await verify(main))).toBe("shared-state");
  });

  test.each([3, 50, 200])(
    "so a hidden count that stops one of several tasks after %i rounds is found",
    async (most) => {
      const main = function* () {
        let rounds = 0;
        go(exchange, () => {});
        const c = channel<number>();
        daemon(
          go(forever, function* () {
            yield* c.send(1);
          }),
        );
        yield* forever(function* () {
          yield* c.receive();
          if (++rounds > most) yield* never();
        });
      };
      expect(said(await verify(main))).toBe("shared-state");
    },
  );

  test.each([3, 50, 400])("so a hidden count that throws after %i rounds is found", async (most) => {
    const main = function* () {
      let rounds = 0;
      yield* exchange(() => {
        if (++rounds > most) throw new Error("too many");
      });
    };
    expect(said(await verify(main))).toBe("shared-state");
  });
});

describe("a cut run of an endless program", () => {
  const budget = { schedules: 1, events: 1 };
  const boom = new Error("boom");
  const allowed = (more: Partial<Allowed<unknown>> = {}): Allowed<unknown> => ({
    ...{ outcomes: [1], errors: [], leaks: true },
    ...more,
  });
  const beside = (task: () => Routine<unknown>, main: () => Routine<unknown>) =>
    function* () {
      go(exchange, () => {});
      go(task);
      return yield* main();
    };
  const nothing = function* () {};
  const one = function* () {
    return 1;
  };
  const throws = function* () {
    throw boom;
  };
  const blocks = function* () {
    return yield* channel<number>().receive();
  };

  test("agrees with the model if it returns what the model returns", async () => {
    expect(await sound(beside(nothing, one), allowed(), budget)).toBeNull();
    expect(await sound(beside(nothing, blocks), allowed(), budget)).toBeNull();
  });

  test("shows a value that main never returns in the model", async () => {
    expect(await sound(beside(nothing, one), allowed({ outcomes: [2] }), budget)).toBe("returns 1");
  });

  test("shows an error that main never throws in the model", async () => {
    expect(await sound(beside(nothing, throws), allowed(), budget)).toBe("fails (throw)");
  });

  test("shows an error that no task throws in the model", async () => {
    expect(await sound(beside(throws, one), allowed(), budget)).toBe("fails (throw)");
    expect(await sound(beside(throws, one), allowed({ errors: [boom] }), budget)).toBeNull();
  });

  test("shows a deadlock", async () => {
    expect(await sound(blocks, allowed(), budget)).toBe("fails (deadlock)");
  });
});

describe("time passes beside a loop that never waits", () => {
  const DONE = Symbol.for("millrace.DONE") as never;
  const busy = () => exchange(() => {});
  /** Serves `c` for ever. */
  const serve = (c: Channel<number>) =>
    daemon(
      go(forever, function* () {
        yield* c.send(1);
      }),
    );
  const fails = (ms: number) =>
    daemon(
      go(function* () {
        yield* sleep(ms);
        throw new Error("woken");
      }),
    );

  const programs: readonly { name: string; verdict: string; outcomes?: unknown[]; main: () => Routine<unknown> }[] = [
    {
      name: "a sleeping task wakes and throws",
      verdict: "throw",
      *main() {
        fails(1);
        yield* busy();
      },
    },
    {
      name: "a main that sleeps beside a ring is not stuck, and ends",
      verdict: "proved",
      outcomes: [1],
      *main() {
        go(busy);
        yield* sleep(10);
        return 1;
      },
    },
    {
      name: "sleeps come one after another",
      verdict: "throw",
      *main() {
        go(busy);
        for (let nth = 0; nth < 4; nth++) yield* sleep(3);
        throw new Error("end");
      },
    },
    {
      name: "a task of the loop is parked at its channel by then, or is not",
      verdict: "proved",
      outcomes: [true, false],
      *main() {
        const values = channel<number>();
        serve(values);
        daemon(
          go(forever, function* () {
            yield* values.receive();
          }),
        );
        yield* sleep(1);
        return values.trySend(2);
      },
    },
    {
      name: "sleepers that meet later are not stuck",
      verdict: "proved",
      outcomes: [7],
      *main() {
        go(busy);
        const c = channel<number>();
        go(function* () {
          yield* sleep(3);
          yield* c.send(7);
        });
        yield* sleep(5);
        return yield* c.receive();
      },
    },
    {
      name: "a task that can never be served after its sleep is stuck",
      verdict: "stuck",
      *main() {
        go(busy);
        yield* sleep(5);
        yield* channel<number>().receive();
      },
    },
    {
      name: "the earlier of two sleeps ends first",
      verdict: "proved",
      outcomes: ["early,late"],
      *main() {
        go(busy);
        const log = channel<string>(2);
        for (const [name, ms] of [
          ["late", 7],
          ["early", 3],
        ] as const) {
          go(function* () {
            yield* sleep(ms);
            yield* log.send(name);
          });
        }
        return [yield* log.receive(), yield* log.receive()].join();
      },
    },
    {
      name: "a loop that polls a cell sees what a sleeping task writes",
      verdict: "proved",
      outcomes: ["seen"],
      *main() {
        const on = cell(false);
        go(function* () {
          yield* sleep(5);
          on.value = true;
        });
        yield* loop(0, function* () {
          yield* pause();
          return on.value ? DONE : 0;
        });
        return "seen";
      },
    },
    {
      name: "a loop that polls a timeout sees its end",
      verdict: "throw",
      *main() {
        const late = timeout(5);
        yield* forever(function* () {
          yield* pause();
          if (late.closed) throw new Error("late");
        });
      },
    },
    {
      name: "a wait that begins again in each round of the loop is never late",
      verdict: "proved",
      *main() {
        const c = channel<number>();
        serve(c);
        yield* forever(function* () {
          const { key } = yield* select({ c, late: sleep(5) });
          if (key === "late") throw new Error("late");
        });
      },
    },
    {
      name: "a longer sleep beside such a wait ends",
      verdict: "throw",
      *main() {
        const c = channel<number>();
        fails(20);
        serve(c);
        yield* forever(function* () {
          yield* select({ c, late: sleep(5) });
        });
      },
    },
    {
      name: "a wait is late if the loop can go round without it",
      verdict: "throw",
      *main() {
        const c = channel<number>();
        daemon(
          go(forever, function* () {
            if (yield* choose(true, false)) yield* c.send(1);
            else yield* pause();
          }),
        );
        yield* forever(function* () {
          const { key } = yield* select({ c, late: sleep(5) });
          if (key === "late") throw new Error("late");
        });
      },
    },
    {
      name: "the loop may end, or go round until the sleep ends",
      verdict: "throw",
      *main() {
        const on = cell(true);
        go(function* () {
          yield* sleep(4);
          if (on.value) throw new Error("still on");
        });
        yield* loop(0, function* () {
          yield* pause();
          return (yield* choose(true, false)) ? 0 : DONE;
        });
        on.value = false;
      },
    },
    {
      name: "a task that could be served in each round is served before its timeout",
      verdict: "proved",
      outcomes: ["c"],
      *main() {
        const c = channel<number>();
        serve(c);
        daemon(
          go(forever, function* () {
            yield* c.receive();
          }),
        );
        return (yield* select({ c, late: timeout(5) })).key;
      },
    },
    {
      name: "tasks that can change places are busy",
      verdict: "proved",
      outcomes: [5],
      *main() {
        const c = channel<number>();
        for (let nth = 0; nth < 3; nth++) serve(c);
        daemon(
          go(forever, function* () {
            yield* c.receive();
          }),
        );
        yield* sleep(5);
        return 5;
      },
    },
    {
      name: "a loop is left between the beginning and the end of a sleep",
      verdict: "throw",
      *main() {
        const [values, log] = [channel<number>(), channel<string>(3)];
        const wakes = function* (name: string, ms: number): Routine<void> {
          yield* sleep(ms);
          yield* log.send(name);
        };
        go(wakes, "a", 10);
        go(wakes, "b", 12);
        serve(values);
        yield* loop<null>(null, function* () {
          yield* values.receive();
          return (yield* choose(true, false)) ? DONE : null;
        });
        yield* wakes("main", 4);
        const order: unknown[] = [];
        while (order.length < 3) order.push(yield* log.receive());
        if (order.join() === "a,main,b") throw new Error("between");
      },
    },
    {
      name: "one of the sleepers that can change places stays busy",
      verdict: "throw",
      *main() {
        const [c, woken] = [channel<number>(), cell(0)];
        for (let nth = 0; nth < 2; nth++) {
          daemon(
            go(function* sleeper() {
              yield* sleep(5);
              woken.value++;
              if (woken.value === 2) throw new Error("both");
            }),
          );
        }
        serve(c);
        yield* forever(function* () {
          yield* c.receive();
        });
      },
    },
  ];

  describe.each(programs)("$name", ({ main, verdict, outcomes }) => {
    test.each([{}, { all: true }])("(%o)", async (options) => {
      const found = await verify(main, { engine: "model", ...options });
      expect(said(found)).toBe(verdict);
      if (found.status === "proved" && outcomes !== undefined) expect([...found.outcomes]).toEqual(outcomes);
      if (found.status !== "failed") return;
      const again = await replay(found.token, main).catch((error: unknown) => error);
      expect(again).toMatchObject({ kind: verdict, schedule: found.schedule });
    });
  });

  test("whether stuck tasks are a failure or not", async () => {
    const main = function* () {
      fails(1);
      yield* busy();
    };
    expect(said(await verify(main, { stuck: false }))).toBe("throw");
  });

  test("and the schedule says how much time passes", async () => {
    const main = function* () {
      fails(15);
      yield* busy();
    };
    const found = (await verify(main)) as Failed;
    expect(found.schedule.steps.map(({ what }) => what)).toEqual(["15 ms pass", "wake after 15 ms"]);
  });

  test("but a program that waits in each round keeps its states", async () => {
    const main = function* () {
      const c = channel<number>();
      daemon(
        go(forever, function* () {
          yield* sleep(2);
          yield* c.send(1);
        }),
      );
      yield* forever(function* () {
        yield* c.receive();
      });
    };
    expect(await verify(main, { all: true })).toMatchObject({ status: "proved", states: 3 });
  });
});

describe("asynchronous time", () => {
  const asynchronous = { time: "asynchronous" } as const;

  /** The alternating bit protocol over media that hold one frame; the receiver checks the bit, or takes every frame. */
  const protocol = (checks: boolean) =>
    function* () {
      const [frames, acks] = [channel<number>(1), channel<number>(1)];
      daemon(
        go(loop<number>, 0, function* sender(bit) {
          yield* select({ sent: frames.send(bit), full: sleep(10) });
          const { key, value } = yield* select({ ack: acks.receive(), late: sleep(10) });
          return key === "ack" && value === bit ? 1 - bit : bit;
        }),
      );
      yield* loop<number>(0, function* receiver(bit) {
        const frame = yield* frames.receive();
        if (!checks && frame !== bit) throw new Error("a frame was taken twice");
        yield* select({ sent: acks.send(frame as number), full: sleep(10) });
        return frame === bit ? 1 - bit : bit;
      });
    };

  test("shows that a receiver must check the bit, which maximal progress does not", async () => {
    expect(said(await verify(protocol(true)))).toBe("proved");
    expect(said(await verify(protocol(true), asynchronous))).toBe("proved");
    expect(said(await verify(protocol(false)))).toBe("proved");
    const found = (await verify(protocol(false), asynchronous)) as Failed;
    expect(said(found)).toBe("throw");
    const again = await replay(found.token, protocol(false)).catch((error: unknown) => error);
    expect(again).toMatchObject({ kind: "throw", schedule: found.schedule });
  });

  test("lets time pass while a task has not come to its channel, so no task that can go on is parked for certain", async () => {
    const main = function* (): Routine<string> {
      const values = channel<number>();
      go(() => values.send(0));
      go(() => values.receive());
      yield* sleep(1);
      return `${values.trySend(1)} ${values.tryReceive() === 0}`;
    };
    const verdict = await verify(main, { ...asynchronous, leaks: false });
    const all = ["false false", "false true", "true false", "true true"];
    expect(verdict.status === "proved" && [...verdict.outcomes].sort()).toEqual(all);
  });

  const outcomesOf = async (main: () => Routine<unknown>, options = {}) => {
    const verdict = await verify(main, options);
    expect(said(verdict)).toBe("proved");
    return [...(verdict as Proved<unknown>).outcomes].sort();
  };

  test("lets a timeout come before what is ready", async () => {
    const main = function* () {
      const c = channel<number>(1);
      yield* c.send(1);
      return (yield* select({ c, late: timeout(5) })).key;
    };
    expect(await outcomesOf(main)).toEqual(["c"]);
    expect(await outcomesOf(main, asynchronous)).toEqual(["c", "late"]);
    expect(await outcomesOf(main, { ...asynchronous, all: true })).toEqual(["c", "late"]);
  });

  test("reaches every order of two sleeps that begin one after another", async () => {
    const main = function* () {
      const log = channel<string>(2);
      go(function* () {
        yield* sleep(4);
        yield* log.send("four");
      });
      yield* pause();
      go(function* () {
        yield* sleep(6);
        yield* log.send("six");
      });
      return [yield* log.receive(), yield* log.receive()].join(" ");
    };
    expect(await outcomesOf(main)).toEqual(["four six"]);
    expect(await outcomesOf(main, asynchronous)).toEqual(["four six", "six four"]);
  });

  test("passes by a unit that divides each sleep, also one that comes late", async () => {
    const main = function* () {
      const [first, second] = [timeout(10), channel<string>(1)];
      yield* sleep(4);
      go(function* () {
        yield* sleep(7);
        yield* second.send("second");
      });
      return (yield* select({ first, second })).key;
    };
    expect(await outcomesOf(main)).toEqual(["first"]);
    expect(await outcomesOf(main, asynchronous)).toEqual(["first", "second"]);
  });

  test("may make one of two timeouts due while the other is not", async () => {
    const main = function* () {
      const ten = timeout(10);
      yield* pause();
      const five = timeout(5);
      yield* sleep(2);
      if (ten.closed) return "late";
      yield* ten.receive();
      return five.closed ? "both" : "one";
    };
    expect(await outcomesOf(main)).toEqual(["both"]);
    expect(await outcomesOf(main, asynchronous)).toEqual(["both", "late", "one"]);
  });

  test("has few states where only the order of what is due counts", async () => {
    const main = function* () {
      const tasks = [1, 1000].map((ms) =>
        go(function* () {
          yield* sleep(ms);
        }),
      );
      for (const task of tasks) yield* task;
    };
    expect((await verify(main, { ...asynchronous, all: true })).states).toBeLessThan(20);
  });

  test("never passes between two plain calls", async () => {
    const main = function* () {
      const [late, log] = [timeout(5), channel<boolean>(2)];
      yield* pause();
      const before = late.closed;
      yield* log.send(late.closed === before);
      return yield* log.receive();
    };
    expect(await outcomesOf(main, asynchronous)).toEqual([true]);
  });

  test("changes nothing in a program without sleeps", async () => {
    const main = function* () {
      const c = channel<number>();
      go(forever, function* () {
        yield* c.send(1);
      });
      yield* forever(function* () {
        yield* c.receive();
      });
    };
    const [one, other] = [await verify(main, { all: true }), await verify(main, { ...asynchronous, all: true })];
    expect(other.states).toBe(one.states);
  });

  test("stands among the assumptions of a proof", async () => {
    const main = function* () {};
    expect(((await verify(main)) as Proved<void>).assumptions.join()).toContain("only when nothing else can happen");
    expect(((await verify(main, asynchronous)) as Proved<void>).assumptions.join()).toContain("at any moment");
  });

  test("is refused where it is not supported", async () => {
    const main = function* () {};
    expect(() => verify(main, { ...asynchronous, engine: "runs" })).toThrow(TypeError);
    expect(() => verify(main, { time: "real" as never })).toThrow("time must be one of maximal-progress, asynchronous");
    const unsupported = function* () {
      return now();
    };
    expect(await verify(unsupported, asynchronous)).toMatchObject({
      status: "bounded",
      reason: expect.stringContaining("the model does not support"),
    });
  });
});

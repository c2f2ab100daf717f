// What one event of the model stands for: rounds of loops that repeat, the end of a task, and what parked tasks do between plain
// calls.

import { always, channel, go, type Operation, pause, type Routine, select, sleep } from "millrace";
import { cell, choose, DONE, forever, loop, type VerifyOptions, verify } from "millrace/testing";
import { describe, expect, test } from "vitest";

type Main = () => Routine<unknown>;

/** The kind of the failure; or every outcome, in order. */
async function verdictOf(main: Main, options: VerifyOptions<unknown> = {}): Promise<string> {
  const verdict = await verify(main, { engine: "model", ...options });
  if (verdict.status !== "proved") return verdict.status === "failed" ? verdict.kind : verdict.status;
  return [...verdict.outcomes].map(String).sort().join();
}

/** The verdict that the search with all reductions and the search of all states agree on. */
async function agreed(main: Main): Promise<string> {
  const [some, all] = [await verdictOf(main), await verdictOf(main, { all: true })];
  expect(some).toBe(all);
  return all;
}

/** Sends a number of values. */
function* sender(to: { send: (value: number) => Operation<boolean> }, count: number): Routine<void> {
  for (let n = 0; n < count; n++) yield* to.send(n);
}

describe("a round of a loop that repeats another does again what the round does, and nothing that came before the loop", () => {
  /** A plain call at the beginning of a round. */
  const calls: Readonly<Record<string, () => () => unknown>> = {
    closed: () => {
      const other = channel<number>();
      return () => other.closed;
    },
    length: () => {
      const other = channel<number>(2);
      return () => other.length;
    },
    tryReceive: () => {
      const other = channel<number>();
      return () => other.tryReceive();
    },
    trySend: () => {
      const other = channel<number>();
      return () => other.trySend(1);
    },
    close: () => {
      const other = channel<number>();
      return () => other.close();
    },
    cancel: () => {
      const other = channel<number>();
      return () => other.cancel();
    },
    "the value of a cell": () => {
      const shared = cell(0);
      return () => shared.value;
    },
    "a new value of a cell": () => {
      const shared = cell(0);
      return () => {
        shared.value = 1;
      };
    },
  };

  for (const [name, call] of Object.entries(calls)) {
    for (const sends of [1, 2]) {
      const program = function* main() {
        const made = call();
        const values = channel<number>();
        go(sender, values, sends);
        yield* forever(function* () {
          made();
          yield* values.receive();
        });
      };
      test(`a round that begins with ${name} starts no task again: ${sends} values`, async () => {
        expect(await verdictOf(program)).toBe("deadlock");
      });
    }
  }

  test("a round with a state that begins with a plain call starts no task again", async () => {
    const program = function* main() {
      const values = channel<number>(1);
      go(sender, values, 3);
      yield* loop(0, function* (n) {
        values.length;
        yield* values.receive();
        return 1 - n;
      });
    };
    expect(await verdictOf(program)).toBe("deadlock");
  });

  test("a task that is started on the way to an empty loop runs", async () => {
    const program = function* main() {
      go(function* fails() {
        throw new Error("it ran");
      });
      yield* forever(function* () {});
    };
    expect(await verdictOf(program)).toMatch(/throw|endless/);
  });

  test("a task that one of two first rounds starts is not taken for the task that the other starts", async () => {
    const program = function* main() {
      yield* loop("first", function* (state) {
        if (state === "first") {
          const mine = yield* choose(1, 2);
          if (mine === 1) go(function* ends() {});
          else
            go(function* fails() {
              throw new Error("started");
            });
          return "rest";
        }
        yield* sleep(10);
        return "rest";
      });
    };
    expect(await verdictOf(program)).toBe("throw");
  });

  test("a channel that one of two first rounds makes is not taken for the task that the other starts", async () => {
    const program = function* main() {
      const work = function* work(of: { receive: () => Operation<unknown> } | null) {
        if (of !== null) yield* of.receive();
      };
      const silent = channel<number>();
      yield* loop("first", function* (state) {
        yield* pause();
        if (state === "rest") return DONE;
        if ((yield* choose(1, 2)) === 1) channel<number>();
        else go(work, silent);
        yield* pause();
        return "rest";
      });
      go(work, null);
    };
    expect(await verdictOf(program)).toBe("leak");
  });
});

describe("loops in loops are told apart", () => {
  const nested: readonly (readonly [name: string, verdict: string, main: Main])[] = [
    [
      "forever in forever",
      "deadlock",
      function* main() {
        const values = channel<number>();
        go(sender, values, 2);
        yield* forever(function* () {
          yield* forever(function* () {
            yield* values.receive();
          });
        });
      },
    ],
    [
      "a loop in a loop with the same state",
      "deadlock",
      function* main() {
        const values = channel<number>();
        go(sender, values, 3);
        yield* loop(0, function* () {
          yield* loop(0, function* () {
            yield* values.receive();
            return DONE;
          });
          return 0;
        });
      },
    ],
    [
      "a loop in forever, which ends after two rounds",
      "deadlock",
      function* main() {
        const values = channel<number>();
        go(sender, values, 5);
        yield* forever(function* () {
          yield* loop(0, function* (n) {
            yield* values.receive();
            return n === 1 ? DONE : 1;
          });
        });
      },
    ],
    [
      "three loops in each other",
      "deadlock",
      function* main() {
        const values = channel<number>();
        go(sender, values, 2);
        yield* forever(function* () {
          yield* loop(undefined, function* () {
            yield* forever(function* () {
              yield* values.receive();
            });
            return undefined;
          });
        });
      },
    ],
    [
      "a loop after an empty loop",
      "over",
      function* main() {
        const values = channel<number>();
        go(sender, values, 1);
        yield* loop(0, function* () {
          return DONE;
        });
        yield* loop(0, function* () {
          yield* values.receive();
          return DONE;
        });
        return "over";
      },
    ],
    [
      "two loops in a row in each round of a third",
      "deadlock",
      function* main() {
        const values = channel<number>();
        go(sender, values, 4);
        yield* forever(function* () {
          for (let nth = 0; nth < 2; nth++) {
            yield* loop(0, function* () {
              yield* values.receive();
              return DONE;
            });
          }
        });
      },
    ],
    [
      "an inner loop that is left by an exception",
      "deadlock",
      function* main() {
        const values = channel<number>();
        go(sender, values, 3);
        yield* forever(function* () {
          try {
            yield* forever(function* () {
              yield* values.receive();
              throw new Error("round");
            });
          } catch {}
        });
      },
    ],
  ];
  for (const [name, verdict, main] of nested) {
    test(`${name}: ${verdict}`, async () => {
      expect(await agreed(main)).toBe(verdict);
    });
  }

  test("an endless server in a loop in a loop is proved", async () => {
    const program = function* main() {
      const values = channel<number>();
      go(forever, function* () {
        yield* values.send(1);
      });
      yield* forever(function* () {
        yield* loop(0, function* (n) {
          yield* values.receive();
          return n === 2 ? DONE : n + 1;
        });
      });
    };
    expect(await verdictOf(program)).toBe("");
  });
});

describe("where an operation is always ready, other tasks may run", () => {
  const ready: Readonly<Record<string, () => Operation<unknown>>> = {
    always: () => always(1),
    "sleep(0)": () => sleep(0),
    "a choice of one": () => select({ one: always(1) }),
  };
  for (const [name, operation] of Object.entries(ready)) {
    test(`between two plain calls: ${name}`, async () => {
      const program = function* main() {
        const shared = cell(0);
        go(function* () {
          shared.value = 1;
        });
        yield* pause();
        const first = shared.value;
        yield* operation();
        return shared.value - first;
      };
      expect(await agreed(program)).toBe("0,1");
    });

    test(`before the first plain call after a task was started: ${name}`, async () => {
      const program = function* main() {
        const shared = cell(0);
        go(function* () {
          shared.value = 1;
        });
        yield* operation();
        return shared.value;
      };
      expect(await agreed(program)).toBe("0,1");
    });
  }

  test("between the rounds of a loop of plain calls", async () => {
    const program = function* main() {
      const values = channel<number>();
      const seen = cell(false);
      go(function* () {
        yield* values.send(1);
        seen.value = true;
        throw new Error("it was received");
      });
      values.length;
      yield* forever(function* () {
        values.tryReceive();
      });
    };
    expect(await verdictOf(program)).toBe("throw");
  });

  test("but not between two plain calls with nothing in between", async () => {
    const program = function* main() {
      const shared = cell(0);
      go(function* () {
        shared.value = 1;
      });
      yield* pause();
      const first = shared.value;
      return shared.value - first;
    };
    expect(await agreed(program)).toBe("0");
  });
});

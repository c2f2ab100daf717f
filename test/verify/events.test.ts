// What one event of the model stands for: rounds of loops that repeat, the end of a task, and what parked tasks do between plain
// calls.

import {
  always,
  type Channel,
  CLOSED,
  channel,
  collect,
  EMPTY,
  go,
  type Operation,
  pause,
  promiseChannel,
  type Routine,
  scope,
  select,
  sleep,
  sliding,
} from "millrace";
import {
  cell,
  choose,
  DONE,
  daemon,
  forever,
  loop,
  replay,
  settle,
  simulate,
  type VerifyOptions,
  verify,
} from "millrace/testing";
import { describe, expect, test } from "vitest";
import { compareEnough } from "../fuzz/compare.js";

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

/** Programs by claim, each with its outcomes. */
type Table = readonly (readonly [claim: string, outcomes: string, main: Main])[];

/** Each program has these outcomes in both searches, and no run on the scheduler has another. */
function table(rows: Table): void {
  for (const [claim, outcomes, main] of rows) {
    test(`${claim}: ${outcomes}`, async () => {
      expect(await agreed(main)).toBe(outcomes);
      const { outcomes: seen } = await simulate(main, { schedules: 30, seed: 1 });
      for (const outcome of seen) expect(outcomes.split(",")).toContain(String(outcome));
    });
  }
}

describe("a choice that goes by order sees a task that has been served, and is not over", () => {
  table([
    [
      "a task that ends with a send is not over when its value is taken",
      "value",
      function* main() {
        const values = channel<number>();
        const done = go(sender, values, 1);
        const { key } = yield* select({ done, values }, { mode: "priority" });
        return key === "done" ? key : "value";
      },
    ],
    [
      "a task that ends with a send to a buffer may be over when its value is taken",
      "done,values",
      function* main() {
        const values = channel<number>(1);
        const done = go(sender, values, 1);
        return (yield* select({ done, values }, { mode: "priority" })).key;
      },
    ],
    [
      "after a rendezvous the sender is over, or not yet",
      "default,done",
      function* main() {
        const values = channel<number>();
        const done = go(sender, values, 1);
        yield* values.receive();
        return (yield* select({ done }, { default: null })).key;
      },
    ],
    [
      "after a rendezvous the receiver is over, or not yet",
      "default,over",
      function* main() {
        const values = channel<number>();
        const task = go(function* () {
          return yield* values.receive();
        });
        yield* values.send(1);
        return (yield* select({ over: task.whenOver() }, { default: null })).key;
      },
    ],
    [
      "a task that was served by a plain call is not over before the next",
      "default,done",
      function* main() {
        const values = channel<number>();
        const done = go(function* () {
          yield* values.receive();
        });
        yield* pause();
        if (!values.trySend(1)) yield* values.send(1);
        return (yield* select({ done }, { default: null })).key;
      },
    ],
    [
      "a task without operations is over, or not yet",
      "default,done",
      function* main() {
        const done = go(function* () {});
        yield* pause();
        return (yield* select({ done }, { default: null })).key;
      },
    ],
    [
      "a task that ends after a sleep is over, or not yet",
      "default,done",
      function* main() {
        const done = go(function* () {
          yield* sleep(5);
        });
        yield* sleep(5);
        return (yield* select({ done }, { default: null })).key;
      },
    ],
    [
      "a task that ends after a join is over, or not yet",
      "default,done",
      function* main() {
        const first = go(function* () {
          yield* pause();
        });
        const done = go(function* () {
          yield* first;
        });
        yield* first;
        return (yield* select({ done }, { default: null })).key;
      },
    ],
    [
      "a task that ends right after it has closed a channel is over when the closing has been seen",
      "done",
      function* main() {
        const closing = channel<number>();
        const done = go(function* () {
          yield* pause();
          closing.close();
        });
        yield* closing.whenClosed();
        return (yield* select({ done }, { default: null })).key;
      },
    ],
    [
      "a choice that is parked sees a channel closed before the task ends that closes it",
      "closed,done",
      function* main() {
        const closing = channel<number>();
        const done = go(function* () {
          yield* pause();
          closing.close();
        });
        return (yield* select({ done, closed: closing.whenClosed() }, { mode: "priority" })).key;
      },
    ],
    [
      "a choice that is parked takes a value before the task ends that has stored it by a plain call",
      "done,value",
      function* main() {
        const values = channel<number>(1);
        const done = go(function* () {
          yield* pause();
          values.trySend(1);
        });
        return (yield* select({ done, value: values }, { mode: "priority" })).key;
      },
    ],
    [
      "a task that ends right after it has written to a cell is over when the value is read",
      "0 default,0 done,1 done",
      function* main() {
        const flag = cell(0);
        const done = go(function* () {
          yield* pause();
          flag.value = 1;
        });
        yield* pause();
        const seen = flag.value;
        return `${seen} ${(yield* select({ done }, { default: null })).key}`;
      },
    ],
    [
      "a task that ends after an operation that is always ready may be late",
      "default,done",
      function* main() {
        const flag = cell(0);
        const done = go(function* () {
          flag.value = 1;
          yield* always(1);
        });
        yield* pause();
        if (flag.value === 0) return "done";
        return (yield* select({ done }, { default: null })).key;
      },
    ],
    [
      "a scope is not over when the last value of its body is taken",
      "values",
      function* main() {
        const values = channel<number>();
        const all = scope(function* () {
          yield* values.send(1);
        });
        return (yield* select({ all, values }, { mode: "priority" })).key;
      },
    ],
    [
      "two tasks that end are over in any order",
      "a,b,default",
      function* main() {
        const both = channel<number>();
        const [a, b] = [go(sender, both, 1), go(sender, both, 1)];
        yield* both.receive();
        yield* both.receive();
        const { key } = yield* select({ a, b }, { mode: "priority", default: null });
        return key;
      },
    ],
  ]);

  test("a scope that is cancelled after its last hand-over is cancelled, or over", async () => {
    const program = function* main() {
      const values = channel<number>();
      const scopes = channel<{ cancel: () => void }>(1);
      const body = go(function* () {
        try {
          return yield* scope(function* (inner) {
            yield* scopes.send(inner);
            yield* values.send(1);
            return "over";
          });
        } catch {
          return "cancelled";
        }
      });
      const inner = yield* scopes.receive();
      yield* values.receive();
      if (inner !== CLOSED) inner.cancel();
      return yield* body;
    };
    expect(await agreed(program)).toBe("cancelled,over");
  });

  test("the reduced search takes an end for dependent on a choice that looks at the end", async () => {
    // The search is that of the sources, so the program uses them, too.
    const { channel, go, select } = await import("../../src/index.js");
    const found = compareEnough(0, function* main() {
      const values = channel<number>(1);
      const looked = go(function* () {
        yield* values.send(1);
      });
      const looks = go(function* () {
        return (yield* select({ looked }, { default: null })).key;
      });
      for (let nth = 0; nth < 2; nth++) go(sender, channel<number>(1), 1);
      return yield* looks;
    });
    expect(found?.enough).toBeLessThan(found!.all);
  });

  test("a schedule with the end of a task as a step is shown and replayed", async () => {
    const program = function* main() {
      const values = channel<number>();
      const done = go(sender, values, 1);
      yield* values.receive();
      const { key } = yield* select({ done }, { default: null });
      if (key === "done") throw new Error("it is over");
      yield* done;
    };
    const verdict = await verify(program);
    if (verdict.status !== "failed") throw new Error(verdict.status);
    expect(verdict.kind).toBe("throw");
    expect(verdict.schedule.steps.map(({ task, what }) => `${task}: ${what}`)).toEqual([
      "sender#0: send 0 to channel#0, taken by main",
      "sender#0: end",
      "main: join sender#0",
    ]);
    const again = await replay(verdict.token, program).catch((error: unknown) => error);
    expect(again).toMatchObject({ kind: "throw", schedule: verdict.schedule });
  });
});

describe("what a channel releases when it is closed or cancelled goes on at once, in the order of the channel", () => {
  /** A choice between a first and a second operation, parked at two channels or about to be, while a task ends both. */
  const race = (
    first: (of: Channel<number>) => Operation<unknown>,
    second: (of: Channel<number>) => Operation<unknown>,
    end: (first: Channel<number>, second: Channel<number>) => void,
    made: () => Channel<number> = () => channel<number>(),
  ): Main =>
    function* main() {
      const [a, b] = [made(), made()];
      go(function* () {
        yield* pause();
        end(a, b);
      });
      return (yield* select({ first: first(a), second: second(b) }, { mode: "priority" })).key;
    };
  const receive = (of: Channel<number>): Operation<unknown> => of.receive();
  const send = (of: Channel<number>): Operation<unknown> => of.send(1);
  const whenClosed = (of: Channel<number>): Operation<unknown> => of.whenClosed();
  const close = (of: Channel<number>): unknown => of.close();
  const cancel = (of: Channel<number>): unknown => of.cancel();
  const operations = { receive, send, whenClosed };

  for (const [name, end] of Object.entries({ close, cancel })) {
    for (const first of ["receive", "whenClosed"] as const) {
      for (const second of ["receive", "whenClosed"] as const) {
        const main = race(operations[first], operations[second], (a, b) => [end(b), end(a)]);
        test(`${name} of two channels: ${first} at the second of them is released before ${second} at the first`, async () => {
          expect(await agreed(main)).toBe("first,second");
        });
      }
    }
  }

  table([
    ["two sends, cancelled one after the other", "first,second", race(send, send, (a, b) => [cancel(b), cancel(a)])],
    [
      "a close, and then a value",
      "first,second",
      race(
        receive,
        receive,
        (a, b) => [close(b), a.trySend(1)],
        () => channel<number>(1),
      ),
    ],
    [
      "a value, and then a close",
      "first,second",
      race(
        receive,
        receive,
        (a, b) => [b.trySend(1), close(a)],
        () => channel<number>(1),
      ),
    ],
    [
      "a value, and then a value",
      "first,second",
      race(
        receive,
        receive,
        (a, b) => [b.trySend(1), a.trySend(1)],
        () => channel<number>(1),
      ),
    ],
    ["the first channel only, and then the second", "first", race(receive, receive, (a, b) => [close(a), close(b)])],
  ]);

  /** A choice between two operations at one channel, parked or about to be. */
  const atOne = (
    first: (of: Channel<number>) => Operation<unknown>,
    second: (of: Channel<number>) => Operation<unknown>,
    end: (of: Channel<number>) => unknown,
    made: () => Channel<number> = () => channel<number>(),
  ): Main =>
    function* main() {
      const values = made();
      go(function* () {
        yield* pause();
        end(values);
      });
      return (yield* select({ first: first(values), second: second(values) }, { mode: "priority" })).key;
    };
  const promise = (): Channel<number> => promiseChannel<number>();
  table([
    ["a receive before whenClosed, closed", "first,second", atOne(receive, whenClosed, close)],
    ["a receive before whenClosed, cancelled", "first,second", atOne(receive, whenClosed, cancel)],
    [
      "a receive before whenClosed of a buffer, closed",
      "first,second",
      atOne(receive, whenClosed, close, () => channel<number>(1)),
    ],
    ["whenClosed before a receive, closed", "first", atOne(whenClosed, receive, close)],
    ["whenClosed before a receive, cancelled", "first", atOne(whenClosed, receive, cancel)],
    ["a send before whenClosed, closed", "first,second", atOne(send, whenClosed, close)],
    ["a send before whenClosed, cancelled", "first,second", atOne(send, whenClosed, cancel)],
    ["whenClosed before a send, closed", "first", atOne(whenClosed, send, close)],
    [
      "whenClosed before a receive of a promise channel, closed",
      "first,second",
      atOne(whenClosed, receive, close, promise),
    ],
    ["a receive before whenClosed of a promise channel, closed", "first", atOne(receive, whenClosed, close, promise)],
    [
      "a receive before whenClosed, closed with a value in the buffer",
      "first",
      atOne(
        receive,
        whenClosed,
        (of) => [of.trySend(1), of.close()],
        () => channel<number>(1),
      ),
    ],
  ]);
});

describe("a send is committed by a close only if it may have been parked", () => {
  /** A task sends to a channel with a capacity, while another makes plain calls and then closes the channel. */
  const closing = (capacity: number, before: (of: Channel<number>) => unknown): Main =>
    function* main() {
      const values = channel<number>(capacity);
      const sent = go(function* () {
        return yield* values.send(1);
      });
      yield* pause();
      before(values);
      values.close();
      return yield* sent;
    };
  table([
    ["not while there is room", "false,true", closing(1, () => {})],
    [
      "so a send that comes after the close finds it closed",
      "0 false,1 true",
      function* main() {
        const values = channel<number>(1);
        const sent = go(function* () {
          return yield* values.send(1);
        });
        yield* pause();
        values.close();
        return `${values.length} ${yield* sent}`;
      },
    ],
    ["not at a buffer that a plain call has filled just before", "false,true", closing(1, (of) => of.trySend(0))],
    [
      "not at a sliding buffer, which is never full",
      "1 false,2 true",
      function* main() {
        const values = channel<number>(sliding(1));
        values.trySend(1);
        const sent = go(function* () {
          return yield* values.send(2);
        });
        yield* pause();
        values.close();
        return `${(yield* collect(values)).join()} ${yield* sent}`;
      },
    ],
    [
      "not at a larger buffer that plain calls have filled just before",
      "false,true",
      closing(2, (of) => [of.trySend(0), of.trySend(0)]),
    ],
    [
      "not after a plain call has received nothing",
      "false,true",
      closing(1, (of) => [of.tryReceive(), of.tryReceive()]),
    ],
    [
      "nor at a channel without a buffer, after a plain call has received nothing",
      "false,true",
      closing(0, (of) => of.tryReceive()),
    ],
  ]);

  test("a send that is parked at a full buffer is committed", async () => {
    const program = function* main() {
      const values = channel<number>(1);
      yield* values.send(0);
      const sent = go(function* () {
        return yield* values.send(1);
      });
      yield* pause();
      values.close();
      const [first, second] = [yield* values.receive(), yield* values.receive()];
      return `${String(first)} ${second === CLOSED ? "closed" : second} ${yield* sent}`;
    };
    expect(await agreed(program)).toBe("0 1 true,0 closed false");
  });
});

describe("a plain call that transfers no value serves no peer", () => {
  table([
    [
      "a send that was refused does not go on between a tryReceive that yields CLOSED and the next plain call",
      "false false,true true",
      function* main() {
        const values = channel<number>(1);
        const refused = cell(false);
        go(function* () {
          yield* pause();
          yield* values.send(1);
          refused.value = true;
        });
        values.close();
        yield* pause();
        const before = refused.value;
        values.tryReceive();
        return `${before} ${refused.value}`;
      },
    ],
    [
      "a send is not refused between a tryReceive that yields CLOSED and the next plain call",
      "default EMPTY,received",
      function* main() {
        const [values, next] = [channel<number>(1), channel<number>()];
        const task = go(function* () {
          yield* values.send(1);
          return (yield* select({ next: next.send(1) }, { default: null })).key;
        });
        values.close();
        yield* pause();
        const before = next.tryReceive();
        if (before !== EMPTY) return "received";
        values.tryReceive();
        return `${yield* task} ${next.tryReceive() === EMPTY ? "EMPTY" : "a value"}`;
      },
    ],
  ]);
});

describe("a peer that has been parked since before time passed, or since a settle(), is there for certain", () => {
  const waits: Readonly<Record<string, () => Operation<unknown>>> = { settle: () => settle(), sleep: () => sleep(10) };
  for (const [name, wait] of Object.entries(waits)) {
    /** Waits, and then acts on a channel at which a task is parked. */
    const acts = (
      park: (of: Channel<number>) => Operation<unknown>,
      act: (of: Channel<number>) => Routine<unknown>,
      capacity = 0,
    ): Main =>
      function* main() {
        const values = channel<number>(capacity);
        if (capacity > 0) values.trySend(0);
        const parked = go(function* () {
          return yield* park(values);
        });
        yield* wait();
        const found = yield* act(values);
        return `${String(found)} ${String(yield* parked)}`;
      };
    const receive = (of: Channel<number>): Operation<unknown> => of.receive();
    const send = (of: Channel<number>): Operation<unknown> => of.send(2);
    table([
      [
        `after ${name}, a trySend meets the receiver`,
        "true 1",
        acts(receive, function* (of) {
          return of.trySend(1);
        }),
      ],
      [
        `after ${name}, a tryReceive meets the sender`,
        "2 true",
        acts(send, function* (of) {
          return of.tryReceive();
        }),
      ],
      [
        `after ${name}, a choice does not take its default`,
        "sent 1",
        acts(receive, function* (of) {
          return (yield* select({ sent: of.send(1) }, { default: null })).key;
        }),
      ],
      [
        `after ${name}, a choice takes the peer before a later case`,
        "taken true",
        acts(send, function* (of) {
          return (yield* select({ taken: of, ready: always(1) }, { mode: "priority" })).key;
        }),
      ],
      [
        `after ${name}, a close commits the send`,
        "2 true",
        acts(send, function* (of) {
          of.close();
          return yield* of.receive();
        }),
      ],
      [
        `after ${name}, a close commits the send at a full buffer`,
        "0 2 true",
        acts(
          send,
          function* (of) {
            of.close();
            return `${String(yield* of.receive())} ${String(yield* of.receive())}`;
          },
          1,
        ),
      ],
      [
        `after ${name}, two receivers are met one after the other`,
        "true true",
        function* main() {
          const values = channel<number>();
          for (let nth = 0; nth < 2; nth++) {
            go(function* () {
              yield* values.receive();
            });
          }
          yield* wait();
          return `${values.trySend(1)} ${values.trySend(2)}`;
        },
      ],
    ]);
  }

  table([
    [
      "but not where time has passed before the peer came",
      "default 1,sent 1",
      function* main() {
        const values = channel<number>();
        yield* sleep(10);
        const parked = go(function* () {
          return yield* values.receive();
        });
        yield* pause();
        const { key } = yield* select({ sent: values.send(1) }, { default: null });
        if (key === "default") yield* values.send(1);
        return `${key} ${String(yield* parked)}`;
      },
    ],
    [
      "and not when the peer has gone on meanwhile",
      "default,sent",
      function* main() {
        const [values, others] = [channel<number>(), channel<number>()];
        go(function* () {
          yield* select({ values, others });
          yield* values.receive();
        });
        yield* settle();
        others.trySend(1);
        yield* pause();
        const { key } = yield* select({ sent: values.send(1) }, { default: null });
        if (key === "default") yield* values.send(1);
        return key;
      },
    ],
    [
      "and it does not begin another round between two plain calls",
      "true false",
      function* main() {
        const values = channel<number>();
        daemon(
          go(forever, function* () {
            yield* values.receive();
          }),
        );
        yield* settle();
        return `${values.trySend(1)} ${values.trySend(2)}`;
      },
    ],
    [
      "and not when the time of the peer is over as well",
      "default late,sent values",
      function* main() {
        const values = channel<number>();
        const parked = go(function* () {
          return (yield* select({ values, late: sleep(10) })).key;
        });
        yield* sleep(10);
        const { key } = yield* select({ sent: values.send(1) }, { default: null });
        return `${key} ${yield* parked}`;
      },
    ],
    [
      "and not when another task has made the peer ready",
      "default closed,sent values",
      function* main() {
        const [values, closing] = [channel<number>(), channel<number>()];
        const parked = go(function* () {
          return (yield* select({ values, closed: closing.whenClosed() })).key;
        });
        yield* settle();
        go(function* () {
          closing.close();
        });
        yield* pause();
        const { key } = yield* select({ sent: values.send(1) }, { default: null });
        return `${key} ${yield* parked}`;
      },
    ],
  ]);

  test("a failure after time has passed is shown and replayed", async () => {
    const program = function* main() {
      const values = channel<number>();
      const parked = go(function* () {
        return yield* values.receive();
      });
      yield* sleep(10);
      if (values.trySend(1)) throw new Error("met");
      yield* parked;
    };
    const verdict = await verify(program);
    if (verdict.status !== "failed") throw new Error(verdict.status);
    expect([verdict.kind, verdict.schedule.steps.length]).toEqual(["throw", 3]);
    const again = await replay(verdict.token, program).catch((error: unknown) => error);
    expect(again).toMatchObject({ kind: "throw", schedule: verdict.schedule });
  });

  test("alike tasks that are parked for certain are still alike", async () => {
    const program = function* main() {
      const values = channel<number>();
      for (let nth = 0; nth < 6; nth++) {
        go(function* () {
          yield* values.receive();
          yield* pause();
        });
      }
      yield* sleep(10);
      for (let nth = 0; nth < 6; nth++) if (!values.trySend(nth)) throw new Error("a receiver is missing");
    };
    const [some, all] = [await verify(program), await verify(program, { all: true })];
    expect([some.status, all.status]).toEqual(["proved", "proved"]);
    expect(some.states * 4).toBeLessThan(all.states);
  });
});

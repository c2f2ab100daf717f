import {
  type AsyncRoutine,
  alt,
  CLOSED,
  channel,
  go,
  never,
  now,
  pause,
  pipe,
  type Routine,
  scope,
  select,
  sleep,
  sliding,
  withTimeout,
} from "millrace";
import {
  type Actor,
  type ActorContext,
  actor,
  ask,
  type Isolation,
  isolate,
  type Leased,
  link,
  type Mailbox,
  monitor,
  type Reply,
  registry,
  supervise,
} from "millrace/supervise";
import { describe, expect, test } from "vitest";
import { scaled } from "../support/stress.js";
import { virtualTime } from "../support/virtual.js";
import { inVirtualTime } from "./stage.js";

const ASKS = scaled(100_000, 1_000_000);

type Message = { readonly set: number } | { readonly get: Reply<number> } | { readonly fail: Error };

/** A cell of memory, in each form of an actor. */
const forms = {
  "a handler": () => {
    let state = 0;
    return actor<Message>((message) => {
      if ("fail" in message) throw message.fail;
      if ("set" in message) state = message.set;
      else message.get(state);
    });
  },
  "an async handler": () => {
    let state = 0;
    return actor<Message>(async (message) => {
      await Promise.resolve();
      if ("fail" in message) throw message.fail;
      if ("set" in message) state = message.set;
      else message.get(state);
    });
  },
  "a function*": () =>
    actor<Message>(function* memory(mailbox) {
      let state = 0;
      for (let message: Message | typeof CLOSED; (message = yield* mailbox.receive()) !== CLOSED; ) {
        if ("fail" in message) throw message.fail;
        if ("set" in message) state = message.set;
        else message.get(state);
      }
    }),
  "an async function*": () =>
    actor<Message>(async function* memory(mailbox): AsyncRoutine<void> {
      let state = 0;
      for await (const message of mailbox) {
        if ("fail" in message) throw message.fail;
        if ("set" in message) state = message.set;
        else message.get(state);
      }
    }),
} satisfies Record<string, () => Actor<Message>>;

const get = (target: Actor<Message>) => ask(target, (reply: Reply<number>): Message => ({ get: reply }));

function* thrown(body: Routine<unknown>): Routine<string> {
  try {
    yield* body;
  } catch (error) {
    return String(error);
  }
  return "nothing";
}

function* asked(target: Actor<Message>): Routine<number> {
  return yield* get(target);
}

describe.each(Object.entries(forms))("an actor of %s", (_, make) => {
  test("AC-1 (G6): messages of one sender are handled in order, and an answer is that of the state", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const memory = make();
      const values: number[] = [];
      for (const n of [1, 2, 3]) {
        yield* memory.send({ set: n });
        values.push(yield* get(memory));
      }
      yield* memory.stop();
      return values;
    });
    expect(seen).toEqual([1, 2, 3]);
  });

  test("AC-4 (G1, A1): a question to an actor that has ended fails at once", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const memory = make();
      yield* memory.stop();
      const before = now();
      const error = yield* thrown(asked(memory));
      return [error, now() - before, memory.trySend({ set: 1 }), yield* memory.send({ set: 1 })];
    });
    expect(seen).toEqual([expect.stringMatching(/^CancelledError: Actor \w+ was cancelled$/), 0, false, false]);
  });

  test("AC-4 (G2): a question that is being handled when the actor fails, and those behind it, get the error at once", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const memory = make();
      const exit = go(() => kindOf(memory));
      memory.trySend({ fail: new Error("out of memory") });
      const errors = [1, 2].map(() => go(() => thrown(asked(memory))));
      const found: string[] = [];
      for (const error of errors) found.push(yield* error);
      return [...found, yield* exit];
    });
    expect(seen).toEqual(["Error: out of memory", "Error: out of memory", "failed"]);
  });

  test("AC-3 (P1): an actor that fails is reported, unless code waits for its end", async () => {
    using time = virtualTime();
    const one = make();
    one.trySend({ fail: new Error("one") });
    const other = make();
    const kind = monitor(other).then(({ kind }) => kind);
    other.trySend({ fail: new Error("other") });
    await time.advance(1);
    expect([time.reported.map(String), await kind]).toEqual([["Error: one"], "failed"]);
  });

  test("AC-2: close() lets the messages that wait be handled", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const memory = make();
      const answer = go(() => asked(memory));
      memory.trySend({ set: 5 });
      const later = go(() => asked(memory));
      yield* pause();
      yield* pause();
      memory.close();
      const exit = yield* memory.exited();
      return [yield* answer, yield* later, exit.kind, memory.closed];
    });
    expect(seen).toEqual([5, 5, "done", true]);
  });

  test("AC-2 (G7): stop() completes after the `finally` blocks, and again at once", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const memory = make();
      memory.trySend({ set: 5 });
      yield* sleep(1);
      const exit = yield* memory.stop("enough");
      return [exit, yield* memory.stop("again"), yield* memory.exited()];
    });
    const exit = { kind: "cancelled", reason: "enough" };
    expect(seen).toEqual([exit, exit, exit]);
  });
});

function* kindOf(target: Actor<never>): Routine<string> {
  return (yield* target.exited()).kind;
}

describe("AC-3 (G9): the end of an actor that did not fail is not reported", () => {
  const ways: Record<string, (target: Actor<Message>) => unknown> = {
    "it was stopped": (target) => target.stop().then(),
    "it was stopped with an error as the reason": (target) => target.stop(new Error("enough")).then(),
    "it was closed": (target) => target.close(),
    "its scope was cancelled": () => {},
  };
  test.each(Object.entries(ways))("AC-3 (G9): %s", async (title, end) => {
    using time = virtualTime();
    const target = actor<Message>(function* (mailbox) {
      while ((yield* mailbox.receive()) !== CLOSED);
    });
    const task = go(function* () {
      yield* scope(function* (inner) {
        actor<Message>(
          function* () {
            yield* never();
          },
          { scope: inner },
        );
        yield* never();
      });
    });
    await time.advance(1);
    if (title.includes("scope")) task.cancel();
    end(target);
    await time.advance(1);
    expect(time.reported).toEqual([]);
    target.close();
    task.cancel();
    await time.advance(1);
  });
});

test("AC-2 (G5): trySend() neither parks nor throws, whatever the state of the actor", async () => {
  const seen = await inVirtualTime(function* (): Routine<unknown[]> {
    const [full, closed, stopped, failed] = [1, 2, 3, 4].map(() =>
      actor<number>(
        (n) => {
          if (n < 0) throw new Error("negative");
          return sleep(n);
        },
        { mailbox: 1 },
      ),
    ) as [Actor<number>, Actor<number>, Actor<number>, Actor<number>];
    full.trySend(100);
    yield* sleep(1);
    const tries = [full.trySend(100), full.trySend(100)];
    closed.close();
    yield* stopped.stop();
    const end = failed.exited();
    failed.trySend(-1);
    yield* end;
    tries.push(closed.trySend(1), stopped.trySend(1), failed.trySend(1));
    yield* full.stop();
    return tries;
  });
  expect(seen).toEqual([true, false, false, false, false]);
});

describe("ask()", () => {
  /** An actor that keeps its questions, for the test to answer. */
  const keeper = (): [Actor<Reply<string>>, Reply<string>[]] => {
    const replies: Reply<string>[] = [];
    return [actor<Reply<string>>((reply) => void replies.push(reply)), replies];
  };
  const question = (target: Actor<Reply<string>>) => ask(target, (reply: Reply<string>) => reply);

  test("AC-5 (G4): an answer may come later, from anywhere; the first one counts", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const [target, replies] = keeper();
      go(function* () {
        yield* sleep(10);
        replies[0]!("first");
        replies[0]!("second");
        replies[0]!.fail(new Error("third"));
      });
      const answer = yield* question(target);
      yield* target.stop();
      return [answer];
    });
    expect(seen).toEqual(["first"]);
  });

  test("AC-5 (A1): an answer that is an error is thrown at the asker, and the actor goes on", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const target = actor<Reply<string>>((reply) => reply.fail(new RangeError("no")));
      const one = yield* thrown(
        (function* () {
          yield* question(target);
        })(),
      );
      const { exit } = target as unknown as { exit: unknown };
      yield* target.stop();
      return [one, exit];
    });
    expect(seen).toEqual(["RangeError: no", null]);
  });

  test("AC-5 (G3, A1): a late answer goes nowhere, also not to a later question", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const [target, replies] = keeper();
      const late = yield* thrown(
        (function* () {
          yield* withTimeout(10, question(target));
        })(),
      );
      const second = go(function* () {
        return yield* question(target);
      });
      yield* sleep(1);
      replies[0]!("late");
      yield* sleep(1);
      const { status } = second;
      replies[1]!("in time");
      const answer = yield* second;
      yield* target.stop();
      return [late.split(":")[0], status, answer];
    });
    expect(seen).toEqual(["TimeoutError", "parked", "in time"]);
  });

  test("AC-5 (A1): what `make` throws is thrown at the asker", async () => {
    const seen = await inVirtualTime(function* (): Routine<string> {
      const [target] = keeper();
      const error = yield* thrown(
        (function* () {
          yield* ask(target, (): Reply<string> => {
            throw new Error("no question");
          });
        })(),
      );
      yield* target.stop();
      return error;
    });
    expect(seen).toBe("Error: no question");
  });

  test("AC-5: a question that loses a select to a ready case is not sent", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const [target, replies] = keeper();
      const ready = channel<number>(200);
      for (let n = 0; n < 100; n++) ready.trySend(n);
      for (let n = 0; n < 100; n++) yield* select({ ready, answer: question(target) });
      yield* sleep(1);
      const { length } = replies;
      yield* target.stop();
      return [length];
    });
    expect(seen).toEqual([0]);
  });

  test(`AC-5: ${ASKS} questions leave nothing behind`, async () => {
    const left = await inVirtualTime(function* (): Routine<unknown[]> {
      const target = actor<Reply<string>>((reply) => reply("yes"));
      for (let n = 0; n < ASKS; n++) yield* question(target);
      const silent = actor<Reply<string>>(() => {}, { mailbox: 1 });
      for (let n = 0; n < 1_000; n++) yield* alt(question(silent), pause());
      yield* sleep(1);
      const empty = [target, silent].map((cell) => (cell as unknown as { asks: { empty: boolean } }).asks.empty);
      yield* target.stop();
      yield* silent.stop();
      return empty;
    });
    expect(left).toEqual([true, true]);
  });

  test("AC-5: questions with the same message are told apart", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const replies: Reply<number>[] = [];
      const target = actor<"question">(function* (mailbox) {
        yield* mailbox.receive();
        yield* sleep(5);
        throw new Error("told");
      }, {});
      const questions = [1, 2, 3, 4].map(() =>
        go(() =>
          thrown(
            (function* () {
              return yield* ask(target, (reply: Reply<number>) => {
                replies.push(reply);
                return "question" as const;
              });
            })(),
          ),
        ),
      );
      yield* sleep(1);
      replies[1]!(1);
      const outcomes: string[] = [];
      for (const question of questions) outcomes.push(yield* question);
      return outcomes;
    });
    expect(seen).toEqual(["Error: told", "nothing", "Error: told", "Error: told"]);
  });

  test("AC-5: a channel may be asked", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const requests = channel<Reply<number>>();
      go(function* () {
        for (let reply: Reply<number> | typeof CLOSED; (reply = yield* requests.receive()) !== CLOSED; ) reply(7);
      });
      const answer = yield* ask(requests, (reply: Reply<number>) => reply);
      requests.close();
      const late = yield* thrown(
        (function* () {
          yield* ask(requests, (reply: Reply<number>) => reply);
        })(),
      );
      return [answer, late.startsWith("Error: Cannot ask")];
    });
    expect(seen).toEqual([7, true]);
  });

  test("AC-5 (G8): the time of a question does not grow with the messages that wait for the asker", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const echo = actor<Reply<string>>((reply) => reply("yes"));
      const busy = actor<string>(
        function* (mailbox) {
          yield* mailbox.receive();
          const answer = yield* question(echo);
          return [answer, mailbox.length];
        },
        { mailbox: 1e5 },
      );
      for (let n = 0; n < 10_000; n++) busy.trySend("x");
      const exit = yield* busy.exited();
      yield* echo.stop();
      return [exit];
    });
    expect(seen).toEqual([{ kind: "done", value: ["yes", 9_999] }]);
  });
});

describe("the mailbox", () => {
  test("AC-1: it is bounded: senders park when it is full, and an actor stands where a channel stands", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const got: number[] = [];
      const slow = actor<number>(
        function* (mailbox) {
          for (let n: number | typeof CLOSED; (n = yield* mailbox.receive()) !== CLOSED; ) {
            yield* sleep(10);
            got.push(n);
          }
        },
        { mailbox: 2 },
      );
      const accepted: boolean[] = [];
      for (let n = 0; n < 4; n++) accepted.push(slow.trySend(n));
      const { key } = yield* select({ sent: slow.send(9), late: sleep(1) });
      const source = channel<number>(3);
      for (const n of [5, 6, 7]) source.trySend(n);
      source.close();
      yield* pipe(source, slow);
      yield* slow.exited();
      return [accepted, key, got];
    });
    // The first message is taken at once by the actor only when it runs.
    expect(seen).toEqual([[true, true, false, false], "sent", [0, 1, 9, 5, 6, 7]]);
  });

  test("AC-1: it may have a buffer with a policy of its own", async () => {
    const seen = await inVirtualTime(function* (): Routine<number[]> {
      const got: number[] = [];
      const latest = actor<number>((n) => void got.push(n), { mailbox: sliding<number>(2) });
      for (let n = 0; n < 5; n++) latest.trySend(n);
      latest.close();
      yield* latest.exited();
      return got;
    });
    expect(seen).toEqual([3, 4]);
  });

  test("AC-1: without options 1024 messages may wait", async () => {
    const target = actor<number>(() => {});
    let accepted = 0;
    while (target.trySend(1)) accepted++;
    await target.stop();
    expect(accepted).toBe(1024);
  });

  test("AC-6: receiveIf() takes the first that is accepted, and leaves the rest in order", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown> {
      const target = actor<number>(function* (mailbox) {
        const even = yield* mailbox.receiveIf((n) => n % 2 === 0);
        const big = yield* mailbox.receiveIf((n) => n > 100);
        const rest: unknown[] = [];
        for (let n = 0; n < 3; n++) rest.push(yield* mailbox.receive());
        return [even, big, ...rest];
      });
      for (const n of [1, 3, 4, 5]) yield* target.send(n);
      yield* sleep(1);
      yield* target.send(200);
      const exit = yield* target.exited();
      return exit.kind === "done" && exit.value;
    });
    expect(seen).toEqual([4, 200, 1, 3, 5]);
  });

  test("AC-6: a selective receive in a select that loses takes nothing", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown> {
      const target = actor<number>(function* (mailbox) {
        const { key } = yield* select({ big: mailbox.receiveIf((n) => n > 100), late: sleep(10) });
        const rest: unknown[] = [];
        for (let n = 0; n < 3; n++) rest.push(yield* mailbox.receive());
        return [key, ...rest];
      });
      for (const n of [1, 2]) yield* target.send(n);
      yield* sleep(20);
      yield* target.send(300);
      const exit = yield* target.exited();
      return exit.kind === "done" && exit.value;
    });
    expect(seen).toEqual(["late", 1, 2, 300]);
  });

  test("AC-6: as many messages as fit may be passed over, one more fails the actor", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown> {
      const target = actor<number>(
        function* picky(mailbox) {
          yield* mailbox.receiveIf((n) => n > 100);
        },
        { mailbox: 3 },
      );
      const exit = go(function* () {
        return yield* target.exited();
      });
      for (let n = 0; n < 8; n++) yield* thrown(sent(target, n));
      const { kind, error } = (yield* exit) as { kind: string; error: unknown };
      return [kind, String(error)];
    });
    expect(seen).toEqual([
      "failed",
      "RangeError: Cannot receive from mailbox of picky: at most 3 messages may be passed over, got one more",
    ]);
  });

  test("AC-6: what a predicate throws is thrown at the receive", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown> {
      const target = actor<number>(function* (mailbox) {
        return yield* thrown(
          (function* () {
            yield* mailbox.receiveIf(() => {
              throw new Error("bad test");
            });
          })(),
        );
      });
      yield* target.send(1);
      const exit = yield* target.exited();
      return exit.kind === "done" && exit.value;
    });
    expect(seen).toBe("Error: bad test");
  });

  test.each<[how: Isolation, got: string, frozen: boolean]>([
    ["freeze", "tea", true],
    ["clone", "tea", false],
  ])("AC-10: isolate: %s keeps what was sent", async (how, got, frozen) => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const items: { name: string }[] = [];
      const target = actor<{ name: string }>((item) => void items.push(item), { isolate: how });
      const order = { name: "tea" };
      yield* target.send(order);
      try {
        order.name = "coffee";
      } catch {
        // A frozen object refuses.
      }
      yield* sleep(1);
      yield* target.stop();
      return [items[0]!.name, Object.isFrozen(order)];
    });
    expect(seen).toEqual([got, frozen]);
  });

  test("AC-10: a value that cannot be cloned is refused, and one that is frozen deeply", () => {
    const out = channel<unknown>(2);
    expect(() => isolate(out, "clone").trySend({ call() {} })).toThrow(
      "Cannot send: a value that is cloned must not hold a function or the like, got an object (Object)",
    );
    const deep = { list: [{ n: 1 }] };
    isolate(out, "freeze").trySend(deep);
    expect([Object.isFrozen(deep.list), Object.isFrozen(deep.list[0])]).toEqual([true, true]);
    expect(() => isolate(out, "copy" as Isolation)).toThrow(
      'Cannot isolate channel: isolate must be "freeze" or "clone", got "copy"',
    );
  });
});

function* sent(target: Actor<number>, n: number): Routine<boolean> {
  return yield* target.send(n);
}

/** An actor that keeps what it got, fails on a negative number, and is restarted in one of two ways. */
const homes: readonly [
  title: string,
  start: (target: (restarts: object) => Actor<number>) => Routine<[Actor<number>, () => Routine<void>]>,
][] = [
  [
    "by itself",
    function* (make) {
      const target = make({ restart: "transient", intensity: 2, backoff: { min: 10, max: 10 } });
      return [
        target,
        function* () {
          yield* target.stop();
        },
      ];
    },
  ],
  [
    "by a supervisor",
    function* (make) {
      const target = make({});
      const child = { actor: target, restart: "transient", backoff: { min: 10, max: 10 } } as const;
      const tree = supervise({ target: child }, { intensity: 2 });
      yield* tree.ready();
      return [
        target,
        function* () {
          yield* tree.stop();
        },
      ];
    },
  ],
];

describe.each(homes)("an actor that is restarted %s", (_, start) => {
  type Log = unknown[];
  const reader = (log: Log) =>
    function* numbers(mailbox: Mailbox<number>, { incarnation }: ActorContext<number>): Routine<void> {
      for (let n: number | typeof CLOSED; (n = yield* mailbox.receive()) !== CLOSED; ) {
        if (n < 0) throw new Error(`cannot take ${n}`);
        log.push(`${n} in ${incarnation}`);
      }
    };

  test("AC-7 (P2): the address and the messages that wait survive; the message that was being handled does not come again", async () => {
    const seen = await inVirtualTime(function* (): Routine<Log> {
      const log: Log = [];
      const [target, end] = yield* start((options) => actor<number>(reader(log), options));
      for (const n of [1, -1, 2, 3]) yield* target.send(n);
      yield* sleep(5);
      log.push("down");
      yield* target.send(4);
      yield* sleep(10);
      yield* end();
      return log;
    });
    expect(seen).toEqual(["1 in 1", "down", "2 in 2", "3 in 2", "4 in 2"]);
  });

  test("AC-7 (P4, P6): what a life has started, and its timers, end before the next life begins", async () => {
    const seen = await inVirtualTime(function* (): Routine<Log> {
      const log: Log = [];
      const behaviour = function* (_: Mailbox<number>, { incarnation }: ActorContext<number>): Routine<void> {
        log.push(`begins ${incarnation}`);
        yield* scope(function* (inner) {
          inner.go(function* ticking() {
            try {
              for (;;) {
                yield* sleep(2);
                log.push(`tick ${incarnation}`);
              }
            } finally {
              yield* sleep(5);
              log.push(`ends ${incarnation}`);
            }
          });
          yield* sleep(incarnation === 1 ? 3 : Number.POSITIVE_INFINITY);
          throw new Error("again");
        });
      };
      const [, end] = yield* start((options) => actor<number>(behaviour, options));
      yield* sleep(30);
      yield* end();
      return log;
    });
    expect(seen.slice(0, 4)).toEqual(["begins 1", "tick 1", "ends 1", "begins 2"]);
    expect(seen.slice(4)).not.toContain("tick 1");
    expect(seen.at(-1)).toBe("ends 2");
  });

  test("AC-7 (P4): while it is down senders park, and go on when it is back", async () => {
    const seen = await inVirtualTime(function* (): Routine<Log> {
      const log: Log = [];
      const [target, end] = yield* start((options) => actor<number>(reader(log), { ...options, mailbox: 1 }));
      yield* target.send(-1);
      yield* sleep(1);
      yield* target.send(1);
      const before = now();
      yield* target.send(2);
      log.push(Math.round(now() - before));
      yield* sleep(1);
      yield* end();
      return log;
    });
    expect(seen).toEqual([9, "1 in 2", "2 in 2"].toSorted(byTime));
  });

  test("AC-7: senders, questions and monitors hear at once when it is given up, with the cause", async () => {
    const seen = await inVirtualTime(function* (): Routine<Log> {
      const log: Log = [];
      // It fails 5 ms after it has taken a number, so that its mailbox is filled by then.
      const behaviour = function* (mailbox: Mailbox<number>): Routine<void> {
        const n = yield* mailbox.receive();
        yield* sleep(5);
        throw new Error(`cannot take ${String(n)}`);
      };
      const [target] = yield* start((options) => actor<number>(behaviour, { ...options, mailbox: 1 }));
      const exit = go(() => kindOf(target as Actor<never>));
      for (const failure of [1, 2]) {
        yield* target.send(-failure);
        yield* sleep(16);
      }
      yield* target.send(-3);
      yield* sleep(1);
      log.push(yield* target.send(1));
      const parked = [2, 3].map((n) => go(() => thrown(sent(target, n))));
      const question = go(() => thrown(ask(target, (_: Reply<number>) => 4)[Symbol.iterator]() as Routine<number>));
      yield* sleep(1);
      log.push(...parked.map((task) => task.status), question.status, exit.status);
      const since = now();
      for (const task of [...parked, question, exit]) log.push(yield* task);
      return [...log, now() - since];
    });
    const error = "Error: cannot take -3";
    expect(seen).toEqual([true, ...Array(4).fill("parked"), error, error, error, "failed", 3]);
  });

  test("AC-7: a question that was being handled fails with the error; one that waits is answered by the next life", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const behaviour = function* (mailbox: Mailbox<Reply<number>>, { incarnation }: ActorContext<Reply<number>>) {
        for (let reply: Reply<number> | typeof CLOSED; (reply = yield* mailbox.receive()) !== CLOSED; ) {
          if (incarnation === 1) throw new Error("not yet");
          reply(incarnation);
        }
      };
      const [target, end] = yield* start(
        (options) => actor<Reply<number>>(behaviour, options) as unknown as Actor<number>,
      );
      const question = function* (): Routine<unknown> {
        return yield* ask(target as unknown as Actor<Reply<number>>, (reply: Reply<number>) => reply);
      };
      const first = go(() => thrown(question()));
      const second = go(question);
      const answers = [yield* first, yield* second];
      yield* end();
      return answers;
    });
    expect(seen).toEqual(["Error: not yet", 2]);
  });

  test("AC-8: a question on lease is answered by the next life; one that is done fails with its life", async () => {
    const seen = await inVirtualTime(function* (): Routine<Log> {
      const behaviour = function* (
        mailbox: Mailbox<Reply<string>>,
        { incarnation }: ActorContext<Reply<string>>,
      ): Routine<void> {
        for (let lease: Leased<Reply<string>> | typeof CLOSED; (lease = yield* mailbox.lease()) !== CLOSED; ) {
          if (incarnation === 2) lease.done();
          yield* sleep(1);
          if (incarnation < 3) throw new Error(`life ${incarnation}`);
          lease.value(`life ${incarnation}`);
          lease.done();
        }
      };
      const [target, end] = yield* start(
        (options) => actor<Reply<string>>(behaviour, options) as unknown as Actor<number>,
      );
      const question = (): Routine<string> =>
        ask(target as unknown as Actor<Reply<string>>, (reply: Reply<string>) => reply)[
          Symbol.iterator
        ]() as Routine<string>;
      const first = go(() => thrown(question()));
      yield* pause();
      const second = go(question);
      const outcomes = [yield* first, yield* second];
      yield* end();
      return outcomes;
    });
    expect(seen).toEqual(["Error: life 2", "life 3"]);
  });

  test("AC-7: all questions that a life has taken fail with it, and those behind are answered by the next", async () => {
    const seen = await inVirtualTime(function* (): Routine<Log> {
      type Question = { readonly n: number; readonly reply: Reply<number> };
      const behaviour = function* (mailbox: Mailbox<Question>, { incarnation }: ActorContext<Question>): Routine<void> {
        for (let taken = 1; ; taken++) {
          const question = yield* mailbox.receive();
          if (question === CLOSED) return;
          // The first life answers none, and takes three.
          if (incarnation > 1) question.reply(question.n);
          else if (taken === 3) throw new Error("not yet");
        }
      };
      const [started, end] = yield* start((options) => actor<Question>(behaviour, options) as unknown as Actor<number>);
      const target = started as unknown as Actor<Question>;
      const outcomes: string[] = [];
      const ends = [1, 2, 3, 4, 5].map((n) =>
        go(function* (): Routine<void> {
          try {
            outcomes.push(`${n}: ${yield* ask(target, (reply: Reply<number>): Question => ({ n, reply }))}`);
          } catch (error) {
            outcomes.push(`${n}: ${(error as Error).message}`);
          }
        }),
      );
      yield* sleep(5);
      outcomes.push("down");
      for (const end of ends) yield* end;
      yield* end();
      return outcomes;
    });
    expect(seen).toEqual(["1: not yet", "2: not yet", "3: not yet", "down", "4: 4", "5: 5"]);
  });

  test("AC-8: a message on lease comes again, first, unless it was done", async () => {
    const seen = await inVirtualTime(function* (): Routine<Log> {
      const log: Log = [];
      const behaviour = function* (mailbox: Mailbox<number>, { incarnation }: ActorContext<number>): Routine<void> {
        for (;;) {
          const lease = yield* mailbox.lease();
          if (lease === CLOSED) return;
          log.push(`${lease.value} in ${incarnation}`);
          if (lease.value === 2 && incarnation === 1) throw new Error("in the middle");
          yield* sleep(1);
          lease.done();
        }
      };
      const [target, end] = yield* start((options) => actor<number>(behaviour, options));
      for (const n of [1, 2, 3]) yield* target.send(n);
      yield* sleep(50);
      yield* end();
      return log;
    });
    expect(seen).toEqual(["1 in 1", "2 in 1", "2 in 2", "3 in 2"]);
  });
});

function byTime(a: unknown, b: unknown): number {
  return String(a).localeCompare(String(b));
}

test.each<[intensity: number, pauses: number[], handled: number]>([
  [2, [1, 1, 1], 3],
  [2, [1, 101, 1, 101, 1], 5],
  [0, [1, 1], 1],
])(
  "AC-7 (P3): with an intensity of %i in 100 ms and failures %j ms apart, %i are survived or the last",
  async (intensity, pauses, handled) => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      let count = 0;
      const target = actor<number>(
        () => {
          count++;
          throw new Error("again");
        },
        { restart: "transient", intensity, period: 100 },
      );
      const end = go(() => kindOf(target));
      for (const pause of pauses) {
        target.trySend(1);
        yield* sleep(pause);
      }
      const survives = pauses.length === 5;
      if (survives) yield* target.stop();
      return [count, yield* end];
    });
    expect(seen).toEqual([handled, pauses.length === 5 ? "cancelled" : "failed"]);
  },
);

describe("an actor as a child", () => {
  test("AC-9: a bare actor is a child, and terminating it tells all that wait", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const silent = actor<Reply<number>>(function* silent() {
        yield* never();
      });
      const tree = supervise({ silent });
      yield* tree.ready();
      const question = go(() =>
        thrown(
          (function* () {
            yield* ask(silent, (reply: Reply<number>) => reply);
          })(),
        ),
      );
      yield* sleep(1);
      yield* tree.terminate("silent");
      const error = yield* question;
      const { closed } = silent;
      yield* tree.restart("silent");
      const after = [closed, silent.closed, silent.trySend((() => {}) as unknown as Reply<number>)];
      yield* tree.stop();
      return [error, ...after, silent.closed];
    });
    expect(seen).toEqual(["CancelledError: Actor silent was cancelled", true, false, true, true]);
  });

  test("AC-9: stop() of an actor that is a child terminates the child", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const worker = actor<number>(() => {}, { name: "worker" });
      const tree = supervise({ worker });
      yield* tree.ready();
      const { kind } = yield* worker.stop();
      const { status } = tree.child("worker")!;
      yield* tree.stop();
      return [kind, status];
    });
    expect(seen).toEqual(["cancelled", "stopped"]);
  });

  test("AC-9: an actor is a child once, and not after it has begun", async () => {
    const errors = await inVirtualTime(function* (): Routine<string[]> {
      const running = actor<number>(function* running() {
        yield* never();
      });
      yield* sleep(1);
      const error = (actor: Actor<number>) => {
        try {
          supervise({ actor });
        } catch (error) {
          return (error as Error).message;
        }
        return "none";
      };
      const errors = [error(running)];
      const child = actor<number>(() => {}, { name: "child" });
      const tree = supervise({ child });
      yield* tree.ready();
      errors.push(error(child));
      yield* running.stop();
      yield* tree.stop();
      return errors;
    });
    expect(errors).toEqual([
      "Cannot supervise: actor running must not run; pass it to supervise() where it is made",
      "Cannot supervise: actor child must not be a child already",
    ]);
  });
});

describe("monitor() and link()", () => {
  test("AC-11: a monitor is a case of a select and yields the exit of a task, a child, an actor or a supervisor", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const task = go(function* () {
        yield* sleep(1);
        throw new Error("task");
      });
      const target = actor<number>(() => {});
      const tree = supervise({
        *a() {
          yield* never();
        },
      });
      yield* tree.ready();
      const kinds: string[] = [];
      const first = yield* select({ task: monitor(task), actor: monitor(target), tree: monitor(tree) });
      kinds.push(first.key, first.value.kind);
      const child = go(function* () {
        return (yield* monitor(tree.child("a")!)).kind;
      });
      yield* pause();
      yield* target.stop();
      yield* tree.stop();
      kinds.push((yield* monitor(target)).kind, (yield* monitor(tree)).kind, yield* child);
      const done = go(function* () {
        return 1;
      });
      yield* pause();
      kinds.push((yield* monitor(done)).kind);
      return kinds;
    });
    expect(seen).toEqual(["task", "failed", "cancelled", "cancelled", "cancelled", "done"]);
  });

  test("AC-11: a monitored failure is not reported, a linked one is", async () => {
    using time = virtualTime();
    const fails = (name: string) =>
      go(function* () {
        yield* sleep(1);
        throw new Error(name);
      });
    monitor(fails("monitored")).then(() => {});
    const other = go(function* () {
      yield* never();
    });
    link(fails("linked"), other);
    await time.advance(5);
    expect([time.reported.map(String), other.status]).toEqual([["Error: linked"], "cancelled"]);
  });

  test.each<[title: string, ending: (tools: { fail(): void; finish(): void; cancel(): void }) => void, status: string]>(
    [
      ["fails", ({ fail }) => fail(), "cancelled"],
      ["returns", ({ finish }) => finish(), "parked"],
      ["is cancelled", ({ cancel }) => cancel(), "parked"],
    ],
  )("AC-11: when one of two linked tasks %s, the other is %s", async (_, ending, expected) => {
    const seen = await inVirtualTime(function* (): Routine<unknown> {
      const orders = channel<"fail" | "finish">(1);
      const a = go(function* () {
        if ((yield* orders.receive()) === "fail") throw new Error("a failed");
      });
      const b = go(function* () {
        yield* never();
      });
      link(b, a);
      yield* pause();
      ending({ fail: () => orders.trySend("fail"), finish: () => orders.trySend("finish"), cancel: () => a.cancel() });
      yield* monitor(a);
      yield* sleep(1);
      const { status } = b;
      b.cancel();
      return status;
    });
    expect(seen).toBe(expected);
  });

  test.each<[act: string, perform: () => unknown]>([
    ["monitor", () => monitor(1 as never)],
    ["link", () => link({} as never, go(never))],
    ["link", () => link(go(never), null as never)],
  ])("AC-11: to %s something else is refused", (act, perform) => {
    expect(perform).toThrow(`Cannot ${act}: it must be a task, a child, an actor or a supervisor, got`);
  });

  test("AC-11: a link that is disposed of ties nothing", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown> {
      const a = go(function* () {
        yield* sleep(5);
        throw new Error("a failed");
      });
      const b = actor<number>(() => {});
      link(a, b)[Symbol.dispose]();
      yield* monitor(a);
      yield* sleep(1);
      const { closed } = b;
      yield* b.stop();
      return closed;
    });
    expect(seen).toBe(false);
  });
});

describe("registry()", () => {
  test("AC-12 (G10): a name leads to its actor and vanishes with it; a wait for a name ends when it is taken", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const names = registry<{ counter: number; logger: string }>();
      const waiting = go(function* () {
        return yield* names.whenRegistered("counter");
      });
      yield* pause();
      const counter = actor<number>(() => {});
      names.register("counter", counter);
      const found = (yield* waiting) === counter && names.get("counter") === counter;
      let code = "";
      try {
        names.register(
          "counter",
          actor<number>(() => {}),
        );
      } catch (error) {
        code = (error as { code: string }).code;
      }
      yield* counter.stop();
      const after = [names.get("counter"), names.names()];
      const logger = actor<string>(() => {});
      const registered = names.register("logger", logger);
      const before = names.names();
      registered[Symbol.dispose]();
      const free = names.names();
      yield* logger.stop();
      const { key } = yield* select({ name: names.whenRegistered("counter"), late: sleep(1) });
      return [found, code, after, before, free, key];
    });
    expect(seen).toEqual([true, "already-started", [undefined, []], ["logger"], [], "late"]);
  });
});

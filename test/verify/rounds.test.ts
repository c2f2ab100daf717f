// Rounds of endless loops that make channels, timeouts and cells: a round that repeats an earlier one makes them anew.

import { type Channel, CLOSED, channel, go, type Routine, select, sleep, timeout } from "millrace";
import { type Cell, cell, choose, DONE, daemon, forever, loop, type Verdict, verify } from "millrace/testing";
import { describe, expect, test } from "vitest";
import { seeded } from "../../src/testing/simulation/decisions.js";

type Main = () => Routine<unknown>;

/** The verdict in short. */
const short = (verdict: Verdict<unknown>): string => (verdict.status === "failed" ? verdict.kind : verdict.status);

const MOST = { maxStates: 20_000, unperformed: false } as const;

/** The barber of Dijkstra, with a channel for each visit. */
function* barber(customers: number, cuts: number): Routine<never> {
  const chairs = channel<Channel<string>>(2);
  go(forever, function* () {
    const done = yield* chairs.receive();
    for (let cut = 0; done !== CLOSED && cut < cuts; cut++) yield* done.send("cut");
  });
  for (let customer = 1; customer < customers; customer++) go(forever, visit);
  return yield* forever(visit);

  function* visit(): Routine<void> {
    const done = channel<string>();
    const { key } = yield* select({ seated: chairs.send(done) }, { default: "full" });
    if (key === "seated") yield* done.receive();
  }
}

interface Request {
  readonly n: number;
  readonly reply: Channel<number>;
}

/** A server that may be late, and a client that waits for each reply for a while. */
function* remote(mode: "right" | "twice" | "never" | "one reply channel"): Routine<never> {
  const requests = channel<Request>();
  const only = channel<number>(1);
  daemon(
    go(forever, function* () {
      const request = yield* requests.receive();
      if (request === CLOSED) return;
      if ((yield* choose("now", "late")) === "late") yield* sleep(20);
      if (mode !== "never") yield* request.reply.send(request.n);
      if (mode === "twice") yield* request.reply.send(request.n);
    }),
  );
  const end = yield* loop(0, function* (n: number) {
    const reply = mode === "one reply channel" ? only : channel<number>(1);
    yield* requests.send({ n, reply });
    const { key, value } = yield* select({ reply: reply.receive(), late: timeout(mode === "right" ? 30 : 10) });
    if (key === "reply" && value !== n) throw new Error("the reply to an earlier request");
    if (mode === "right" && key === "late") throw new Error("no reply");
    return (n + 1) % 3;
  });
  return end as never;
}

/** Two tasks that hand over what the first makes in each round, and what the second does with it. */
const handsOver = <T>(make: () => T, use: (made: T) => Routine<unknown>, check: (made: T) => void) =>
  function* () {
    const line = channel<T>();
    daemon(
      go(forever, function* () {
        const made = yield* line.receive();
        if (made !== CLOSED) yield* use(made);
      }),
    );
    yield* forever(function* () {
      const made = make();
      yield* line.send(made);
      yield* sleep(1);
      check(made);
    });
  };

const programs: readonly (readonly [name: string, verdict: string, states: number, main: Main])[] = [
  [
    "a timeout in each round",
    "proved",
    8,
    function* () {
      const c = channel<number>();
      daemon(
        go(forever, function* () {
          yield* select({ value: c.receive(), late: timeout(15) });
        }),
      );
      yield* c.send(1);
      yield* sleep(20);
      yield* c.send(2);
    },
  ],
  [
    "a bucket of tokens by the clock",
    "proved",
    4,
    function* () {
      const tokens = channel<number>(2);
      go(forever, function* () {
        yield* timeout(10).receive();
        yield* tokens.send(1);
      });
      yield* forever(function* () {
        yield* tokens.receive();
      });
    },
  ],
  ["the barber, with 2 customers", "proved", 18, () => barber(2, 1)],
  ["the barber, with 4 customers", "proved", 114, () => barber(4, 1)],
  ["the barber, if each customer is cut twice", "deadlock", 19, () => barber(2, 2)],
  ["the barber, if no customer is cut", "deadlock", 10, () => barber(2, 0)],
  ["a server that replies in time", "proved", 149, () => remote("right")],
  ["a server that replies twice", "deadlock", 61, () => remote("twice")],
  ["a server that never replies", "proved", 46, () => remote("never")],
  ["one channel for all replies", "throw", 91, () => remote("one reply channel")],
  [
    "a channel whose only reference is on its way",
    "proved",
    10,
    handsOver(
      () => {
        const made = channel<number>(1);
        made.trySend(1);
        return made;
      },
      function* (made) {
        if (made.tryReceive() !== 1) throw new Error("lost");
      },
      () => {},
    ),
  ],
  [
    "a cell in each round",
    "proved",
    12,
    handsOver(
      () => cell(0),
      function* (made: Cell<number>) {
        made.value += 1;
      },
      (made) => {
        if (made.value !== 1) throw new Error(`holds ${made.value}`);
      },
    ),
  ],
  [
    "a timeout that another task waits for",
    "proved",
    32,
    handsOver(
      () => timeout(5),
      function* (made) {
        yield* made.receive();
      },
      () => {},
    ),
  ],
  [
    "channels of two rounds at the same time",
    "proved",
    116,
    function* () {
      const line = channel<Channel<number>>(1);
      daemon(
        go(forever, function* () {
          const [one, other] = [yield* line.receive(), yield* line.receive()];
          if (one === other || one === CLOSED || other === CLOSED) throw new Error("one channel for two rounds");
          yield* other.send(2);
          yield* one.send(1);
        }),
      );
      yield* forever(function* () {
        yield* line.send(channel<number>(1));
      });
    },
  ],
  [
    "a channel in every other round only",
    "proved",
    4,
    function* () {
      const line = channel<Channel<number>>();
      daemon(
        go(forever, function* () {
          const made = yield* line.receive();
          if (made !== CLOSED) yield* made.send(1);
        }),
      );
      yield* loop("rest", function* (state: string) {
        if (state === "rest") {
          yield* sleep(1);
          return "ask";
        }
        const made = channel<number>();
        yield* line.send(made);
        yield* made.receive();
        return "rest";
      });
    },
  ],
  [
    "a loop inside each round, over a channel of the round",
    "proved",
    10,
    function* () {
      const line = channel<Channel<number>>(1);
      daemon(
        go(forever, function* () {
          const made = yield* line.receive();
          if (made === CLOSED) return;
          yield* made.send(1);
          made.close();
        }),
      );
      yield* forever(function* () {
        const made = channel<number>();
        yield* line.send(made);
        yield* loop(0, function* (sum: number) {
          const value = yield* made.receive();
          if (value !== CLOSED) return sum + value;
          if (sum !== 1) throw new Error(`sum ${sum}`);
          return DONE;
        });
      });
    },
  ],
  [
    "channels that a counted loop collects",
    "proved",
    9,
    function* () {
      const made: Channel<number>[] = [];
      yield* loop(0, function* (n: number) {
        const next = channel<number>(1);
        yield* next.send(n);
        made.push(next);
        return n < 3 ? n + 1 : DONE;
      });
      for (const [n, each] of made.entries()) if ((yield* each.receive()) !== n) throw new Error("one channel for two");
    },
  ],
];

describe("a round that repeats an earlier round makes its objects anew:", () => {
  test.each(programs)("%s: %s", async (_, verdict, states, main) => {
    for (const all of [true, false]) {
      const found = await verify(main as never, { ...MOST, all });
      expect([short(found), all ? found.states : states]).toEqual([verdict, states]);
    }
  });
});

test("a value that is left in a channel of a round is unread, though the round is repeated", async () => {
  const main = function* () {
    const ticks = channel<number>();
    go(function* () {
      for (let tick = 0; tick < 3; tick++) yield* ticks.send(tick);
      ticks.close();
    });
    yield* loop(null, function* () {
      const tick = yield* ticks.receive();
      if (tick === CLOSED) return DONE;
      const made = channel<number>(1);
      if (tick === 0) yield* made.send(1);
      return null;
    });
  };
  expect(short(await verify(main, { ...MOST, unread: true }))).toBe("unread");
  expect(short(await verify(main, MOST))).toBe("proved");
});

// Random programs, in two forms: with loops whose rounds are repeated, and with plain loops, which make new objects in each round.

type Loop = (round: () => Routine<unknown>) => Routine<unknown>;

const folded: Loop = function* (round) {
  yield* loop(null, round as never);
};

const plain: Loop = function* (round) {
  while ((yield* round()) !== DONE);
};

interface Note {
  readonly n: number;
  readonly reply: Channel<number>;
  readonly sum: Cell<number>;
}

/** A client that asks a server a few times, both at random. */
function randomProgram(seed: number, repeat: Loop): () => Routine<string> {
  const below = seeded(seed);
  const pick = <T>(...from: readonly T[]): T => from[below(from.length)]!;
  const [rounds, capacity, line, clients] = [pick(2, 3), pick(0, 1, 1), pick(0, 1), pick(1, 1, 2)];
  const [waits, serves, patience, lag] = [
    pick("not", "always", "a while", "a while"),
    pick(0, 1, 2, 3, 4, 5),
    pick(1, 2, 4),
    pick(0, 0, 2),
  ];
  const keeps = pick(false, true);
  return function* () {
    const [notes, ticks, log] = [channel<Note>(line), channel<number>(), cell("")];
    daemon(
      go(repeat, function* () {
        const note = yield* notes.receive();
        if (note === CLOSED) return DONE;
        if (lag > 0) yield* sleep(lag);
        if (serves === 1) note.sum.value += note.n;
        if (serves === 2) note.reply.trySend(note.n);
        else if (serves === 3) note.reply.close();
        else if (serves === 4) {
          const next = yield* notes.receive();
          if (next === CLOSED) return DONE;
          yield* next.reply.send(note.n);
          yield* note.reply.send(next.n);
        } else yield* note.reply.send(note.n);
        if (serves === 5) yield* note.reply.send(9);
        return null;
      }),
    );
    const tasks = Array.from({ length: clients }, (_, nth) =>
      go(repeat, function* () {
        const n = yield* ticks.receive();
        if (n === CLOSED) return DONE;
        const note = { n, reply: channel<number>(capacity), sum: cell(0) };
        yield* notes.send(note);
        const reply = note.reply;
        if (waits === "always") log.value += `${nth}${String(yield* reply.receive())}`;
        if (waits === "a while") {
          const { key, value } = yield* select({ value: reply.receive(), late: timeout(patience) });
          log.value += `${key[0]}${key === "value" ? String(value) : ""}`;
          if (keeps && key === "late") log.value += String(yield* reply.receive());
        }
        log.value += note.sum.value;
        return null;
      }),
    );
    for (let n = 0; n < rounds; n++) yield* ticks.send(n);
    ticks.close();
    for (const task of tasks) yield* task;
    return log.value;
  };
}

const PROGRAMS = Number(process.env.ROUNDS ?? 40);

test("random programs have the same verdict and outcomes whether rounds are repeated or not", async () => {
  const verdicts = new Set<string>();
  for (let seed = 1; seed <= PROGRAMS; seed++) {
    const [one, other] = [
      await verify(randomProgram(seed, plain), MOST),
      await verify(randomProgram(seed, folded), MOST),
    ];
    if (one.status === "bounded") continue;
    const outcomes = (found: Verdict<unknown>): unknown[] =>
      found.status === "proved" ? [...found.outcomes].sort() : [];
    expect([seed, short(other), outcomes(other)]).toEqual([seed, short(one), outcomes(one)]);
    verdicts.add(short(one));
  }
  expect(verdicts.size).toBeGreaterThan(1);
});

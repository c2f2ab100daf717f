// Tasks that can change places together with their channels: of the states that differ only in that one is enough. It is found
// out, not said; whatever contradicts ends it.

import * as shipped from "millrace/testing";
import { describe, expect, test } from "vitest";
import { alt, type Channel, CLOSED, channel, go, pause, type Routine, scope, select, sleep } from "../../src/index.js";
import { daemon, forever, invariant } from "../../src/testing.js";
import { failure, found } from "./fewer.js";
import { known } from "./programs/index.js";

const channels = (count: number, capacity = 0): Channel<number>[] =>
  Array.from({ length: count }, () => channel<number>(capacity));

/** Philosophers who take whichever fork is free, with forks who are tasks; one of them may be of another kind. */
const table = (size: number, odd?: (left: Channel<number>, right: Channel<number>) => Routine<void>) =>
  function* main(): Routine<void> {
    const forks = channels(size);
    for (const [at, left] of forks.entries()) {
      go(function* fork() {
        yield* forever(function* () {
          yield* left.send(0);
          yield* left.receive();
        });
      });
      const right = forks[(at + 1) % size]!;
      go(function* philosopher() {
        yield* at === 1 && odd !== undefined ? odd(left, right) : polite(left, right);
      });
    }
  };

function* ride(): Routine<void> {
  yield* pause();
}

function* put(belt: Channel<number>): Routine<void> {
  yield* belt.send(1);
}

function* take(belt: Channel<number>): Routine<void> {
  yield* belt.receive();
}

const polite = (left: Channel<number>, right: Channel<number>): Routine<void> =>
  forever(function* () {
    const [held, other] = (yield* select({ left, right })).key === "left" ? [left, right] : [right, left];
    const { key } = yield* select({ other }, { default: null });
    yield* held.send(0);
    if (key === "other") yield* other.send(0);
  });

const greedy = (left: Channel<number>, right: Channel<number>): Routine<void> =>
  forever(function* () {
    yield* left.receive();
    yield* right.receive();
    yield* left.send(0);
    yield* right.send(0);
  });

describe("tasks that can change places", () => {
  test("around a table need a part of the states", async () => {
    const { states, all } = await found(table(5));
    expect(all).toBe(6515);
    // Five places, and two states that look the same from each.
    expect(states).toBeLessThanOrEqual((all - 5) / 5 + 5);
  });

  /** Clients, each with a channel to send to and one for the answer, and a server who serves whoever comes. */
  const clients = (size: number, serve: (asks: Channel<number>[], answers: Channel<number>[]) => Routine<void>) =>
    function* main(): Routine<void> {
      const [asks, answers] = [channels(size), channels(size)];
      go(function* server() {
        yield* serve(asks, answers);
      });
      for (const [at, ask] of asks.entries()) {
        go(function* client() {
          yield* forever(function* () {
            yield* sleep(1);
            yield* ask.send(7);
            yield* answers[at]!.receive();
          });
        });
      }
    };

  test("with channels of their own, whoever serves them", async () => {
    const serve = (asks: Channel<number>[], answers: Channel<number>[]): Routine<void> =>
      forever(function* () {
        const to = yield* alt(...asks.map((ask, at) => ask.receive().map(() => at)));
        yield* answers[to]!.send(1);
      });
    const { states, all } = await found(clients(5, serve));
    expect(all).toBeGreaterThan(256);
    expect(states).toBeLessThan(all / 8);
  });

  test("in a scope, with a channel each, whoever merges what comes", async () => {
    const main = function* (): Routine<string> {
      return yield* scope(function* (s) {
        const own = channels(5);
        for (const to of own) {
          s.go(function* producer() {
            yield* pause();
            yield* to.send(3);
            yield* pause();
          });
        }
        let sum = 0;
        for (let nth = 0; nth < 5; nth++) sum += Number(yield* alt(...own.map((from) => from.receive())));
        return String(sum);
      });
    };
    const { outcomes, states, all } = await found(main);
    expect(outcomes).toEqual(["15"]);
    expect(all).toBeGreaterThan(256);
    expect(states).toBeLessThan(all / 8);
  });

  test("in a scope that cancels them, with a channel each", async () => {
    const main = function* (): Routine<string> {
      return yield* scope(function* (s) {
        const own = channels(4);
        for (const to of own) {
          s.go(function* producer() {
            try {
              yield* to.send(3);
            } finally {
              yield* sleep(1);
            }
          });
        }
        const first = yield* alt(...own.map((from) => from.receive()));
        s.cancel();
        return String(first);
      });
    };
    const { outcomes, states, all } = await found(main);
    expect(outcomes).toEqual(["3"]);
    expect(states).toBeLessThan(all / 4);
  });

  test("do not where one of them is joined, and may be cancelled: the error names it", async () => {
    const main = function* (): Routine<string> {
      const wake = channel<true>(2);
      const tasks = [0, 1].map(() =>
        go(function* sleeper() {
          yield* wake.receive();
        }),
      );
      yield* wake.send(true);
      for (const task of tasks) task.cancel();
      for (const task of tasks) {
        try {
          yield* task;
        } catch (error) {
          return (error as Error).message;
        }
      }
      return "neither";
    };
    const { outcomes } = await found(main);
    expect(outcomes).toEqual(["Task main#0/sleeper#0 was cancelled", "Task main#0/sleeper#1 was cancelled"]);
  });

  test.each([0, 4])("do not where number %d of them is not in the scope", async (outside) => {
    const main = function* (): Routine<number> {
      const through = channel<number>(5);
      yield* scope(function* (s) {
        for (const [at, own] of channels(5, 1).entries()) {
          const producer = function* producer(): Routine<void> {
            yield* pause();
            yield* own.send(1);
            yield* through.send(1);
          };
          if (at === outside) go(producer);
          else s.go(producer);
        }
      });
      return through.length;
    };
    // Those in the scope are through; how far the other has come nobody knows.
    expect((await found(main)).outcomes).toEqual([4, 5]);
  });

  test("do not where they are served in order", async () => {
    const serve = (asks: Channel<number>[], answers: Channel<number>[]): Routine<void> =>
      forever(function* () {
        for (const [at, ask] of asks.entries()) {
          yield* ask.receive();
          yield* answers[at]!.send(1);
        }
      });
    const { states, all } = await found(clients(8, serve));
    expect(all).toBeGreaterThan(256);
    expect(states).toBe(all);
  });

  test("do not where one of them is another", async () => {
    // Nobody waits for ever at such a table: whoever is greedy gets its forks in the end.
    const { states, all } = await found(table(4, greedy));
    expect(all).toBeGreaterThan(256);
    expect(states).toBe(all);
  });

  test("do not where only the first of them sends to a channel that holds less", async () => {
    const rows = (capacities: readonly number[]) =>
      function* main(): Routine<void> {
        for (const capacity of capacities) {
          const belt = channel<number>(capacity);
          go(() => forever(() => put(belt)));
          go(() => forever(() => take(belt)));
        }
      };
    // Six of three kinds, whichever is which: 28 ways.
    expect(await found(rows([2, 2, 2, 2, 2, 2]))).toMatchObject({ states: 28, all: 3 ** 6 });
    // Five of three kinds are 21 ways, with each of the two in which the first may be.
    expect(await found(rows([1, 2, 2, 2, 2, 2]))).toMatchObject({ states: 42, all: 2 * 3 ** 5 });
  });

  test("only from there on where all of them have been started, and what `main` did before does not count", async () => {
    const main = function* (): Routine<number> {
      const forks = channels(6, 1);
      yield* forks[2]!.send(5);
      for (const [at, fork] of forks.entries()) {
        const next = forks[(at + 1) % forks.length]!;
        go(() =>
          forever(function* () {
            const got = yield* fork.receive();
            yield* sleep(1);
            yield* next.send(got === CLOSED ? 0 : got);
          }),
        );
        yield* forks[0]!.send(at);
      }
      return 1;
    };
    const { outcomes } = await found(main);
    expect(outcomes).toEqual([1]);
  });

  test("show the same failure, as soon, and it can be replayed", async () => {
    const hungry = known.find(({ name }) => name === "7 looping philosophers")!;
    const { kind, schedule, states } = await failure(hungry.main, shipped);
    expect([kind, schedule.steps.length]).toEqual(["leak", 7]);
    expect(states).toBeLessThan(hungry.states! / 2);
  });

  test("show which of them is stuck for ever", async () => {
    const main = function* (): Routine<void> {
      const tickets = channel<number>(5);
      for (let nth = 0; nth < 6; nth++) {
        go(function* rider() {
          yield* tickets.receive();
          yield* forever(ride);
        });
        if (nth > 0) yield* tickets.send(nth);
      }
    };
    const { kind, schedule } = await failure(main);
    expect([kind, schedule.waiting.map(({ task }) => task)]).toEqual(["stuck", ["rider#5"]]);
  });

  test.each([0, 7])(
    "are told apart by an invariant, which may look at the channels of one, after %d turns",
    async (turns) => {
      const main = function* (): Routine<void> {
        const belts = channels(6, 5);
        for (const belt of belts) {
          go(() => forever(() => put(belt)));
          go(() => forever(() => take(belt)));
        }
        for (let turn = 0; turn < turns; turn++) yield* pause();
        invariant("the second is never full", () => belts[1]!.length < 5);
      };
      const { kind, cause } = await failure(main);
      expect([kind, String(cause)]).toEqual(["invariant", "Error: the second is never full does not hold"]);
    },
  );

  test.each([0, 4])("are told apart where all but number %d may be left behind", async (kept) => {
    const main = function* (): Routine<void> {
      const ticket = channel<number>(1);
      yield* ticket.send(1);
      for (const [at, gate] of channels(5).entries()) {
        const task = go(function* () {
          for (let nth = 0; nth < 3; nth++) yield* pause();
          yield* alt(gate.receive(), ticket.receive());
        });
        if (at !== kept) daemon(task);
      }
    };
    const { kind, schedule } = await failure(main);
    expect([kind, schedule.waiting.map(({ task }) => task)]).toEqual(["leak", [`task#${kept}`]]);
  });
});

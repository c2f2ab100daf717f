// Symmetries of tasks together with their channels: of the states that differ only by a symmetry, one is stored. The search finds
// the symmetries itself, and drops one that the program contradicts.

import * as shipped from "millrace/testing";
import { describe, expect, test } from "vitest";
import { alt, type Channel, CLOSED, channel, go, pause, type Routine, scope, select, sleep } from "../../src/index.js";
import { daemon, forever, invariant } from "../../src/testing.js";
import { known } from "./programs/index.js";
import { failure, found } from "./reduced.js";

const channels = (count: number, capacity = 0): Channel<number>[] =>
  Array.from({ length: count }, () => channel<number>(capacity));

/** Philosophers that take any free fork first, with forks that are tasks. Philosopher 1 may have another body. */
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

describe("tasks with channels", () => {
  test("are symmetric around a table: about a fifth of the states remain", async () => {
    const { states, all } = await found(table(5));
    expect(all).toBe(6515);
    // Five rotations; two states are fixed by all of them.
    expect(states).toBeLessThanOrEqual((all - 5) / 5 + 5);
  });

  /** A server, and clients with a channel for requests and a channel for answers each. */
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

  test("are symmetric if one server answers each on a channel of its own", async () => {
    const serve = (asks: Channel<number>[], answers: Channel<number>[]): Routine<void> =>
      forever(function* () {
        const to = yield* alt(...asks.map((ask, at) => ask.receive().map(() => at)));
        yield* answers[to]!.send(1);
      });
    const { states, all } = await found(clients(5, serve));
    expect(all).toBeGreaterThan(256);
    expect(states).toBeLessThan(all / 8);
  });

  test("are symmetric in a scope whose body receives from any of their channels", async () => {
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

  test("are symmetric in a scope that cancels them", async () => {
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

  test("have both errors as outcomes if main joins them after a cancel, as the error names its task", async () => {
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

  test.each([0, 4])("have both outcomes if only task %d is outside the scope, and may end later", async (outside) => {
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
    // The tasks in the scope have ended; the task outside may have sent its value or not.
    expect((await found(main)).outcomes).toEqual([4, 5]);
  });

  test("are not symmetric if the server serves them in order", async () => {
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

  test("are not symmetric if one has another body", async () => {
    // No philosopher is stuck at such a table: the greedy one gets both forks in the end.
    const { states, all } = await found(table(4, greedy));
    expect(all).toBeGreaterThan(256);
    expect(states).toBe(all);
  });

  test("are symmetric except for the first, if only its channel has a smaller capacity", async () => {
    const rows = (capacities: readonly number[]) =>
      function* main(): Routine<void> {
        for (const capacity of capacities) {
          const belt = channel<number>(capacity);
          go(() => forever(() => put(belt)));
          go(() => forever(() => take(belt)));
        }
      };
    // Multisets of six out of three: 28.
    expect(await found(rows([2, 2, 2, 2, 2, 2]))).toMatchObject({ states: 28, all: 3 ** 6 });
    // Multisets of five out of three: 21, for each of the two states of the first pair.
    expect(await found(rows([1, 2, 2, 2, 2, 2]))).toMatchObject({ states: 42, all: 2 * 3 ** 5 });
  });

  test("in a ring have the same outcomes as in the full search if main sends to some before all are started", async () => {
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

  test("have a counterexample as short as that of the full search, which its token replays", async () => {
    const hungry = known.find(({ name }) => name === "7 looping philosophers")!;
    const { kind, schedule, states } = await failure(hungry.main, shipped);
    expect([kind, schedule.steps.length]).toEqual(["leak", 7]);
    expect(states).toBeLessThan(hungry.states! / 2);
  });

  test("are named in a report if they are stuck", async () => {
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

  test.each([0, 7])("violate an invariant over the channel of one, declared after %d turns", async (turns) => {
    const main = function* (): Routine<void> {
      const belts = channels(4, 3);
      for (const belt of belts) {
        go(() => forever(() => put(belt)));
        go(() => forever(() => take(belt)));
      }
      for (let turn = 0; turn < turns; turn++) yield* pause();
      invariant("the second is never full", () => belts[1]!.length < 3);
    };
    const { kind, cause } = await failure(main);
    expect([kind, String(cause)]).toEqual(["invariant", "Error: the second is never full does not hold"]);
  });

  test.each([0, 4])(
    "are distinguished if all but task %d are daemons: the report of the leak names that task",
    async (kept) => {
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
    },
  );
});

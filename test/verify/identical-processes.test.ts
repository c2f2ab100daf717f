// Identical processes: of the states that differ only by a permutation of identical tasks, one is stored. Tasks that turn out to
// differ are not permuted.

import { describe, expect, test } from "vitest";
import { type Channel, CLOSED, channel, go, pause, type Routine, scope, select, sleep } from "../../src/index.js";
import { choose, daemon, forever } from "../../src/testing.js";
import { failure, found } from "./reduced.js";

/** Receives values from a channel; returns them in order. */
function* taken(from: Channel<number>, count: number): Routine<string> {
  const values: unknown[] = [];
  for (let nth = 0; nth < count; nth++) values.push(yield* from.receive());
  return values.join();
}

describe("identical tasks", () => {
  const pool = (size: number, jobs: number, starts: "scope" | "go") =>
    function* main(): Routine<string> {
      const [work, results] = [channel<number>(), channel<number>()];
      const worker = function* worker(): Routine<void> {
        for (let job = yield* work.receive(); job !== CLOSED; job = yield* work.receive()) yield* results.send(job);
      };
      const source = function* source(): Routine<void> {
        for (let job = 1; job <= jobs; job++) yield* work.send(job);
        work.close();
      };
      return yield* scope(function* (s) {
        for (let nth = 0; nth < size; nth++) starts === "go" ? go(worker) : s.go(worker);
        s.go(source);
        return [...(yield* taken(results, jobs))].sort().join("");
      });
    };

  test("reduce the states to less than a quarter, in a scope or outside", async () => {
    for (const starts of ["scope", "go"] as const) {
      const { outcomes, states, all } = await found(pool(3, 3, starts));
      expect(outcomes).toEqual([",,123"]);
      expect(states * 4).toBeLessThan(all);
    }
  });

  test("are found when a loop starts each with a new closure", async () => {
    const { states, all } = await found(function* main(): Routine<string> {
      const numbers = channel<number>();
      for (let nth = 0; nth < 3; nth++) {
        go(function* () {
          yield* sleep(1);
          yield* numbers.send(1);
        });
      }
      return yield* taken(numbers, 3);
    });
    expect(states * 2).toBeLessThan(all);
  });

  test("have a counterexample that names the two tasks with a step, and all three that are parked", async () => {
    const main = function* main(): Routine<void> {
      const [left, right] = [channel<true>(1, { name: "left" }), channel<true>(1, { name: "right" })];
      yield* scope(function* (s) {
        for (let nth = 0; nth < 3; nth++) {
          s.go(function* mover() {
            const { key } = yield* select({ left: left.send(true), right: right.send(true) });
            yield* (key === "left" ? right : left).send(true);
            yield* left.receive();
            yield* right.receive();
          });
        }
      });
    };
    const { kind, schedule } = await failure(main);
    expect(kind).toBe("deadlock");
    const steps = schedule.steps.map(({ task, what }) => `${task}: ${what}`);
    expect(new Set(steps.map((step) => step.split(":")[0])).size).toBe(2);
    expect(schedule.waiting.filter(({ task }) => task.includes("mover"))).toHaveLength(3);
  });

  test("are symmetric when their scope cancels them together", async () => {
    const { outcomes, states, all } = await found(function* main(): Routine<string> {
      return yield* scope(function* (s) {
        const numbers = channel<number>();
        for (let nth = 0; nth < 3; nth++) {
          s.go(function* () {
            try {
              yield* numbers.send(7);
            } finally {
              yield* sleep(1);
            }
          });
        }
        const first = yield* taken(numbers, 1);
        s.cancel();
        return first;
      });
    });
    expect(outcomes).toEqual(["7"]);
    expect(states * 2).toBeLessThan(all);
  });
});

describe("tasks that look identical", () => {
  test("have every order as an outcome if each sends another captured value, at once or after a pause", async () => {
    for (const late of [false, true]) {
      const { outcomes } = await found(function* main(): Routine<string> {
        const numbers = channel<number>();
        for (const n of [1, 2, 3]) {
          go(function* () {
            if (late) yield* pause();
            yield* numbers.send(n);
          });
        }
        return yield* taken(numbers, 3);
      });
      expect(outcomes).toEqual(["1,2,3", "1,3,2", "2,1,3", "2,3,1", "3,1,2", "3,2,1"]);
    }
  });

  test("are not permuted if a choice decides whether their bodies differ", async () => {
    const main = (first: boolean) =>
      function* main(): Routine<string> {
        const numbers = channel<number>();
        const same = (yield* choose(true, false)) === first;
        yield* pause();
        for (const n of same ? [1, 1] : [1, 2]) {
          if (n === 1) {
            go(function* task() {
              yield* numbers.send(1);
            });
          } else {
            go(function* task() {
              yield* pause();
              yield* numbers.send(2);
            });
          }
        }
        return `${same}: ${yield* taken(numbers, 2)}`;
      };
    for (const first of [true, false]) {
      const { outcomes, states, all } = await found(main(first));
      expect(outcomes).toEqual(["false: 1,2", "false: 2,1", "true: 1,1"]);
      expect(states).toBe(all);
    }
  });

  test("have the outcomes and failures of different tasks if only one is joined or cancelled", async () => {
    const racing = (end: "join" | "cancel") =>
      function* main(): Routine<string> {
        const numbers = channel<number>(2);
        const tasks = [1, 2].map(() =>
          go(function* () {
            yield* sleep(1);
            yield* numbers.send(5);
          }),
        );
        if (end === "cancel") tasks[0]!.cancel();
        else yield* tasks[0]!;
        yield* sleep(5);
        return String(numbers.length);
      };
    expect((await found(racing("join"))).outcomes).toEqual(["2"]);
    expect((await found(racing("cancel"))).outcomes).toEqual(["1"]);
    const { kind } = await failure(function* main(): Routine<void> {
      const work = channel<number>();
      const tasks = [1, 2].map(() =>
        go(function* (): Routine<unknown> {
          return yield* work.receive();
        }),
      );
      yield* work.send(1);
      yield* work.send(2);
      if ((yield* tasks[0]!) === 2) throw new Error("The second is the first");
    });
    expect(kind).toBe("throw");
  });

  test("have the same outcomes as in the full search if a channel carries their handles", async () => {
    const { outcomes } = await found(function* main(): Routine<string> {
      const handed = channel<ReturnType<typeof started>>(2);
      const started = () =>
        go(function* (): Routine<string> {
          yield* pause();
          return "done";
        });
      for (let nth = 0; nth < 2; nth++) yield* handed.send(started());
      const task = yield* handed.receive();
      return task === CLOSED ? "closed" : yield* task;
    });
    expect(outcomes).toEqual(["done"]);
  });

  test("have the same outcomes as in the full search if each makes a channel of its own", async () => {
    const { outcomes } = await found(function* main(): Routine<string> {
      const numbers = channel<number>();
      for (let nth = 0; nth < 2; nth++) {
        go(function* () {
          const own = channel<number>(1);
          yield* own.send(3);
          yield* numbers.send((yield* own.receive()) as number);
        });
      }
      return yield* taken(numbers, 2);
    });
    expect(outcomes).toEqual(["3,3"]);
  });

  test("are distinguished if only one is a daemon: the other is reported as a leak", async () => {
    const main = function* main(): Routine<void> {
      const numbers = channel<number>();
      for (let nth = 0; nth < 2; nth++) {
        const task = go(function* () {
          yield* numbers.receive();
        });
        if (nth === 0) daemon(task);
      }
      yield* numbers.send(1);
    };
    const { kind, schedule } = await failure(main);
    expect(kind).toBe("leak");
    expect(schedule.waiting.map(({ task }) => task)).toEqual(["task#1"]);
  });

  test("have the same outcomes as in the full search if they are endless daemons", async () => {
    const { outcomes } = await found(function* main(): Routine<string> {
      const numbers = channel<number>();
      for (let nth = 0; nth < 2; nth++) {
        daemon(
          go(forever, function* () {
            yield* numbers.send(4);
          }),
        );
      }
      return yield* taken(numbers, 3);
    });
    expect(outcomes).toEqual(["4,4,4"]);
  });

  test("are not treated as cancellable after 15 refuted symmetries", async () => {
    const main = function* (): Routine<number> {
      for (let kind = 0; kind < 15; kind++) {
        for (let nth = 0; nth < 2; nth++) {
          go(function* (base: number) {
            return base + nth;
          }, kind);
        }
      }
      yield* pause();
      return 1;
    };
    // The only event is that `main` resumes. A task that may be cancelled would begin in an event of its own.
    expect(await found(main)).toEqual({ outcomes: [1], states: 2, all: 2 });
  });
});

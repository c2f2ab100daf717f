// Tasks that are alike: of the states that differ only in which of them stands where, one is enough. Whatever is alike only at
// first sight is told apart.

import { describe, expect, test } from "vitest";
import { type Channel, CLOSED, channel, go, pause, type Routine, scope, select, sleep } from "../../src/index.js";
import { choose, daemon, forever } from "../../src/testing.js";
import { failure, found } from "./fewer.js";

/** What comes from a channel, in its order. */
function* taken(from: Channel<number>, count: number): Routine<string> {
  const values: unknown[] = [];
  for (let nth = 0; nth < count; nth++) values.push(yield* from.receive());
  return values.join();
}

describe("tasks that are alike", () => {
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

  test("need a part of the states, in a scope or not", async () => {
    for (const starts of ["scope", "go"] as const) {
      const { outcomes, states, all } = await found(pool(3, 3, starts));
      expect(outcomes).toEqual([",,123"]);
      expect(states * 4).toBeLessThan(all);
    }
  });

  test("may be written in a loop, each with a function of its own", async () => {
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

  test("change places in a schedule that fails, which is told of those whom it happened to", async () => {
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

  test("may be cancelled together", async () => {
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

describe("tasks that only seem alike", () => {
  test("send what their loop had counted, at once or later", async () => {
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

  test("are started in one way or in another, as it comes", async () => {
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

  test("are joined, or cancelled, one and not the other", async () => {
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

  test("are handed over", async () => {
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

  test("have something of their own", async () => {
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

  test("serve for ever, one and not the other: that one is a leak", async () => {
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

  test("go on for ever", async () => {
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

  test("however many only look alike, nobody is taken to be cancelled", async () => {
    const main = function* (): Routine<number> {
      for (let kind = 0; kind < 15; kind++) {
        for (let nth = 0; nth < 2; nth++) {
          go(function* (like: number) {
            return like + nth;
          }, kind);
        }
      }
      yield* pause();
      return 1;
    };
    // Nothing happens but that `main` goes on; whoever is taken to be cancelled has a turn of its own.
    expect(await found(main)).toEqual({ outcomes: [1], states: 2, all: 2 });
  });
});

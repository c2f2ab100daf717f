// Programs with locks, decided by the states of the model.

import {
  channel,
  go,
  Latch,
  Mutex,
  pause,
  type Routine,
  RwLock,
  Semaphore,
  scope,
  select,
  sleep,
  WaitGroup,
} from "millrace";
import {
  cell,
  type Failed,
  forever,
  invariant,
  loop,
  type Proved,
  replay,
  type Verdict,
  verify,
} from "millrace/testing";
import { describe, expect, inject, test } from "vitest";
// The random programs and their runs are of the same copy of the package.
import { verify as verifyRandom } from "../../src/testing.js";
import { lockProgramOf, lockSpecOf } from "../fuzz/locks.js";
import { someEnds } from "./every-run.js";

type Main = () => Routine<unknown>;

/** The verdict of the model, in short: a kind of failure, or the outcomes of a program that is proved. */
async function decided(main: Main): Promise<string> {
  const verdict = await verify(main, { engine: "model" });
  return verdict.status === "failed" ? verdict.kind : shownOutcomes(verdict);
}

function shownOutcomes(verdict: Verdict<unknown>): string {
  return verdict.status === "proved" ? [...verdict.outcomes].map(String).sort().join() : verdict.status;
}

/** Starts some bodies, and joins them. */
function* together(...bodies: (() => Routine<unknown>)[]): Routine<string> {
  const tasks = bodies.map((body) => go(body));
  const results: unknown[] = [];
  for (const task of tasks) results.push(yield* task);
  return results.map((result) => result ?? "").join("");
}

interface Lockable {
  take(): ReturnType<Mutex["lock"]>;
}

const makes: Readonly<Record<string, () => Lockable>> = {
  "Mutex, locked": () => {
    const mutex = new Mutex();
    return { take: () => mutex.lock() };
  },
  "Semaphore of one": () => {
    const semaphore = new Semaphore(1);
    return { take: () => semaphore.acquire() };
  },
  "Semaphore, all of three": () => {
    const semaphore = new Semaphore(3);
    return { take: () => semaphore.acquire(3) };
  },
  "RwLock, writing": () => {
    const lock = new RwLock();
    return { take: () => lock.write() };
  },
};

const holds: Readonly<Record<string, (one: Lockable, other: Lockable) => Routine<void>>> = {
  "release()": function* (one, other) {
    const [first, second] = [yield* one.take(), yield* other.take()];
    second.release();
    first.release();
  },
  using: function* (one, other) {
    using _first = yield* one.take();
    using _second = yield* other.take();
  },
};

describe.each(Object.keys(makes))("%s", (kind) => {
  const make = makes[kind]!;

  describe.each(Object.keys(holds))("held by %s", (how) => {
    test.each([2, 3])("%i locks that are taken in a circle are a deadlock, and in one order are none", async (n) => {
      const program = (right: number): Main =>
        function* () {
          const locks = Array.from({ length: n }, make);
          const one = (nth: number) => [locks[nth]!, locks[(nth + 1) % n]!] as const;
          const bodies = locks.map((_, nth) => () => {
            const [left, next] = one(nth);
            return nth === right ? holds[how]!(next, left) : holds[how]!(left, next);
          });
          yield* together(...bodies);
        };
      const verdict = (await verify(program(-1), { engine: "model" })) as Failed;
      expect(verdict.kind).toBe("deadlock");
      expect(verdict.schedule.steps).toHaveLength(n);
      expect(verdict.schedule.cycle).toHaveLength(n);
      await expect(replay(verdict.token, program(-1))).rejects.toMatchObject({ kind: "deadlock" });
      expect(await decided(program(n - 1))).toBe("undefined");
    });
  });

  test("a task that takes it again deadlocks with itself", async () => {
    const program = function* (): Routine<void> {
      const lock = make();
      using _ = yield* lock.take();
      yield* lock.take();
    };
    expect(await decided(program)).toBe("deadlock");
  });

  test("it is free again after a task that held it has failed, was cancelled, or gave up", async () => {
    const program = function* (): Routine<string> {
      const lock = make();
      const failing = go(function* () {
        using _ = yield* lock.take();
        throw new Error("failed");
      });
      const cancelled = go(function* () {
        using _ = yield* lock.take();
        yield* pause();
      });
      const hasty = go(function* () {
        const { key, value } = yield* select({ lease: lock.take(), late: sleep(1) });
        if (key === "lease") value.release();
      });
      yield* pause();
      cancelled.cancel();
      try {
        yield* failing;
      } catch {}
      yield* hasty;
      using _ = yield* lock.take();
      return "taken";
    };
    expect(await decided(program)).toBe("taken");
  });
});

describe("permits", () => {
  const programs: Readonly<Record<string, readonly [expected: string, main: Main]>> = {
    "a large request holds back small ones behind it: a deadlock": [
      "deadlock",
      function* () {
        const permits = new Semaphore(2);
        const later = channel<void>();
        yield* together(
          function* () {
            using _ = yield* permits.acquire();
            yield* later.receive();
          },
          function* () {
            using _ = yield* permits.acquire(2);
          },
          function* () {
            using _ = yield* permits.acquire();
            yield* later.send();
          },
        );
      },
    ],
    "requests of one size hold back none": [
      "",
      function* () {
        const permits = new Semaphore(2);
        const later = channel<void>();
        return yield* together(
          function* () {
            using _ = yield* permits.acquire();
            yield* later.receive();
          },
          function* () {
            using _ = yield* permits.acquire();
          },
          function* () {
            using _ = yield* permits.acquire();
            yield* later.send();
          },
        );
      },
    ],
    "a reader that reads again deadlocks with a writer between": [
      "deadlock",
      function* () {
        const lock = new RwLock();
        yield* together(
          function* () {
            using _outer = yield* lock.read();
            using _inner = yield* lock.read();
          },
          function* () {
            using _ = yield* lock.write();
          },
        );
      },
    ],
    "two requests give up at the same time, though the first to resume releases permits": [
      "late late,late lease,lease late,lease lease",
      function* () {
        const permits = new Semaphore(3);
        const hurry = function* (): Routine<string> {
          using _ = yield* permits.acquire();
          const { key, value } = yield* select({ lease: permits.acquire(2), late: sleep(1) });
          if (key === "lease") value.release();
          return key;
        };
        const tasks = [go(hurry), go(hurry)];
        using _ = yield* permits.acquire();
        const keys = [yield* tasks[0]!, yield* tasks[1]!];
        return keys.join(" ");
      },
    ],
    "a request with a higher priority goes first, if it waits": [
      "high low",
      function* () {
        const mutex = new Semaphore(2);
        const order = channel<string>(2);
        const held = yield* mutex.acquire(2);
        const ask = (name: string, n: number, priority: number) =>
          function* (): Routine<void> {
            using _ = yield* mutex.acquire(n, { priority });
            yield* order.send(name);
          };
        const tasks = [go(ask("low", 1, 0)), go(ask("high", 2, 1))];
        yield* sleep(1);
        held.release();
        for (const task of tasks) yield* task;
        return [yield* order.receive(), yield* order.receive()].join(" ");
      },
    ],
    "a lock that was granted to a task that is cancelled before it resumes passes on": [
      "got",
      function* () {
        const mutex = new Mutex();
        const held = yield* mutex.lock();
        const waiting = go(function* () {
          using _ = yield* mutex.lock();
        });
        yield* sleep(1);
        held.release();
        waiting.cancel();
        using _ = yield* mutex.lock();
        return "got";
      },
    ],
    "a task that is cancelled gives back what it was granted in its own turn": [
      "false,true",
      function* () {
        const mutex = new Mutex();
        const task = go(function* () {
          using _ = yield* mutex.lock();
        });
        yield* pause();
        task.cancel();
        return mutex.locked;
      },
    ],
    "to release twice gives back once": [
      "1",
      function* () {
        const permits = new Semaphore(2);
        const [one] = [yield* permits.acquire(), yield* permits.acquire()];
        one.release();
        one.release();
        return permits.available;
      },
    ],
    "a waiter gets a lock in the step of its release": [
      "false,true",
      function* () {
        const mutex = new Mutex();
        const held = yield* mutex.lock();
        const waiting = go(function* () {
          yield* mutex.lock();
          yield* sleep(5);
        });
        yield* pause();
        held.release();
        const { locked } = mutex;
        yield* waiting;
        return locked;
      },
    ],
    "an ordered choice that waits gets what came first": [
      "value",
      function* () {
        const mutex = new Mutex();
        const values = channel<number>(1);
        const held = yield* mutex.lock();
        const choice = go(function* () {
          const { key } = yield* select({ lease: mutex.lock(), value: values.receive() }, { mode: "priority" });
          return key;
        });
        yield* sleep(1);
        values.trySend(1);
        held.release();
        return yield* choice;
      },
    ],
    "tryLock() is undefined while a task holds the lock": [
      "no,yes",
      function* () {
        const mutex = new Mutex();
        const holder = go(function* () {
          using _ = yield* mutex.lock();
          yield* pause();
        });
        yield* pause();
        const lease = mutex.tryLock();
        lease?.release();
        yield* holder;
        return lease === undefined ? "no" : "yes";
      },
    ],
    "tryAcquire() is undefined while a larger request waits": [
      "false",
      function* () {
        const permits = new Semaphore(2);
        const held = yield* permits.acquire();
        const large = go(function* () {
          using _ = yield* permits.acquire(2);
        });
        yield* sleep(1);
        const lease = permits.tryAcquire();
        held.release();
        yield* large;
        return lease !== undefined;
      },
    ],
    "an invariant may look at a lock": [
      "invariant",
      function* () {
        const permits = new Semaphore(2);
        invariant("one is left", () => permits.available > 0);
        const take = function* (): Routine<void> {
          using _ = yield* permits.acquire();
          yield* pause();
        };
        yield* together(take, take);
      },
    ],
    "a lock guards a cell": [
      "2",
      function* () {
        const mutex = new Mutex();
        const count = cell(0);
        const add = function* (): Routine<void> {
          using _ = yield* mutex.lock();
          const before = count.value;
          yield* pause();
          count.value = before + 1;
        };
        yield* together(add, add);
        return count.value;
      },
    ],
    "a lock is released together with the write after it": [
      "1",
      function* () {
        const mutex = new Mutex();
        const done = cell(0);
        const held = yield* mutex.lock();
        const next = go(function* () {
          yield* mutex.lock();
          return done.value;
        });
        yield* pause();
        held.release();
        done.value = 1;
        return yield* next;
      },
    ],
    "tasks of a scope that fails give back what they hold": [
      "free",
      function* () {
        const mutex = new Mutex();
        try {
          yield* scope(function* (s) {
            s.go(function* () {
              using _ = yield* mutex.lock();
              yield* sleep(10);
            });
            s.go(function* () {
              yield* pause();
              throw new Error("stop");
            });
          });
        } catch {}
        using _ = yield* mutex.lock();
        return "free";
      },
    ],
  };

  test.each(Object.keys(programs))("%s", async (name) => {
    const [expected, main] = programs[name]!;
    expect(await decided(main)).toBe(expected);
  });

  test("a lease that another task releases is run, not modelled", async () => {
    const verdict = await verify(function* () {
      const mutex = new Mutex();
      const held = yield* mutex.lock();
      go(function* () {
        held.release();
      });
      using _ = yield* mutex.lock();
      return "passed";
    });
    expect(verdict).toMatchObject({ status: "proved", engine: "runs" });
  });

  test("a variable that a lock guards is no failure: the program is run", async () => {
    const verdict = await verify(function* () {
      const mutex = new Mutex();
      let count = 0;
      const add = function* (): Routine<void> {
        using _ = yield* mutex.lock();
        const before = count;
        yield* pause();
        count = before + 1;
      };
      yield* together(add, add);
      return count;
    });
    expect(verdict).toMatchObject({ status: "proved", engine: "runs", outcomes: new Set([2]) });
  });
});

describe("counts", () => {
  const programs: Readonly<Record<string, readonly [expected: string, main: Main]>> = {
    "a latch opens once it is counted down": [
      "2",
      function* () {
        const latch = new Latch(2);
        const done = cell(0);
        for (let nth = 0; nth < 2; nth++) {
          go(function* () {
            yield* pause();
            done.value++;
            latch.countDown();
          });
        }
        yield* latch.wait();
        return done.value;
      },
    ],
    "a latch that is counted down too seldom is a deadlock": [
      "deadlock",
      function* () {
        const latch = new Latch(2);
        latch.countDown();
        yield* latch.wait();
      },
    ],
    "a latch is counted down to zero, and no further": [
      "0",
      function* () {
        const latch = new Latch(2);
        latch.countDown(5);
        yield* latch.wait();
        yield* latch.wait();
        return latch.count;
      },
    ],
    "a latch of zero is open, and stays at zero": [
      "0",
      function* () {
        const latch = new Latch(0);
        latch.countDown();
        yield* latch.wait();
        return latch.count;
      },
    ],
    "the count of a latch may be looked at": [
      "0,1",
      function* () {
        const latch = new Latch();
        go(function* () {
          latch.countDown();
        });
        yield* pause();
        return latch.count;
      },
    ],
    "a wait group waits for all that was added before": [
      "2",
      function* () {
        const group = new WaitGroup();
        const done = cell(0);
        for (let nth = 0; nth < 2; nth++) {
          group.add(1);
          go(function* () {
            yield* pause();
            done.value++;
            group.done();
          });
        }
        yield* group.wait();
        return done.value;
      },
    ],
    "a task that adds itself to a wait group may be late": [
      "0,1",
      function* () {
        const group = new WaitGroup();
        const done = cell(0);
        go(function* () {
          group.add(1);
          yield* pause();
          done.value++;
          group.done();
        });
        yield* pause();
        yield* group.wait();
        return done.value;
      },
    ],
    "a wait group whose count would become negative throws": [
      "throw",
      function* () {
        const group = new WaitGroup();
        group.add(1);
        for (let nth = 0; nth < 2; nth++) {
          go(function* () {
            group.done();
          });
        }
        yield* group.wait();
      },
    ],
  };

  test.each(Object.keys(programs))("%s", async (name) => {
    const [expected, main] = programs[name]!;
    expect(await decided(main)).toBe(expected);
  });

  test("alike tasks that count a latch down have as many states as there are tasks, and two more", async () => {
    const verdict = await verify(
      function* () {
        const latch = new Latch(8);
        for (let nth = 0; nth < 8; nth++) {
          go(function* () {
            yield* pause();
            latch.countDown();
          });
        }
        yield* latch.wait();
      },
      { engine: "model" },
    );
    expect((verdict as Proved<unknown>).states).toBe(10);
  });
});

describe("endless programs", () => {
  const rounds = (right: boolean): Main =>
    function* () {
      const [one, other] = [new Mutex(), new Mutex()];
      const worker = function* (first: Mutex, second: Mutex): Routine<never> {
        return yield* forever(function* () {
          using _first = yield* first.lock();
          using _second = yield* second.lock();
          yield* pause();
        });
      };
      go(worker, one, other);
      yield* worker(right ? one : other, right ? other : one);
    };

  test("rounds that take locks come back to the same states", async () => {
    const verdict = (await verify(rounds(true), { engine: "model" })) as Proved<unknown>;
    expect(verdict).toMatchObject({ status: "proved" });
    expect(verdict.states).toBeLessThan(20);
  });

  test("rounds that take locks in opposite order deadlock", async () => {
    expect(await decided(rounds(false))).toBe("deadlock");
  });

  test("a round may release what the round before has taken", async () => {
    const program = function* (): Routine<void> {
      const locks = [new Mutex(), new Mutex()];
      const walk = function* (): Routine<void> {
        yield* loop(yield* locks[0]!.lock(), function* (held) {
          let last = held;
          for (const lock of [locks[1]!, locks[0]!]) {
            const next = yield* lock.lock();
            last.release();
            last = next;
          }
          return last;
        });
      };
      go(walk);
      yield* walk();
    };
    // The lease is an object that rounds hand on, which the model does not fold.
    expect(await verify(program)).toMatchObject({ status: "failed", kind: "deadlock" });
  });

  test("a task is stuck if a lock is never released", async () => {
    const program = function* (): Routine<never> {
      const mutex = new Mutex();
      yield* mutex.lock();
      go(function* () {
        using _ = yield* mutex.lock();
      });
      return yield* forever(function* () {
        yield* pause();
      });
    };
    expect(await decided(program)).toBe("stuck");
  });
});

describe("a report", () => {
  test("names the holder of a lock, and the tasks in a circle", async () => {
    const verdict = (await verify(function* () {
      const [accounts, audit] = [new Mutex({ name: "accounts" }), new RwLock()];
      const transfer = function* (): Routine<void> {
        using _first = yield* accounts.lock();
        using _second = yield* audit.write();
      };
      const check = function* (): Routine<void> {
        using _first = yield* audit.write();
        using _second = yield* accounts.lock();
      };
      for (const task of [go(transfer), go(check)]) yield* task;
    })) as Failed;
    const waiting = verdict.schedule.waiting.map(({ task, waitsFor }) => `${task}: ${waitsFor}`);
    expect(waiting).toEqual([
      "main: join transfer#0",
      "transfer#0: write lock#1, held by check#1",
      "check#1: lock mutex accounts, held by transfer#0",
    ]);
    expect(verdict.schedule.cycle).toEqual(["transfer#0", "check#1"]);
    expect(verdict.schedule.steps.map(({ what }) => what)).toEqual(["lock mutex accounts", "write lock#1"]);
  });
});

describe("alike tasks", () => {
  const workers = (n: number, make: () => () => ReturnType<Mutex["lock"]>, inside: boolean): Main =>
    function* () {
      const take = make();
      for (let nth = 0; nth < n; nth++) {
        go(function* () {
          using _ = yield* take();
          if (inside) yield* pause();
        });
      }
    };
  const locks: Readonly<Record<string, () => () => ReturnType<Mutex["lock"]>>> = {
    "Mutex, locked": () => {
      const mutex = new Mutex();
      return () => mutex.lock();
    },
    "Semaphore(2)": () => {
      const permits = new Semaphore(2);
      return () => permits.acquire();
    },
    "RwLock, writing": () => {
      const lock = new RwLock();
      return () => lock.write();
    },
  };

  test.each([
    ["Mutex, locked", 8, 9, 17],
    ["Mutex, locked", 12, 13, 25],
    ["Semaphore(2)", 6, 7, 18],
    ["Semaphore(2)", 13, 14, 39],
    ["RwLock, writing", 6, 7, 13],
  ])("%s: %i tasks have %i states, and %i if they stay inside", async (name, n, short, long) => {
    const states = async (inside: boolean): Promise<number> =>
      ((await verify(workers(n, locks[name]!, inside), { engine: "model" })) as Proved<unknown>).states;
    expect([await states(false), await states(true)]).toEqual([short, long]);
  });

  test("three readers and three writers are decided by few states", async () => {
    const verdict = await verify(
      function* () {
        const lock = new RwLock();
        for (let nth = 0; nth < 6; nth++) {
          go(function* () {
            using _ = yield* nth < 3 ? lock.read() : lock.write();
            yield* pause();
          });
        }
      },
      { engine: "model" },
    );
    expect(verdict).toMatchObject({ status: "proved" });
    expect((verdict as Proved<unknown>).states).toBeLessThan(500);
  });

  test("philosophers with locks are symmetric", async () => {
    const table = (n: number): Main =>
      function* () {
        const forks = Array.from({ length: n }, () => new Mutex());
        for (let seat = 0; seat < n; seat++) {
          go(function* () {
            using _left = yield* forks[seat]!.lock();
            using _right = yield* forks[(seat + 1) % n]!.lock();
          });
        }
      };
    const some = (await verify(table(5), { engine: "model" })) as Failed;
    const all = (await verify(table(5), { engine: "model", all: true })) as Failed;
    expect([some.kind, all.kind]).toEqual(["leak", "leak"]);
    expect(some.states * 2).toBeLessThan(all.states);
  });
});

const PROGRAMS = inject("stress") ? 2000 : 40;

test(`${PROGRAMS} random programs do nothing on the scheduler that their models do not allow`, async () => {
  let modelled = 0;
  for (let seed = 1; seed <= PROGRAMS; seed++) {
    const main = lockProgramOf(lockSpecOf(seed));
    const verdict = await verifyRandom(main, { maxStates: 20_000 });
    // A proof that the runs of `verify` itself refute is given up: its program is run under every schedule.
    const given = verdict.status === "proved" ? verdict.assumptions.join() : "";
    expect(given, `seed ${seed}`).not.toContain("share state");
    if (verdict.status !== "proved" || verdict.engine !== "model") continue;
    modelled++;
    expect([...verdict.outcomes], `seed ${seed}`).toEqual(expect.arrayContaining(await someEnds(main)));
  }
  expect(modelled).toBeGreaterThan(PROGRAMS / 3);
}, 600_000);

// Tools and combinators in the model: what a program with them may do on the scheduler, the model allows.

import {
  alt,
  Barrier,
  broadcast,
  CLOSED,
  Condition,
  channel,
  collect,
  go,
  group,
  Mutex,
  never,
  once,
  Pool,
  pause,
  RateLimiter,
  type Routine,
  retry,
  scope,
  select,
  singleflight,
  sleep,
  type Task,
  timeout,
  workers,
} from "millrace";
import { cell, verify } from "millrace/testing";
import { describe, expect, inject, test } from "vitest";
// The random programs and their runs are of the same copy of the package.
import { verify as verifyRandom } from "../../src/testing.js";
import { TOOLS, toolProgramOf, toolSpecOf } from "../fuzz/tools.js";
import { someEnds } from "./every-run.js";

type Main = () => Routine<unknown>;

async function outcomes(main: Main, engine: "model" | "runs"): Promise<unknown[]> {
  const verdict = await verify(main, { engine });
  expect(verdict.status, "report" in verdict ? verdict.report : undefined).toBe("proved");
  return verdict.status === "proved" ? [...verdict.outcomes].sort() : [];
}

function* attempt(work: () => Routine<unknown>): Routine<string> {
  try {
    return String(yield* work());
  } catch (error) {
    return String(error);
  }
}

/** Each program, with its outcomes, which are those of all runs. */
const decided: Record<string, readonly [Main, readonly unknown[]]> = {
  "a place in a group is free once its task is over": [
    function* () {
      const tasks = group({ limit: 1 });
      const log = channel<number>(9);
      for (const n of [1, 2]) {
        yield* tasks.go(function* () {
          yield* log.send(n);
          yield* pause();
          yield* log.send(n);
        });
      }
      yield* tasks.wait();
      return log.length;
    },
    [4],
  ],
  "the first failure cancels the other tasks of a group, and is thrown where the next task is started or the group awaited":
    [
      function* () {
        const tasks = group({ limit: 2 });
        const ends = channel<string>(9);
        const result = yield* attempt(function* () {
          yield* tasks.go(function* () {
            try {
              yield* sleep(10);
            } finally {
              ends.trySend("cancelled");
            }
          });
          yield* tasks.go(function* () {
            yield* pause();
            throw new Error("broken");
          });
          yield* tasks.go(pause);
          yield* tasks.wait();
        });
        yield* attempt(() => tasks.wait()[Symbol.iterator]() as Routine<unknown>);
        return `${result} ${ends.length}`;
      },
      // The first task may be cancelled before it has begun.
      ["Error: broken 0", "Error: broken 1"],
    ],
  "a group of which several tasks have failed throws all failures": [
    function* () {
      const tasks = group();
      for (const n of [1, 2]) {
        yield* tasks.go(function* () {
          using _ = {
            [Symbol.dispose]() {
              throw new Error(`broken ${n}`);
            },
          };
          yield* sleep(1);
        });
      }
      return yield* attempt(function* () {
        yield* tasks.wait();
      });
    },
    [
      "AggregateError: 2 tasks of a group failed: Error: broken 1",
      "AggregateError: 2 tasks of a group failed: Error: broken 2",
    ],
  ],
  "a cancelled group starts no task": [
    function* () {
      const tasks = group({ limit: 1 });
      yield* tasks.go(() => sleep(10));
      tasks.cancel("enough");
      const refused = yield* attempt(function* () {
        yield* tasks.go(pause);
      });
      return `${refused}, ${yield* attempt(() => tasks.wait()[Symbol.iterator]() as Routine<unknown>)}`;
    },
    ["CancelledError: The group was cancelled, CancelledError: The group was cancelled"],
  ],
  "a cancelled group refuses a task at once, while its places are taken": [
    function* () {
      const tasks = group({ limit: 1 });
      yield* tasks.go(function* () {
        try {
          yield* sleep(10);
        } finally {
          yield* sleep(10);
        }
      });
      yield* sleep(1);
      tasks.cancel("enough");
      const refused = yield* attempt(function* () {
        return (yield* select({ started: tasks.go(pause), late: sleep(1) })).key;
      });
      yield* attempt(() => tasks.wait()[Symbol.iterator]() as Routine<unknown>);
      return refused;
    },
    ["CancelledError: The group was cancelled"],
  ],
  "a subscription to a broadcast that has failed gets the cause": [
    function* () {
      const news = channel<number>();
      const feed = broadcast(news);
      const first = feed.subscribe();
      news.close(new Error("broken"));
      const ends: string[] = [];
      for (const subscription of [first, null]) {
        const heard = subscription ?? feed.subscribe();
        ends.push(yield* attempt(() => heard.receive()[Symbol.iterator]() as Routine<unknown>));
      }
      return ends.join();
    },
    ["Error: broken,Error: broken"],
  ],
  "a pool validates a resource before it lends it again, and destroys it if it is not valid": [
    function* () {
      const [made, log] = [cell(0), channel<string>(9)];
      const pool = new Pool<number>({
        create() {
          made.value++;
          return made.value;
        },
        *destroy(n) {
          yield* log.send(`-${n}`);
        },
        *validate(n) {
          yield* log.send(`?${n}`);
          return n > 1;
        },
        max: 1,
      });
      for (let nth = 0; nth < 3; nth++) {
        using lease = yield* pool.acquire();
        yield* log.send(`${lease.value}`);
      }
      yield* pool.close();
      log.close();
      return (yield* collect(log)).join(" ");
    },
    ["1 ?1 -1 2 ?2 2 -2"],
  ],
  "a resource that comes back is validated for the request that waits": [
    function* () {
      const pool = new Pool<string>({ create: () => "it", validate: () => true, max: 1 });
      const lease = yield* pool.acquire();
      const task = go(function* (): Routine<string> {
        using other = yield* pool.acquire();
        return other.value;
      });
      yield* sleep(1);
      lease.release();
      const got = yield* task;
      yield* pool.close();
      return got;
    },
    ["it"],
  ],
  "the failure of a group is handled where it refuses a task": [
    function* () {
      const tasks = group({ limit: 1 });
      yield* tasks.go(function* () {
        throw new Error("broken");
      });
      yield* sleep(1);
      return yield* attempt(function* () {
        yield* tasks.go(pause);
      });
    },
    ["Error: broken"],
  ],
  "the signal of a scope is aborted after its end": [
    function* () {
      const signal = yield* scope(function* (s) {
        yield* pause();
        return s.signal;
      });
      return signal.aborted;
    },
    [true],
  ],
  "tryGo finds a place once the task that held it is over": [
    function* () {
      const tasks = group({ limit: 1 });
      yield* tasks.go(() => sleep(1));
      const early = tasks.tryGo(pause) === undefined;
      yield* sleep(2);
      const late = tasks.tryGo(pause) === undefined;
      yield* tasks.wait();
      return `${early} ${late}`;
    },
    ["true false"],
  ],
  "a failure goes to the code that joins the task, in a group with failures of joiners": [
    function* () {
      const tasks = group({ limit: 1, failures: "joiner" });
      const { task } = yield* tasks.go(function* () {
        yield* pause();
        throw new Error("broken");
      });
      const failed = yield* attempt(function* () {
        yield* task;
      });
      yield* tasks.wait();
      return failed;
    },
    ["Error: broken"],
  ],
  "the signal of a scope is aborted once the scope is cancelled, and stays so": [
    function* () {
      const signals = channel<AbortSignal>(1);
      const seen = yield* scope(function* (s): Routine<string> {
        yield* signals.send(s.signal);
        const before = s.signal.aborted;
        s.go(() => never());
        s.cancel();
        return `${before} ${s.signal.aborted}`;
      });
      const kept = yield* signals.receive();
      return `${seen} ${kept !== CLOSED && kept.aborted}`;
    },
    ["false true true"],
  ],
  "the signal of a scope is seen by tasks outside of it when a task of it has failed": [
    function* () {
      const signals = channel<AbortSignal>();
      const done = channel<void>();
      const observer = go(function* () {
        const signal = yield* signals.receive();
        yield* done.receive();
        return signal !== CLOSED && signal.aborted;
      });
      const failed = yield* attempt(function* () {
        yield* scope(function* ({ go: start, signal }) {
          yield* signals.send(signal);
          start(function* () {
            throw new Error("broken");
          });
          yield* never();
        });
      });
      yield* done.send();
      return `${failed} ${yield* observer}`;
    },
    ["Error: broken true"],
  ],
  "retry repeats an attempt that fails": [
    function* () {
      const tries = channel<number>(9);
      return yield* retry(
        function* (n) {
          yield* tries.send(n);
          if (n < 3) throw new Error("busy");
          return tries.length;
        },
        { delay: 1, jitter: "none" },
      );
    },
    [3],
  ],
  "workers share the values of a source, and the failure of one ends them": [
    function* () {
      const done = channel<number>(9);
      const result = yield* attempt(function* () {
        yield* workers([1, 2, 3], 2, function* (n: number) {
          yield* pause();
          if (n === 3) throw new Error("broken");
          yield* done.send(n);
        });
      });
      return `${result} ${done.length}`;
    },
    ["Error: broken 1", "Error: broken 2"],
  ],
  "what is made once is made again after a failure, and no more after that": [
    function* () {
      const tries = channel<number>(9);
      const made = once(function* () {
        tries.trySend(1);
        yield* pause();
        if (tries.length === 1) throw new Error("broken");
        return tries.length;
      });
      const failed = yield* attempt(function* () {
        return yield* made;
      });
      return [failed, yield* made, yield* made, tries.length].join();
    },
    ["Error: broken,2,2,2"],
  ],
  "a resource of a pool comes back, goes to the task that waits, and is made no more": [
    function* () {
      const pool = new Pool({
        *create() {
          yield* made.send(1);
          return "resource";
        },
        max: 1,
      });
      const made = channel<number>(9);
      const borrow = function* (): Routine<string> {
        using lease = yield* pool.acquire();
        yield* pause();
        return lease.value;
      };
      const other = go(borrow);
      const got = [yield* borrow(), yield* other, made.length, pool.size, pool.idle];
      yield* pool.close();
      return [...got, pool.size].join();
    },
    ["resource,resource,1,1,1,0"],
  ],
  "the error of a pool's create goes to the task that waits, and the next task tries again": [
    function* () {
      const tries = channel<number>(9);
      const pool = new Pool({
        *create() {
          tries.trySend(1);
          yield* pause();
          if (tries.length === 1) throw new Error("broken");
          return tries.length;
        },
        max: 1,
      });
      const borrow = function* (): Routine<number> {
        using lease = yield* pool.acquire();
        return lease.value;
      };
      const failed = yield* attempt(borrow);
      return [failed, yield* borrow(), yield* borrow()].join();
    },
    ["Error: broken,2,2"],
  ],
  "a pool that is closed destroys what is idle at once and what is lent when it comes back": [
    function* () {
      const destroyed = channel<number>(9);
      const pool = new Pool({ create: () => 1, destroy: (n: number) => void destroyed.trySend(n), max: 2 });
      const lent = yield* pool.acquire();
      const waiting = yield* pool.acquire();
      waiting.release();
      const late = go(() =>
        attempt(function* () {
          using _ = yield* pool.acquire();
          yield* pool.acquire();
        }),
      );
      yield* sleep(1);
      const closing = pool.close();
      const before = yield* alt(
        closing.map(() => "closed"),
        sleep(5).map(() => destroyed.length),
      );
      lent.release();
      yield* closing;
      return `${before} ${yield* late} ${destroyed.length}`;
    },
    ["1 Error: Cannot acquire from pool: the pool is closed 2"],
  ],
  "the wait for a group may lose against another operation": [
    function* () {
      const tasks = group();
      yield* tasks.go(() => sleep(2));
      const { key } = yield* select({ all: tasks.wait(), late: sleep(1) });
      yield* tasks.wait();
      return key;
    },
    ["late"],
  ],
  "a signal resumes the task that has waited longest, and a broadcast all others": [
    function* () {
      const [condition, log] = [new Condition(), channel<string>(9)];
      const wait = function* (name: string): Routine<void> {
        yield* condition.wait();
        yield* log.send(name);
      };
      const tasks: Task<void>[] = [];
      for (const name of "abc") {
        tasks.push(go(wait, name));
        yield* sleep(1);
      }
      condition.signal();
      yield* tasks[0]!;
      condition.broadcast();
      for (const task of tasks) yield* task;
      log.close();
      return (yield* collect(log)).join("");
    },
    ["abc", "acb"],
  ],
  "a signal has no effect where no task waits": [
    function* () {
      const condition = new Condition();
      condition.signal();
      condition.broadcast();
      const task = go(() => condition.wait());
      const { key } = yield* select({ task, late: sleep(1) });
      condition.signal();
      yield* task;
      return key;
    },
    ["late"],
  ],
  "a task that waits for a condition gives its lock up, and holds it when it resumes": [
    function* () {
      const [condition, mutex, inside] = [new Condition(), new Mutex(), cell(0)];
      const waiter = go(function* (): Routine<number> {
        using lease = yield* mutex.lock();
        yield* condition.wait(lease);
        return inside.value;
      });
      yield* sleep(1);
      {
        using _ = yield* mutex.lock();
        inside.value++;
        condition.signal();
        yield* pause();
        inside.value--;
      }
      return yield* waiter;
    },
    [0],
  ],
  "a wait with a lease that is not held throws": [
    function* () {
      const [condition, mutex] = [new Condition(), new Mutex()];
      const lease = yield* mutex.lock();
      lease.release();
      return yield* attempt(function* () {
        yield* condition.wait(lease);
      });
    },
    ["TypeError: Cannot wait for condition: the lease must be held, got a released lease"],
  ],
};

describe.each(Object.entries(decided))("%s", (_, [main, expected]) => {
  test("in the model, and in runs", async () => {
    expect(await outcomes(main, "model")).toEqual(expected);
    expect(await outcomes(main, "runs")).toEqual(expected);
  });
});

/** A queue with one place, as a monitor. A task that waits looks again when it resumes if it is `careful`. */
function monitor(careful: boolean, wake: (condition: Condition) => void): Main {
  return function* () {
    const [mutex, changed, stored, log] = [new Mutex(), new Condition(), cell(0), channel<number>(9)];
    const move = function* (from: number): Routine<void> {
      using lease = yield* mutex.lock();
      if (careful) while (stored.value !== from) yield* changed.wait(lease);
      else if (stored.value !== from) yield* changed.wait(lease);
      if (stored.value !== from) throw new Error("too early");
      stored.value += from === 0 ? 1 : -1;
      yield* log.send(stored.value);
      wake(changed);
    };
    const tasks = [go(move, 1), go(move, 0), go(move, 1), go(move, 0)];
    for (const task of tasks) yield* task;
    log.close();
    return (yield* collect(log)).join();
  };
}

/** Likewise; they have too many schedules to be run under each. */
const large: typeof decided = {
  "tasks that ask for one key at the same time share one call, and its failure": [
    function* () {
      const calls = channel<string>(9);
      const load = singleflight(function* (key: string) {
        yield* calls.send(key);
        yield* sleep(1);
        if (key === "b") throw new Error("broken");
        return key;
      });
      const ask = function* (key: string): Routine<string> {
        return yield* attempt(function* () {
          return yield* load(key);
        });
      };
      const tasks = [go(ask, "a"), go(ask, "a"), go(ask, "b"), go(ask, "b")];
      const got: string[] = [];
      for (const task of tasks) got.push(yield* task);
      return `${got.join()} ${calls.length}`;
    },
    ["a,a,Error: broken,Error: broken 2"],
  ],
  "no task leaves a barrier before the last one has arrived": [
    function* () {
      const barrier = new Barrier(3);
      const arrived = cell(0);
      const walk = function* (): Routine<number> {
        arrived.value++;
        yield* barrier.wait();
        return arrived.value;
      };
      const tasks = [go(walk), go(walk), go(walk)];
      const seen: number[] = [];
      for (const task of tasks) seen.push(yield* task);
      return seen.join();
    },
    ["3,3,3"],
  ],
  "a barrier numbers the tasks in the order of their arrival, round by round": [
    function* () {
      const barrier = new Barrier(2);
      const walk = function* (): Routine<string> {
        return `${yield* barrier.wait()}${yield* barrier.wait()}`;
      };
      const tasks = [go(walk), go(walk)];
      return `${yield* tasks[0]!} ${yield* tasks[1]!}`;
    },
    ["00 11", "01 10", "10 01", "11 00"],
  ],
  "tokens of a rate limiter come back one by one, at times that are counted from when it was full": [
    function* () {
      const limiter = new RateLimiter({ limit: 1, per: 5, burst: 2 });
      yield* limiter.acquire(2);
      yield* sleep(3);
      const [second, third] = [timeout(3), timeout(8)];
      yield* limiter.acquire();
      const early = `${second.closed} ${third.closed}`;
      yield* limiter.acquire();
      return `${early} ${second.closed} ${third.closed}`;
    },
    ["false false true false"],
  ],
  "every subscriber gets every value of a broadcast": [
    function* () {
      const source = channel<number>();
      const news = broadcast(source);
      const readers = [news.subscribe(), news.subscribe({ capacity: 2 })].map((own) => go(() => collect(own)));
      for (const n of [1, 2]) yield* source.send(n);
      source.close();
      const got: unknown[] = [];
      for (const reader of readers) got.push((yield* reader).join(""));
      return got.join();
    },
    ["12,12"],
  ],
  "a subscription that drops keeps what it has stored, and one that slides keeps what came last": [
    function* () {
      const source = channel<number>();
      const news = broadcast(source);
      const [first, last, all] = [
        news.subscribe({ policy: "drop" }),
        news.subscribe({ policy: "slide" }),
        news.subscribe(),
      ];
      const reader = go(() => collect(all));
      for (const n of [1, 2, 3]) yield* source.send(n);
      source.close();
      yield* reader;
      return [yield* first.receive(), yield* last.receive()].map(String).join(" ");
    },
    ["1 3"],
  ],
  "a subscriber that leaves holds up no other": [
    function* () {
      const source = channel<number>();
      const news = broadcast(source);
      const [leaver, reader] = [news.subscribe(), news.subscribe()];
      const task = go(() => collect(reader));
      yield* source.send(1);
      leaver.cancel();
      yield* source.send(2);
      source.close();
      return (yield* task).join("");
    },
    ["12"],
  ],
  "the cause with which a source is closed reaches every subscriber": [
    function* () {
      const source = channel<number>();
      const news = broadcast(source);
      const own = news.subscribe();
      source.close(new Error("broken"));
      return yield* attempt(function* () {
        yield* own.receive();
      });
    },
    ["Error: broken"],
  ],
  "a broadcast that is cancelled ends its subscriptions and reads no more": [
    function* () {
      const source = channel<number>();
      const news = broadcast(source);
      const own = news.subscribe();
      news.cancel();
      const sent = source.trySend(1);
      return `${sent} ${(yield* own.receive()) === CLOSED} ${(yield* news.subscribe().receive()) === CLOSED}`;
    },
    ["false true true"],
  ],
  "a queue with one place, whose tasks look again when they resume": [
    monitor(true, (condition) => condition.broadcast()),
    ["1,0,1,0"],
  ],
};

test.each(Object.entries(large))("%s", async (_, [main, expected]) => {
  expect(await outcomes(main, "model")).toEqual(expected);
  expect(expected).toEqual(expect.arrayContaining(await someEnds(main)));
});

/** Each program, with the failure that the model finds in it. */
const faults: Record<string, readonly [Main, string]> = {
  "a failure in a group that is not waited for is thrown": [
    function* () {
      const tasks = group();
      yield* tasks.go(function* () {
        yield* pause();
        throw new Error("unseen");
      });
    },
    "throw",
  ],
  "a failure in a group is not seen while the task that uses the group waits for something else": [
    function* () {
      const tasks = group();
      const never = channel<never>();
      yield* tasks.go(function* () {
        yield* pause();
        throw new Error("unseen");
      });
      yield* never.receive();
    },
    "deadlock",
  ],
  "a task that keeps its place in a group holds up all that come after it": [
    function* () {
      const tasks = group({ limit: 1 });
      const never = channel<never>();
      yield* tasks.go(function* () {
        yield* never.receive();
      });
      yield* tasks.go(pause);
    },
    "deadlock",
  ],
  "a barrier with too few parties": [
    function* () {
      const barrier = new Barrier(3);
      const tasks = [go(() => barrier.wait()), go(() => barrier.wait())];
      for (const task of tasks) yield* task;
    },
    "deadlock",
  ],
  "a failure of a shared call that no task handles": [
    function* () {
      const load = singleflight(function* (_: string) {
        yield* pause();
        throw new Error("broken");
      });
      yield* load("a");
    },
    "throw",
  ],
  "a subscriber that does not read holds up a broadcast": [
    function* () {
      const source = channel<number>();
      const news = broadcast(source);
      const [idle, reader] = [news.subscribe(), news.subscribe()];
      const task = go(() => collect(reader));
      for (const n of [1, 2, 3]) yield* source.send(n);
      source.close();
      yield* task;
      idle.cancel();
    },
    "deadlock",
  ],
  "the task of a group that does not end is a leak": [
    function* () {
      const tasks = group();
      const never = channel<never>();
      yield* tasks.go(function* () {
        yield* never.receive();
      });
    },
    "leak",
  ],
  "a task waits for a condition after the signal": [
    function* () {
      const condition = new Condition();
      const task = go(() => condition.wait());
      yield* pause();
      condition.signal();
      yield* task;
    },
    "deadlock",
  ],
  "a task does not look again when it resumes": [monitor(false, (condition) => condition.broadcast()), "throw"],
  "a signal resumes a task that waits for something else": [
    monitor(true, (condition) => condition.signal()),
    "deadlock",
  ],
};

test.each(Object.entries(faults))("%s", async (_, [main, kind]) => {
  expect(await verify(main, { engine: "model" })).toMatchObject({ status: "failed", kind });
  expect(await verify(main, { engine: "runs" })).toMatchObject({ status: "failed", kind });
});

const PROGRAMS = inject("stress") ? 2000 : 10;

test.each(TOOLS)(
  `${PROGRAMS} random programs do nothing on the scheduler that their models do not allow: %s`,
  async (tool) => {
    let modelled = 0;
    for (let seed = 1; seed <= PROGRAMS; seed++) {
      const main = toolProgramOf(toolSpecOf(seed, tool));
      const options = { engine: "model", maxStates: 20_000, unperformed: false } as const;
      const verdict = await verifyRandom(main, options).catch(() => null);
      if (verdict?.status !== "proved") continue;
      modelled++;
      expect([...verdict.outcomes], `seed ${seed}`).toEqual(expect.arrayContaining(await someEnds(main)));
    }
    expect(modelled).toBeGreaterThan(PROGRAMS / 8);
  },
  600_000,
);

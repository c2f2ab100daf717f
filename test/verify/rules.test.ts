// Small programs for rules of the model that random programs seldom need: which transitions are enabled, what they do, and which of
// them are independent.

import {
  broadcast,
  channel,
  collect,
  dropping,
  go,
  Mutex,
  type Operation,
  Pool,
  pause,
  type Routine,
  scope,
  select,
  sleep,
  sliding,
  timeout,
} from "millrace";
import { cell, forever, invariant, type VerifyOptions, verify } from "millrace/testing";
import { expect, test } from "vitest";
import { compareEnough } from "../fuzz/compare.js";
import { compareReduced } from "../fuzz/symmetric.js";

type Main = () => Routine<unknown>;

/** The kind of the failure; or every outcome, in order. */
async function verdictOf(main: Main, options: VerifyOptions<unknown>): Promise<string> {
  const verdict = await verify(main, { engine: "model", ...options });
  if (verdict.status !== "proved") return verdict.status === "failed" ? verdict.kind : verdict.status;
  return [...verdict.outcomes].map(String).sort().join();
}

/** A loop that never waits, beside a task that sleeps. */
function* busy(late: () => Operation<unknown>): Routine<void> {
  const values = channel<number>();
  go(forever, function* () {
    yield* values.send(1);
  });
  go(() => sleep(10));
  yield* forever(function* () {
    const { key } = yield* select({ values, late: late() });
    if (key === "late") throw new Error("late");
  });
}

/** A pool whose resources are numbers, counted from 1. */
function numbered(max: number): Pool<number> {
  const made = cell(0);
  return new Pool({
    *create() {
      yield* pause();
      made.value++;
      return made.value;
    },
    max,
  });
}

/** Each program, with its outcomes or the kind of its failure. */
const programs: Readonly<Record<string, readonly [expected: string, main: Main]>> = {
  "a dropping buffer keeps what came first": [
    "1 2",
    function* () {
      const values = channel<number>(dropping(2));
      for (const n of [1, 2, 3]) yield* values.send(n);
      values.close();
      return (yield* collect(values)).join(" ");
    },
  ],
  "a sliding buffer keeps what came last": [
    "2 3",
    function* () {
      const values = channel<number>(sliding(2));
      for (const n of [1, 2, 3]) yield* values.send(n);
      values.close();
      return (yield* collect(values)).join(" ");
    },
  ],
  "a scope is cancelled that loses a choice": [
    "late cancelled",
    function* () {
      const log = channel<string>(1);
      const work = scope(function* () {
        try {
          yield* sleep(5);
          yield* log.send("done");
        } finally {
          log.trySend("cancelled");
        }
      });
      const { key } = yield* select({ work, late: sleep(1) });
      return `${key} ${String(yield* log.receive())}`;
    },
  ],
  "a lock is given back that was granted to a task which is cancelled before it goes on": [
    "false false,false true,true false,true true",
    function* () {
      const mutex = new Mutex();
      const holder = go(function* () {
        yield* mutex.lock();
      });
      go(function* () {
        yield* pause();
        holder.cancel();
      });
      yield* pause();
      const first = mutex.locked;
      yield* pause();
      return `${first} ${mutex.locked}`;
    },
  ],
  "an attempt at a lock misses it or not, whenever its holder releases it": [
    "false,true",
    function* () {
      const mutex = new Mutex();
      const held = yield* mutex.lock();
      const other = go(function* () {
        const lease = mutex.tryLock();
        yield* pause();
        return lease !== undefined;
      });
      yield* pause();
      held.release();
      return yield* other;
    },
  ],
  "the last of two values stays in a sliding buffer": [
    "1,2",
    function* () {
      const latest = channel<number>(sliding(1));
      yield* latest.send(0);
      const tasks = [1, 2].map((n) => go(() => latest.send(n)));
      for (const task of tasks) yield* task;
      return yield* latest.receive();
    },
  ],
  "an invariant is looked at in every state": [
    "invariant",
    function* () {
      const [one, other] = [cell(0), cell(0)];
      invariant("at most one is set", () => one.value + other.value < 2);
      for (const each of [one, other]) {
        go(function* () {
          each.value = 1;
          yield* pause();
          each.value = 0;
        });
      }
    },
  ],
  "a subscription that slides is read before the next value, or after it": [
    "12,2",
    function* () {
      const source = channel<number>();
      const latest = broadcast(source).subscribe({ policy: "slide" });
      const reader = go(() => collect(latest));
      for (const n of [1, 2]) yield* source.send(n);
      source.close();
      return (yield* reader).join("");
    },
  ],
  "alike tasks that sleep wake after the same time": [
    "2",
    function* () {
      const done = channel<void>(2);
      for (let nth = 0; nth < 2; nth++) {
        go(function* () {
          yield* sleep(4);
          yield* done.send();
        });
      }
      yield* pause();
      yield* sleep(4);
      yield* pause();
      yield* sleep(3);
      yield* pause();
      return done.length;
    },
  ],
  "a sleep that begins again in each round of a busy loop is never over": ["", () => busy(() => sleep(5))],
  "a timeout that begins again in each round of a busy loop is never due": ["", () => busy(() => timeout(5).receive())],
  "a resource that is made after the end of its pool is destroyed": [
    "Error: Cannot acquire from pool: the pool is closed",
    function* () {
      const pool = new Pool({
        *create() {
          yield* sleep(2);
          return "made";
        },
        max: 1,
      });
      const borrower = go(function* () {
        try {
          yield* pool.acquire();
        } catch (error) {
          return String(error);
        }
        return "lent";
      });
      yield* sleep(1);
      yield* pool.close();
      return yield* borrower;
    },
  ],
  "the resource of a pool that was used last is lent first": [
    "2",
    function* () {
      const pool = numbered(2);
      const [one, two] = [yield* pool.acquire(), yield* pool.acquire()];
      one.release();
      two.release();
      const { value } = yield* pool.acquire();
      return value;
    },
  ],
  "a pool makes another resource in place of one that is destroyed": [
    "2",
    function* () {
      const pool = numbered(1);
      const first = yield* pool.acquire();
      const next = go(function* () {
        const { value } = yield* pool.acquire();
        return value;
      });
      yield* sleep(1);
      first.discard();
      return yield* next;
    },
  ],
  "a pool serves the request first that came first": [
    "first second",
    function* () {
      const [pool, log] = [numbered(1), channel<string>(2)];
      const held = yield* pool.acquire();
      const borrow = function* (name: string): Routine<void> {
        using _ = yield* pool.acquire();
        yield* log.send(name);
      };
      const tasks = [go(borrow, "first")];
      yield* sleep(1);
      tasks.push(go(borrow, "second"));
      yield* sleep(1);
      held.release();
      for (const task of tasks) yield* task;
      log.close();
      return (yield* collect(log)).join(" ");
    },
  ],
  "the error of a resource that no request waits for is thrown": [
    "throw",
    function* () {
      const pool = new Pool({
        *create(): Routine<number> {
          yield* sleep(2);
          throw new Error("broken");
        },
        max: 1,
      });
      const borrower = go(function* () {
        try {
          yield* pool.acquire();
        } catch {}
      });
      yield* sleep(1);
      yield* pool.close();
      yield* borrower;
    },
  ],
  "a task may be about to repeat what it did in the round before": [
    "throw",
    function* () {
      const values = channel<number>();
      go(forever, function* () {
        yield* values.send(2);
        yield* pause();
      });
      go(() => values.send(1));
      const got = [yield* values.receive(), yield* values.receive()];
      if (got.join() === "2,2") throw new Error("twice");
      yield* forever(function* () {
        yield* values.receive();
      });
    },
  ],
};

const cases = Object.entries(programs).map(([name, [expected, main]]) => [name, expected, main] as const);

test.each(cases)("%s: %s", async (_, expected, main) => {
  expect([await verdictOf(main, {}), await verdictOf(main, { all: true })]).toEqual([expected, expected]);
  // `verify` may decide such small programs before its reduced search does.
  compareEnough(0, main);
  compareReduced(0, main);
});

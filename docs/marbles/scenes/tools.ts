// The coordination tools. A dotted line shows a task that waits, a bar shows a task that holds what it waited for.

import {
  Barrier,
  Condition,
  Latch,
  type Lease,
  Mutex,
  type Operation,
  Pool,
  RateLimiter,
  RwLock,
  Semaphore,
  select,
  sleep,
  WaitGroup,
} from "millrace";
import { type Scene, scene } from "../scene.ts";
import type { Stage } from "../stage.ts";

/** Tasks that each request a lease at a given time, and hold it for a given time. */
function visitors(stage: Stage, visits: readonly (readonly [string, number, () => Operation<Lease>, number])[]): void {
  for (const [name, from, take, ms] of visits) {
    stage.task(name, from, function* (pen) {
      using _ = yield* pen.wait(take());
      yield* pen.has(ms);
    });
  }
}

export const scenes: readonly Scene[] = [
  scene({
    name: "mutex",
    says: "One task at a time holds the lock, in the order of requests. A task that gives up leaves the queue.",
    run(_, stage) {
      const mutex = new Mutex();
      const inTime = () => select({ lease: mutex.lock(), late: sleep(60) });

      const lock = () => mutex.lock();
      visitors(stage, [
        ["a: lock()", 10, lock, 80],
        ["b: lock()", 30, lock, 50],
      ]);
      stage.task("c: inTime()", 40, function* (pen) {
        const { key } = yield* pen.wait(inTime());
        if (key === "late") pen.end("cancelled", "late");
      });
      visitors(stage, [["d: lock()", 60, lock, 50]]);
    },
  }),
  scene({
    name: "semaphore",
    says:
      "There are three permits. A large request at the head of the queue waits until enough permits are free, and " +
      "small requests wait behind it.",
    run(_, stage) {
      const semaphore = new Semaphore(3);

      visitors(stage, [
        ["a: acquire(1)", 10, () => semaphore.acquire(), 70],
        ["b: acquire(1)", 20, () => semaphore.acquire(), 100],
        ["c: acquire(3)", 40, () => semaphore.acquire(3), 50],
        ["d: acquire(1)", 60, () => semaphore.acquire(), 40],
      ]);
    },
  }),
  scene({
    name: "rw-lock",
    says: "Readers share the lock, and a writer holds it alone. A writer that waits holds back the readers behind it.",
    run(_, stage) {
      const lock = new RwLock();

      visitors(stage, [
        ["a: read()", 10, () => lock.read(), 70],
        ["b: read()", 30, () => lock.read(), 70],
        ["c: write()", 50, () => lock.write(), 50],
        ["d: read()", 70, () => lock.read(), 50],
      ]);
    },
  }),
  scene({
    name: "latch",
    says: "When the count reaches zero, all waiting tasks continue. The latch stays open.",
    run(_, stage) {
      const loaded = new Latch(2);

      const counted = stage.pen("countDown()");
      for (const [at, left] of [[60, 1] as const, [120, 0] as const]) {
        stage.at(at, () => {
          loaded.countDown();
          counted.value(left);
        });
      }
      for (const [name, from] of [
        ["a: wait()", 10] as const,
        ["b: wait()", 40] as const,
        ["c: wait()", 150] as const,
      ]) {
        stage.task(name, from, function* (pen) {
          yield* pen.wait(loaded.wait());
          yield* pen.has(50);
        });
      }
    },
  }),
  scene({
    name: "barrier",
    says: "The tasks wait for each other, continue together, and meet again in the next round.",
    run(_, stage) {
      const barrier = new Barrier(3);

      for (const [name, first, second] of [
        ["a", 30, 70],
        ["b", 60, 40],
        ["c", 90, 50],
      ] as const) {
        stage.task(name, 0, function* (pen) {
          yield* pen.has(first, "1");
          yield* pen.wait(barrier.wait());
          yield* pen.has(second, "2");
          yield* pen.wait(barrier.wait());
          yield* pen.has(40, "3");
        });
      }
    },
  }),
  scene({
    name: "wait-group",
    says: "A task waits until all tasks of the group have ended.",
    run(_, stage) {
      const tasks = new WaitGroup();

      for (const [name, from, ms] of [["a", 10, 80] as const, ["b", 30, 120] as const, ["c", 60, 40] as const]) {
        const pen = stage.pen(name);
        stage.at(from, () => {
          tasks.go(() => pen.has(ms));
        });
      }
      stage.task("wait()", 40, function* (pen) {
        yield* pen.wait(tasks.wait());
        pen.end();
      });
    },
  }),
  scene({
    name: "condition",
    says: "Each signal resumes one task whose test is true. The lock is released while the tasks wait.",
    run(_, stage) {
      const mutex = new Mutex();
      const filled = new Condition();
      const jobs: string[] = [];
      const job = (lease: Lease) => filled.until(() => jobs.length > 0, lease);

      const signals = stage.pen("signal()", "input");
      for (const [at, job] of [[80, "x"] as const, [140, "y"] as const]) {
        stage.at(at, () => {
          jobs.push(job);
          signals.value(job);
          filled.signal();
        });
      }
      for (const [name, from] of [["a: job(lease)", 10] as const, ["b: job(lease)", 30] as const]) {
        stage.task(name, from, function* (pen) {
          using lease = yield* mutex.lock();
          yield* pen.wait(job(lease));
          yield* pen.has(40, jobs.shift());
        });
      }
    },
  }),
  scene({
    name: "rate-limiter",
    says: "After an idle time two requests pass at once, then one every 40 ms.",
    run(_, stage) {
      const limiter = new RateLimiter({ limit: 25, per: 1000, burst: 2 });

      for (const [name, from] of [
        ["a", 10],
        ["b", 20],
        ["c", 30],
        ["d", 40],
      ] as const) {
        stage.task(`${name}: acquire()`, from, function* (pen) {
          yield* pen.wait(limiter.acquire());
          pen.value(name);
        });
      }
    },
  }),
  scene({
    name: "pool",
    says: "The pool makes at most two connections, when they are needed, and lends them again.",
    run(_, stage) {
      let made = 0;
      const create = function* () {
        yield* sleep(20);
        return `connection ${++made}`;
      };

      // shown
      const pool = new Pool({ create, max: 2 });

      for (const [name, from, ms] of [
        ["a", 10, 60],
        ["b", 20, 110],
        ["c", 40, 60],
        ["d", 50, 50],
      ] as const) {
        stage.task(`${name}: acquire()`, from, function* (pen) {
          using lease = yield* pen.wait(pool.acquire());
          yield* pen.has(ms, lease.value);
        });
      }
    },
  }),
];

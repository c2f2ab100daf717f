// The job queue of examples/jobs, in virtual time.

import { go, scope, sleep } from "millrace";
import { now, simulate, verify } from "millrace/testing";
import { describe, expect, test } from "vitest";
import { type Job, JobQueue, type JobQueueOptions } from "../../examples/jobs/jobs.ts";
import { expectNoFailure } from "../verify/every-run.js";

const options: JobQueueOptions = { workers: 1, capacity: 10, perSecond: 1_000, attempts: 1, onFailed: () => {} };

/** A job that takes a while and writes its name. */
const writing = (log: string[], name: string, priority = 0, ms = 10): Job => ({
  name,
  priority,
  *run() {
    yield* sleep(ms);
    log.push(name);
  },
});

describe("JobQueue", () => {
  test("takes jobs by priority, and jobs of one priority in their order", async () => {
    const { outcomes } = await simulate(function* () {
      const log: string[] = [];
      const queue = new JobQueue(options);
      for (const [name, priority] of [
        ["a", 0],
        ["b", 2],
        ["c", 1],
        ["d", 2],
      ] as const) {
        yield* queue.add(writing(log, name, priority));
      }
      queue.close();
      yield* queue.run();
      return log.join("");
    });
    expect([...outcomes]).toEqual(["bdca"]);
  });

  test("add() parks while the queue is full, and yields false once it is closed", async () => {
    const { outcomes } = await simulate(function* () {
      const queue = new JobQueue({ ...options, capacity: 1 });
      yield* queue.add(writing([], "a"));
      const second = go(function* () {
        return yield* queue.add(writing([], "b"));
      });
      yield* sleep(1);
      const parked = second.status === "parked";
      queue.close();
      yield* queue.run();
      return [parked, yield* second, yield* queue.add(writing([], "c"))].join();
    });
    expect([...outcomes]).toEqual(["true,true,false"]);
  });

  test("at most `workers` jobs run at a time, and at most `perSecond` start in a second", async () => {
    const { outcomes, elapsed } = await simulate(function* () {
      let running = 0;
      let most = 0;
      const queue = new JobQueue({ ...options, workers: 2, perSecond: 4 });
      for (let n = 0; n < 10; n++) {
        yield* queue.add({
          name: `job ${n}`,
          priority: 0,
          *run() {
            most = Math.max(most, ++running);
            yield* sleep(1);
            running--;
          },
        });
      }
      queue.close();
      yield* queue.run();
      return most;
    });
    expect([...outcomes]).toEqual([2]);
    expect(elapsed).toBeGreaterThanOrEqual(1_500); // four at once, then one in 250 ms
  });

  test("a job that fails is tried again, and then handed to onFailed, while the other jobs go on", async () => {
    const { outcomes } = await simulate(function* () {
      const log: string[] = [];
      let attempts = 0;
      const onFailed = (job: Job, error: unknown) => log.push(`${job.name}: ${(error as Error).message} ${attempts}`);
      const queue = new JobQueue({ ...options, attempts: 3, onFailed });
      yield* queue.add({
        name: "a",
        priority: 1,
        *run() {
          attempts++;
          throw new Error("broken");
        },
      });
      yield* queue.add(writing(log, "b"));
      queue.close();
      yield* queue.run();
      return log.join(", ");
    });
    expect([...outcomes]).toEqual(["a: broken 3, b"]);
  });

  test("while it is paused, no job starts; the job that runs is finished", async () => {
    const { outcomes } = await simulate(function* () {
      const log: string[] = [];
      const queue = new JobQueue(options);
      yield* scope(function* (s) {
        s.go(function* () {
          yield* queue.run();
        });
        yield* queue.add(writing(log, "a"));
        yield* sleep(5);
        queue.pause();
        yield* queue.add(writing(log, "b"));
        yield* sleep(1_000);
        log.push(`resumed at ${now()}`);
        queue.resume();
        queue.close();
      });
      return log.join(", ");
    });
    expect([...outcomes]).toEqual(["a, resumed at 1005, b"]);
  });

  test("every schedule: no job is lost and none is done twice, with two workers and a pause", async () => {
    const verdict = await verify(
      function* () {
        const log: string[] = [];
        const queue = new JobQueue({ ...options, workers: 2 });
        yield* scope(function* (s) {
          s.go(function* () {
            yield* queue.run();
          });
          yield* queue.add(writing(log, "a", 0, 0));
          queue.pause();
          yield* queue.add(writing(log, "b", 0, 0));
          queue.resume();
          queue.close();
        });
        return log.sort().join("");
      },
      { outcomes: ["ab"] },
    );
    expectNoFailure(verdict);
  });
});

import {
  type AsyncRoutine,
  CancelledError,
  channel,
  type DeadlockError,
  go,
  type Routine,
  run,
  scope,
  sleep,
  withTimeout,
} from "millrace";
import { describe, expect, test } from "vitest";
import { virtualTime } from "../support/virtual.js";

const forms = [
  {
    form: "function*",
    *around(log: string[]): Routine<void> {
      yield* scope(function* (s) {
        s.go(function* () {
          try {
            yield* channel<number>().receive();
          } finally {
            yield* sleep(10);
            log.push("tidied up");
          }
        });
        yield* sleep(1000);
      });
      log.push("went on");
    },
  },
  {
    form: "async function*",
    async *around(log: string[]): AsyncRoutine<void> {
      yield* scope(async function* (s) {
        s.go(async function* () {
          try {
            yield* channel<number>().receive();
          } finally {
            yield* sleep(10);
            log.push("tidied up");
          }
        });
        yield* sleep(1000);
      });
      log.push("went on");
    },
  },
];

describe.each(forms)("a scope in $form", ({ around }) => {
  test.each(["young", "long parked"])(
    "a task cancelled in a scope stays until all in it are over, and does not go on behind it, %s (GO-4, SC-3)",
    async (age) => {
      using time = virtualTime();
      const log: string[] = [];
      const task = go(around, log);
      if (age === "young") for (let tick = 0; tick < 30; tick++) await Promise.resolve();
      else await time.advance(5);
      task.cancel("enough");
      const over = task.then(undefined, () => log.push("over"));
      await time.settle();
      expect([log, task.status]).not.toEqual([[], "cancelled"]);
      await time.advance(20);
      await over;
      expect(log).toEqual(["tidied up", "over"]);
      expect(task.status).toBe("cancelled");
    },
  );
});

test("a scope whose body cancels all its tasks and returns yields the result of the body (SC-1)", async () => {
  using time = virtualTime();
  const log: string[] = [];
  const first = go(function* () {
    return yield* scope(function* (s) {
      const slow = s.go(function* () {
        try {
          yield* sleep(1000);
        } finally {
          log.push("slow was cancelled");
        }
      });
      const fast = s.go(function* () {
        yield* sleep(1);
        return "fast";
      });
      const answer = yield* fast;
      s.cancel("we have an answer");
      expect(s.signal.aborted).toBe(true);
      expect(slow.status).not.toBe("done");
      return answer;
    });
  });
  await time.advance(2);
  expect(await first).toBe("fast");
  expect(log).toEqual(["slow was cancelled"]);
});

test("a scope whose AbortSignal aborts throws CancelledError even when its body is done (SC-2)", async () => {
  using time = virtualTime();
  const controller = new AbortController();
  const outcome = go(function* () {
    return yield* scope(
      function* (s) {
        s.go(function* () {
          yield* sleep(1000);
        });
        yield* sleep(0);
        return "done";
      },
      { signal: controller.signal },
    );
  }).then(undefined, (error) => error);
  await time.advance(1);
  controller.abort("outside");
  await time.settle();
  expect(await outcome).toBeInstanceOf(CancelledError);
  expect(((await outcome) as Error).cause).toBe("outside");
});

test("withTimeout() of a scope cancels the scope, and the finally blocks in it run (TM-5)", async () => {
  using time = virtualTime();
  const log: string[] = [];
  const late = go(function* () {
    yield* withTimeout(
      5,
      scope(function* () {
        try {
          yield* sleep(1000);
        } finally {
          yield* sleep(1);
          log.push("tidied up");
        }
      }),
    );
  }).then(undefined, (error) => (error as Error).name);
  await time.advance(10);
  expect(await late).toBe("TimeoutError");
  expect(log).toEqual(["tidied up"]);
});

test("`await using` a task cancels the task at the end of the block, and waits for its finally (GO-4)", async () => {
  using time = virtualTime();
  const log: string[] = [];
  {
    await using task = go(function* () {
      try {
        yield* channel<number>().receive();
      } finally {
        yield* sleep(0);
        log.push("tidied up");
      }
    });
    await time.settle();
    expect(task.status).toBe("parked");
  }
  expect(log).toEqual(["tidied up"]);
});

test("the report of a deadlock in a scope names lines of the program and not of the library (EN-1)", async () => {
  const error = await run(function* main() {
    yield* scope(function* body(s) {
      s.go(function* child() {
        yield* channel<number>().receive();
      });
    });
  }).then(undefined, (reason) => reason as DeadlockError);
  const places = (error as DeadlockError).tasks.map(({ name, startedAt }) => [name, startedAt]);
  expect(places).toEqual([
    ["main#0", expect.stringContaining("scope-cancel.test")],
    ["main#0/scope#0", expect.stringContaining("scope-cancel.test")],
    ["main#0/scope#0/child#1", expect.stringContaining("scope-cancel.test")],
  ]);
});

import {
  type AsyncRoutine,
  CancelledError,
  channel,
  type Group,
  go,
  group,
  type Routine,
  run,
  select,
  sleep,
  type Task,
} from "millrace";
import { describe, expect, test } from "vitest";
import { upTo } from "../../support/flow.js";
import { virtualTime } from "../../support/virtual.js";

function* takes(ms: number, log: string[] = [], name = ""): Routine<number> {
  try {
    yield* sleep(ms);
    log.push(`${name} done`);
    return ms;
  } finally {
    log.push(`${name} over`);
  }
}

function* fails(ms: number, error: unknown): Routine<never> {
  yield* sleep(ms);
  throw error;
}

/** The result of an operation once it has completed. */
function outcome(operation: PromiseLike<unknown>): { is: unknown } {
  const seen: { is: unknown } = { is: "parked" };
  operation.then(
    (value) => {
      seen.is = value;
    },
    (error) => {
      seen.is = error;
    },
  );
  return seen;
}

const join = (tasks: Group) => outcome(tasks.wait());

describe("Group.go()", () => {
  test("parks while limit tasks are running, starts tasks in the order of the calls, and yields the task", async () => {
    using time = virtualTime();
    const tasks = group({ limit: 2 });
    const log: string[] = [];
    const starter = go(function* (): Routine<Task<number>[]> {
      const started: Task<number>[] = [];
      for (const ms of [30, 10, 10, 5]) {
        started.push((yield* tasks.go(takes, ms)).task);
        log.push(`${ms} started at ${time.now()}`);
      }
      yield* tasks.wait();
      log.push(`over at ${time.now()}`);
      return started;
    });
    await time.advance(100);
    expect(log).toEqual(["30 started at 0", "10 started at 0", "10 started at 10", "5 started at 20", "over at 30"]);
    expect(await Promise.all(await starter)).toEqual([30, 10, 10, 5]);
  });

  test("never parks without a limit", async () => {
    using time = virtualTime();
    const tasks = group();
    await go(function* (): Routine<void> {
      for (const ms of upTo(100)) yield* tasks.go(takes, ms);
      expect(time.now()).toBe(0);
    });
    const all = join(tasks);
    await time.advance(100);
    expect(all.is).toBe(undefined);
  });

  test("starts nothing when it is created, nor as a case that loses a select (OP-1, OP-6)", async () => {
    using time = virtualTime();
    const tasks = group({ limit: 1 });
    const log: string[] = [];
    tasks.go(takes, 1, log, "never");
    tasks.tryGo(takes, 10, log, "first");
    const choice = select({ started: tasks.go(takes, 1, log, "loser"), late: sleep(5) }).then();
    await time.advance(5);
    expect((await choice).key).toBe("late");
    await time.advance(50);
    expect(log).toEqual(["first done", "first over"]);
  });

  test("that is cancelled before or after it got a place gives the place to the next call", async () => {
    using time = virtualTime();
    const tasks = group({ limit: 1 });
    const log: string[] = [];
    const first = tasks.tryGo(takes, 10, log, "first")!;
    const start = (name: string) =>
      go(function* (): Routine<void> {
        yield* tasks.go(takes, 1, log, name);
      });
    const [parked, lucky, last] = [start("parked"), start("lucky"), start("last")];
    await time.settle();
    parked.cancel();
    await time.settle();
    // The first task gives its place to the next call when it ends. That call is cancelled afterwards, before its own turn.
    first.cancel();
    go(function* (): Routine<void> {
      lucky.cancel();
    });
    await time.advance(10);
    expect(log).toEqual(["first over", "last done", "last over"]);
    expect([lucky.status, last.status]).toEqual(["cancelled", "done"]);
  });

  test("starts its task as a child of the task that performs it, even if another task freed the place", async () => {
    using time = virtualTime();
    const tasks = group({ limit: 1 });
    tasks.tryGo(takes, 5);
    const name = go(function* starter(): Routine<string> {
      return (yield* tasks.go(takes, 1)).task.name;
    });
    await time.advance(10);
    expect(await name).toMatch(/starter#\d+\/takes#0$/);
  });

  test("refuses what is no work, and takes no place for it", async () => {
    using time = virtualTime();
    const tasks = group({ limit: 1 });
    const message = "Cannot start go block in group: body must be a function or an operation, got 5";
    expect(() => tasks.go(5 as never)).toThrow(message);
    expect(() => tasks.tryGo(5 as never)).toThrow(message);
    expect(tasks.tryGo(takes, 1)).toBeDefined();
    await time.advance(1);
  });
});

describe("Group.tryGo()", () => {
  test("starts a task if there is a place, and returns undefined otherwise", async () => {
    using time = virtualTime();
    const tasks = group({ limit: 2 });
    const tried = [1, 2, 3].map((ms) => tasks.tryGo(takes, ms));
    expect(tried.map((task) => task?.status)).toEqual(["ready", "ready", undefined]);
    await time.advance(1);
    expect(tasks.tryGo(takes, 1)?.status).toBe("ready");
    await time.advance(5);
  });
});

describe("a failure of a task in a Group", () => {
  test("cancels the other tasks, and is thrown by wait() after their finally blocks", async () => {
    using time = virtualTime();
    const error = new Error("task");
    const tasks = group();
    const log: string[] = [];
    tasks.tryGo(function* (): Routine<void> {
      try {
        yield* sleep(1000);
      } finally {
        yield* sleep(10);
        log.push(`tidied up at ${time.now()}`);
      }
    });
    tasks.tryGo(fails, 5, error);
    const all = join(tasks);
    await time.advance(14);
    expect([all.is, tasks.signal.aborted, tasks.signal.reason]).toEqual(["parked", true, error]);
    await time.advance(1);
    expect([all.is, log]).toEqual([error, ["tidied up at 15"]]);
    expect(join(tasks)).toEqual({ is: "parked" });
    expect([time.timers, time.reported]).toEqual([0, []]);
  });

  test("is thrown in an AggregateError with later failures, whose cause is the first failure", async () => {
    using time = virtualTime();
    const [first, second] = [new Error("first"), new Error("second")];
    const tasks = group();
    tasks.tryGo(function* (): Routine<void> {
      using _ = {
        [Symbol.dispose](): void {
          throw second;
        },
      };
      yield* sleep(1000);
    });
    tasks.tryGo(fails, 5, first);
    const all = join(tasks);
    await time.advance(5);
    expect(all.is).toBeInstanceOf(AggregateError);
    expect([(all.is as AggregateError).errors, (all.is as Error).cause]).toEqual([[first, second], first]);
  });

  test("is thrown by go(), tryGo() and wait(), so that loops end (WK-4)", async () => {
    using time = virtualTime();
    const error = new Error("task");
    const tasks = group({ limit: 1 });
    tasks.tryGo(fails, 5, error);
    const parked = outcome(tasks.go(takes, 1));
    const all = join(tasks);
    await time.advance(5);
    expect([parked.is, all.is]).toEqual([error, error]);
    await expect(tasks.go(takes, 1).then()).rejects.toBe(error);
    expect(() => tasks.tryGo(takes, 1)).toThrow(error);
    expect(time.reported).toEqual([]);
  });

  test("is reported once if plain code does not ask for it within a second, and no longer once wait() throws it (WK-4)", async () => {
    using time = virtualTime();
    const error = new Error("task");
    const tasks = group();
    tasks.tryGo(fails, 5, error);
    await time.advance(1004);
    expect(time.reported).toEqual([]);
    await time.advance(1);
    expect(time.reported).toEqual([error]);
    await expect(tasks.wait().then()).rejects.toBe(error);
    expect([time.reported, time.timers]).toEqual([[], 0]);
  });

  test("is reported when the task that uses the group ends without asking for it, and not before (WK-4)", async () => {
    using time = virtualTime();
    const error = new Error("task");
    go(function* (): Routine<void> {
      const tasks = group();
      yield* tasks.go(fails, 5, error);
      yield* sleep(5000);
    });
    await time.advance(4999);
    expect(time.reported).toEqual([]);
    await time.advance(1);
    expect([time.reported, time.timers]).toEqual([[error], 0]);
  });

  test("does not come from cancelling a single task", async () => {
    using time = virtualTime();
    const tasks = group();
    tasks.tryGo(takes, 100)!.cancel();
    const all = join(tasks);
    await time.settle();
    expect([all.is, tasks.signal.aborted]).toEqual([undefined, false]);
  });
});

describe("Group", () => {
  test("wait() is ready without tasks, can be performed by several callers, and can be used again", async () => {
    using time = virtualTime();
    const tasks = group();
    await tasks.wait();
    for (const round of [1, 2]) {
      tasks.tryGo(takes, round);
      const all = [join(tasks), join(tasks)];
      await time.advance(round);
      expect(all).toEqual([{ is: undefined }, { is: undefined }]);
    }
  });

  test("wait() includes tasks that tasks start, and cancels no task when it is cancelled itself", async () => {
    using time = virtualTime();
    const tasks = group();
    const log: string[] = [];
    tasks.tryGo(function* (): Routine<void> {
      yield* sleep(5);
      yield* tasks.go(takes, 5, log, "child");
    });
    const leaver = go(function* (): Routine<void> {
      yield* tasks.wait();
    });
    const all = join(tasks);
    await time.advance(7);
    leaver.cancel();
    await time.advance(2);
    expect(all.is).toBe("parked");
    await time.advance(1);
    expect([all.is, log]).toEqual([undefined, ["child done", "child over"]]);
  });

  test("cancel(reason) cancels all tasks, and wait() and go() throw a CancelledError", async () => {
    using time = virtualTime();
    const tasks = group({ limit: 1 });
    const log: string[] = [];
    tasks.tryGo(takes, 100, log, "first");
    const [all, parked] = [join(tasks), outcome(tasks.go(takes, 1))];
    await time.advance(5);
    tasks.cancel("enough");
    await time.settle();
    for (const { is } of [all, parked]) {
      expect(is).toBeInstanceOf(CancelledError);
      expect((is as Error).cause).toBe("enough");
    }
    expect([log, time.timers, time.reported]).toEqual([["first over"], 0, []]);
    await expect(tasks.wait().then()).rejects.toBeInstanceOf(CancelledError);
  });

  test.each(["before a task starts", "while tasks run"])("is cancelled by a signal that aborts %s", async (moment) => {
    using time = virtualTime();
    const controller = new AbortController();
    const tasks = group({ signal: controller.signal });
    if (moment === "before a task starts") controller.abort("over");
    else tasks.tryGo(takes, 100);
    await time.settle();
    controller.abort("over");
    await time.settle();
    await expect(tasks.go(takes, 1).then()).rejects.toMatchObject({ name: "CancelledError", cause: "over" });
    await expect(tasks.wait().then()).rejects.toBeInstanceOf(CancelledError);
    expect([time.timers, tasks.signal.aborted]).toEqual([0, true]);
  });

  test("`await using` cancels the remaining tasks and waits for them, and throws a failure that wait() did not throw (WK-4)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const left = (async () => {
      await using tasks = group();
      tasks.tryGo(takes, 100, log, "left");
      await sleep(5);
    })();
    await time.advance(5);
    await left;
    expect([log, time.timers]).toEqual([["left over"], 0]);
    const error = new Error("task");
    const awaited = (async () => {
      await using tasks = group();
      tasks.tryGo(fails, 5, error);
      await tasks.wait();
    })();
    const silent = (async () => {
      await using tasks = group();
      tasks.tryGo(fails, 5, error);
      await sleep(10);
    })();
    const both = Promise.all([expect(awaited).rejects.toBe(error), expect(silent).rejects.toBe(error)]);
    await time.advance(20);
    await both;
    expect(time.reported).toEqual([]);
  });

  test("go() that waits for ever for a place is a deadlock, which run() reports (EN-1)", async () => {
    const dead = run(function* main(): Routine<void> {
      const tasks = group({ limit: 1 });
      for (const name of ["a", "b"]) {
        yield* tasks.go(function* () {
          yield* channel(0, { name }).receive();
        });
      }
    });
    await expect(dead).rejects.toThrow("a free place in a group");
  });

  test.each([0, 1.5, Number.NaN])("refuses the limit %s", (limit) => {
    expect(() => group({ limit })).toThrow(
      new RangeError(`Cannot create group: limit must be a whole number, 1 or more, or Infinity, got ${limit}`),
    );
  });
});

describe("a failure that Group.go() throws", () => {
  test("ends the loop that starts tasks, is not reported as well, and is thrown by a later wait()", async () => {
    using time = virtualTime();
    const error = new Error("first");
    const tasks = group({ limit: 1 });
    const loop = go(function* (): Routine<void> {
      yield* tasks.go(fails, 5, error);
      for (;;) yield* tasks.go(takes, 1);
    });
    const ended = outcome(loop);
    await time.advance(20);
    expect([ended.is, time.reported]).toEqual([error, []]);
    const waiter = join(tasks);
    await time.settle();
    expect([waiter.is, time.reported]).toEqual([error, []]);
  });
});

/** The two forms in which tasks are started. */
const starters = [
  {
    form: "function*",
    start: (tasks: Group, bodies: readonly (() => Routine<unknown>)[], caught: unknown[]) =>
      go(function* () {
        try {
          for (const body of bodies) yield* tasks.go(body);
        } catch (error) {
          caught.push(error);
        }
      }),
  },
  {
    form: "async function*",
    start: (tasks: Group, bodies: readonly (() => Routine<unknown>)[], caught: unknown[]) =>
      go(async function* () {
        try {
          for (const body of bodies) yield* tasks.go(body);
        } catch (error) {
          caught.push(error);
        }
      }),
  },
  {
    form: "await",
    start: async (tasks: Group, bodies: readonly (() => Routine<unknown>)[], caught: unknown[]) => {
      try {
        for (const body of bodies) await tasks.go(body);
      } catch (error) {
        caught.push(error);
      }
    },
  },
];

describe.each(starters)("the starter of the tasks of a Group, with $form", ({ start }) => {
  test.each([0, 5])(
    "that gets the failure of a task after %i ms keeps it from being reported, then and later",
    async (ms) => {
      using time = virtualTime();
      const error = new Error("task");
      const caught: unknown[] = [];
      const tasks = group({ limit: 1 });
      function* failing(): Routine<void> {
        if (ms > 0) yield* sleep(ms);
        throw error;
      }
      const over = Promise.resolve(start(tasks, [failing, () => takes(1)], caught));
      await time.advance(ms);
      await over;
      await time.advance(5000);
      expect([caught, time.reported, time.timers]).toEqual([[error], [], 0]);
    },
  );

  test("starts as many tasks at a time as the limit allows, and waits for the start only", async () => {
    using time = virtualTime();
    const tasks = group({ limit: 2 });
    const body = (): Routine<unknown> => takes(30);
    const over = Promise.resolve(start(tasks, [body, body, body, body], []).then(() => tasks.wait()));
    await time.advance(60);
    await over;
    expect(time.now()).toBe(60);
  });
});

describe("a full Group whose tasks all wait for a place in it", () => {
  const crawlers = [
    {
      form: "function*",
      crawl: (tasks: Group, caught: string[]) =>
        function* crawler(): Routine<void> {
          try {
            yield* tasks.go(takes, 1);
          } catch (error) {
            caught.push(String(error));
          }
        },
    },
    {
      form: "async function*",
      crawl: (tasks: Group, caught: string[]) =>
        async function* crawler(): AsyncRoutine<void> {
          try {
            yield* tasks.go(takes, 1);
          } catch (error) {
            caught.push(String(error));
          }
        },
    },
  ];

  test.each(crawlers)("gives an error to the last of them, and goes on, with $form (WK-5)", async ({ crawl }) => {
    using time = virtualTime();
    const caught: string[] = [];
    const tasks = group({ limit: 3 });
    for (let n = 0; n < 3; n++) tasks.tryGo(crawl(tasks, caught));
    const all = join(tasks);
    await time.advance(100);
    expect(caught).toEqual([
      "Error: Cannot start go block in group: all 3 places are taken by tasks that wait for a place in the same group",
    ]);
    expect([all.is, time.timers, time.reported]).toEqual([undefined, 0, []]);
  });

  test.each(crawlers)("gives none while one of them works, with $form", async ({ crawl }) => {
    using time = virtualTime();
    const caught: string[] = [];
    const tasks = group({ limit: 3 });
    for (let n = 0; n < 2; n++) tasks.tryGo(crawl(tasks, caught));
    tasks.tryGo(takes, 50);
    const all = join(tasks);
    await time.advance(100);
    expect([caught, all.is, time.timers]).toEqual([[], undefined, 0]);
  });
});

describe('group({ failures: "joiner" })', () => {
  test("leaves a failure to the joiner of the task; the other tasks continue, and wait() does not throw", async () => {
    using time = virtualTime();
    const [heard, unheard] = [new Error("heard"), new Error("unheard")];
    const tasks = group({ failures: "joiner" });
    const caught = outcome(tasks.tryGo(fails, 5, heard)!);
    tasks.tryGo(fails, 5, unheard);
    const other = outcome(tasks.tryGo(takes, 10)!);
    const all = join(tasks);
    await time.advance(10);
    expect([caught.is, other.is, all.is, tasks.signal.aborted]).toEqual([heard, 10, undefined, false]);
    expect(time.reported).toEqual([unheard]);
  });

  test("refuses another word", () => {
    expect(() => group({ failures: "none" as never })).toThrow(
      'Cannot create group: failures must be "group" or "joiner", got "none"',
    );
  });
});

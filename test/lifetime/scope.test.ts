import {
  type AsyncRoutine,
  CancelledError,
  channel,
  go,
  never,
  type Operation,
  pause,
  type Routine,
  type Scope,
  scope,
  select,
  settled,
  sleep,
  TimeoutError,
} from "millrace";
import { verify } from "millrace/testing";
import { describe, expect, test } from "vitest";
import { virtualTime } from "../support/virtual.js";

type Start = (s: Scope) => void;

const forms = [
  {
    form: "function*",
    *wait(log: string[], name: string, at: Operation<unknown>, last?: Operation<unknown>): Routine<string> {
      try {
        yield* at;
        log.push(`${name} done`);
        return name;
      } finally {
        if (last) yield* last;
        log.push(`${name} finally`);
      }
    },
    *fail(at: Operation<unknown>, error: unknown): Routine<never> {
      yield* at;
      throw error;
    },
    *failWhenCancelled(error: unknown): Routine<void> {
      try {
        yield* sleep(1e9);
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
        throw error;
      }
    },
    open: (begin: Start, at?: Operation<unknown>) =>
      function* body(s: Scope): Routine<string> {
        begin(s);
        if (at) yield* at;
        return "body";
      },
    *perform(operation: Operation<unknown>): Routine<unknown> {
      try {
        return yield* operation;
      } catch (error) {
        return error;
      }
    },
    *inScope(log: string[], operation: Operation<unknown>): Routine<void> {
      try {
        yield* operation;
      } finally {
        log.push("performer finally");
      }
    },
  },
  {
    form: "async function*",
    async *wait(log: string[], name: string, at: Operation<unknown>, last?: Operation<unknown>): AsyncRoutine<string> {
      try {
        yield* at;
        log.push(`${name} done`);
        return name;
      } finally {
        if (last) yield* last;
        log.push(`${name} finally`);
      }
    },
    async *fail(at: Operation<unknown>, error: unknown): AsyncRoutine<never> {
      yield* at;
      throw error;
    },
    async *failWhenCancelled(error: unknown): AsyncRoutine<void> {
      try {
        yield* sleep(1e9);
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
        throw error;
      }
    },
    open: (begin: Start, at?: Operation<unknown>) =>
      async function* body(s: Scope): AsyncRoutine<string> {
        begin(s);
        if (at) yield* at;
        return "body";
      },
    async *perform(operation: Operation<unknown>): AsyncRoutine<unknown> {
      try {
        return yield* operation;
      } catch (error) {
        return error;
      }
    },
    async *inScope(log: string[], operation: Operation<unknown>): AsyncRoutine<void> {
      try {
        yield* operation;
      } finally {
        log.push("performer finally");
      }
    },
  },
];

describe.each(forms)("scope() with $form", (form) => {
  test("scope() completes when its body and all its tasks are done, with the result of the body (SC-1)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const task = go(
      form.perform,
      scope(
        form.open((s) => {
          s.go(form.wait, log, "a", sleep(20));
          s.go(form.wait, log, "b", sleep(10));
        }),
      ),
    );
    await time.advance(19);
    expect(log).toEqual(["b done", "b finally"]);
    await time.advance(1);
    expect(await task).toBe("body");
    expect(log).toEqual(["b done", "b finally", "a done", "a finally"]);
  });

  test("the first failure in a scope cancels the siblings, waits for their finally, and is rethrown (SC-1)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const error = new Error("first");
    const task = go(
      form.perform,
      scope(
        form.open((s) => {
          s.go(form.wait, log, "sibling", sleep(1e9), sleep(5));
          s.go(form.fail, sleep(10), error);
        }, sleep(1e9)),
      ),
    );
    await time.advance(14);
    expect([log, task.status]).not.toEqual([["sibling finally"], "done"]);
    expect(log).toEqual([]);
    await time.advance(1);
    expect(log).toEqual(["sibling finally"]);
    expect(await task).toBe(error);
    expect([time.reported, time.timers]).toEqual([[], 0]);
  });

  test("a scope whose body fails cancels its tasks (SC-1)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const task = go(
      form.perform,
      scope(
        form.open(
          (s) => {
            s.go(form.wait, log, "task", sleep(1e9));
            s.go(form.wait, log, "task", sleep(1e9));
          },
          sleep(1).map(() => {
            throw new Error("body");
          }),
        ),
      ),
    );
    await time.advance(1);
    expect(await task).toEqual(new Error("body"));
    expect(log).toEqual(["task finally", "task finally"]);
  });

  test("further failures in a scope are in an AggregateError, in order (SC-1)", async () => {
    using time = virtualTime();
    const [first, second] = [new Error("first"), new Error("second")];
    const task = go(
      form.perform,
      scope(
        form.open((s) => {
          s.go(form.failWhenCancelled, second);
          s.go(form.fail, sleep(1), first);
        }),
      ),
    );
    await time.advance(1);
    const error = (await task) as AggregateError;
    expect(error).toBeInstanceOf(AggregateError);
    expect(error.errors).toEqual([first, second]);
    expect(error.errors[0]).toBe(first);
    expect(time.reported).toEqual([]);
  });

  test("cancelling one task of a scope does not end the scope (SC-1)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const task = go(
      form.perform,
      scope(
        form.open((s) => {
          s.go(form.wait, log, "a", sleep(1e9)).cancel();
          s.go(form.wait, log, "b", sleep(5));
        }),
      ),
    );
    await time.advance(5);
    expect(await task).toBe("body");
    expect(log).toContain("b done");
  });

  test("the deadline of a scope cancels all its tasks and throws a TimeoutError (SC-2)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const task = go(
      form.perform,
      scope(
        form.open((s) => s.go(form.wait, log, "task", sleep(1e9))),
        { deadline: 50 },
      ),
    );
    await time.advance(49);
    expect(log).toEqual([]);
    await time.advance(1);
    const error = await task;
    expect(error).toBeInstanceOf(TimeoutError);
    expect(String(error)).toContain("the scope body took longer than 50 ms");
    expect(log).toEqual(["task finally"]);
    expect(time.timers).toBe(0);
  });

  test("an AbortSignal cancels the scope, with the reason of the signal as the cause (SC-2)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const controller = new AbortController();
    const opened = scope(
      form.open((s) => s.go(form.wait, log, "task", sleep(1e9))),
      { signal: controller.signal },
    );
    const task = go(form.perform, opened);
    await time.settle();
    controller.abort("stop");
    await time.settle();
    const error = (await task) as Error;
    expect(error).toBeInstanceOf(CancelledError);
    expect(error.cause).toBe("stop");
    expect(log).toEqual(["task finally"]);
  });

  test("the signal of a scope is aborted when the scope fails, and when it is over (SC-2)", async () => {
    using time = virtualTime();
    const signals: AbortSignal[] = [];
    const error = new Error("failed");
    const failing = go(
      form.perform,
      scope(
        form.open((s) => {
          signals.push(s.signal);
          s.go(form.fail, sleep(5), error);
        }),
      ),
    );
    const fine = go(form.perform, scope(form.open((s) => signals.push(s.signal), sleep(5))));
    await time.advance(4);
    expect(signals.map((signal) => signal.aborted)).toEqual([false, false]);
    await time.advance(1);
    await Promise.all([failing, fine]);
    expect(signals.map((signal) => signal.aborted)).toEqual([true, true]);
    expect(signals[0]!.reason).toBe(error);
  });

  test("cancel() of a scope cancels its body and all its tasks (SC-1)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const task = go(
      form.perform,
      scope(
        form.open((s) => {
          s.go(form.wait, log, "task", sleep(1e9));
          go(function* later(): Routine<void> {
            yield* sleep(5);
            s.cancel("enough");
          });
        }, sleep(1e9)),
      ),
    );
    await time.advance(5);
    expect(await task).toMatchObject({ name: "CancelledError", cause: "enough" });
    expect(log).toEqual(["task finally"]);
  });

  test("cancelling the task that performs a scope cancels all tasks of the scope and waits for their end (SC-3)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const task = go(
      form.inScope,
      log,
      scope(
        form.open((s) => {
          s.go(form.wait, log, "child", sleep(1e9), sleep(5));
        }),
      ),
    );
    await time.settle();
    task.cancel();
    await time.advance(4);
    expect(log).toEqual([]);
    await time.advance(1);
    expect(log).toEqual(["child finally", "performer finally"]);
    expect(task.status).toBe("cancelled");
  });

  test("no task started in a scope outlives the scope, also if started while the scope ends (SC-3)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    let held: Scope | undefined;
    const error = new Error("ends");
    const task = go(
      form.perform,
      scope(
        form.open((s) => {
          held = s;
          s.go(form.wait, log, "slow", sleep(1e9), sleep(5));
          s.go(form.fail, sleep(1), error);
        }),
      ),
    );
    await time.advance(2);
    const late = held!.go(form.wait, log, "late", sleep(1e9));
    await time.advance(10);
    expect(await task).toBe(error);
    expect(late.status).toBe("cancelled");
    expect(() => held!.go(form.wait, log, "after", pause())).toThrow(
      "Cannot start go block in scope: the scope is over",
    );
  });

  test("the failure of an inner scope is thrown in the body of the outer scope and ends it (SC-1)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const error = new Error("inner");
    const inner = scope(
      form.open((s) => {
        s.go(form.wait, log, "inner child", sleep(1e9));
        s.go(form.fail, sleep(1), error);
      }),
    );
    const outer = scope(form.open((s) => s.go(form.wait, log, "outer child", sleep(1e9)), inner));
    const task = go(form.perform, outer);
    await time.advance(1);
    expect(await task).toBe(error);
    expect(log).toEqual(["inner child finally", "outer child finally"]);
  });

  test("a scope that is a case is cancelled when it loses the select (SC-3, OP-6)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const losing = scope(form.open((s) => s.go(form.wait, log, "child", sleep(1e9))));
    const task = go(form.perform, select({ losing, late: sleep(5) }));
    await time.advance(5);
    expect(await task).toMatchObject({ key: "late" });
    await time.settle();
    expect(log).toEqual(["child finally"]);
    expect(time.timers).toBe(0);
  });

  test("a scope can be awaited by plain code, and performed many times at once", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const opened = scope(form.open((s) => s.go(form.wait, log, "child", sleep(5))));
    const results = [opened.then(), opened.then()];
    await time.advance(5);
    expect(await Promise.all(results)).toEqual(["body", "body"]);
    expect(log.length).toBe(4);
  });

  test("go of a scope can be called without its scope, as a function", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const numbers = channel<number>(1);
    const task = go(
      form.perform,
      scope(
        form.open(({ go: start }) => {
          start(form.wait, log, "child", numbers.send(1));
        }),
      ),
    );
    await time.settle();
    expect(await task).toBe("body");
    expect(log).toEqual(["child done", "child finally"]);
  });

  test("10 000 tasks in one scope end in one failure (SC-1)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const error = new Error("one");
    const task = go(
      form.perform,
      scope(
        form.open((s) => {
          for (let n = 0; n < 10_000; n++) s.go(form.wait, log, "child", sleep(1e9));
          s.go(form.fail, sleep(1), error);
        }),
      ),
    );
    await time.advance(1);
    expect(await task).toBe(error);
    expect(log.length).toBe(10_000);
  });
});

test.each([
  ["scope", (body: (s: Pick<Scope, "go" | "cancel">) => Routine<string>) => scope(body)],
  [
    "verify's scope",
    (body: (s: Pick<Scope, "go" | "cancel">) => Routine<string>) =>
      settled(
        verify(() => scope(body)[Symbol.iterator]() as Routine<string>).then((verdict) =>
          verdict.status === "proved" ? [...verdict.outcomes].join() : verdict.status,
        ),
      ),
  ],
])("the functions of a %s work without it, as in `{ go, cancel }`", async (_, perform) => {
  const result = await perform(function* ({ go: start, cancel }): Routine<string> {
    start(() => never());
    yield* pause();
    cancel("enough");
    return "returned";
  });
  expect(result).toBe("returned");
});

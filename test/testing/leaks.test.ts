// Tasks that are left at the end of a test.

import { type Channel, CLOSED, channel, DeadlockError, go, type Routine, scope, sleep } from "millrace";
import { assertNoLeaks, daemon } from "millrace/testing";
import { describe, expect, test } from "vitest";
import { subjects } from "../flow/subjects.js";

function* reads(from: Channel<number>): Routine<void> {
  yield* from.receive();
}

async function failure(promise: Promise<unknown>): Promise<DeadlockError> {
  const error: unknown = await promise.then(
    () => null,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(DeadlockError);
  return error as DeadlockError;
}

describe("assertNoLeaks", () => {
  test("assertNoLeaks() names each task that is left, its operation, and the line where it was started", async () => {
    const error = await failure(
      assertNoLeaks(() => {
        go(reads, channel<number>(0, { name: "silent" }));
      }),
    );
    expect(error.message).toContain("A task is still there at the end");
    expect(error.tasks).toEqual([
      { name: expect.stringMatching(/^reads#\d+$/), waitsFor: "receive from silent", startedAt: expect.any(String) },
    ]);
    expect(error.tasks[0]!.startedAt).toContain("leaks.test");
  });

  test("assertNoLeaks() names the cycle of tasks that wait for each other", async () => {
    const error = await failure(
      assertNoLeaks(async () => {
        const tasks: { join?: ReturnType<typeof go> } = {};
        const first = go(function* first() {
          yield* sleep(0);
          yield* tasks.join!;
        });
        tasks.join = go(function* second() {
          yield* first;
        });
        await sleep(1);
      }),
    );
    expect(error.cycle).toHaveLength(2);
  });

  test("assertNoLeaks() lets tasks that are about to end do so, in both forms", async () => {
    const result = await assertNoLeaks(() => {
      const numbers = channel<number>();
      go(reads, numbers);
      go(async function* () {
        await null;
        yield* numbers.send(1);
        for (let n = 0; n < 5; n++) await null;
      });
      return "fine";
    });
    expect(result).toBe("fine");
  });

  test("`await using` assertNoLeaks() checks the tasks that a block started", async () => {
    const leaking = async (): Promise<void> => {
      await using _ = assertNoLeaks();
      go(reads, channel<number>());
    };
    const closing = async (): Promise<void> => {
      await using _ = assertNoLeaks();
      const numbers = channel<number>();
      const reader = go(reads, numbers);
      numbers.close();
      await reader;
    };
    expect((await failure(leaking())).tasks).toHaveLength(1);
    await closing();
  });

  test("assertNoLeaks() counts tasks that a scope, a nested block and a task start, and not tasks from before", async () => {
    const before = channel<number>();
    const old = go(reads, before);
    const error = await failure(
      assertNoLeaks(async () => {
        await assertNoLeaks(() => "inner");
        await go(function* () {
          yield* scope(function* () {
            go(reads, channel<number>());
          });
        });
      }),
    );
    expect(error.tasks).toHaveLength(1);
    before.close();
    await old;
  });

  test("assertNoLeaks() reports neither daemon() tasks nor tasks that match `ignore`", async () => {
    const channels: Channel<number>[] = [];
    const start = (): void => {
      channels.push(channel<number>());
      go(reads, channels.at(-1)!);
    };
    await assertNoLeaks(start, { ignore: /^reads/ });
    await assertNoLeaks(start, { ignore: ({ name }) => name.startsWith("reads") });
    await assertNoLeaks(() => {
      channels.push(channel<number>());
      daemon(go(reads, channels.at(-1)!));
    });
    expect((await failure(assertNoLeaks(start, { ignore: "writes#0" }))).tasks).toHaveLength(1);
    for (const ch of channels) ch.close();
    expect(await channels[0]!.receive()).toBe(CLOSED);
  });

  test("assertNoLeaks() throws the error of the body if the body fails", async () => {
    const failing = assertNoLeaks(() => Promise.reject(new Error("body")));
    await expect(failing).rejects.toThrow("body");
  });

  test("assertNoLeaks() throws if `ignore` is neither a text, a pattern nor a function", () => {
    expect(() => assertNoLeaks({ ignore: 5 as unknown as string })).toThrow("Cannot check for leaks: ignore must be");
  });
});

describe.each(subjects)("a task of $name that is left", ({ make, inputs }) => {
  test("is reported with the line that made the combinator, and no line of the package", async () => {
    const sources = Array.from({ length: inputs }, () => channel<number>());
    const error = await assertNoLeaks(() => {
      for (const output of make(...sources)) output.tryReceive();
      go(reads, channel<number>()); // so that a report exists for combinators without a task, too
    }).then(
      () => null,
      (error: DeadlockError) => error,
    );
    for (const { name, startedAt } of error!.tasks) {
      // The body of a scope has no line of its own, as the scope has it.
      const line = /\/scope#\d+\/\w+#0$/.test(name)
        ? undefined
        : expect.stringMatching(/(?:subjects|leaks\.test)\.[jt]s/);
      expect([name, startedAt]).toEqual([name, line]);
    }
    expect(error!.message).not.toMatch(/[/\\](?:src|dist)[/\\]/);
    for (const source of sources) source.cancel();
  });
});

// What `then` of an operation does for code that is no go block, and for a loop.

import { CLOSED, channel, type Operation, select } from "millrace";
import { nativeHost, replaceHost } from "millrace/host";
import { describe, expect, test } from "vitest";
import { virtualTime } from "../support/virtual.js";

interface Made {
  readonly operation: Operation<unknown>;
  /** Lets the operation complete, if it is not ready. */
  readonly complete?: () => void;
}

/** Operations that yield "value", ready and not. */
const kinds: Readonly<Record<string, () => Made>> = {
  "a receive that is ready": () => {
    const words = channel<string>(1);
    words.trySend("value");
    return { operation: words.receive() };
  },
  "a receive that parks": () => {
    const words = channel<string>();
    return { operation: words.receive(), complete: () => void words.trySend("value") };
  },
  "a receive of a promise": () => {
    const promises = channel<Promise<string>>(1);
    promises.trySend(Promise.resolve("value"));
    return { operation: promises.receive() };
  },
  "a receive of an operation": () => {
    const operations = channel<Operation<string>>();
    const words = channel<string>(1);
    words.trySend("value");
    return {
      operation: operations.receive(),
      complete: () => void operations.trySend(words.receive() as Operation<string>),
    };
  },
  "a mapped send that is ready": () => ({
    operation: channel<number>(1)
      .send(1)
      .map(() => "value"),
  }),
  "a mapped send that parks": () => {
    const numbers = channel<number>();
    return { operation: numbers.send(1).map(() => "value"), complete: () => void numbers.tryReceive() };
  },
  "a select that parks": () => {
    const words = channel<string>();
    return {
      operation: select({ word: words.receive(), other: channel<string>().receive() }).map(({ value }) => value),
      complete: () => void words.trySend("value"),
    };
  },
};

/** Operations that throw. */
const failing: Readonly<Record<string, () => Made>> = {
  "a receive from a channel that was closed with a cause": () => {
    const words = channel<string>();
    words.close(new Error("cause"));
    return { operation: words.receive() };
  },
  "a receive that parks until the channel is closed with a cause": () => {
    const words = channel<string>();
    return { operation: words.receive(), complete: () => void words.close(new Error("cause")) };
  },
};

describe.each(Object.entries(kinds))("then of %s", (_, make) => {
  test("calls back in no step of other code, with or without a function for errors", async () => {
    using time = virtualTime();
    for (const onError of [undefined, () => "failed"]) {
      const { operation, complete } = make();
      const log: string[] = [];
      const promise = operation.then((value) => {
        log.push(value as string);
        return value;
      }, onError);
      log.push("then has returned");
      await time.settle();
      complete?.();
      log.push("completed");
      expect(log.filter((entry) => entry !== "value")).toEqual(["then has returned", "completed"]);
      expect(log[0]).toBe("then has returned");
      if (complete !== undefined) expect(log).not.toContain("value");
      await expect(promise).resolves.toBe("value");
      expect(log.filter((entry) => entry === "value")).toEqual(["value"]);
    }
  });

  test("returns a promise: what the function returns, throws and rejects with can be awaited", async () => {
    using time = virtualTime();
    const fails = () => "failed";
    const ways: [then: (operation: Operation<unknown>) => PromiseLike<unknown>, outcome: unknown][] = [
      [(operation) => operation.then((value) => [value], fails), ["value"]],
      [(operation) => operation.then(async (value) => [value], fails), ["value"]],
      [(operation) => operation.then(() => undefined, fails).then((value) => [value]), [undefined]],
      [(operation) => operation.then((value) => value, fails).then((value) => [value], fails), ["value"]],
      [
        (operation) =>
          operation
            .then(() => {
              throw new Error("thrown");
            }, fails)
            .catch((error: Error) => error.message),
        "thrown",
      ],
      [(operation) => operation.then((value) => value, fails).finally(() => "ignored"), "value"],
      [(operation) => Promise.race([operation.then((value) => value, fails)]), "value"],
    ];
    for (const [then, outcome] of ways) {
      for (const late of [false, true]) {
        const { operation, complete } = make();
        let promise: PromiseLike<unknown> = then(operation);
        expect(promise).toBeInstanceOf(Promise);
        if (!late) promise = promise.then((value) => value);
        await time.settle();
        complete?.();
        await time.settle();
        expect(await promise).toEqual(outcome);
      }
    }
    expect(time.reported).toEqual([]);
  });

  test("can be performed again as soon as the value is there, and not before", async () => {
    using time = virtualTime();
    const { operation, complete } = make();
    const first = operation.then(
      (value) => value,
      () => "failed",
    );
    await expect(operation.then()).rejects.toThrow("parked already");
    complete?.();
    expect(await first).toBe("value");
    operation.then(
      () => {},
      () => {},
    );
    await time.settle();
  });
});

describe.each(Object.entries(failing))("then of %s", (_, make) => {
  test("calls the function for errors, and rejects without one", async () => {
    using time = virtualTime();
    for (const handled of [false, true]) {
      const { operation, complete } = make();
      const log: unknown[] = [];
      const promise = operation.then(
        () => log.push("value"),
        handled ? (error) => log.push((error as Error).message) : undefined,
      );
      const rejected = handled ? undefined : expect(promise).rejects.toThrow("cause");
      expect(log).toEqual([]);
      complete?.();
      expect(log).toEqual([]);
      await time.settle();
      expect(log).toEqual(handled ? ["cause"] : []);
      await rejected;
    }
  });
});

test("plain code gets values in the order in which it began to wait, although one turn serves it (CH-3)", async () => {
  using time = virtualTime();
  const words = channel<string>();
  const log: string[] = [];
  const readers = ["a", "b", "c"].map(async (name) => {
    log.push(`${name}: ${String(await words.receive())}`);
    log.push(`${name}: ${String(await words.receive())}`);
  });
  await time.settle();
  for (const word of ["1", "2", "3", "4", "5", "6"]) await words.send(word);
  await Promise.all(readers);
  expect(log).toEqual(["a: 1", "b: 2", "c: 3", "a: 4", "b: 5", "c: 6"]);
});

test("a loop drains a buffer without a turn of the scheduler for each value", async () => {
  const full = channel<number>(100);
  for (let i = 0; i < 100; i++) full.trySend(i);
  full.close();
  let turns = 0;
  using _ = replaceHost({
    microtask: (job) => {
      turns++;
      nativeHost.microtask(job);
    },
  });
  const seen: number[] = [];
  turns = 0;
  for await (const value of full) seen.push(value);
  expect([seen.length, turns]).toEqual([100, 0]);
  expect(await full.receive()).toBe(CLOSED);
});

test("a loop that never waits leaves the thread to the host in time (GO-5)", async () => {
  const endless = channel<number>(1);
  endless.trySend(0);
  let rang = false;
  let now = 0;
  // The clock of the host moves with each look at it.
  using _ = replaceHost({ now: () => (now += 1) });
  setTimeout(() => {
    rang = true;
  }, 0);
  for await (const value of endless) {
    if (rang || value > 1_000_000) break;
    endless.trySend(value + 1);
  }
  expect(rang).toBe(true);
});

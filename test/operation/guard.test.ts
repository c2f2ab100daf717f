import { channel, go, guard, type Operation, type Routine, scope, select, sleep, upon, withNack } from "millrace";
import { describe, expect, test } from "vitest";
import { virtualTime } from "../support/virtual.js";

test("OP-4: each of several tasks that perform one guard() at once performs an operation of its own", async () => {
  using time = virtualTime();
  let made = 0;
  const next = guard(() =>
    sleep(10)
      .map(() => "made")
      .map((word) => `${word} ${made}`),
  );
  const counted = guard((): Operation<string> => {
    made++;
    return next;
  });
  const all = [1, 2, 3].map(() =>
    go(function* (): Routine<string> {
      return yield* counted;
    }),
  );
  const plain = counted.then();
  const choice = select({ counted, silent: channel() }).then();
  await time.advance(10);
  expect(await Promise.all([...all, plain])).toEqual(["made 5", "made 5", "made 5", "made 5"]);
  expect(await choice).toEqual({ key: "counted", value: "made 5" });
});

describe.each([
  ["guard", (operation: Operation<void>, _: string[]) => guard(() => operation)],
  [
    "withNack",
    (operation: Operation<void>, log: string[]) =>
      withNack((lost) => {
        go(function* (): Routine<void> {
          yield* lost;
          log.push("lost");
        });
        return operation;
      }),
  ],
])("%s around a scope", (name, around) => {
  test("SC-3: a task that is cancelled in a guarded scope ends after all tasks of the scope", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const tidy = scope(function* (s) {
      s.go(function* () {
        try {
          yield* sleep(1000);
        } finally {
          yield* sleep(10);
          log.push("tidied up");
        }
      });
      yield* sleep(1000);
    });
    const task = go(function* (): Routine<void> {
      yield* around(tidy, log);
      log.push("went on");
    });
    await time.advance(5);
    task.cancel("enough");
    const over = task.then(undefined, () => log.push("over"));
    await time.advance(9);
    expect([task.status, log]).not.toContain("cancelled");
    await time.advance(1);
    await over;
    expect(log).toEqual([...(name === "guard" ? [] : ["lost"]), "tidied up", "over"]);
  });
});

test("OP-4: lost of withNack() completes after all cases have left their queues, so its waiter completes none of them", async () => {
  using time = virtualTime();
  const [asked, latch, late] = [channel<string>(), channel<string>(), channel<string>()];
  const request = withNack((lost) => {
    upon(lost, () => void latch.trySend("released"));
    return asked.receive();
  });
  const task = go(function* (): Routine<unknown> {
    return (yield* select({ request: request.map(String), latch, late }, { mode: "priority" })).value;
  });
  await time.settle();
  late.trySend("first");
  await time.settle();
  expect([await task, latch.trySend("noneParked waits")]).toEqual(["first", false]);
});

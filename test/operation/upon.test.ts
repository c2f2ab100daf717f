import {
  alt,
  always,
  channel,
  EMPTY,
  go,
  guard,
  never,
  type Operation,
  type Routine,
  scope,
  select,
  sleep,
  upon,
} from "millrace";
import { describe, expect, test } from "vitest";
import { noneParked, queues } from "../support/model.js";
import { virtualTime } from "../support/virtual.js";

describe("upon()", () => {
  test("calls back at once if the operation is ready, and otherwise in the step of the peer", () => {
    using _ = virtualTime();
    const log: string[] = [];
    upon(always(1), (value) => log.push(`ready ${value}`));
    log.push("returned");
    const words = channel<string>();
    upon(words.receive(), (word) => log.push(`got ${String(word)}`));
    log.push("parked");
    words.trySend("a");
    log.push("sent");
    expect(log).toEqual(["ready 1", "returned", "parked", "got a", "sent"]);
    expect(queues(words)).toEqual(noneParked);
  });

  test("works without any task", () => {
    using _ = virtualTime();
    const numbers = channel<number>();
    const sent: boolean[] = [];
    upon(numbers.send(1), (taken) => sent.push(taken));
    expect([numbers.tryReceive(), sent]).toEqual([1, [true]]);
  });

  test("calls back once", () => {
    using _ = virtualTime();
    const numbers = channel<number>();
    const got: unknown[] = [];
    upon(numbers.receive(), (n) => got.push(n));
    expect([numbers.trySend(1), numbers.trySend(2), got]).toEqual([true, false, [1]]);
  });

  test("that is disposed of leaves every queue and timer, and does not call back (OP-6)", async () => {
    using time = virtualTime();
    const [a, b] = [channel<number>(), channel<number>()];
    let called = 0;
    const operations: Operation<unknown>[] = [
      a.receive(),
      a.receive().map(String),
      alt(a, b, sleep(50)),
      select({ a, late: sleep(50) }),
      guard(() => a.receive()),
      sleep(50),
    ];
    const waiting = operations.map((operation) => upon(operation, () => void called++));
    await time.settle();
    expect([queues(a).receivers, time.timers]).toEqual([5, 1]);
    for (const wait of waiting) wait[Symbol.dispose]();
    for (const wait of waiting) wait[Symbol.dispose](); // the second call does nothing
    await time.settle();
    expect([queues(a), queues(b), time.timers, called]).toEqual([noneParked, noneParked, 0, 0]);
  });

  test("that is disposed of after it called back does not affect the next use of its operation", () => {
    using _ = virtualTime();
    const numbers = channel<number>();
    const receive = numbers.receive();
    const got: unknown[] = [];
    const first = upon(receive, (n) => got.push(n));
    numbers.trySend(1);
    upon(receive, (n) => got.push(n));
    first[Symbol.dispose]();
    expect([numbers.trySend(2), got]).toEqual([true, [1, 2]]);
  });

  test("passes what the operation throws to the second callback", async () => {
    using time = virtualTime();
    const cause = new Error("cause");
    const errors: unknown[] = [];
    const closed = channel<number>();
    closed.close(cause);
    const failed = (error: unknown): void => void errors.push(error);
    upon(closed.receive(), () => {}, failed);
    const parked = channel<number>();
    upon(parked.receive(), () => {}, failed);
    parked.close(cause);
    upon(
      always(1).map(() => {
        throw cause;
      }),
      () => {},
      failed,
    );
    expect(errors).toEqual([cause, cause, cause]);
    await time.settle();
    expect(time.reported).toEqual([]);
  });

  test("without a second callback reports what the operation throws to the host", async () => {
    using time = virtualTime();
    const cause = new Error("cause");
    const numbers = channel<number>();
    upon(numbers.receive(), () => {});
    numbers.close(cause);
    await time.settle();
    expect(time.reported).toEqual([cause]);
  });

  test("throws for an operation that is parked elsewhere, and leaves it there (OP-1)", async () => {
    using time = virtualTime();
    const numbers = channel<number>();
    const receive = numbers.receive();
    const task = go(function* (): Routine<unknown> {
      return yield* receive;
    });
    await time.settle();
    expect(() => upon(receive, () => {})).toThrow(/parked/);
    numbers.trySend(1);
    expect(await task).toBe(1);
  });

  test("can wait several times for what can be shared: a task, a scope", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const task = go(function* (): Routine<string> {
      yield* sleep(5);
      return "task";
    });
    for (const n of [1, 2]) upon(task, (value) => log.push(`${value} ${n}`));
    const shared = scope(function* (): Routine<string> {
      yield* sleep(6);
      return "scope";
    });
    for (const n of [1, 2]) upon(shared, (value) => log.push(`${value} ${n}`));
    await time.advance(10);
    expect(log).toEqual(["task 1", "task 2", "scope 1", "scope 2"]);
  });

  test("with a second callback takes the failure of a task, which is then not reported", async () => {
    using time = virtualTime();
    const error = new Error("task");
    const caught: unknown[] = [];
    const task = go(function* (): Routine<void> {
      throw error;
    });
    upon(
      task,
      () => {},
      (reason) => caught.push(reason),
    );
    await time.settle();
    expect([caught, time.reported]).toEqual([[error], []]);
  });

  test("leaves nothing behind when it is disposed of, also for never()", () => {
    using _ = virtualTime();
    const wait = upon(never(), () => {});
    wait[Symbol.dispose]();
    const numbers = channel<number>();
    {
      using _wait = upon(numbers.receive(), () => {});
    }
    expect([queues(numbers), numbers.tryReceive()]).toEqual([noneParked, EMPTY]);
  });
});

// Operations that the model takes apart into cases. The model must find the same outcomes as runs under every schedule.

import {
  alt,
  CLOSED,
  channel,
  go,
  guard,
  never,
  pause,
  promiseChannel,
  type Routine,
  receiveAny,
  select,
  sleep,
  timeout,
  withNack,
} from "millrace";
import { daemon, type Failed, type Proved, replay, type ScheduleError, verify } from "millrace/testing";
import { describe, expect, test } from "vitest";
import { expectOutcomes } from "./every-run.js";

/** The outcomes of a program, which the model and the runs must agree on. */
async function outcomes<T>(main: () => Routine<T>): Promise<T[]> {
  const model = (await verify(main)) as Proved<T>;
  expect(model).toMatchObject({ status: "proved", engine: "model" });
  await expectOutcomes(main, model.outcomes, { engine: "runs" });
  return [...model.outcomes].sort();
}

/** The failure that the model finds; its token must replay it. */
async function failure<T>(main: () => Routine<T>): Promise<Failed> {
  const failed = (await verify(main, { engine: "model" })) as Failed;
  expect(failed.status).toBe("failed");
  const again = (await replay(failed.token, main).catch((error: unknown) => error)) as ScheduleError;
  expect([again.kind, again.schedule]).toEqual([failed.kind, failed.schedule]);
  return failed;
}

describe("receiveAny", () => {
  test("receives from any channel with a value, and yields CLOSED when all have closed", async () => {
    const main = function* (): Routine<string> {
      const [words, numbers] = [channel<string>(), channel<number>(1)];
      go(function* () {
        yield* words.send("a");
        words.close();
      });
      go(function* () {
        for (const n of [1, 2]) yield* numbers.send(n);
        numbers.close();
      });
      const inbox = receiveAny({ words, numbers });
      let seen = "";
      for (let message = yield* inbox; message !== CLOSED; message = yield* inbox) seen += message.value;
      return `${seen} ${(yield* inbox) === CLOSED}`;
    };
    expect(await outcomes(main)).toEqual(["12a true", "1a2 true", "a12 true"]);
  });

  test("of no channels yields CLOSED", async () => {
    expect(
      await outcomes(function* () {
        yield* pause();
        return (yield* receiveAny({})) === CLOSED;
      }),
    ).toEqual([true]);
  });

  test("throws the cause that a channel was closed with, once", async () => {
    const main = function* (): Routine<string> {
      const [left, right] = [channel<number>(), channel<number>()];
      go(function* () {
        left.close(new Error("left"));
      });
      go(function* () {
        yield* right.send(1);
        right.close();
      });
      const inbox = receiveAny({ left, right });
      const seen: string[] = [];
      for (let open = true; open; ) {
        try {
          const message = yield* inbox;
          open = message !== CLOSED;
          if (message !== CLOSED) seen.push(message.key);
        } catch (error) {
          seen.push((error as Error).message);
        }
      }
      return seen.sort().join();
    };
    expect(await outcomes(main)).toEqual(["left,right"]);
  });

  test.each([
    [2, "inbox"],
    [4, "late"],
  ])(
    "in a select skips a closed channel and waits for the open one: a value after %d ms, %s wins",
    async (ms, first) => {
      const main = function* (): Routine<string> {
        const [left, right] = [channel<number>(), channel<number>()];
        go(function* () {
          left.close();
          yield* sleep(ms);
          yield* select({ sent: right.send(1), late: timeout(1) });
        });
        const inbox = receiveAny({ left, right });
        return (yield* select({ inbox, late: sleep(3) })).key;
      };
      expect(await outcomes(main)).toEqual([first]);
    },
  );

  test("deadlocks if one channel stays open without a sender", async () => {
    const main = function* (): Routine<void> {
      const [left, right] = [channel<number>(), channel<number>()];
      go(function* () {
        left.close();
      });
      yield* receiveAny({ left, right });
    };
    const { kind, schedule } = await failure(main);
    expect([kind, schedule.waiting.map(({ waitsFor }) => waitsFor)]).toEqual(["deadlock", ["receive from channel#1"]]);
  });
});

describe("a promise channel", () => {
  test("yields its first value to every receive", async () => {
    const main = function* (): Routine<string> {
      const [answer, seen] = [promiseChannel<number>(), channel<unknown>(4)];
      for (const n of [1, 2]) {
        go(function* () {
          yield* seen.send(yield* answer.receive());
        });
        go(function* () {
          yield* answer.send(n);
        });
      }
      const [first, second] = [yield* seen.receive(), yield* seen.receive()];
      return `${first === second} ${(yield* answer.receive()) === first} ${answer.tryReceive() === first} ${answer.length}`;
    };
    expect(await outcomes(main)).toEqual(["true true true 1"]);
  });

  test("closed with a value still yields it; closed without a value or cancelled, it yields CLOSED", async () => {
    const main = function* (): Routine<string> {
      const [none, one, gone] = [promiseChannel<number>(), promiseChannel<number>(), promiseChannel<number>()];
      go(function* () {
        none.close();
        yield* one.send(7);
        one.close();
        yield* gone.send(8);
        gone.cancel();
      });
      const [end, value] = [yield* none.receive(), yield* one.receive()];
      yield* gone.whenClosed();
      return `${end === CLOSED} ${String(value)} ${yield* one.send(9)} ${(yield* gone.receive()) === CLOSED}`;
    };
    expect(await outcomes(main)).toEqual(["true 7 false true"]);
  });

  test("does not count as a channel with unread values", async () => {
    const main = function* (): Routine<void> {
      yield* promiseChannel<number>().send(1);
    };
    expect(await verify(main, { unread: true })).toMatchObject({ status: "proved", engine: "model" });
  });
});

describe("guard", () => {
  test("makes its operation each time it is performed, alone or in a choice", async () => {
    const main = function* (): Routine<string> {
      const [asks, answers] = [channel<number>(2), channel<number>()];
      const request = guard(() => {
        asks.trySend(7);
        return answers.receive();
      });
      const server = go(function* server() {
        for (let ask = yield* asks.receive(); ask !== CLOSED; ask = yield* asks.receive()) yield* answers.send(ask + 1);
      });
      daemon(server);
      const first = yield* request;
      const second = yield* alt(
        sleep(5).map(() => -1),
        request,
      );
      // Two performances have made two requests.
      return [first, second, asks.length].map(String).join(" ");
    };
    expect(await outcomes(main)).toEqual(["8 8 0"]);
  });

  test("that throws fails the task that performs it", async () => {
    const main = function* (): Routine<void> {
      yield* pause();
      yield* guard((): never => {
        throw new Error("Nothing to wait for");
      });
    };
    expect(String((await failure(main)).cause)).toBe("Error: Nothing to wait for");
  });
});

test("withNack() is verified by runs, and its nack completes when the operation loses", async () => {
  const main = function* (): Routine<boolean> {
    const lostOnce = channel<boolean>(1);
    const losing = withNack((lost) => {
      go(function* () {
        yield* lost;
        yield* lostOnce.send(true);
      });
      return channel<number>().receive();
    });
    yield* alt(losing, sleep(1));
    return (yield* lostOnce.receive()) === true;
  };
  const verdict = (await verify(main)) as Proved<boolean>;
  expect([verdict.status, verdict.engine, [...verdict.outcomes]]).toEqual(["proved", "runs", [true]]);
});

describe("a timeout", () => {
  test("that a task reads before a deadlock is a step of the schedule", async () => {
    const main = function* (): Routine<void> {
      const late = timeout(1);
      if (!late.closed) yield* never();
    };
    const failed = await failure(main);
    expect(failed.kind).toBe("deadlock");
    expect(failed.schedule.steps.map(({ what }) => what)).toEqual(["look at a timeout"]);
  });
});

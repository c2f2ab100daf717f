// Small programs on which random programs of the oracle have shown a wrong verdict.

import { channel, go, select, sleep } from "millrace";
import { forever, replay, ScheduleError, verify } from "millrace/testing";
import { expect, test } from "vitest";

test("a plain call whose peer may have arrived is no shared state", async () => {
  const verdict = await verify(function* () {
    const numbers = channel<number>();
    go(function* () {
      numbers.trySend(0);
    });
    go(function* () {
      yield* select({ got: numbers.receive(), late: sleep(1) });
    });
  });
  expect(verdict.status === "failed" ? verdict.report : verdict.status).toBe("proved");
});

test("the token of a program whose receivers change objects shows the same failure", async () => {
  const main = function* () {
    const boxes = channel<{ count: number }>();
    go(function* () {
      const box = yield* boxes.receive();
      if (typeof box === "object") box.count++;
    });
    yield* boxes.send({ count: 0 });
    yield* boxes.receive();
  };
  const verdict = await verify(main);
  expect(verdict).toMatchObject({ status: "failed", kind: "deadlock" });
  const token = verdict.status === "failed" ? verdict.token : "";
  const shown = await replay(token, main).catch((error: unknown) => error);
  expect(shown instanceof ScheduleError && shown.kind).toBe("deadlock");
});

test("a task that a plain call ends is not the one that the same step starts", async () => {
  const verdict = await verify(function* () {
    const numbers = channel<number>();
    go(forever, function* () {
      numbers.tryReceive();
      go(function* () {
        yield* numbers.send(0);
      });
      yield* sleep(1);
    });
  });
  expect(verdict.status === "failed" ? verdict.report : "").toBe("");
});

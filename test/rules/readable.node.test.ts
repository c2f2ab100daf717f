import { inspect } from "node:util";
import { channel, go, sleep } from "millrace";
import { expect, test } from "vitest";
import { virtualTime } from "../support/virtual.js";

test("util.inspect() shows a channel and a task inside of other objects as one line each", async () => {
  using time = virtualTime();
  const jobs = channel<number>(2, { name: "jobs" });
  const worker = go(function* worker() {
    yield* sleep(5);
  });
  await time.settle();
  expect(inspect({ jobs, worker, next: jobs.receive() }, { breakLength: Infinity })).toBe(
    `{ jobs: Channel jobs 0/2, worker: Task ${worker.name} parked: sleep of 5 ms, next: Operation: receive from jobs }`,
  );
  await time.advance(5);
});

// What consoles and JSON.stringify show of channels, tasks, operations and tools: one short line.

import {
  broadcast,
  channel,
  from,
  fromEvent,
  go,
  Mutex,
  never,
  Pool,
  promiseChannel,
  RateLimiter,
  RwLock,
  Semaphore,
  sleep,
  stream,
  ticker,
  timeout,
} from "millrace";
import { expect, test } from "vitest";
import { virtualTime } from "../support/virtual.js";

const jobs = (closed = false) => {
  const jobs = channel<number>(2, { name: "jobs" });
  jobs.trySend(1);
  if (closed) jobs.close();
  return jobs;
};

const table: [string, () => object, string][] = [
  ["a channel", () => jobs(), "Channel jobs 1/2"],
  ["a closed channel", () => jobs(true), "Channel jobs 1/2 closed"],
  ["a channel on demand", () => from([1]), "Channel on demand, 0 stored"],
  ["a receive", () => jobs().receive(), "Operation: receive from jobs"],
  ["a send", () => jobs().send(2), "Operation: send to jobs"],
  ["a mapped sleep", () => sleep(5).map(() => 1), "Operation: sleep of 5 ms"],
  ["never", () => never(), "Operation: never"],
  ["a ticker", () => ticker(5), "Ticker of 5 ms"],
  ["a timeout", () => timeout(5), "Timeout in 5 ms"],
  ["a channel of events", () => fromEvent(new EventTarget(), "x"), "Events, 0 stored"],
  ["a stream", () => stream(jobs()), "Stream of Channel jobs 1/2"],
  ["a mutex", () => new Mutex({ name: "printer" }), "mutex printer: free, 0 waiting"],
  ["a semaphore", () => new Semaphore(3), "semaphore: 3 of 3 permits available, 0 waiting"],
  ["a lock", () => new RwLock(), "lock: held by 0 readers, 0 waiting"],
  ["a pool", () => new Pool({ create: () => 1, max: 2, name: "db" }), "pool db: 0 of 2 resources, 0 idle, 0 waiting"],
  ["a rate limiter", () => new RateLimiter({ limit: 2, per: 10 }), "rate limiter: 2 of 2 tokens available, 0 waiting"],
];

test.each(table)("%s shows as one line in consoles, as a string and in JSON", (_, make, line) => {
  using _time = virtualTime();
  const shown = make() as unknown as Record<symbol, () => string>;
  expect(String(shown)).toBe(line);
  expect(JSON.stringify({ shown })).toBe(JSON.stringify({ shown: line }));
  for (const inspect of ["nodejs.util.inspect.custom", "Deno.customInspect"])
    expect(shown[Symbol.for(inspect)]!()).toBe(line);
  expect(Object.keys(shown)).not.toContain("toJSON");
});

test("a promise channel, a broadcast and a subscription show their state", async () => {
  using time = virtualTime();
  const answer = promiseChannel<number>();
  answer.trySend(42);
  expect(String(answer)).toMatch(/^Channel channel#\d+ 1\/1$/);
  const news = broadcast(from([1, 2]));
  const slow = news.subscribe({ policy: "slide" });
  expect(String(news)).toBe("broadcast to 1 subscribers");
  await time.settle();
  expect([String(news), String(slow)]).toEqual([
    "broadcast to 0 subscribers, ended",
    "Subscription (slide), 1 stored, 1 missed, closed",
  ]);
});

test("a task shows its name, its state, and what it waits for or why it failed", async () => {
  using time = virtualTime();
  const worker = go(function* worker() {
    yield* sleep(5);
    throw new Error("broken");
  });
  const { name } = worker;
  expect(name).toMatch(/^worker#\d+$/);
  expect(String(worker)).toBe(`Task ${name} ready`);
  await time.settle();
  expect(String(worker)).toBe(`Task ${name} parked: sleep of 5 ms`);
  await time.advance(5);
  expect([String(worker), JSON.stringify([worker])]).toEqual([
    `Task ${name} failed: Error: broken`,
    JSON.stringify([`Task ${name} failed: Error: broken`]),
  ]);
  const done = go(function* quick() {});
  await time.settle();
  expect(String(done)).toBe(`Task ${done.name} done`);
  await worker.catch(() => {});
});

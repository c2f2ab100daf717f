// What an operation waits for, in words, as it stands in a TimeoutError and in the report of a deadlock. It depends on no name of a
// class, as those are internal, and short in a minified build.

import {
  aborted,
  alt,
  always,
  Barrier,
  Condition,
  channel,
  collect,
  forEach,
  go,
  group,
  guard,
  Latch,
  Mutex,
  never,
  type Operation,
  once,
  Pool,
  pause,
  promiseChannel,
  RateLimiter,
  RwLock,
  receiveAny,
  reduce,
  retry,
  Semaphore,
  scope,
  select,
  settled,
  singleflight,
  sleep,
  TimeoutError,
  timeout,
  WaitGroup,
  watch,
  when,
  withNack,
  withTimeout,
  workers,
} from "millrace";
import { expect, test } from "vitest";
import { virtualTime } from "../support/virtual.js";

const jobs = channel<number>(0, { name: "jobs" });
const wait = (): Operation<never> => never();

/** Operations that do not complete, with what their description must contain. */
const operations: [what: string, make: () => Operation<unknown>, words: string][] = [
  ["receive()", () => jobs.receive(), "receive from jobs"],
  ["send()", () => jobs.send(1), "send to jobs"],
  ["whenClosed()", () => jobs.whenClosed(), "jobs"],
  ["receiveAny()", () => receiveAny({ jobs }), "receive from jobs"],
  ["promiseChannel().receive()", () => promiseChannel().receive(), "receive from channel#"],
  ["map()", () => jobs.receive().map(String), "receive from jobs"],
  ["select()", () => select({ jobs, never: never() }), "receive from jobs or never"],
  ["alt()", () => alt(jobs, never()), "receive from jobs or never"],
  ["when()", () => when(false, jobs.receive()), "a case that when() excludes"],
  ["never()", never, "never"],
  ["guard()", () => guard(() => wait()), "a guarded operation"],
  ["guard() of a named function", () => guard(wait), "wait"],
  ["withNack()", () => withNack(() => wait()), "a guarded operation"],
  ["settled()", () => settled(new Promise(() => {})), "a promise"],
  ["aborted()", () => aborted(new AbortController().signal), "an abort signal"],
  ["sleep()", () => sleep(1000), "sleep"],
  ["timeout()", () => timeout(1000).receive(), "timeout"],
  ["withTimeout()", () => withTimeout(1000, jobs.receive()), "receive from jobs"],
  [
    "scope()",
    () =>
      scope(function* () {
        yield* never();
      }),
    "the scope",
  ],
  [
    "scope() of a named body",
    () =>
      scope(function* load() {
        yield* never();
      }),
    "the scope load",
  ],
  ["collect()", () => collect(jobs), "collect"],
  ["reduce()", () => reduce(jobs, (sum, n) => sum + n, 0), "source"],
  ["forEach()", () => forEach(jobs, () => {}), "source"],
  ["workers()", () => workers(1, jobs, () => {}), "the end of a source"],
  ["retry()", () => retry(() => wait()), "the scope retry"],
  ["once()", () => once(() => wait()), "once"],
  ["singleflight()", () => singleflight(() => wait())(1), "a shared call"],
  [
    "group().wait()",
    () => {
      const tasks = group();
      tasks.tryGo(function* () {
        yield* never();
      });
      return tasks.wait();
    },
    "the tasks of a group",
  ],
  [
    "a task",
    () =>
      go(function* reader() {
        yield* never();
      }),
    "join reader",
  ],
  [
    "whenOver()",
    () =>
      go(function* reader() {
        yield* never();
      }).whenOver(),
    "reader",
  ],
  [
    "Mutex",
    () => {
      const lock = new Mutex({ name: "m" });
      lock.tryLock();
      return lock.lock();
    },
    "mutex m",
  ],
  [
    "RwLock",
    () => {
      const lock = new RwLock({ name: "l" });
      lock.tryWrite();
      return lock.write();
    },
    "lock l",
  ],
  [
    "Semaphore",
    () => {
      const s = new Semaphore(1, { name: "s" });
      s.tryAcquire();
      return s.acquire();
    },
    "semaphore s",
  ],
  ["Latch", () => new Latch(1).wait(), "latch"],
  [
    "WaitGroup",
    () => {
      const g = new WaitGroup();
      g.add(1);
      return g.wait();
    },
    "wait group",
  ],
  ["Barrier", () => new Barrier(2).wait(), "barrier"],
  ["Condition", () => new Condition().wait(), "condition"],
  [
    "RateLimiter",
    () => {
      const r = new RateLimiter({ limit: 1, per: 1e6 });
      r.tryAcquire();
      return r.acquire();
    },
    "rate limiter",
  ],
  ["Pool", () => new Pool({ create: () => wait(), max: 1, name: "db" }).acquire(), "pool db"],
  ["watch().changed()", () => watch(1).changed(), "change"],
];

test.each(operations)("the TimeoutError of %s says what took too long, in words", async (_, make, words) => {
  using time = virtualTime();
  const operation = make();
  const failed = withTimeout(5, operation).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  await time.settle();
  await time.advance(5);
  const error = await failed;
  expect(error).toBeInstanceOf(TimeoutError);
  const { message } = error as Error;
  expect(message).toMatch(/^Timed out: .+ took longer than 5 ms$/);
  expect(message).toContain(words);
});

test("an operation that is ready describes itself, too", () => {
  expect([always(1), pause()].map((operation) => operation.waitsFor().what)).toEqual([
    "a value that is ready",
    "its next turn",
  ]);
});

test("withTimeout() of a channel says what took too long", async () => {
  using time = virtualTime();
  const late = expect(withTimeout(5, jobs as never)).rejects.toThrow("receive from jobs took longer than 5 ms");
  await time.settle();
  await time.advance(5);
  await late;
});

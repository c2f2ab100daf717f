// Programs of many alike tasks that share a tool of the library: the model decides them with few states, and finds the fault of the twin
// of each, which differs by one mistake.

import {
  broadcast,
  channel,
  go,
  group,
  type Operation,
  pause,
  type Routine,
  Semaphore,
  type Subscription,
} from "millrace";
import { type Twins, testTwins } from "./twins.js";

/** States within which each program is decided. */
const FEW = 40_000;

/** Starts tasks in a group, at most three of them at a time. */
function* inGroup(
  count: number,
  body: (n: number) => Routine<unknown> | Operation<unknown>,
  waits: boolean,
): Routine<string> {
  const tasks = group({ limit: 3 });
  for (let n = 1; n <= count; n++) yield* tasks.go(body, n);
  if (waits) yield* tasks.wait();
  return "done";
}

function* failing(n: number): Routine<void> {
  yield* pause();
  if (n === 7) throw new Error("job 7 fails");
}

/** Starts tasks that take a lock; one that does not release it holds up the others. */
function* underLock(count: number, lock: Semaphore, releases: boolean): Routine<string> {
  const work = function* (nth: number): Routine<void> {
    const lease = yield* lock.acquire();
    yield* pause();
    if (releases || nth > 1) lease.release();
  };
  const tasks = Array.from({ length: count }, (_, nth) => go(work, nth));
  for (const task of tasks) yield* task;
  return "done";
}

/** Sends numbers to a broadcast, and returns what each subscriber has got; the first of them reads `fewer` values less. */
function* published(subscribers: number, values: number, fewer: number): Routine<string> {
  const source = channel<number>();
  const news = broadcast(source);
  const read = function* (own: Subscription<number>, count: number): Routine<string> {
    const got: unknown[] = [];
    while (got.length < count) got.push(yield* own.receive());
    return got.join("");
  };
  const counts = Array.from({ length: subscribers }, (_, nth) => (nth === 0 ? values - fewer : values));
  const tasks = counts.map((count) => go(read, news.subscribe(), count));
  for (let n = 1; n <= values; n++) yield* source.send(n);
  const got: string[] = [];
  for (const task of tasks) got.push(yield* task);
  source.close();
  yield* news.subscribe().receive();
  return got.join();
}

const programs: Readonly<Record<string, Twins>> = {
  "a broadcast of two values to six subscribers": {
    main: () => published(6, 2, 0),
    outcomes: ["12,12,12,12,12,12"],
    twin: () => published(6, 2, 1),
    fails: "deadlock",
  },
  "a broadcast of four values to three subscribers": {
    main: () => published(3, 4, 0),
    outcomes: ["1234,1234,1234"],
    twin: () => published(3, 4, 1),
    fails: "deadlock",
  },
  "twelve tasks that share a semaphore of two": {
    main: () => underLock(12, new Semaphore(2), true),
    outcomes: ["done"],
    twin: () => underLock(12, new Semaphore(2), false),
    fails: "deadlock",
  },
  "eight tasks that share a mutex": {
    main: () => underLock(8, new Semaphore(1), true),
    outcomes: ["done"],
    twin: () => underLock(8, new Semaphore(1), false),
    fails: "deadlock",
  },
  "ten tasks of a group with three places": {
    main: () => inGroup(10, pause, true),
    outcomes: ["done"],
    twin: () => inGroup(10, failing, false),
    fails: "throw",
  },
};

testTwins(programs, FEW);

// Two copies of the package in one realm, which share a scheduler, and two realms (as two frames of a page have them), each with
// a scheduler of its own. Whatever one of the two makes, the other one may use. Each copy is the script for pages.

import { readFileSync } from "node:fs";
import { createContext, runInContext } from "node:vm";
import type { ReceiveChannel, Routine } from "millrace";
import { map } from "millrace/transducers";
import { describe, expect, test } from "vitest";

type Millrace = typeof import("millrace");

const script = readFileSync(new URL("../../dist/millrace.global.js", import.meta.url), "utf8");

const copy = (): Millrace => new Function(`${script}\nreturn millrace;`)() as Millrace;

const realm = (): Millrace => {
  const context = createContext({
    ...{
      performance,
      setTimeout,
      clearTimeout,
      setImmediate,
      MessageChannel,
      AbortController,
      AbortSignal,
      DOMException,
    },
  });
  return runInContext(`${script}\nmillrace;`, context) as Millrace;
};

const pairs: readonly (readonly [name: string, pair: () => readonly [Millrace, Millrace]])[] = [
  ["two copies", () => [copy(), copy()]],
  ["two realms", () => [realm(), realm()]],
  ["a frame and its page", () => [copy(), realm()]],
  ["a page and its frame", () => [realm(), copy()]],
];

/** Uses in which `b` performs what `a` has made, or the other way round; each with what it must give. */
const uses: Readonly<
  Record<string, readonly [use: (a: Millrace, b: Millrace) => PromiseLike<unknown>, gives: unknown]>
> = {
  "a sync block sends to a channel on which a sync block of the other waits": [
    (a, b) => {
      const c = a.channel<number>();
      const task = a.go(function* () {
        return [yield* c.receive(), yield* c.receive()];
      });
      b.go(function* () {
        yield* c.send(1);
        yield* b.sleep(1);
        yield* c.send(2);
      });
      return task;
    },
    [1, 2],
  ],
  "a sync block receives from a channel of the other": [
    (a, b) => {
      const c = a.channel<number>();
      const task = b.go(function* () {
        let sum = 0;
        for (let n: unknown; (n = yield* c.receive()) !== b.CLOSED; ) sum += n as number;
        return sum;
      });
      a.go(function* () {
        for (let n = 1; n <= 200; n++) yield* c.send(n);
        c.close();
      });
      return task;
    },
    20_100,
  ],
  "an async block receives from a channel of the other": [
    (a, b) => {
      const c = a.channel<number>(2);
      const task = b.go(async function* () {
        let sum = 0;
        for (let n: unknown; (n = yield* c.receive()) !== b.CLOSED; ) sum += n as number;
        return sum;
      });
      a.go(async function* () {
        for (let n = 1; n <= 200; n++) yield* c.send(n);
        yield* a.sleep(2);
        c.close();
      });
      return task;
    },
    20_100,
  ],
  "a long run of operations that complete at once lets the other tasks run": [
    (a, b) => {
      const c = a.channel<number>(1);
      let others = 0;
      const task = b.go(function* () {
        for (let n = 0; n < 1000; n++) {
          yield* c.send(n);
          yield* c.receive();
        }
        return others > 0;
      });
      b.go(function* () {
        others++;
      });
      return task;
    },
    true,
  ],
  "plain code awaits operations of the other": [
    async (a, b) => {
      const c = a.channel<number>();
      const got = c.receive().then((value) => value);
      await b.sleep(1);
      await c.send(5);
      return [await got, await a.always(6), await b.alt(a.never(), a.always(7))];
    },
    [5, 6, 7],
  ],
  "a select of one waits for operations of the other": [
    (a, b) => {
      const c = a.channel<number>();
      const task = b.go(function* () {
        const first = yield* b.select({ c, late: a.sleep(1000) });
        const second = yield* b.alt(a.select({ c, late: a.timeout(1) }).map(({ key }) => key));
        return [first.key, first.value, second];
      });
      a.go(function* () {
        yield* a.sleep(1);
        yield* c.send(1);
      });
      return task;
    },
    ["c", 1, "late"],
  ],
  "guard and withNack make operations of the other": [
    (a, b) =>
      b.go(function* () {
        const first = yield* b.guard(() => a.always(1));
        const second = yield* b.alt(
          b.withNack(() => a.sleep(1).map(() => 2)),
          a.never(),
        );
        return [first, second];
      }),
    [1, 2],
  ],
  "a block joins a task of the other": [
    (a, b) => {
      const task = a.go(function* () {
        yield* a.sleep(1);
        return 1;
      });
      return b.go(function* () {
        return [yield* task, yield* task];
      });
    },
    [1, 1],
  ],
  "a block catches the failure of a task of the other": [
    (a, b) =>
      b.go(function* () {
        try {
          return yield* a.go(function* () {
            yield* a.sleep(1);
            throw new Error("of a");
          });
        } catch (error) {
          return (error as Error).message;
        }
      }),
    "of a",
  ],
  "a task that is parked at an operation of the other is cancelled": [
    async (a, b) => {
      const log: string[] = [];
      const c = a.channel<number>();
      const tasks = [
        b.go(function* () {
          try {
            yield* c.receive();
          } finally {
            log.push("sync");
          }
        }),
        b.go(async function* () {
          try {
            yield* c.receive();
          } finally {
            log.push("async");
          }
        }),
      ];
      await b.sleep(5);
      for (const task of tasks) task.cancel();
      for (const task of tasks) await task.whenOver();
      return [...log, c.trySend(1)];
    },
    ["sync", "async", false],
  ],
  "a scope of one holds tasks and channels of the other": [
    (a, b) =>
      a.go(function* () {
        const c = b.channel<number>();
        return yield* b.scope(function* (s) {
          s.go(function* () {
            yield* c.send(1);
          });
          const task = s.go(function* () {
            return yield* a.alt(
              c.receive(),
              b.sleep(1000).map(() => "late"),
            );
          });
          return yield* task;
        });
      }),
    1,
  ],
  "a deadline of one ends an operation of the other": [
    (a, b) => b.withTimeout(2, a.never()).then(String, (error) => (error as Error).name),
    "TimeoutError",
  ],
  "combinators of one read channels of the other": [
    async (a, b) => {
      const source = (): ReceiveChannel<number> => a.from([1, 2, 3]);
      return [
        await b.collect(b.pipeline(2, source(), (n: number) => n * 2)),
        await b.collect(b.merge([source(), source()])).then((all) => all.length),
        await b
          .stream(source())
          .map((n: number) => n + 1)
          .collect(),
        await b.collect(b.zip([source(), source()])).then((all) => all.length),
        await b.reduce(source(), (sum: number, n: number) => sum + n, 0),
      ];
    },
    [[2, 4, 6], 6, [2, 3, 4], 3, 6],
  ],
  "a mutex, a semaphore and a latch of one serve tasks of the other": [
    (a, b) => {
      const mutex = new a.Mutex();
      const semaphore = new a.Semaphore(1);
      const latch = new a.Latch();
      const log: string[] = [];
      const worker = function* (m: Millrace, name: string): Routine<void> {
        const lease = yield* mutex.lock();
        log.push(`+${name}`);
        yield* m.sleep(1);
        log.push(`-${name}`);
        lease.release();
        const permit = yield* semaphore.acquire();
        permit.release();
        if (log.length === 4) latch.countDown();
      };
      a.go(worker, a, "a");
      b.go(worker, b, "b");
      return b.go(function* () {
        yield* latch.wait();
        return [log.length, log[0]!.slice(1) === log[1]!.slice(1)];
      });
    },
    [4, true],
  ],
  "promises, signals and promise channels cross": [
    (a, b) => {
      const controller = new AbortController();
      const once = a.promiseChannel<number>();
      const task = b.go(function* () {
        return [
          yield* a.settled(Promise.resolve(1)),
          yield* once.receive(),
          yield* a.aborted(controller.signal),
          a.CLOSED === b.CLOSED && a.EMPTY === b.EMPTY,
        ];
      });
      a.go(function* () {
        yield* a.sleep(1);
        yield* once.send(2);
        yield* a.sleep(1);
        controller.abort("stop");
      });
      return task;
    },
    [1, 2, "stop", true],
  ],
};

describe.each(pairs)("%s", (_, pair) => {
  test.each(Object.entries(uses))("%s", async (_, [use, gives]) => {
    const [a, b] = pair();
    const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
    const late = new Promise((_, reject) => setTimeout(reject, 10_000, new Error("hangs")));
    expect(plain(await Promise.race([use(a, b), late]))).toEqual(gives);
    expect(plain(await Promise.race([use(b, a), late]))).toEqual(gives);
  });
});

test("a channel, a task and their operations cannot be cloned or posted, and say so", async () => {
  const m = await import("millrace");
  const task = m.go(function* () {
    return m.channel<number>();
  });
  const made = await task;
  const ticks = m.ticker(5);
  const parked = m.go(function* () {
    yield* m.never();
  });
  const things: readonly unknown[] = [
    ...[
      m.channel(),
      m.channel(3),
      m.channel(0, { name: "jobs" }),
      made,
      task,
      parked,
      m.channel(1, { transform: map((n: number) => n) }),
    ],
    ...[m.channel().send(1), made.receive(), { jobs: made }, [task]],
  ];
  for (const thing of things) expect(() => structuredClone(thing)).toThrow(/could not be cloned/);
  const { port1, port2 } = new MessageChannel();
  expect(() => port1.postMessage(made)).toThrow(
    "Symbol(Cannot clone: a channel or task of millrace stays in its thread, so post its values instead) could not be cloned",
  );
  port1.close();
  port2.close();
  parked.cancel();
  ticks.cancel();
});

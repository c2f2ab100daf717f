// Pipelines over threads.

import { MessageChannel } from "node:worker_threads";
import { afterEach, expect, test } from "vitest";
import { all, channel, collect, go, type Routine, sleep } from "../../../src/index.js";
import { connect, PeerLostError } from "../../../src/remote.js";
import { type ParallelOptions, parallel, workerPool } from "../../../src/worker.js";
import type { Done, Job } from "./stage.js";
import { running, starting } from "./start.js";

const url = starting("thread", "stage.ts");
const over = (source: Iterable<Job>, options: ParallelOptions<Job, Done> = {}, n = 2) =>
  parallel<Job, Done>(n, source, url, options);
const jobs = (count: number, deed?: Job["deed"]): Job[] =>
  Array.from({ length: count }, (_, n) => ({ n, ...(deed && { deed }) }));
const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

afterEach(async () => {
  // All threads end by themselves.
  while (running > 0) await sleep(10);
});

test("parallel() yields the results in the order of the source, from all its threads", async () => {
  const done = await collect(over(jobs(500, "compute").slice(0, 60)));
  expect(done.map(({ n }) => n)).toEqual(numbers(60));
  expect(new Set(done.map(({ thread }) => thread)).size).toBe(2);
});

test("parallel() keeps up with tiny values, each exactly once", async () => {
  const done = await collect(over(jobs(5000), { ordered: false }));
  expect(done.map(({ n }) => n).sort((a, b) => a - b)).toEqual(numbers(5000));
});

test("a stage may wait, and n * prefetch values are in flight at most", async () => {
  let taken = 0;
  const source = (function* (): Iterable<Job> {
    for (const job of jobs(1000, "wait")) {
      taken++;
      yield job;
    }
  })() as Iterable<Job>;
  const out = over(source, { prefetch: 3 });
  expect(await out.receive()).toMatchObject({ n: 0 });
  await sleep(300);
  // Those in flight, the one that was received, and the one that is being delivered.
  expect(taken).toBeLessThanOrEqual(2 * 3 + 2);
  out.cancel();
});

test("what a stage throws closes the output", async () => {
  const out = over([...jobs(3), { n: 3, deed: "throw" }, ...jobs(3)]);
  await expect(collect(out)).rejects.toThrow(new RangeError("refused 3"));
});

test("a result that cannot be cloned closes the output, and says why", async () => {
  await expect(collect(over([{ n: 1, deed: "uncloneable" }]))).rejects.toThrow(/could not be cloned/);
});

test("a thread that dies is replaced, and what it held is given to another", async () => {
  const tries = new SharedArrayBuffer(4);
  const all = jobs(40);
  const source = all.map((job) => (job.n === 17 ? { n: 17, deed: "die once" as const, tries } : job));
  expect((await collect(over(source))).map(({ n }) => n)).toEqual(numbers(40));
  expect(new Int32Array(tries)[0]).toBe(2);
});

test.each([1, 2])("with attempts %i, a value that kills so many threads closes the output", async (attempts) => {
  const tries = new SharedArrayBuffer(4);
  const out = over([...jobs(3), { n: 3, deed: "die", tries }], { attempts });
  const error = await collect(out).then(undefined, (thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(PeerLostError);
  expect(new Int32Array(tries)[0]).toBe(attempts);
});

test("leaving early gives up the source and ends the threads", async () => {
  const source = channel<Job>(0, { owned: true });
  const sender = go(function* (): Routine<number> {
    let n = 0;
    while (yield* source.send({ n, deed: "compute" })) n++;
    return n;
  });
  const seen = new Set<number>();
  for await (const { n, thread } of parallel<Job, Done>(2, source, url)) {
    seen.add(thread);
    if (n === 20) break;
  }
  expect(await sender).toBeLessThan(200);
  expect(source.closed).toBe(true);
});

test("a slow receiver slows down the source", async () => {
  let taken = 0;
  const source = (function* (): Iterable<Job> {
    for (const job of jobs(2000)) {
      taken++;
      yield job;
    }
  })() as Iterable<Job>;
  const out = over(source);
  for (let n = 0; n < 100; n++) {
    expect(await out.receive()).toMatchObject({ n });
    expect(taken).toBeLessThanOrEqual(n + 1 + 2 * 32 + 1);
  }
  out.cancel();
});

test("a workerPool() keeps its threads for several pipelines, one after the other and at the same time", async () => {
  await using pool = workerPool(2, url);
  const threads = new Set<number>();
  const through = async (count: number): Promise<number[]> => {
    const done = await collect(parallel<Job, Done>(pool, jobs(count, "compute")));
    for (const { thread } of done) threads.add(thread);
    return done.map(({ n }) => n);
  };
  expect(await through(10)).toEqual(numbers(10));
  expect(await Promise.all([through(10), through(15)])).toEqual([numbers(10), numbers(15)]);
  const early = parallel<Job, Done>(pool, jobs(50, "compute"));
  expect(await early.receive()).toMatchObject({ n: 0 });
  early.cancel();
  expect(await through(5)).toEqual(numbers(5));
  expect([threads.size, running, pool.size]).toEqual([2, 2, 2]);
});

test("a thread of a pool that dies is replaced; a pool that was stopped takes no more values", async () => {
  const pool = workerPool(1, url, { prefetch: 4 });
  const tries = new SharedArrayBuffer(4);
  const source: Job[] = [...jobs(3), { n: 3, deed: "die once", tries }];
  expect((await collect(parallel<Job, Done>(pool, source))).map(({ n }) => n)).toEqual(numbers(4));
  const out = parallel<Job, Done>(pool, jobs(1000, "compute"));
  expect(await out.receive()).toMatchObject({ n: 0 });
  await pool.stop();
  const stopped = "Cannot start parallel: its worker pool must run, got one that was stopped";
  await expect(collect(out)).rejects.toThrow(stopped);
  await expect(collect(parallel<Job, Done>(pool, jobs(1)))).rejects.toThrow(stopped);
  await pool.stop();
});

test("a result is here while its thread computes the next value, which came in the same message", async () => {
  const flag = new SharedArrayBuffer(8);
  await using pool = workerPool(1, url);
  // A value with shared memory has a message of its own.
  await collect(parallel<Job, Done>(pool, [{ n: 0, tries: flag }]));
  const source: Job[] = [
    { n: 0, deed: "compute" },
    { n: 1, deed: "block" },
  ];
  const out = parallel<Job, Done>(pool, source);
  expect(await out.receive()).toMatchObject({ n: 0 });
  Atomics.store(new Int32Array(flag), 1, 1);
  Atomics.notify(new Int32Array(flag), 1);
  expect(await out.receive()).toMatchObject({ n: 1 });
});

test("results that are not posted at once share a message with those of all questions that have come", async () => {
  const { port1, port2 } = new MessageChannel();
  await using asker = connect(port1);
  await using server = connect(port2);
  let answers = 0;
  port1.on("message", () => answers++);
  server.serve("square", (n: number) => n * n, { prompt: () => false });
  await asker.ask("square", 1);
  const before = answers;
  // A question that moves something has a message of its own.
  const transfer = (): Transferable[] => [new ArrayBuffer(1)];
  const asked = numbers(20).map((n) => asker.ask<number, number>("square", n, { transfer }));
  expect(await all(asked)).toEqual(numbers(20).map((n) => n * n));
  expect(answers - before).toBe(1);
});

test("what `transfer` lists is moved to the thread and back, and dies with it", async () => {
  await using pool = workerPool(1, url);
  const bytes = new Uint8Array([1, 2, 3]);
  const transfer = (job: Job): Transferable[] => [job.bytes!.buffer];
  const [done] = await collect(parallel<Job, Done>(pool, [{ n: 1, deed: "move", bytes }], { transfer }));
  expect([bytes.length, [...done!.bytes!]]).toEqual([0, [1, 2, 3]]);
  expect(await collect(parallel<Job, Done>(pool, jobs(1, "look")))).toMatchObject([{ n: 0 }]);
  const dying: Job = { n: 2, deed: "die", bytes: new Uint8Array(1) };
  await expect(collect(parallel<Job, Done>(pool, [dying], { transfer }))).rejects.toThrow(PeerLostError);
});

// n, options, message.
const wrong: [unknown, object, RegExp][] = [
  [0, {}, /^Cannot start parallel: n must be a whole number, 1 or more, got 0$/],
  [1, { prefetch: 0.5 }, /^Cannot start parallel: prefetch must be a whole number/],
  [1, { attempts: 0 }, /^Cannot start parallel: attempts must be a whole number/],
  [1, { transfer: 1 }, /^Cannot start parallel: transfer must be a function, got 1$/],
  [1, { transfer: () => [], attempts: 2 }, /^Cannot start parallel: attempts must be 1 with transfer, .*, got 2$/],
];

test.each(wrong)("parallel() refuses n %s with %s", (n, options, message) => {
  expect(() => over([], options, n as number)).toThrow(message);
});

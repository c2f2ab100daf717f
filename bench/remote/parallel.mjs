// A CPU-bound stage over threads: `npm run bench:parallel`. `parallel` is measured beside piscina and threads.js, with as many threads
// and, for each value, the same work. Their threads, and those of a `workerPool`, are started before; "new threads" is `parallel` without
// a pool, which starts them in each round. What the machine itself gives is measured, too: "halves" are two bare threads, or processes,
// each of which gets half of the values in one message, and "bare" are two bare threads that always hold two values, each in a message
// of its own.
//
// Each round is a pair: one thread that computes without any messages, and then the contender. The median of the ratios counts. Beside it
// stands the processor time of the whole process as a multiple of that of one thread: what it is above 1 is what the messages cost,
// also on a machine that is busy with other things.

import { fork } from "node:child_process";
import { EventEmitter } from "node:events";
import { readdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker as Thread } from "node:worker_threads";
import { parallel, workerPool } from "millrace/worker";
import { Piscina } from "piscina";
import { Pool, spawn, Worker } from "threads";
import { digest, spin } from "./parallel-work.mjs";

// threads.js adds a listener for each call that is under way, and Node would warn at each.
EventEmitter.defaultMaxListeners = Infinity;

const THREADS = 2;
const ROUNDS = Number(process.env.ROUNDS ?? 5);
const file = (name) => fileURLToPath(new URL(name, import.meta.url));

const libraries = new URL("../../node_modules/typescript/lib/", import.meta.url);
const some = readdirSync(libraries)
  .map((name) => fileURLToPath(new URL(name, libraries)))
  .filter((path) => statSync(path).isFile() && statSync(path).size < 1_000_000);
/** Often enough that a round takes longer than the start of a thread. */
const files = Array.from({ length: 8 }, () => some).flat();

/** How many rounds of `spin` take a microsecond of the processor. */
function calibrated() {
  spin(1e7);
  const { user } = process.cpuUsage();
  spin(1e8);
  return 1e8 / (process.cpuUsage().user - user);
}

const microsecond = calibrated();

/** What is measured: a name, the values, and the work that one value is. */
const loads = [
  { name: "compress and hash a file", values: files, work: digest, task: "digest" },
  { name: "1 ms", values: Array.from({ length: 1000 }, () => 1000 * microsecond), work: spin, task: "spin" },
  { name: "10 µs", values: Array.from({ length: 50_000 }, () => 10 * microsecond), work: spin, task: "spin" },
];

/** Passes values to a function that returns a promise, so many at a time, as `parallel` does. */
async function inFlight(values, most, call) {
  let next = 0;
  const lane = async () => {
    while (next < values.length) await call(values[next++]);
  };
  await Promise.all(Array.from({ length: most }, lane));
}

/** Calls `then` with each message of a bare worker. */
function answering(bare, then) {
  for (const { on } of bare)
    on.removeAllListeners("message").on("message", () => then(bare.find((one) => one.on === on)));
}

/** Each bare worker gets its share of the values at once. */
const halves = (bare, task) => (values) =>
  new Promise((resolve) => {
    let left = bare.length;
    answering(bare, () => --left === 0 && resolve());
    const share = Math.ceil(values.length / bare.length);
    bare.forEach(({ post }, n) => {
      post({ task, values: values.slice(n * share, (n + 1) * share) });
    });
  });

/** Each bare worker holds two values. */
const handed = (bare, task) => (values) =>
  new Promise((resolve) => {
    let next = 0;
    let left = values.length;
    const give = ({ post }) => next < values.length && post({ task, value: values[next++] });
    answering(bare, (one) => {
      if (--left === 0) resolve();
      else give(one);
    });
    for (const one of [...bare, ...bare]) give(one);
  });

function floors({ task }) {
  const path = file("parallel-bare.mjs");
  const all = Array.from({ length: THREADS });
  const threads = all.map(() => new Thread(path)).map((on) => ({ on, post: (message) => on.postMessage(message) }));
  const processes = all.map(() => fork(path)).map((on) => ({ on, post: (message) => on.send(message) }));
  const endThreads = () => Promise.all(threads.map(({ on }) => on.terminate()));
  const endProcesses = () => processes.map(({ on }) => on.disconnect());
  return {
    halves: { run: halves(threads, task), end() {} },
    "halves, processes": { run: halves(processes, task), end: endProcesses },
    bare: { run: handed(threads, task), end: endThreads },
  };
}

async function peers({ task }) {
  const url = new URL(`parallel-${task}.mjs`, import.meta.url);
  const drain = async (out) => {
    for await (const _ of out);
  };
  const crew = workerPool(THREADS, url);
  const options = { minThreads: THREADS, maxThreads: THREADS, concurrentTasksPerWorker: 16 };
  const piscina = new Piscina({ filename: file("parallel-work.mjs"), name: task, ...options });
  const pool = Pool(() => spawn(new Worker("./parallel-threads.mjs")), { size: THREADS, concurrency: 16 });
  const queued = (value) => pool.queue((worker) => worker[task](value));
  return {
    millrace: { run: (values) => drain(parallel(crew, values, { ordered: false })), end: () => crew.stop() },
    "new threads": { run: (values) => drain(parallel(THREADS, values, url, { ordered: false })), end() {} },
    piscina: {
      run: (values) => inFlight(values, THREADS * 32, (value) => piscina.run(value)),
      end: () => piscina.destroy(),
    },
    "threads.js": { run: (values) => inFlight(values, THREADS * 32, queued), end: () => pool.terminate() },
  };
}

/** What a run takes: milliseconds, and microseconds of the processor. */
async function measured(run) {
  const begun = performance.now();
  const used = process.cpuUsage();
  await run();
  const ms = performance.now() - begun;
  const { user, system } = process.cpuUsage(used);
  return { ms, cpu: user + system };
}

const median = (numbers) => numbers.sort((a, b) => a - b)[numbers.length >> 1];

for (const load of loads) {
  const { name, values, work } = load;
  const contenders = { ...floors(load), ...(await peers(load)) };
  const one = () => {
    for (const value of values) work(value);
  };
  const pairs = {};
  for (const { run } of Object.values(contenders)) await run(values);
  for (let round = 0; round < ROUNDS; round++)
    for (const [peer, { run }] of Object.entries(contenders))
      (pairs[peer] ??= []).push([await measured(one), await measured(() => run(values))]);
  for (const { end } of Object.values(contenders)) await end();
  for (const [peer, rounds] of Object.entries(pairs)) {
    const rate = (values.length / median(rounds.map(([, { ms }]) => ms))) * 1000;
    const ratio = median(rounds.map(([alone, { ms }]) => alone.ms / ms)).toFixed(2);
    const used = median(rounds.map(([alone, { cpu }]) => cpu / alone.cpu)).toFixed(2);
    // That of other processes is not seen here.
    const cost = peer.includes("processes") ? "" : `, ${used} × its processor time`;
    console.log(
      `${name.padEnd(26)} ${peer.padEnd(18)} ${rate.toFixed(0).padStart(8)} /s  ${ratio} × one thread${cost}`,
    );
  }
}
process.exit();

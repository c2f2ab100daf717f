// A CPU-bound stage over threads: `npm run bench:parallel`. Each row is the best of several rounds in one process, contenders in turn,
// and ratios are taken within one run. `parallel` is measured beside one thread that computes without any messages, and beside piscina
// and threads.js with as many threads and, for each value, the same work. Their threads, and those of a `workerPool`, are started before;
// "new threads" is `parallel` without a pool, which starts them in each round. Beside the time stands the processor time of the whole process as a multiple of that of one thread: what
// it is above 1 is what the messages cost, also on a machine that is busy with other things. Peers that are installed
// (`npm install --no-save piscina threads`) are measured.

import { readdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parallel, workerPool } from "millrace/worker";
import { digest, spin } from "./parallel-work.mjs";

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

async function peers({ task }) {
  const url = new URL(`parallel-${task}.mjs`, import.meta.url);
  const drain = async (out) => {
    for await (const _ of out);
  };
  const crew = workerPool(THREADS, url);
  const made = {
    millrace: {
      run: (values) => drain(parallel(crew, values, { ordered: false })),
      end: () => crew.stop(),
    },
    "new threads": {
      run: (values) => drain(parallel(THREADS, values, url, { ordered: false })),
      end() {},
    },
  };
  try {
    const { Piscina } = await import("piscina");
    const options = { minThreads: THREADS, maxThreads: THREADS, concurrentTasksPerWorker: 16 };
    const pool = new Piscina({ filename: file("parallel-work.mjs"), name: task, ...options });
    made.piscina = {
      run: (values) => inFlight(values, THREADS * 32, (value) => pool.run(value)),
      end: () => pool.destroy(),
    };
  } catch (error) {
    console.log(`piscina: ${error.message}`);
  }
  try {
    const { Pool, spawn, Worker } = await import("threads");
    const pool = Pool(() => spawn(new Worker("./parallel-threads.mjs")), { size: THREADS, concurrency: 16 });
    const call = (value) => pool.queue((worker) => worker[task](value));
    made["threads.js"] = { run: (values) => inFlight(values, THREADS * 32, call), end: () => pool.terminate() };
  } catch (error) {
    console.log(`threads.js: ${error.message}`);
  }
  return made;
}

for (const load of loads) {
  const { name, values, work } = load;
  const contenders = {
    "one thread": {
      run(values) {
        for (const value of values) work(value);
      },
      end() {},
    },
    ...(await peers(load)),
  };
  const best = {};
  const cost = {};
  for (let round = 0; round < ROUNDS; round++) {
    for (const [peer, { run }] of Object.entries(contenders)) {
      const begun = performance.now();
      const used = process.cpuUsage();
      await run(values);
      best[peer] = Math.min(best[peer] ?? Infinity, performance.now() - begun);
      const { user, system } = process.cpuUsage(used);
      cost[peer] = Math.min(cost[peer] ?? Infinity, user + system);
    }
  }
  for (const { end } of Object.values(contenders)) await end();
  for (const [peer, ms] of Object.entries(best)) {
    const rate = `${((values.length / ms) * 1000).toFixed(0)} /s`;
    const ratio = `${(best["one thread"] / ms).toFixed(2)} × one thread`;
    const used = `${(cost[peer] / cost["one thread"]).toFixed(2)} × its processor time`;
    console.log(`${name.padEnd(26)} ${peer.padEnd(12)} ${rate.padStart(10)}  ${ratio}, ${used}`);
  }
}

// A measurement: one workload is repeated in one process, and the best repetition counts.
//
// A workload returns its sum, or { sum, ns } or { sum, bytes } if only a part of its run is measured: it gets a meter for
// that part. The memory that a workload leaves in the heap is measured afterwards, in further repetitions.

import { heap, now, scales, stopwatch } from "./meter.mjs";

const WARM_UP = 50_000;
const KEPT_TIMES = 2;

export async function measure(work, n, { sum, rows }, { warmUpMs, budgetMs }) {
  await fastest(work, Math.min(n, WARM_UP), sum, { atLeast: 1, budgetMs: warmUpMs });
  const { ns, cpu } = await fastest(work, n, sum, { atLeast: 2, budgetMs });
  const weighed = rows.some((row) => row.measure === "bytes");
  return { ns: ns / n, cpu: cpu / n, bytes: weighed ? (await weight(work, n, sum)) / n : 0 };
}

async function fastest(work, n, sumOf, { atLeast, budgetMs }) {
  const start = now();
  let [ns, cpu] = [Infinity, Infinity];
  for (let times = 0; times < atLeast || now() - start < budgetMs; times++) {
    const stop = stopwatch();
    const outcome = checked(await work(n, stopwatch), sumOf(n));
    const whole = stop();
    ns = Math.min(ns, outcome.ns ?? whole.ns);
    cpu = Math.min(cpu, outcome.cpu ?? whole.cpu);
  }
  return { ns, cpu };
}

async function weight(work, n, sumOf) {
  const before = heap();
  let outcome;
  for (let times = 0; times < KEPT_TIMES; times++) {
    outcome = checked(await work(n, scales), sumOf(n));
    if (outcome.bytes !== undefined) return outcome.bytes;
  }
  return (heap() - before) / KEPT_TIMES;
}

function checked(result, sum) {
  const outcome = typeof result === "number" ? { sum: result } : result;
  if (outcome.sum !== sum) throw new Error(`wrong sum: ${outcome.sum} instead of ${sum}`);
  return outcome;
}

// A mixed program: one contender performs several workloads in turns, in one process, as the programs of users do. Prints the
// best time of each as one line of JSON. V8 keeps type feedback per function, so code that is fast alone may be slow here.
//
//   node --expose-gc bench/mixed.mjs <contender> <share of n> <workload> ...

import { amount, contenders } from "./contenders.mjs";
import { stopwatch } from "./meter.mjs";
import { workloads } from "./workloads.mjs";

const ROUNDS = 12;
const WARM_UP = 3;

const [contender, share, ...names] = process.argv.slice(2);
const { performs } = await import(contender.startsWith("file:") ? contender : `./contenders/${contender}.mjs`);
const known = contenders.find(({ name }) => name === contender) ?? { scale: 1, most: {} };
const chosen = names.map((name) => workloads.find((workload) => workload.name === name));

const best = {};
for (let round = 0; round < ROUNDS; round++) {
  for (const workload of chosen) {
    const n = amount(known, workload, Number(share));
    const stop = stopwatch();
    const result = await performs[workload.name](n, stopwatch);
    const whole = stop();
    if ((result.sum ?? result) !== workload.sum(n)) throw new Error(`wrong sum: ${workload.name}`);
    if (round < WARM_UP) continue;
    const { ns, cpu } = result.ns === undefined ? whole : result;
    const before = best[workload.name] ?? { ns: Infinity, cpu: Infinity };
    best[workload.name] = { ns: Math.min(before.ns, ns / n), cpu: Math.min(before.cpu, cpu / n) };
  }
}
console.log(JSON.stringify(best));
process.exit();

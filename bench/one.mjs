// One contender, one workload, one process: prints the measurement as a line of JSON.
//
//   node --expose-gc bench/one.mjs <contender> <workload> <n> [<warm-up ms> <budget ms>]

import { measure } from "./measure.mjs";
import { workloads } from "./workloads.mjs";

const [contender, name, n, warmUpMs = 200, budgetMs = 500] = process.argv.slice(2);
const { performs } = await import(`./contenders/${contender}.mjs`);
const workload = workloads.find((known) => known.name === name);

let result = { error: "never finishes: its tasks are parked for good" };

// Printed on the way out, since a process whose tasks are all parked has nothing left to wait for and just ends.
process.on("exit", () => console.log(JSON.stringify(result)));

async function main() {
  try {
    result = await measure(performs[name], Number(n), workload, {
      warmUpMs: Number(warmUpMs),
      budgetMs: Number(budgetMs),
    });
  } catch (error) {
    result = { error: String(error?.message ?? error) };
  }
  process.exit(); // at once: some contenders leave timers of a minute behind
}

main();

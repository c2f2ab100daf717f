// One contender, one workload, one process: prints the measurement as one line of JSON.
//
//   node --expose-gc bench/one.mjs <contender> <workload> <n> [<warm-up ms> <budget ms>]
//
// A contender is a name, or the URL of a module like those in contenders/.

import { measure } from "./measure.mjs";
import { workloads } from "./workloads.mjs";

const [contender, name, n, warmUpMs = 200, budgetMs = 500] = process.argv.slice(2);
const { performs } = await import(contender.startsWith("file:") ? contender : `./contenders/${contender}.mjs`);
const workload = workloads.find((known) => known.name === name);

let result = { error: "never finishes: its tasks are parked for good" };

// Printed when the process exits: Node also exits when all tasks are parked and no event is pending.
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
  process.exit(); // at once, because some contenders leave timers of a minute
}

main();

// `npm run fuzz -- 1000000 [first seed] [kinds of programs]`: as many random programs as are asked for. Each seed makes several
// programs, one of them for the oracle. `npm run fuzz -- 1000 1 oracle` holds programs of all kinds against the oracle only, and
// `npm run fuzz -- 1000 1 oracle,busy,loops` programs of these kinds. All wrong verdicts of the oracle are shown, each with its
// seed and a program that is as small as possible.

import { compareCancelling } from "./cancelling.js";
import { compare, compareEndless } from "./compare.js";
import { compareGrowing } from "./growing.js";
import { checkSeed, emptyTally, shown } from "./oracle/campaign.js";
import { specOf } from "./programs.js";
import { compareSymmetric } from "./symmetric.js";
import { compareWide } from "./wide.js";

const [count = "10000", first = "1", which = ""] = process.argv.slice(2);
const [isOracleOnly, ...kinds] = which === "" ? [false] : which.split(",");
const only = kinds.length > 0 ? { only: kinds as string[] } : {};
const tally = emptyTally();
let wrong = 0;

async function holdAgainstOracle(seed: number): Promise<void> {
  try {
    await checkSeed(seed, tally, { mostStates: 4000, ...only });
  } catch (error) {
    wrong++;
    console.log((error as Error).message, "\n");
  }
}

const start = Date.now();
let [compared, left, all, sleepSets, sourceSets] = [0, 0, 0, 0, 0];
for (let nth = 0; nth < Number(count); nth++) {
  const seed = Number(first) + nth;
  await holdAgainstOracle(seed);
  if (isOracleOnly) {
    if ((nth + 1) % 1000 === 0)
      console.log(`${shown(tally)}; ${wrong} wrong; ${Math.round((Date.now() - start) / 1000)} s`);
    continue;
  }
  compareEndless(seed);
  compareSymmetric(seed);
  await compareWide(seed);
  await compareGrowing(seed);
  await compareCancelling(seed, 100_000);
  const found = await compare(specOf(seed, { plain: seed % 2 === 0 }), seed);
  if (found === null) {
    left++;
    continue;
  }
  compared++;
  all += found.all;
  sleepSets += found.sleepSets;
  sourceSets += found.sourceSets;
  if (compared % 10_000 === 0) console.log(`${compared} programs, ${Math.round((Date.now() - start) / 1000)} s`);
}
console.log(`${shown(tally)}; ${wrong} wrong; ${Math.round((Date.now() - start) / 1000)} s`);
if (wrong > 0) process.exitCode = 1;
console.log(
  `${compared} programs agree, ${left} had too many schedules; schedules: all ${all}, ` +
    `sleep sets ${sleepSets}, source sets ${sourceSets}; ${Math.round((Date.now() - start) / 1000)} s`,
);

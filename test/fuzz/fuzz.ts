// `npm run fuzz -- 1000000 [first seed]`: as many random programs as are asked for.

import { compareCancelling } from "./cancelling.js";
import { compare, compareEndless } from "./compare.js";
import { compareGrowing } from "./growing.js";
import { specOf } from "./programs.js";
import { compareSymmetric } from "./symmetric.js";
import { compareWide } from "./wide.js";

const [count = "10000", first = "1"] = process.argv.slice(2);
const start = Date.now();
let [compared, left, all, sleepSets, sourceSets] = [0, 0, 0, 0, 0];
for (let nth = 0; nth < Number(count); nth++) {
  const seed = Number(first) + nth;
  compareEndless(seed);
  compareSymmetric(seed);
  await compareWide(seed);
  await compareGrowing(seed);
  await compareCancelling(seed, 1000);
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
console.log(
  `${compared} programs agree, ${left} had too many schedules; schedules: all ${all}, ` +
    `sleep sets ${sleepSets}, source sets ${sourceSets}; ${Math.round((Date.now() - start) / 1000)} s`,
);

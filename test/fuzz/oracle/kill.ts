// Run by ../mutants.ts in a copy of the sources: fails at the first random program with a wrong verdict.

import { compareCancelling } from "../cancelling.js";
import { compareEndless, compareEnough } from "../compare.js";
import { compareGrowing } from "../growing.js";
import { lockProgramOf, lockSpecOf } from "../locks.js";
import { compareSymmetric } from "../symmetric.js";
import { toolProgramOf, toolSpecOf } from "../tools.js";
import { checkSeed, emptyTally } from "./campaign.js";

const [count, ...kinds] = process.argv.slice(2);
const only = kinds.length > 0 ? { only: kinds } : {};
const programs = Number(count);
for (let seed = 1; seed <= programs; seed++) {
  await checkSeed(seed, emptyTally(), { mostStates: 1500, shrinks: false, ...only });
  if (seed % 4 === 0) {
    compareSymmetric(seed / 4);
    compareEndless(seed / 4);
  }
  if (seed % 2 === 0) {
    compareEnough(seed, lockProgramOf(lockSpecOf(seed)));
    compareEnough(seed, toolProgramOf(toolSpecOf(seed / 2, ["group", "scopes", "barrier", "limiter"][(seed / 2) % 4])));
  }
  if (seed % 16 === 0) {
    await compareGrowing(seed / 16);
    await compareCancelling(seed / 16, 40);
  }
}

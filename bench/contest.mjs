// A contest: all contenders perform one workload in turns, for several rounds. If the machine slows down, it slows all of them.

import { amount } from "./contenders.mjs";
import { launch } from "./launch.mjs";

/** Returns a Map from the contender's name to { ns, bytes, n, spread, fewer } or { reason }. */
export async function contest(workload, contenders, effort, { goProgram, absent, progress, engine }) {
  const entries = contenders.map((contender) => enter(contender, workload, effort, absent.get(contender.name)));
  for (let round = 1; round <= effort.rounds; round++) {
    for (const entry of entries.filter((entry) => entry.reason === undefined)) {
      progress(`${workload.name}, round ${round} of ${effort.rounds}: ${entry.contender.title}`);
      await turn(entry, workload, effort, goProgram, engine);
    }
  }
  return new Map(entries.map((entry) => [entry.contender.name, conclude(entry, workload)]));
}

function enter(contender, workload, effort, absence) {
  const share = workload.fixed ? effort.fixedShare : effort.share;
  return {
    contender,
    n: amount(contender, workload, share),
    reason: absence ?? contender.cannot[workload.name],
    results: [],
  };
}

// A contender that fails once is not started again, because a process that hangs takes a minute.
async function turn(entry, workload, effort, goProgram, engine) {
  const result = await launch(entry.contender, workload, entry.n, effort, goProgram, engine);
  if (result.error === undefined) entry.results.push(result);
  else entry.reason = result.error;
}

function conclude({ contender, n, reason, results }, workload) {
  if (reason !== undefined) return { reason };
  const times = results.map((result) => result.ns).sort(ascending);
  const bytes = results.map((result) => result.bytes).sort(ascending);
  return {
    ns: times[0],
    bytes: bytes[bytes.length >> 1],
    n,
    spread: times[times.length - 1] / times[0] - 1,
    fewer: contender.most[workload.name] !== undefined,
  };
}

const ascending = (a, b) => a - b;

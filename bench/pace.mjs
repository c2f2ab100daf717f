// How late a timer is beside tasks that never wait: `node bench/pace.mjs`, or with the URL of another build of millrace.
//
// Each row is a process. Tasks compute between operations that need not park, while a timer of 10 ms is set again and again from
// the first slice on. The last row has tasks of all times beside each other.

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const TIMER = 10;
const LASTS = 1200;
const WORK = [0.02, 0.1, 0.4, 1, 4];
const [library = "millrace", form, ...given] = process.argv.slice(2);

function compute(ms) {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

async function measure(work) {
  const { channel, go, sliding } = await import(library);
  const over = performance.now() + LASTS;
  const bodies = {
    *"function*"(ms) {
      const to = channel(sliding(1));
      for (; performance.now() < over; compute(ms)) yield* to.send(1);
    },
    async *"async function*"(ms) {
      const to = channel(sliding(1));
      for (; performance.now() < over; compute(ms)) yield* to.send(1);
    },
    async await(ms) {
      const to = channel(sliding(1));
      for (; performance.now() < over; compute(ms)) await to.send(1);
    },
    async "for await"(ms) {
      const from = channel(1);
      from.trySend(1);
      for await (const value of from) {
        if (performance.now() > over) break;
        compute(ms);
        from.trySend(value);
      }
    },
  };
  const late = [];
  const ring = (due) => {
    late.push(performance.now() - due);
    if (performance.now() < over) setTimeout(ring, TIMER, performance.now() + TIMER);
  };
  setTimeout(ring, TIMER, performance.now() + TIMER);
  await Promise.all(work.map((ms) => (form.endsWith("*") ? go(bodies[form], ms) : bodies[form](ms))));
  late.sort((a, b) => a - b);
  const at = (share) => (late[Math.round((late.length - 1) * share)] ?? LASTS).toFixed(1);
  console.log([form.padEnd(16), work.join(", ").padEnd(22), at(0.5), at(0.99), at(1)].join("  "));
}

if (form !== undefined) {
  await measure(given.map(Number));
} else {
  console.log("form              ms of work              median late, p99, most");
  for (const name of ["function*", "async function*", "await", "for await"]) {
    for (const work of [...WORK.map((ms) => [ms, ms]), WORK]) {
      const args = [fileURLToPath(import.meta.url), library, name, ...work.map(String)];
      process.stdout.write(execFileSync(process.execPath, args, { encoding: "utf8" }));
    }
  }
}

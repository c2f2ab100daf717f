// The start: how long `import` takes in a process that has loaded nothing, for millrace and for its peers.
//
//   node bench/start.mjs [rounds]
//
// Each import runs in a process of its own, and the packages take turns. The times are those of the processor, which hardly depend
// on what else the machine does. The ratio is that to @thi.ng/csp, the goal at most 1.2.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const PEER = "@thi.ng/csp";
const packages = [
  "millrace",
  "millrace/testing",
  "millrace/supervise",
  PEER,
  "async-channel",
  "medium",
  "js-csp",
  "rxjs",
];
const rounds = Number(process.argv[2] ?? 15);

/** Milliseconds of the processor that an import takes. */
function timeOf(name) {
  const program = `
    const before = process.cpuUsage();
    await import(${JSON.stringify(name)});
    const { user, system } = process.cpuUsage(before);
    console.log((user + system) / 1000);`;
  const cwd = fileURLToPath(new URL("..", import.meta.url));
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    cwd,
    encoding: "utf8",
  });
  const ms = Number(stdout);
  if (!(ms > 0)) throw new Error(`Cannot import ${name}: ${stderr}`);
  return ms;
}

const times = new Map(packages.map((name) => [name, []]));
for (let round = 0; round < rounds; round++) for (const [name, found] of times) found.push(timeOf(name));
for (const found of times.values()) found.sort((a, b) => a - b);

const least = (name) => times.get(name)[0];
const median = (name) => times.get(name)[rounds >> 1];
console.log("| import | least, ms | median, ms | ratio of the least times |\n|---|---:|---:|---:|");
for (const name of packages) {
  const ratio = least(name) / least(PEER);
  console.log(`| ${name} | ${least(name).toFixed(1)} | ${median(name).toFixed(1)} | ${ratio.toFixed(2)} |`);
}

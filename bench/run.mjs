// Runs the benchmark.
//
//   node bench/run.mjs                   all workloads; writes README.md beside this file, and the table of the package's README.md
//   node bench/run.mjs spsc/0 sieve      some workloads
//   node bench/run.mjs --quick           all workloads with fewer and shorter measurements
//   node bench/run.mjs --engines node@24,node@26,bun    and the forms on other engines, which npx starts

import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { bundleSize } from "./bundle.mjs";
import { contenders } from "./contenders.mjs";
import { contest } from "./contest.mjs";
import { absence, build, buildGo, engine, launchMixed } from "./launch.mjs";
import { report } from "./report.mjs";
import { readmeTable } from "./table.mjs";
import { workloads } from "./workloads.mjs";

const THOROUGH = { rounds: 3, warmUpMs: 120, budgetMs: 300, share: 1, fixedShare: 1 };
const QUICK = { rounds: 1, warmUpMs: 150, budgetMs: 150, share: 0.25, fixedShare: 0.1 };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: "boolean" }, engines: { type: "string", default: "" } },
});
const effort = values.quick ? QUICK : THOROUGH;
const chosen = positionals.length === 0 ? workloads : positionals.map(named);

function named(name) {
  const workload = workloads.find((workload) => workload.name === name);
  if (workload !== undefined) return workload;
  console.error(`No such workload: ${name}. There are ${workloads.map(({ name }) => name).join(", ")}.`);
  process.exit(1);
}

function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

const goProgram = await buildGo();
const absent = new Map(contenders.map((contender) => [contender.name, absence(contender, goProgram)]));
const measured = build();
const contests = [];
for (const workload of chosen) {
  contests.push({ workload, results: await contest(workload, contenders, effort, { goProgram, absent, progress }) });
}

/** What programs consist of. The others take long, or are made of combinators. */
const MIXED = /^(spsc|mpmc|ping-pong|select-receive|spawn|ring|pipeline|workers|sleep-cancel|idle-selects)/;
const mixed = new Map();
for (const contender of contenders.filter(({ name, kind }) => kind !== "go" && absent.get(name) === undefined)) {
  const names = chosen.map(({ name }) => name).filter((name) => MIXED.test(name) && !contender.cannot[name]);
  if (names.length < 2) continue;
  progress(`a mixed program: ${contender.title}`);
  const times = await launchMixed(contender, names);
  if (times !== undefined) mixed.set(contender.name, times);
}

/** What the forms and their fastest peers are compared in on other engines. */
const ON_ENGINES = ["spsc/0", "spsc/128", "select-receive/4"];
const PEERS = ["async-channel", "medium", "thing-csp"];
const engines = [];
for (const name of values.engines.split(",").filter(Boolean)) {
  const found = await engine(name);
  if (found === undefined) {
    console.error(`${name} is left out: it does not start.`);
    continue;
  }
  const some = contenders.filter(({ name, kind }) => kind === "ours" || PEERS.includes(name));
  const on = { goProgram, absent, engine: found, progress: (text) => progress(`${found.title}: ${text}`) };
  const contests = [];
  for (const workload of chosen.filter(({ name }) => ON_ENGINES.includes(name))) {
    contests.push({ workload, results: await contest(workload, some, effort, on) });
  }
  engines.push({ title: found.title, contests });
}
progress("");

const text = report(contests, mixed, engines, measured === undefined ? undefined : await bundleSize(), effort);
console.log(text);

// A table must not mix the numbers of two builds.
const steady = measured !== undefined && build() === measured;
if (!steady) console.error("README.md is not written: millrace is not built, or it was rebuilt during the run.");
else if (positionals.length === 0 && !values.quick) {
  writeFileSync(new URL("README.md", import.meta.url), `${text}\n`);
  const readme = new URL("../README.md", import.meta.url);
  const section = /(<!-- speed -->[^|]*)(?:\|.*\n)+/;
  writeFileSync(
    readme,
    readFileSync(readme, "utf8").replace(section, (_, before) => `${before}${readmeTable(contests)}\n`),
  );
}

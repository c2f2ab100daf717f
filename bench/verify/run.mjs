// Measures `verify`, and SPIN if it is installed: `npm run bench:verify`. Writes README.md beside this file. Each program is
// verified several times in a process of its own. The first time is reported too: it includes the compilation by V8.

import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { verify } from "millrace/testing";
import { markdown } from "../table.mjs";
import { programs } from "./programs.mjs";
import { spin, spinIsAbsent } from "./spin.mjs";

const ROUNDS = 5;
const OPTIONS = {
  "by default": {},
  "all states": { engine: "model", all: true, stuck: false },
  runs: { engine: "runs" },
};
const here = fileURLToPath(import.meta.url);

/** Verifies one program in this process. Returns the verdict, and the first and the best time of the search. */
async function one({ main, how = "by default" }) {
  const times = [];
  for (let round = 0; ; round++) {
    const verdict = await verify(main, OPTIONS[how]);
    const { status, states, runs, events, searchMs } = verdict;
    times.push(searchMs);
    if (round === ROUNDS) return { status, states, runs, events, first: times[0], best: Math.min(...times) };
  }
}

const output = (...args) => JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
const inProcess = (name) => output(here, name);
const number = (value) => Math.round(value).toLocaleString("en").replaceAll(",", " ");
const rate = (count, ms) => (count === 0 ? "" : `${(count / ms / 1000).toFixed(2)} M/s`);

function row(program, absent) {
  const found = inProcess(program.name);
  const spinResult = program.promela === undefined || absent !== undefined ? undefined : spin(program.promela);
  const cells = [
    ...[program.name, program.how ?? "by default", found.status, found.states > 0 ? number(found.states) : ""],
    ...[found.runs > 0 ? number(found.runs) : "", number(found.events), found.first.toFixed(0)],
    ...[found.best.toFixed(0), rate(found.states, found.best), rate(found.events, found.best)],
    spinResult === undefined
      ? ""
      : `${number(spinResult.states)} in ${spinResult.ms.toFixed(0)} + ${spinResult.compileMs.toFixed(0)}`,
  ];
  return cells;
}

if (process.argv[2] !== undefined) {
  console.log(JSON.stringify(await one(programs.find(({ name }) => name === process.argv[2]))));
} else {
  const absent = spinIsAbsent();
  const all = output(fileURLToPath(new URL("table.mjs", import.meta.url)));
  const text = [
    "# Verifying",
    "",
    "Written by `npm run bench:verify`; do not edit. The milliseconds are the time of the search, with the " +
      "learning of the models: the first time in a new process, and the best of several. For SPIN they are the times of its " +
      "search, without reduction, and of its compilation.",
    "",
    markdown(
      [
        "program",
        "search",
        "verdict",
        "states",
        "runs",
        "events",
        "first ms",
        "best ms",
        "states",
        "events",
        "SPIN: states in ms",
      ],
      programs.map((program) => row(program, absent)),
    ),
    "",
    `All ${all.programs} programs of test/verify/programs, one after the other in one process, by default, with audits and ` +
      `runs: ${all.first.toFixed(0)} ms the first time, ${all.best.toFixed(0)} ms at best.`,
    "",
    absent === undefined
      ? `On Node ${process.versions.node}.`
      : `On Node ${process.versions.node}; SPIN was not measured: ${absent}.`,
  ].join("\n");
  console.log(text);
  writeFileSync(new URL("README.md", import.meta.url), `${text}\n`);
}

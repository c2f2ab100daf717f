// Compares a revision with the working tree, in one run: processes of both take turns, so that a machine that slows down slows
// both. It names the rows that moved by more than the noise.
//
//   npm run bench:compare REV                            all forms, the workloads without combinators
//   npm run bench:compare REV spsc/0 ring/1000           some workloads
//   npm run bench:compare REV -- --form await            some forms: function*, async function*, await, for await
//   npm run bench:compare REV -- --rounds 11 --mixed     more rounds; all workloads of a form in one process
//
// The sources of both are bundled with esbuild, so that no build is needed. The times are those of the processor, which hardly
// depend on what else the machine does; they include V8's threads for compilation and garbage collection.

import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs, promisify } from "node:util";
import { build } from "esbuild";
import { amount, contenders } from "./contenders.mjs";
import { markdown } from "./table.mjs";
import { workloads } from "./workloads.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const here = fileURLToPath(new URL(".", import.meta.url));
const exec = promisify(execFile);
const EFFORT = ["80", "160"];
/** Smaller differences than this are noise on any machine: code moves in the caches. */
const LEAST = 0.03;
/** Long, or made of combinators: named to be measured. */
const LEFT_OUT = /^(flow-|broadcast|batch|parked|release|semaphore)/;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    form: { type: "string", multiple: true },
    rounds: { type: "string", default: "7" },
    mixed: { type: "boolean", default: false },
  },
});
const [revision, ...names] = positionals;
if (revision === undefined)
  throw new Error("Cannot compare: a revision must be given, as in npm run bench:compare main");
const unknown = names.find((name) => workloads.every((workload) => workload.name !== name));
if (unknown !== undefined) throw new Error(`Cannot compare: there is no workload ${unknown}`);
const forms = contenders.filter(({ kind, title }) => kind === "ours" && (values.form?.includes(title) ?? true));
const chosen = workloads.filter(({ name }) => (names.length > 0 ? names.includes(name) : !LEFT_OUT.test(name)));

const folder = mkdtempSync(join(tmpdir(), "millrace-compare-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

/** Bundles the sources in a folder, and the contenders of this folder over them; returns the URL of each contender. */
async function bundled(source, name) {
  const library = join(folder, name, "millrace.mjs");
  const common = { bundle: true, format: "esm", platform: "node", target: "es2022", logLevel: "error" };
  await build({ ...common, entryPoints: [join(source, "src/index-node.ts")], outfile: library });
  await build({
    ...common,
    entryPoints: forms.map((form) => join(here, "contenders", `${form.name}.mjs`)),
    outdir: join(folder, name, "contenders"),
    outExtension: { ".js": ".mjs" },
    alias: { millrace: library },
  });
  return (form) => pathToFileURL(join(folder, name, "contenders", `${form.name}.mjs`)).href;
}

function checkout(of) {
  const source = join(folder, "source");
  mkdirSync(source);
  const archive = execFileSync("git", ["archive", of, "src", "tsconfig.json"], { cwd: root, maxBuffer: 2 ** 28 });
  execFileSync("tar", ["-x", "-C", source], { input: archive });
  symlinkSync(join(root, "node_modules"), join(source, "node_modules"));
  return source;
}

const before = await bundled(checkout(revision), "before");
const after = await bundled(root, "after");

async function run(script, ...given) {
  const { stdout } = await exec(process.execPath, ["--expose-gc", join(here, script), ...given.map(String)]);
  return JSON.parse(stdout);
}

/** Measures the workloads of a form once; returns the times of the processor by workload. */
async function measured(contender, form, some) {
  const times = {};
  if (values.mixed) {
    const all = await run("mixed.mjs", contender, 0.05, ...some.map(({ name }) => name));
    for (const [name, { cpu }] of Object.entries(all)) times[name] = cpu;
    return times;
  }
  for (const workload of some) {
    const n = amount(form, workload, workload.fixed ? 1 : 0.25);
    const { cpu, error } = await run("one.mjs", contender, workload.name, n, ...EFFORT);
    if (error !== undefined) throw new Error(`${form.title}, ${workload.name}: ${error}`);
    times[workload.name] = cpu;
  }
  return times;
}

const ascending = (a, b) => a - b;

/**
 * The median of the ratios of the rounds, how many rounds were faster and slower, and whether the row has moved: nearly all
 * rounds agree, and so do the best times.
 */
function judged(rounds, best) {
  const ratios = rounds.map(([old, now]) => now / old).sort(ascending);
  const slower = ratios.filter((ratio) => ratio > 1).length;
  const faster = ratios.length - slower;
  const ratio = ratios[ratios.length >> 1];
  const dissent = Math.min(faster, slower);
  const agree = dissent <= ratios.length / 8 && ratio > 1 === best > 1;
  return { ratio, faster, slower, moved: agree && Math.min(Math.abs(ratio - 1), Math.abs(best - 1)) > LEAST };
}

const show = (number) => (number < 100 ? number.toPrecision(3) : String(Math.round(number)));
const rows = [];
for (const form of forms) {
  const some = chosen.filter(({ name }) => form.cannot[name] === undefined);
  // In a mixed program all workloads are measured at a time; otherwise each row is finished before the next.
  for (const group of values.mixed ? [some] : some.map((workload) => [workload])) {
    const rounds = [];
    for (let round = 0; round < Number(values.rounds); round++) {
      const first = round % 2 === 0;
      const one = await measured((first ? before : after)(form), form, group);
      const other = await measured((first ? after : before)(form), form, group);
      rounds.push(first ? [one, other] : [other, one]);
    }
    for (const { name } of group) {
      const [old, now] = [0, 1].map((side) => Math.min(...rounds.map((round) => round[side][name])));
      const { ratio, faster, slower, moved } = judged(
        rounds.map(([one, other]) => [one[name], other[name]]),
        now / old,
      );
      const verdict = !moved ? "" : ratio < 1 ? "FASTER" : "SLOWER";
      const ratios = [now / old, ratio].map((r) => r.toFixed(2));
      rows.push([form.title, name, show(old), show(now), ...ratios, `${faster}:${slower}`, verdict]);
      process.stderr.write(`${rows.at(-1).join("  ")}\n`);
    }
  }
}
console.log(
  markdown(["form", "workload", revision, "now", "best / best", "median ratio", "faster : slower", "moved"], rows),
);

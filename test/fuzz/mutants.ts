// `node --import tsx test/fuzz/mutants.ts [programs] [part of a mutant's name] [kinds of programs]`: breaks one rule of the explorer after another, in a
// copy of the sources, and runs random programs against the oracle. A mutant that no program kills is run against the tests of
// `verify`, too. Each mutant has to be killed; a survivor is a rule that nothing tests. The name of a mutant is `file: what`.

import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { MUTANTS, type Mutant } from "./oracle/mutants.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const [programs = "1500", which = "", kinds = ""] = process.argv.slice(2);
const killing = [
  "--import",
  "tsx",
  "test/fuzz/oracle/kill.ts",
  programs,
  ...kinds.split(",").filter((kind) => kind !== ""),
];

const copy = mkdtempSync(join(tmpdir(), "millrace-mutant-"));
for (const name of ["src", "test", "docs", "package.json", "tsconfig.json", "tsconfig.all.json", "vitest.config.ts"]) {
  cpSync(join(root, name), join(copy, name), { recursive: true });
}
symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));

const vitest = join(root, "node_modules/vitest/vitest.mjs");

/** Tests of `verify` that kill most mutants; they run before all others. */
const FIRST = [
  "rules",
  "served",
  "rounds",
  "operations",
  "events",
  "cancelling",
  "values",
  "locks",
  "combinators",
  "verify",
];

const fileOf = (name: string): string => `test/verify/${name}.test.ts`;

/** What kills a mutant; null if nothing does. */
function killer({ file, from, to, tests }: Mutant): string | null {
  const path = join(copy, "src/testing/explore", file);
  const original = readFileSync(path, "utf8");
  if (original.split(from).length !== 2)
    throw new Error(`Cannot make mutant: its text must stand once in ${file}, got another number: ${from}`);
  writeFileSync(
    path,
    original.replace(from, () => to),
  );
  try {
    const killed = tests.length > 0 ? test(tests.map(fileOf)) : null;
    return killed ?? random(from) ?? test(FIRST.map(fileOf)) ?? test(["test/verify", "test/testing", "test/fuzz/fuzz"]);
  } finally {
    writeFileSync(path, original);
  }
}

function random(from: string): string | null {
  const failed = run(killing, /^\w*Error( \[\w+\])?: /);
  if (failed?.includes("TransformError")) throw new Error(`Cannot make mutant: what replaces ${from} does not parse`);
  return failed === null ? null : `random program: ${failed}`;
}

function test(files: readonly string[]): string | null {
  const failed = run([vitest, "run", "--project", "unit", "--maxWorkers", "1", "--bail", "1", ...files], /FAIL/);
  return failed === null ? null : `test: ${failed}`;
}

/** The first line of a command's output that says why it failed; null if it did not. */
function run(args: readonly string[], says: RegExp): string | null {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: copy,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
    timeout: 600_000,
  });
  if (status === 0) return null;
  if (stdout.includes("Failed Suites")) throw new Error(`The tests cannot be loaded:\n${stdout}`);
  return (
    `${stdout}${stderr}`
      .split("\n")
      .find((line) => says.test(line))
      ?.trim()
      .slice(0, 120) ?? "it does not end"
  );
}

let survivors = 0;
try {
  const healthy = random("nothing");
  if (healthy !== null) throw new Error(`The sources as they are do not pass: ${healthy}`);
  for (const mutant of MUTANTS) {
    if (!`${mutant.file}: ${mutant.what}`.includes(which)) continue;
    const killed = killer(mutant);
    if (killed === null) survivors++;
    console.log(
      `${killed === null ? "SURVIVES" : "killed"}  ${mutant.file}: ${mutant.what}${killed === null ? "" : ` (${killed})`}`,
    );
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
console.log(`${survivors} survivors`);
if (survivors > 0) process.exitCode = 1;

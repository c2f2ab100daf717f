// `node --import tsx test/fuzz/mutants.ts [programs] [part of a file's name] [kinds of programs]`: breaks one rule of the explorer after another, in a
// copy of the sources, and runs random programs against the oracle. A mutant that no program kills is run against the tests of
// `verify`, too. Each mutant has to be killed; a survivor is a rule that nothing tests.

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
for (const name of ["src", "test", "package.json", "tsconfig.json", "tsconfig.all.json", "vitest.config.ts"]) {
  cpSync(join(root, name), join(copy, name), { recursive: true });
}
symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));

function killer({ file, from, to }: Mutant): string | null {
  const path = join(copy, "src/testing/explore", file);
  const original = readFileSync(path, "utf8");
  if (original.split(from).length !== 2)
    throw new Error(`Cannot make mutant: its text must stand once in ${file}, got another number: ${from}`);
  writeFileSync(
    path,
    original.replace(from, () => to),
  );
  try {
    const fuzz = run(killing);
    if (fuzz?.includes("TransformError")) throw new Error(`Cannot make mutant: what replaces ${from} does not parse`);
    if (fuzz !== null) return `random program: ${fuzz}`;
    const vitest = join(root, "node_modules/vitest/vitest.mjs");
    return run([vitest, "run", "--project", "unit", "--bail", "1", "test/verify", "test/testing"]) === null
      ? null
      : "test";
  } finally {
    writeFileSync(path, original);
  }
}

/** The first line that says why a command failed; null if it did not. */
function run(args: readonly string[]): string | null {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: copy,
    encoding: "utf8",
    timeout: 600_000,
  });
  if (status === 0) return null;
  return (
    `${stdout}${stderr}`
      .split("\n")
      .find((line) => /Seed|rror/.test(line))
      ?.trim() ?? "it does not end"
  );
}

let survivors = 0;
try {
  const healthy = run(killing);
  if (healthy !== null) throw new Error(`The sources as they are do not pass: ${healthy}`);
  for (const mutant of MUTANTS) {
    if (!mutant.file.includes(which)) continue;
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

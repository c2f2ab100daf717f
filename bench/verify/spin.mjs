// SPIN on the same programs, where it is installed, with a C compiler: every state, without reduction.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Why SPIN cannot be asked; undefined if it can. */
export function spinIsAbsent() {
  for (const command of ["spin", "gcc"]) {
    try {
      execFileSync(command, [command === "spin" ? "-V" : "--version"], { stdio: "ignore" });
    } catch {
      return `${command} is not installed`;
    }
  }
}

/** What SPIN counts, and how long its search takes; compiling is counted by itself. */
export function spin(promela) {
  const folder = mkdtempSync(join(tmpdir(), "spin-"));
  const run = (command, ...args) => execFileSync(command, args, { cwd: folder, encoding: "utf8" });
  try {
    writeFileSync(join(folder, "model.pml"), promela);
    const start = performance.now();
    run("spin", "-a", "model.pml");
    run("gcc", "-O2", "-DSAFETY", "-DNOREDUCE", "-o", "pan", "pan.c");
    const compiled = performance.now();
    const text = run("./pan", "-m1000000", "-w22", "-c0");
    const states = Number(/(\d+) states, stored/.exec(text)?.[1]);
    return { states, compileMs: compiled - start, ms: performance.now() - compiled };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

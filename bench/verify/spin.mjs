// SPIN on the same programs, if SPIN and a C compiler are installed. It visits every state, without reduction.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The reason why SPIN cannot run on this machine; undefined if it can. */
export function spinIsAbsent() {
  for (const command of ["spin", "gcc"]) {
    try {
      execFileSync(command, [command === "spin" ? "-V" : "--version"], { stdio: "ignore" });
    } catch {
      return `${command} is not installed`;
    }
  }
}

/** Runs SPIN on a model. Returns the number of states, the time of the search, and the time of the compilation. */
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

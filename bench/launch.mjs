// A launch: performs a workload with one contender in a process of its own, and returns the measurement.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const exec = promisify(execFile);
const here = fileURLToPath(new URL(".", import.meta.url));
const PATIENCE = 60_000;

// Enough heap for a million tasks of the peer with the largest tasks, so that no process runs out of memory.
const NODE_FLAGS = ["--expose-gc", "--max-old-space-size=6000"];

/** Builds the Go program. Returns its path, or undefined if Go is not installed. */
export async function buildGo() {
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, "bench");
  try {
    await exec("go", ["build", "-o", program, "."], { cwd: join(here, "go") });
    return program;
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * An engine by the name under which npm has it: `node@26`, or `bun`, which is a development dependency. Returns its title and its
 * program; undefined if it cannot be started.
 */
export async function engine(name) {
  const print = "console.log(JSON.stringify([process.execPath, process.versions.bun ?? process.versions.node]))";
  const given = name === "bun" ? ["bun", "-e", print] : ["-y", "-p", name, "node", "-e", print];
  try {
    const { stdout } = await exec("npx", given, { cwd: here });
    const [program, version] = JSON.parse(stdout);
    const bun = name === "bun";
    return { title: `${bun ? "Bun" : "Node"} ${version}`, program, flags: bun ? [] : NODE_FLAGS };
  } catch {
    return undefined;
  }
}

const NODE = { program: process.execPath, flags: NODE_FLAGS };

/** The reason why a contender cannot run on this machine; undefined if it can. */
export function absence(contender, goProgram) {
  if (contender.kind === "go") return goProgram === undefined ? "Go is not installed" : undefined;
  if (contender.package === undefined || found(contender.package)) return undefined;
  return contender.kind === "ours" ? "not built" : "not installed";
}

/** A hash that identifies the build of millrace; undefined if there is no build. */
export function build() {
  if (!found("millrace")) return undefined;
  const folder = fileURLToPath(new URL(".", import.meta.resolve("millrace")));
  const hash = createHash("sha256");
  for (const name of readdirSync(folder).sort()) {
    if (name.endsWith(".js")) hash.update(readFileSync(join(folder, name)));
  }
  return hash.digest("hex");
}

function found(name) {
  try {
    return existsSync(fileURLToPath(import.meta.resolve(name)));
  } catch {
    return false;
  }
}

export async function launch(contender, workload, n, { warmUpMs, budgetMs }, goProgram, engine = NODE) {
  const given = [workload.name, n, warmUpMs, budgetMs].map(String);
  try {
    const running = contender.kind === "go" ? go(contender, given, goProgram) : node(contender, given, engine);
    return checked(JSON.parse((await running).stdout), workload.sum(n));
  } catch (error) {
    return { error: error.killed ? `hangs: stopped after ${PATIENCE / 1000} s` : fatal(error) };
  }
}

/** Lets a contender perform workloads in turns in one process; returns { ns, cpu } by workload, undefined if that fails. */
export async function launchMixed(contender, names) {
  const args = [...NODE_FLAGS, join(here, "mixed.mjs"), contender.name, "0.05", ...names];
  try {
    return JSON.parse((await exec(process.execPath, args, { timeout: PATIENCE, killSignal: "SIGKILL" })).stdout);
  } catch {
    return undefined;
  }
}

function node(contender, given, { program, flags }) {
  const args = [...flags, join(here, "one.mjs"), contender.name, ...given];
  return exec(program, args, { timeout: PATIENCE, killSignal: "SIGKILL" });
}

// Goroutines start with the smallest stack. By default Go 1.19 starts them with the average size of previous stacks, here
// 4 kB. Then a start takes twice as long, and a goroutine takes nearly twice the memory.
function go(contender, given, program) {
  const env = { ...process.env, GODEBUG: "adaptivestackstart=0" };
  if (contender.processors !== undefined) env.GOMAXPROCS = String(contender.processors);
  return exec(program, given, { timeout: PATIENCE, killSignal: "SIGKILL", env });
}

// The Go program returns its sum unchecked. A process of Node has checked the sum itself.
function checked(result, sum) {
  if (result.sum === undefined || result.sum === sum) return result;
  return { error: `wrong sum: ${result.sum} instead of ${sum}` };
}

const fatal = (error) => /FATAL ERROR: (.*)/.exec(error.stderr)?.[1] ?? `fails with exit code ${error.code}`;

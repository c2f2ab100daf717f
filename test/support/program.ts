// An example as a process of its own, as `npm run` starts it.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** A running example that has printed its first line. */
export interface Program {
  readonly process: ChildProcess;
  /** What it printed first: the address, if it serves a page. */
  readonly line: string;
  /** Ends it with a signal, and resolves to its exit code: null if it did not end by itself. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts an example, and resolves when it has printed something. */
export async function startProgram(path: string, ...args: string[]): Promise<Program> {
  const child = spawn(process.execPath, ["--import", "tsx", path, ...args], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  // What it has printed is read before: "exit" may come while some is on its way.
  const ended = once(child, "close") as Promise<[number | null]>;
  const [printed] = (await Promise.race([once(child.stdout!, "data"), ended])) as [Buffer | number | null];
  if (!(printed instanceof Buffer)) throw new Error(`Cannot start ${path}: it ended with ${printed}`);
  return {
    process: child,
    line: printed.toString().trim(),
    async stop(signal = "SIGTERM") {
      child.kill(signal);
      const [code] = await ended;
      return code;
    },
  };
}

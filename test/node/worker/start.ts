// Starts workers whose files are TypeScript of this folder, from the sources. Each is bundled once, as threads take no loaders.

import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker as Thread } from "node:worker_threads";
import { buildSync } from "esbuild";
import { type Worker, type WorkerOptions, worker } from "../../../src/worker.js";

export type Kind = "thread" | "process";
export const kinds: readonly Kind[] = ["thread", "process"];

const folder = mkdtempSync(join(tmpdir(), "millrace-workers-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const built = new Map<string, string>();

/** The file of a worker, as JavaScript. */
export function fileOf(name: string): string {
  const known = built.get(name);
  if (known !== undefined) return known;
  const outfile = join(folder, `${name}.mjs`);
  const entryPoints = [fileURLToPath(new URL(name, import.meta.url))];
  buildSync({
    entryPoints,
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    sourcemap: "inline",
  });
  built.set(name, outfile);
  return outfile;
}

/** How many of those that were started here run. */
export let running = 0;

/** A function that starts a file of this folder. */
export function starting(kind: Kind, name: string, options: object = {}): () => never {
  const file = name.startsWith("no ") ? join(folder, name) : fileOf(name);
  return () => {
    const one = kind === "process" ? fork(file, options) : new Thread(file, options);
    running++;
    one.on("exit", () => running--);
    return one as never;
  };
}

export function start<T = unknown>(kind: Kind, file: string, options?: WorkerOptions, host?: object): Worker<T> {
  return worker<T>(starting(kind, file, host), { name: file, ...options });
}

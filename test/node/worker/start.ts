// Starts workers whose files are TypeScript of this folder, from the sources.

import { fork } from "node:child_process";
import { join } from "node:path";
import { Worker as Thread } from "node:worker_threads";
import { type Worker, type WorkerOptions, worker } from "../../../src/worker.js";
import { builtFile, folder } from "../../support/built-file.js";

export type Kind = "thread" | "process";
export const kinds: readonly Kind[] = ["thread", "process"];

/** The file of a worker, as JavaScript. */
export const fileOf = (name: string): string => builtFile(new URL(name, import.meta.url));

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

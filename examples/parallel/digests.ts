// Digests of the files of a folder, made by several threads.

import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { CLOSED, type Closed, type Routine } from "millrace";
import { parallel } from "millrace/worker";

const file = new URL("./digest.mjs", import.meta.url);

/** What a thread says of a file. */
export interface Digest {
  readonly path: string;
  readonly bytes: number;
  readonly packed: number;
  readonly hash: string;
}

export interface Files {
  readonly paths: readonly string[];
  readonly bytes: number;
}

/** The files of a folder, the largest first, so that no thread begins a large one last. */
export function filesIn(folder: string): Files {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const files = names.map((name) => ({ path: join(folder, name), stat: statSync(join(folder, name)) }));
  const plain = files.filter(({ stat }) => stat.isFile()).sort((one, other) => other.stat.size - one.stat.size);
  return { paths: plain.map(({ path }) => path), bytes: plain.reduce((sum, { stat }) => sum + stat.size, 0) };
}

/** Makes the digests, and calls back with each. */
export function* digestAll(
  { paths }: Files,
  threads: number,
  done: (digest: Digest) => void,
): Routine<Map<string, string>> {
  const hashes = new Map<string, string>();
  const digests = parallel<string, Digest>(threads, paths, file, { ordered: false });
  for (let digest: Digest | Closed; (digest = yield* digests.receive()) !== CLOSED; ) {
    hashes.set(digest.path, digest.hash);
    done(digest);
  }
  return hashes;
}

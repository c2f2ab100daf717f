// npm run parallel [-- folder] [--threads n]: compresses and hashes all files of a folder (TypeScript's, if none is named), first in
// one thread and then in several, with a progress bar. digests.ts shows the idea; digest.mjs is what runs in each thread.

import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Presets, SingleBar } from "cli-progress";
import { run } from "millrace";
import { digestAll, filesIn } from "./digests.ts";

const { values, positionals } = parseArgs({ options: { threads: { type: "string" } }, allowPositionals: true });
const several = Number(values.threads ?? Math.max(2, availableParallelism()));
const folder = positionals[0] ?? fileURLToPath(new URL("../../node_modules/typescript/lib", import.meta.url));
const files = filesIn(folder);
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** Makes all digests, shows how far it has come, and returns the seconds. */
async function timed(threads: number): Promise<{ seconds: number; packed: number; hashes: Map<string, string> }> {
  const name = `${threads} thread${threads === 1 ? "" : "s"}`.padEnd(10);
  const format = `  ${name} {bar} {percentage} %, {eta_formatted} left`;
  const bar = new SingleBar({ format, clearOnComplete: true, hideCursor: true }, Presets.shades_classic);
  const begun = performance.now();
  let packed = 0;
  bar.start(files.bytes, 0);
  try {
    const hashes = await run(digestAll, files, threads, (digest) => {
      bar.increment(digest.bytes);
      packed += digest.packed;
    });
    return { seconds: (performance.now() - begun) / 1000, packed, hashes };
  } finally {
    bar.stop();
  }
}

console.log(`${files.paths.length} files, ${megabytes(files.bytes)}`);
const one = await timed(1);
console.log(`1 thread    ${one.seconds.toFixed(1)} s, ${megabytes(one.packed)} compressed`);
const all = await timed(several);
const equal = files.paths.every((path) => one.hashes.get(path) === all.hashes.get(path));
console.log(
  `${several} threads   ${all.seconds.toFixed(1)} s, ${(one.seconds / all.seconds).toFixed(2)} times as fast`,
);
console.log(equal ? "all digests are the same" : "the digests differ");
process.exitCode = equal ? 0 : 1;

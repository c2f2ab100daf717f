// Verifies all programs with a known verdict from the tests, one after the other in one process, with default options. Prints
// the first and the best total time as JSON.

import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { verify } from "millrace/testing";

const ROUNDS = 5;
const outfile = fileURLToPath(new URL("../../build/known.mjs", import.meta.url));

await build({
  entryPoints: [fileURLToPath(new URL("../../test/verify/programs/index.ts", import.meta.url))],
  bundle: true,
  format: "esm",
  platform: "node",
  target: "es2022",
  external: ["millrace", "millrace/testing"],
  outfile,
});
const { known } = await import(outfile);

const times = [];
for (let round = 0; round <= ROUNDS; round++) {
  const start = performance.now();
  for (const { main } of known) await verify(main);
  times.push(performance.now() - start);
}
console.log(JSON.stringify({ programs: known.length, first: times[0], best: Math.min(...times) }));

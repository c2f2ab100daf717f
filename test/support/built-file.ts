// Files of TypeScript for threads and processes, which take no loaders: each is bundled once, from the sources.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

/** Where they are. */
export const folder: string = mkdtempSync(join(tmpdir(), "millrace-files-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const built = new Map<string, string>();

/** The path of a file as JavaScript for Node. */
export function builtFile(url: URL): string {
  const path = fileURLToPath(url);
  const known = built.get(path);
  if (known !== undefined) return known;
  const outfile = join(folder, `${built.size}-${basename(path, ".ts")}.mjs`);
  // Packages of CommonJS ask for modules of Node by `require`.
  const banner = { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' };
  const form = { bundle: true, platform: "node", format: "esm", target: "node20", sourcemap: "inline" } as const;
  buildSync({ entryPoints: [path], outfile, banner, ...form });
  built.set(path, outfile);
  return outfile;
}

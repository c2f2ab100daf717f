// The bundle: the size that channel, go, select and timeout add to a page.

import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { build } from "esbuild";

export const LIMIT = 6600;

// The names are exported again, because tree shaking would remove an unused import.
const PAGE = `export { channel, go, select, timeout } from "millrace";`;

/** The bytes of the bundle: minified, and compressed with brotli. */
export async function bundleSize() {
  const { outputFiles } = await build({
    stdin: { contents: PAGE, resolveDir: fileURLToPath(new URL("..", import.meta.url)) },
    bundle: true,
    minify: true,
    treeShaking: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    write: false,
  });
  const [{ contents }] = outputFiles;
  return { minified: contents.length, brotli: brotliCompressSync(contents).length };
}

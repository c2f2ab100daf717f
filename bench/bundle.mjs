// The bundle: what channel, go, select and timeout add to a page.

import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { build } from "esbuild";

export const LIMIT = 4000;

// Exported again, since an import that is never used would be shaken off altogether.
const PAGE = `export { channel, go, select, timeout } from "millrace";`;

/** Bytes of the bundle, minified and after brotli. */
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

// The files of a page: its own ones, the styles that all pages share, and the ES modules of the library as they are published.

import { readFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** The body of a response, with its content type. */
export type Content = readonly [type: string, body: string | Buffer];

const SCRIPT = "text/javascript; charset=utf-8";
const STYLE = "text/css; charset=utf-8";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/**
 * One file of a page; undefined if there is none for the path. `folder` has index.html, style.css and app.ts, and worker.ts if the page
 * starts a worker.
 */
export async function pageFile(folder: URL, path: string): Promise<Content | undefined> {
  if (path === "/") return ["text/html; charset=utf-8", await readFile(new URL("index.html", folder))];
  if (path === "/style.css") return [STYLE, await readFile(new URL("style.css", folder))];
  if (path === "/base.css") return [STYLE, await readFile(here("base.css"))];
  if (path === "/app.js") return [SCRIPT, await bundle(new URL("app.ts", folder), ["millrace", "millrace/*"])];
  // Import maps do not hold in workers, so the file of one contains what it imports.
  if (path === "/worker.js") return [SCRIPT, await bundle(new URL("worker.ts", folder), [])];
  if (path === "/tslib.js") return [SCRIPT, await readFile(here("../../node_modules/tslib/tslib.es6.mjs"))];
  if (/^\/dist\/[\w-]+\.js$/.test(path)) return [SCRIPT, await readFile(here(`../..${path}`))];
  return undefined;
}

/** Sends the content: 404 if there is none, and 500 with the error if it could not be made. */
export async function send(response: ServerResponse, content: Content | Promise<Content | undefined>): Promise<void> {
  try {
    const [type, body] = (await content) ?? [];
    response.writeHead(body === undefined ? 404 : 200, { "content-type": type ?? "text/plain" });
    response.end(body ?? "Not found.\n");
  } catch (error) {
    response.writeHead(500, { "content-type": "text/plain; charset=utf-8" }).end(`${error}\n`);
  }
}

/** Bundles the modules of a script into one. Those in `external` stay modules of their own. */
async function bundle(entry: URL, external: string[]): Promise<string> {
  const built = await build({
    entryPoints: [fileURLToPath(entry)],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    sourcemap: "inline",
    external,
    logLevel: "silent",
  });
  return built.outputFiles[0]!.text;
}

// The page, and the library's ES modules as they are shipped.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Service } from "./service.ts";

export interface Site extends AsyncDisposable {
  url: string;
}

type Content = [type: string, body: string | Buffer];

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const SCRIPT = "text/javascript; charset=utf-8";
const FILES: Record<string, [type: string, path: string]> = {
  "/": ["text/html; charset=utf-8", "page/index.html"],
  "/style.css": ["text/css; charset=utf-8", "page/style.css"],
  "/race.ts": ["text/plain; charset=utf-8", "race.ts"],
  "/tslib.js": [SCRIPT, "../../node_modules/tslib/tslib.es6.mjs"],
};

/** Serves the page on 127.0.0.1; port 0 takes a free one. */
export async function openSite(services: Service[], port: number): Promise<Site> {
  const server = createServer(async ({ url = "/" }, response) => {
    try {
      const content = await find(new URL(url, "http://127.0.0.1").pathname, services);
      response.writeHead(content === undefined ? 404 : 200, { "content-type": content?.[0] ?? "text/plain" });
      response.end(content?.[1] ?? "There is nothing here.\n");
    } catch (error) {
      response.writeHead(500, { "content-type": "text/plain; charset=utf-8" }).end(`${error}\n`);
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function find(path: string, services: Service[]): Promise<Content | undefined> {
  if (path === "/services.json") return ["application/json", JSON.stringify(services)];
  if (path === "/app.js") return [SCRIPT, await bundle()];
  if (/^\/dist\/[\w-]+\.js$/.test(path)) return [SCRIPT, await readFile(here(`../..${path}`))];
  const file = FILES[path];
  return file && [file[0], await readFile(here(file[1]))];
}

/** The page's own modules as one; the library stays a module of its own. */
async function bundle(): Promise<string> {
  const built = await build({
    entryPoints: [here("page/app.ts")],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    sourcemap: "inline",
    external: ["millrace"],
    logLevel: "silent",
  });
  return built.outputFiles[0]!.text;
}

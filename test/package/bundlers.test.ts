// Workers of TypeScript in pages that Vite, webpack and esbuild have bundled, from the package as it is published, in Chromium.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build as esbuild } from "esbuild";
import { type Browser, chromium } from "playwright";
import { build as vite } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import webpack from "webpack";
import install, { launchOptions } from "../support/chromium.ts";
import { PATIENCE } from "../support/patience.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
let folder: string;
let server: Server;
let browser: Browser;

/** As docs/threads.md has it: bundlers find a worker by this text. */
const found = `() => new Worker(new URL("./squares.ts", import.meta.url), { type: "module" })`;
const page = (source: string): string => `
import { worker } from "millrace/worker";
const squares = worker(${source});
const answer: number = await squares.connection.ask("square", 12);
document.title = \`\${answer} \${(await squares.stop()).kind}\`;
`;
const squares = `
import { expose } from "millrace/worker";
expose((connection) => {
  connection.serve("square", (n: number): number => n * n);
});
`;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-bundlers-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules", "millrace"));
  writeFileSync(join(folder, "page.ts"), page(found));
  writeFileSync(join(folder, "entry.ts"), page(`new URL("./squares.js", import.meta.url)`));
  writeFileSync(join(folder, "squares.ts"), squares);
  server = createServer(({ url = "/" }, answer) => {
    try {
      const content = url.endsWith(".js")
        ? readFileSync(join(folder, url))
        : `<!doctype html><script type="module" src="page.js"></script>`;
      answer.setHeader("content-type", url.endsWith(".js") ? "text/javascript" : "text/html").end(content);
    } catch {
      answer.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  install();
  browser = await chromium.launch(launchOptions());
});

afterAll(async () => {
  await browser?.close();
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});

const bundlers: Record<string, (out: string) => Promise<unknown>> = {
  vite: (outDir) =>
    vite({
      root: folder,
      base: "./",
      logLevel: "error",
      configFile: false,
      worker: { format: "es" },
      build: {
        outDir,
        target: "es2022",
        rollupOptions: { input: join(folder, "page.ts"), output: { entryFileNames: "page.js" } },
      },
    }),
  webpack: (path) => {
    // TypeScript needs a loader of its own, which this is.
    const loader = join(folder, "loader.cjs");
    const transform = `require(${JSON.stringify(join(root, "node_modules/esbuild"))}).transformSync`;
    writeFileSync(loader, `module.exports = (source) => ${transform}(source, { loader: "ts" }).code;`);
    const compiler = webpack({
      mode: "production",
      context: folder,
      entry: join(folder, "page.ts"),
      output: { path, filename: "page.js", chunkFilename: "[id].js", publicPath: "auto", module: true },
      experiments: { outputModule: true },
      target: ["web", "es2022"],
      module: { rules: [{ test: /\.ts$/, use: loader }] },
      performance: false,
    });
    return new Promise<void>((resolve, reject) => {
      compiler!.run((error, stats) => {
        if (error === null && stats?.hasErrors() === false) resolve();
        else reject(error ?? new Error(stats?.toString("errors-only")));
      });
    });
  },
  esbuild: (outdir) =>
    esbuild({
      entryPoints: { page: join(folder, "entry.ts"), squares: join(folder, "squares.ts") },
      outdir,
      bundle: true,
      format: "esm",
      target: "es2022",
    }),
};

test.each(Object.entries(bundlers))("a worker works in a page that %s has bundled", async (name, bundle) => {
  await bundle(join(folder, name));
  const tab = await browser.newPage();
  const faults: string[] = [];
  tab.on("pageerror", (error) => faults.push(String(error)));
  await tab.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/${name}/`);
  await tab.waitForFunction(() => document.title !== "", undefined, { timeout: PATIENCE }).catch(() => {});
  expect([await tab.title(), faults]).toEqual(["144 cancelled", []]);
  await tab.close();
});

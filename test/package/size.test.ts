// What the package adds to a page: each row of `size-limit` in package.json is a budget, in bytes after minifying and brotli. What
// one bundler drops, each must drop.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { build as esbuild } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import webpack from "webpack";
import packageJson from "../../package.json" with { type: "json" };

const root = fileURLToPath(new URL("../../", import.meta.url));
const rows = packageJson["size-limit"];

interface Size {
  readonly name: string;
  readonly size: number;
  readonly sizeLimit: number;
  readonly passed: boolean;
}

let sizes: readonly Size[];
let pages: string;
beforeAll(() => {
  const bin = join(root, "node_modules", ".bin", "size-limit");
  sizes = JSON.parse(execFileSync(bin, ["--json"], { cwd: root, encoding: "utf8" }));
  pages = mkdtempSync(join(tmpdir(), "millrace-size-"));
});
afterAll(() => rmSync(pages, { recursive: true, force: true }));

const sizeOf = (name: string): Size => sizes.find((row) => row.name === name)!;

describe.each(rows)("$name", ({ name, limit }) => {
  test("a page that imports it stays in its budget", () => {
    const { size, passed } = sizeOf(name);
    expect(passed, `${name} has ${size} bytes, and its budget is ${limit}`).toBe(true);
  });

  test("the budget is close to what a page gets, so that growth is noticed", () => {
    const { size, sizeLimit } = sizeOf(name);
    expect(sizeLimit).toBeLessThan(size * 1.06 + 100);
  });
});

describe("a bundle", () => {
  const page = `import { go } from "millrace"; console.log(go);`;
  const bundle = async (conditions: string[]): Promise<string> => {
    const stdin = { contents: page, resolveDir: root };
    const { outputFiles } = await esbuild({
      stdin,
      conditions,
      bundle: true,
      write: false,
      format: "esm",
      platform: "neutral",
      external: ["node:*"],
    });
    return outputFiles[0]!.text;
  };

  test.each(["workerd", "development", "node", "none of these"])(
    "for the condition %s follows its host",
    async (name) => {
      expect(await bundle([name])).toContain("Cloudflare-Workers");
    },
  );

  test("for a page in production carries no code for other hosts", async () => {
    expect(await bundle(["module"])).not.toContain("Cloudflare-Workers");
  });
});

/** Returns what webpack makes of a page that imports names. */
async function bundled(name: string, imports: string, path: string): Promise<Buffer> {
  const page = join(pages, `${rows.findIndex((row) => row.name === name)}.js`);
  const specifier = JSON.stringify(join(root, path));
  writeFileSync(
    page,
    `import ${imports.replace("*", "* as all")} from ${specifier};\nconsole.log(${imports.replace("*", "all")});\n`,
  );
  const output = { path: pages, filename: "out.js" };
  const compiler = webpack({
    mode: "production",
    context: root,
    entry: page,
    output,
    target: ["web", "es2022"],
    performance: false,
  });
  const stats = await new Promise<webpack.Stats | undefined>((resolve, reject) => {
    compiler!.run((error, result) => (error === null ? resolve(result) : reject(error)));
  });
  expect(stats?.hasErrors(), stats?.toString("errors-only")).toBe(false);
  return readFileSync(join(pages, "out.js"));
}

const parts = rows.filter(({ name }) => name === "CLOSED" || name === "channel, go, select, timeout");
test.each(parts)(
  "webpack drops as much of a page with $name as esbuild does",
  async ({ name, import: imports, path }) => {
    const size = brotliCompressSync(await bundled(name, imports, path)).length;
    expect(size).toBeLessThan(sizeOf(name).size * 1.05 + 100);
  },
);

import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig, type Options } from "tsup";
import { ship, shipSmall } from "./tools/chunks.js";
import { Core } from "./tools/core.js";

/** What pages load is shrunk by their bundlers. */
const IN_PAGES = /[\\/](?:core|index|index-whole|transducers|host)\.js$/;

// TypeScript has emitted ES modules with `importHelpers` into build/ (esbuild would ignore the option and inline its own
// helpers); what is left to do here is to bundle them: a process reads few files when it starts, and a bundler drops what it does
// not use. There are no source maps, which were two thirds of the package. Names of functions stay, so that a stack trace says
// something; what pages load keeps its lines and its variables, too.
const modules: Options = {
  outDir: "dist",
  target: "es2022",
  format: "esm",
  splitting: true,
  platform: "neutral",
  // Bundlers for browsers and their option `external` go by the prefix.
  removeNodeProtocol: false,
  plugins: [
    {
      name: "ship",
      renderChunk: async (code, { path }) => ({ code: IN_PAGES.test(path) ? ship(code) : await shipSmall(code) }),
    },
  ],
};

const build = fileURLToPath(new URL("build", import.meta.url));
const core = new Core(build, ["index.js", "index-whole.js", "index-node.js"], ["transducers.js", "host-entry.js"]);
writeFileSync(new URL("build/core.js", import.meta.url), core.script());

/** What is loaded whole. */
const small: Options = {
  outDir: "dist",
  target: "es2022",
  minify: true,
};

export default defineConfig([
  { ...modules, entry: { core: "build/core.js" } },
  {
    ...modules,
    entry: {
      index: "build/index.js",
      "index-whole": "build/index-whole.js",
      "index-node": "build/index-node.js",
      transducers: "build/transducers.js",
      supervise: "build/supervise.js",
      remote: "build/remote.js",
      worker: "build/worker.js",
      nats: "build/nats.js",
      host: "build/host-entry.js",
      testing: "build/testing.js",
      node: "build/node.js",
      vitest: "build/vitest.js",
      cli: "build/cli/bin.js",
    },
    external: [/^node:/, /^@nats-io\//, "vitest"],
    esbuildPlugins: [
      core.plugin(),
      {
        name: "acorn",
        setup: ({ onResolve }) => onResolve({ filter: /^acorn$/ }, () => ({ path: "./acorn.js", external: true })),
      },
    ],
  },
  {
    ...small,
    format: "esm",
    entry: { acorn: "node_modules/acorn/dist/acorn.mjs" },
    // A module is always read as UTF-8.
    esbuildOptions(options) {
      options.charset = "utf8";
    },
  },
  {
    ...small,
    format: "iife",
    entry: { millrace: "build/index-whole.js" },
    globalName: "millrace",
    platform: "browser",
    noExternal: ["tslib"],
  },
]);

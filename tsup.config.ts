import { defineConfig } from "tsup";

// TypeScript has emitted ES modules with `importHelpers` into build/ (esbuild would ignore the option and inline its own
// helpers); what is left to do here is to bundle them. There are no source maps: the modules are as readable as their sources,
// and the maps were two thirds of the package.
const entry = {
  index: "build/index.js",
  "index-node": "build/index-node.js",
  transducers: "build/transducers.js",
  supervise: "build/supervise.js",
  host: "build/host-entry.js",
  testing: "build/testing.js",
  node: "build/node.js",
  vitest: "build/vitest.js",
  cli: "build/cli/bin.js",
};

export default defineConfig([
  {
    entry,
    format: "esm",
    outDir: "dist",
    splitting: true,
    target: "es2022",
    platform: "neutral",
    // Bundlers for browsers and their option `external` go by the prefix.
    removeNodeProtocol: false,
    external: [/^node:/, "vitest"],
  },
  {
    entry: { millrace: "build/index.js" },
    format: "iife",
    globalName: "millrace",
    outDir: "dist",
    minify: true,
    target: "es2022",
    platform: "browser",
    noExternal: ["tslib"],
  },
]);

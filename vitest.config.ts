import { fileURLToPath } from "node:url";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { launchOptions } from "./test/support/chromium.ts";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** The package as it is shipped, and what only tests import from the files that it is made of. */
const shipped = [
  { find: /^millrace$/, replacement: path("dist/index-node.js") },
  { find: /^millrace\/(\w+)$/, replacement: path("dist/$1.js") },
  { find: /^(?:\.\.\/)+src\//, replacement: path("build/") },
];

/** The sources: nothing has to be built, and stack traces lead into src/. */
const sources = [
  { find: /^millrace$/, replacement: path("src/index.ts") },
  { find: /^millrace\/host$/, replacement: path("src/host-entry.ts") },
  { find: /^millrace\/(\w+)$/, replacement: path("src/$1.ts") },
];

/** Tests of what holds on every engine. */
const everywhere = ["rules", "scheduler", "operation", "channel", "lifetime", "flow", "sync", "testing"].map(
  (folder) => `test/${folder}/**/*.test.ts`,
);
everywhere.push("test/verify/verify.test.ts");

// Only changes of the sources start the tests again, not what the build writes.
const server = { watch: { ignored: ["**/build/**", "**/dist/**"] } };
const common = { setupFiles: ["test/support/setup.ts"], testTimeout: 60_000 };

export default defineConfig({
  server,
  test: {
    // The sources run by hand only (`--project unit`), and in Bun by test/node/bun.test.ts.
    forceRerunTriggers: ["**/src/**/*.ts"],
    // By default one processor is left idle.
    maxWorkers: "100%",
    projects: [
      {
        server,
        resolve: { alias: sources },
        test: {
          ...common,
          name: "unit",
          include: [...everywhere, "test/verify/**/*.test.ts"],
          pool: "forks",
        },
      },
      {
        server,
        resolve: { alias: shipped },
        test: {
          ...common,
          name: "node",
          globalSetup: "test/support/build.ts",
          include: [...everywhere, "test/verify/**/*.test.ts", "test/node/**/*.test.ts", "test/page/**/*.test.ts"],
          typecheck: { enabled: true, include: ["test/**/*.test-d.ts"], tsconfig: "test/types/tsconfig.json" },
          pool: "forks",
          server: { deps: { external: [/\/(?:build|dist)\//] } },
          execArgv: ["--expose-gc"],
        },
      },
      {
        server,
        resolve: { alias: shipped },
        test: {
          ...common,
          name: "chromium",
          globalSetup: ["test/support/build.ts", "test/support/chromium.ts"],
          include: everywhere,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({ launchOptions: launchOptions() }),
            instances: [{ browser: "chromium" }],
          },
        },
      },
    ],
  },
});

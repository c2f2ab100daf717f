import { fileURLToPath } from "node:url";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { chromiumLaunchOptions } from "./test/support/chromium.ts";

/** What is tested is what is shipped; what only tests import is taken from the files that it is made of. */
const built = (path: string): string => fileURLToPath(new URL(`./${path}`, import.meta.url));
const alias = [
  { find: /^millrace$/, replacement: built("dist/index.js") },
  { find: /^millrace\/(\w+)$/, replacement: built("dist/$1.js") },
  { find: /^(?:\.\.\/)+src\//, replacement: built("build/") },
];

// What holds everywhere runs in Node and in Chromium alike; what needs files, processes or a page runs in Node.
const everywhere = ["rules", "flow", "sync", "testing"].map((folder) => `test/${folder}/**/*.test.ts`);
everywhere.push("test/verify/verify.test.ts");
const launchOptions = await chromiumLaunchOptions();

// What the build makes is no news: only the sources are.
const watch = { ignored: ["**/build/**", "**/dist/**"] };

export default defineConfig({
  server: { watch },
  test: {
    globalSetup: "test/support/build.ts",
    forceRerunTriggers: ["**/src/**/*.ts"],
    // By default one processor is left idle.
    maxWorkers: "100%",
    projects: [
      {
        server: { watch },
        resolve: { alias },
        test: {
          name: "node",
          include: [...everywhere, "test/verify/**/*.test.ts", "test/node/**/*.test.ts", "test/page/**/*.test.ts"],
          typecheck: { enabled: true, include: ["test/**/*.test-d.ts"], tsconfig: "test/types/tsconfig.json" },
          setupFiles: ["test/support/setup.ts"],
          testTimeout: 60_000,
          pool: "forks",
          server: { deps: { external: [/\/(?:build|dist)\//] } },
          execArgv: ["--expose-gc"],
        },
      },
      {
        server: { watch },
        resolve: { alias },
        test: {
          name: "chromium",
          include: everywhere,
          setupFiles: ["test/support/setup.ts"],
          testTimeout: 60_000,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({ launchOptions }),
            instances: [{ browser: "chromium" }],
          },
        },
      },
    ],
  },
});

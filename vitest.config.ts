import { fileURLToPath } from "node:url";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { chromiumLaunchOptions } from "./test/support/chromium.ts";

const source = (file: string): string => fileURLToPath(new URL(`./src/${file}`, import.meta.url));
const alias = [
  { find: /^millrace$/, replacement: source("index.ts") },
  { find: /^millrace\/transducers$/, replacement: source("transducers.ts") },
  { find: /^millrace\/host$/, replacement: source("host-entry.ts") },
  { find: /^millrace\/node$/, replacement: source("node.ts") },
  { find: /^millrace\/testing$/, replacement: source("testing.ts") },
  { find: /^millrace\/vitest$/, replacement: source("vitest.ts") },
];

// What holds everywhere runs in Node and in Chromium alike; what needs files, processes or a page runs in Node.
const everywhere = ["rules", "flow", "sync", "testing"].map((folder) => `test/${folder}/**/*.test.ts`);
everywhere.push("test/verify/verify.test.ts");
const launchOptions = await chromiumLaunchOptions();

export default defineConfig({
  test: {
    globalSetup: "test/support/build.ts",
    // By default one processor is left idle.
    maxWorkers: "100%",
    projects: [
      {
        resolve: { alias },
        test: {
          name: "node",
          include: [...everywhere, "test/verify/**/*.test.ts", "test/node/**/*.test.ts", "test/page/**/*.test.ts"],
          typecheck: { enabled: true, include: ["test/**/*.test-d.ts"], tsconfig: "test/types/tsconfig.json" },
          setupFiles: ["test/support/setup.ts"],
          testTimeout: 60_000,
          pool: "forks",
          execArgv: ["--expose-gc"],
        },
      },
      {
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

import { fileURLToPath } from "node:url";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { chromiumLaunchOptions } from "./test/support/chromium.ts";

/** What is tested is what the build makes of the sources: a file for each, or the few that are shipped. */
const built = (path: string): string => fileURLToPath(new URL(`./${path}`, import.meta.url));
const entries = ["index", "transducers", "node", "testing", "vitest"];

function aliases(folder: string, host: string) {
  const files = [["host", host], ...entries.map((entry) => [entry, entry])];
  return files.map(([name, file]) => ({
    find: new RegExp(name === "index" ? "^millrace$" : `^millrace/${name}$`),
    replacement: built(`${folder}/${file}.js`),
  }));
}

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
        resolve: {
          alias: [...aliases("build", "host-entry"), { find: /^(?:\.\.\/)+src\//, replacement: built("build/") }],
        },
        test: {
          name: "node",
          include: [...everywhere, "test/verify/**/*.test.ts", "test/node/**/*.test.ts", "test/page/**/*.test.ts"],
          typecheck: { enabled: true, include: ["test/**/*.test-d.ts"], tsconfig: "test/types/tsconfig.json" },
          setupFiles: ["test/support/setup.ts"],
          testTimeout: 60_000,
          pool: "forks",
          server: { deps: { external: [/\/build\//] } },
          execArgv: ["--expose-gc"],
        },
      },
      {
        server: { watch },
        resolve: { alias: aliases("dist", "host") },
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

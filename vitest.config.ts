import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { PATIENCE } from "./test/support/patience.ts";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** The package as it is shipped, and what only tests import from the files that it is made of. */
const shipped = (entry: string): { find: RegExp; replacement: string }[] => [
  { find: /^millrace$/, replacement: path(`dist/${entry}.js`) },
  { find: /^millrace\/(\w+)$/, replacement: path("dist/$1.js") },
  { find: /^(?:\.\.\/)+src\//, replacement: path("build/") },
];

/** The sources: nothing has to be built, and stack traces lead into src/. */
const sources = [
  { find: /^millrace$/, replacement: path("src/index-whole.ts") },
  { find: /^millrace\/host$/, replacement: path("src/host-entry.ts") },
  { find: /^millrace\/(\w+)$/, replacement: path("src/$1.ts") },
];

/** Tests of what holds on every engine: those of the rooms of src/, and of rules that cut across them. */
const rooms = ["structures", "scheduler", "operation", "task", "channel", "choice", "derived", "time", "lifetime"];
rooms.push("flow", "sync", "supervise", "remote", "testing", "rules");
const everywhere = rooms.map((room) => `test/${room}/**/*.test.ts`);
everywhere.push("test/transducers.test.ts", "test/verify/verify.test.ts");

/** Files that take longest: they begin first, so that none of them is left when all others are done. */
const LONG = ["test/engines/", "test/fuzz/", "test/verify/", "test/page/", "test/package/"];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placeOf = ({ moduleId }: TestSpecification): number => {
      const place = LONG.findIndex((folder) => moduleId.includes(`/${folder}`));
      return place === -1 ? LONG.length : place;
    };
    return (await super.sort(files)).sort((one, other) => placeOf(one) - placeOf(other));
  }
}

/** Tests that need Node: its garbage collector, its streams, its processes. */
const nodeOnly = "test/**/*.node.test.ts";

/** Tests that need a page. */
const pageOnly = "test/**/*.page.test.ts";

// Only changes of the sources start the tests again, not what the build writes.
const server = { watch: { ignored: ["**/build/**", "**/dist/**"] } };

/** Whether a project is to run: all are, unless the command line names some. */
function isWanted(project: string): boolean {
  const named = process.argv.flatMap((argument, at) =>
    argument === "--project" ? [process.argv[at + 1]!] : argument.startsWith("--project=") ? [argument.slice(10)] : [],
  );
  return named.length === 0 || named.some((name) => new RegExp(`^${name.replaceAll("*", ".*")}$`).test(project));
}

/** Chromium, which takes a second to load, so it is only loaded to be used. */
async function inChromium(common: object): Promise<TestProjectInlineConfiguration> {
  const { playwright } = await import("@vitest/browser-playwright");
  const { launchOptions } = await import("./test/support/chromium.ts");
  return {
    server,
    resolve: { alias: shipped("index") },
    test: {
      ...common,
      name: "shipped-chromium",
      globalSetup: ["test/support/build.ts", "test/support/chromium.ts", "test/support/far-side.ts"],
      include: everywhere,
      exclude: [nodeOnly],
      browser: {
        enabled: true,
        headless: true,
        screenshotFailures: false,
        provider: playwright({ launchOptions: launchOptions() }),
        instances: [{ browser: "chromium" }],
      },
    },
  };
}

export default defineConfig(async ({ mode }) => {
  // `npm run stress`: the same tests, with counts that take minutes.
  const common = {
    setupFiles: ["test/support/setup.ts"],
    // No test may fail because the machine is slow; one that hangs ends all the same.
    testTimeout: 2 * PATIENCE,
    hookTimeout: 2 * PATIENCE,
    expect: { poll: { timeout: PATIENCE } },
    // To load everything anew for each file takes longer than most tests. Each file leaves nothing behind (see setup.ts).
    isolate: false,
    provide: { stress: mode === "stress" },
  };
  const unit: TestProjectInlineConfiguration = {
    server,
    resolve: { alias: sources },
    test: {
      ...common,
      name: "unit",
      include: [
        ...everywhere,
        "test/verify/**/*.test.ts",
        "test/fuzz/**/*.test.ts",
        "test/node/**/*.test.ts",
        "test/nats/**/*.test.ts",
        "test/engines/workers.test.ts",
      ],
      exclude: [nodeOnly, pageOnly],
      pool: "forks",
    },
  };
  const inNode: TestProjectInlineConfiguration = {
    server,
    resolve: { alias: shipped("index-node") },
    test: {
      ...common,
      name: "shipped",
      globalSetup: "test/support/build.ts",
      include: ["test/**/*.test.ts"],
      exclude: [pageOnly],
      typecheck: { enabled: true, include: ["test/**/*.test-d.ts"], tsconfig: "test/types/tsconfig.json" },
      pool: "forks",
      server: { deps: { external: [/\/(?:build|dist)\//] } },
      execArgv: ["--expose-gc"],
    },
  };
  return {
    server,
    test: {
      forceRerunTriggers: ["**/src/**/*.ts"],
      // Half as many again as there are processors: many tests wait for processes, pages and timers most of their time.
      maxWorkers: Math.ceil(1.5 * availableParallelism()),
      sequence: { sequencer: LongestFirst },
      // Vitest looks for this one here, and not in the project.
      browser: { connectTimeout: PATIENCE },
      projects: [unit, inNode, ...(isWanted("shipped-chromium") ? [await inChromium(common)] : [])],
    },
  };
});

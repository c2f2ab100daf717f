// JavaScriptCore, the engine of Safari and of every browser on iOS, as it comes with Bun: the tests of what holds on every
// engine run there over the sources. What depends on the engine are the forms of blocks, results by identity, errors and stacks.

import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { PATIENCE } from "../support/patience.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The part of vitest's JSON report that is read here. */
interface Report {
  readonly numTotalTests: number;
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/** Slow files that cannot depend on the engine, and why; Node and Chromium run them. */
const LEFT_OUT = [
  // The slices of the scheduler on a virtual clock.
  "test/scheduler/pace.test.ts",
  // The same claims about losses for each combinator: no stack, no form that the tests of the combinators do not have.
  "test/flow/ownership.test.ts",
  // Five locks with the same queue; the tests of each lock run.
  "test/sync/permits.test.ts",
  // Whole programs of the search, which test/verify/verify.test.ts and the other simulations have in small.
  "test/testing/simulation/programs.test.ts",
  "test/testing/simulation/faults.test.ts",
  "test/testing/simulation/beside.test.ts",
];

async function testsInBun(...files: string[]): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-bun-"));
  const outputFile = join(folder, "report.json");
  const vitest = [join(root, "node_modules/vitest/vitest.mjs"), "run", "--project", "unit", "--maxWorkers", "1"];
  const excluded = LEFT_OUT.flatMap((file) => ["--exclude", file]);
  const reporter = ["--reporter", "json", "--outputFile", outputFile];
  try {
    await promisify(execFile)(
      join(root, "node_modules/.bin/bun"),
      ["--bun", ...vitest, ...reporter, ...excluded, ...files],
      {
        cwd: root,
        maxBuffer: 2 ** 26,
      },
    ).catch((error) => error);
    return JSON.parse(readFileSync(outputFile, "utf8")) as Report;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test(
  "the rules, combinators, locks and simulations hold in Bun",
  async () => {
    const rooms = ["structures", "scheduler", "operation", "task", "channel", "choice", "derived", "time", "lifetime"];
    rooms.push("flow", "sync", "testing", "rules");
    const files = rooms.map((name) => `test/${name}/`);
    const report = await testsInBun(...files, "test/transducers", "test/verify/verify");
    const broken = report.testResults.flatMap(({ name, message, assertionResults }) => {
      const failed = assertionResults.filter(({ status }) => status === "failed").map(({ fullName }) => fullName);
      return failed.length === 0 && message !== "" ? [`${name}: ${message}`] : failed;
    });
    expect(broken).toEqual([]);
    expect(report.numTotalTests).toBeGreaterThan(5_900);
    expect(report.numPassedTests).toBe(report.numTotalTests);
  },
  3 * PATIENCE,
);

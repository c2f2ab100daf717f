// JavaScriptCore, the engine of Safari and of every browser on iOS, as it comes with Bun: the tests of what holds on every
// engine run there over the sources.

import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

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

async function testsInBun(...files: string[]): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-bun-"));
  const outputFile = join(folder, "report.json");
  const vitest = [join(root, "node_modules/vitest/vitest.mjs"), "run", "--project", "unit"];
  const reporter = ["--reporter", "json", "--outputFile", outputFile];
  try {
    await promisify(execFile)(join(root, "node_modules/.bin/bun"), ["--bun", ...vitest, ...reporter, ...files], {
      cwd: root,
      maxBuffer: 2 ** 26,
    }).catch((error) => error);
    return JSON.parse(readFileSync(outputFile, "utf8")) as Report;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("the rules, combinators, locks and simulations hold in Bun", async () => {
  const rooms = ["structures", "scheduler", "operation", "task", "channel", "choice", "derived", "time", "lifetime"];
  rooms.push("flow", "sync", "testing", "rules");
  const files = rooms.map((name) => `test/${name}/`);
  const report = await testsInBun(...files, "test/transducers", "test/verify/verify");
  const broken = report.testResults.flatMap(({ name, message, assertionResults }) => {
    const failed = assertionResults.filter(({ status }) => status === "failed").map(({ fullName }) => fullName);
    return failed.length === 0 && message !== "" ? [`${name}: ${message}`] : failed;
  });
  expect(broken).toEqual([]);
  expect(report.numTotalTests).toBeGreaterThan(3_900);
  expect(report.numPassedTests).toBe(report.numTotalTests);
}, 900_000);

// Every example runs, by the command that the docs name, and prints what the comment at its end says.

import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { PATIENCE } from "../support/patience.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const examples = readdirSync(`${root}/examples`).filter((name) => name.endsWith(".ts"));

interface Ending {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(example: string): Promise<Ending> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ["--import", "tsx", `examples/${example}`],
      { cwd: root, timeout: PATIENCE, env: { ...process.env, NODE_OPTIONS: "" } },
      (_error, stdout, stderr) => resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

/** The lines of the comment that ends the file. */
function promised(example: string): string {
  const [, comment] = readFileSync(`${root}/examples/${example}`, "utf8").split("\n// Prints:\n");
  return (comment ?? "").replace(/^\/\/ {0,3}/gm, "");
}

describe("Every example prints what it says", () => {
  test("there are examples", () => {
    expect(examples.length).toBeGreaterThanOrEqual(8);
  });

  test.concurrent.each(examples)("%s", async (example) => {
    const { code, stdout, stderr } = await run(example);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout).toBe(promised(example));
  });
});

// The bank of examples/bank, as processes of their own: under load while its parts are killed, and asked to end by a signal.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { PATIENCE } from "../support/patience.js";
import { startProgram } from "../support/program.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

test("examples/bank loses no acknowledged deposit while its parts are killed, and ends by itself", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", "examples/bank/main.ts"], {
    cwd: root,
  });
  expect(stdout).toMatch(/^120 deposits acknowledged, \d+ refused and sent again, 0 lost$/m);
  const parts = [...stdout.matchAll(/^(\S+) +killed +(\d+), started +(\d+) times$/gm)];
  expect(parts.map(([, part]) => part)).toEqual(["ledger", "tellers", "tellers/ann", "tellers/bob", "web"]);
  expect(parts.reduce((sum, [, , killed]) => sum + Number(killed), 0)).toBeGreaterThan(0);
});

describe("a tree in a process that gets a signal", () => {
  test.each<[way: string, grace: number, signal: NodeJS.Signals, code: number]>([
    ["10", PATIENCE, "SIGTERM", 0],
    ["10", PATIENCE, "SIGINT", 0],
    [String(PATIENCE), 300, "SIGTERM", 1],
  ])("a child that stops in %s ms and has %i, %s: the exit code is %i", async (way, grace, signal, code) => {
    const { line, stop } = await startProgram("examples/bank/serve.ts", way, String(grace));
    expect(line).toBe("ready");
    expect(await stop(signal)).toBe(code);
  });

  test("a tree that does not start ends the process with 1", async () => {
    const { line, process: child } = await startProgram("examples/bank/serve.ts", "fails");
    expect(line).toContain('StartError: Cannot start child "worker": Error: no disk');
    const code = child.exitCode ?? (await new Promise((resolve) => child.once("exit", resolve)));
    expect(code).toBe(1);
  });
});

// examples/parallel: the digests of one thread and of several are the same.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("examples/parallel makes the same digests in one thread and in several", async () => {
  const program = ["--import", "tsx", "examples/parallel/main.ts", "docs/gallery", "--threads", "3"];
  const { stdout } = await promisify(execFile)(process.execPath, program);
  expect(stdout).toMatch(/^\d+ files, [\d.]+ MB$/m);
  expect(stdout).toMatch(/^3 threads +[\d.]+ s, [\d.]+ times as fast$/m);
  expect(stdout).toContain("all digests are the same\n");
});

// Temporary folders of the examples.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../../examples/shared/folder.js";

test("the folder of a program that was killed is removed when the next one starts, and no other", () => {
  const purpose = `test-${process.pid}`;
  const { pid: gone } = spawnSync(process.execPath, ["-e", "process.kill(process.pid, 'SIGKILL')"]);
  const named = (of: number | string): string => join(tmpdir(), `millrace-${purpose}-${of}`);
  const [left, running, other] = [named(`${gone}-abc`), named(`${process.ppid}-abc`), named("abc")];
  for (const folder of [left, running, other]) {
    mkdirSync(folder);
    writeFileSync(join(folder, "file"), "x");
  }
  const first = temporaryFolder(purpose);
  const second = temporaryFolder(purpose);
  expect([left, running, other, first, second].map((folder) => existsSync(folder))).toEqual([
    false,
    true,
    true,
    true,
    true,
  ]);
  for (const folder of [running, other, first, second]) rmSync(folder, { recursive: true });
});

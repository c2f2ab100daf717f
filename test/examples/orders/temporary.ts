// A folder for the files of one test, which is removed after it.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "millrace-orders-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

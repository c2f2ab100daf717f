// Folders for files that are needed while a program runs.

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Makes a folder among the temporary ones. The caller removes it. A program that is killed cannot, so the folder carries the id of its
 * process, and the next call for the same purpose removes the folders of processes that are gone.
 *
 * @param purpose - A word for the name of the folder.
 */
export function temporaryFolder(purpose: string): string {
  const prefix = `millrace-${purpose}-`;
  for (const name of readdirSync(tmpdir())) {
    const id = name.startsWith(prefix) ? /^(\d+)-/.exec(name.slice(prefix.length))?.[1] : undefined;
    if (id === undefined || isRunning(Number(id))) continue;
    try {
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
    } catch {
      // Another user's.
    }
  }
  return mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`));
}

function isRunning(id: number): boolean {
  try {
    return process.kill(id, 0);
  } catch (error) {
    // Another user's process is there, and cannot be signalled.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

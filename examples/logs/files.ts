import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Problem, problem } from "./problem.ts";

/** A log file, with its size in bytes. */
export interface LogFile {
  readonly path: string;
  readonly size: number;
}

/** All log files in the folders and their subfolders, rotated and compressed files included. */
export async function* logFiles(folders: readonly string[]): AsyncGenerator<LogFile | Problem, void> {
  for (const folder of folders) {
    try {
      const entries = await readdir(folder, { withFileTypes: true });
      entries.sort((a, b) => a.name.localeCompare(b.name));
      yield* logFiles(entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name)));
      for (const entry of entries) {
        if (!entry.isDirectory() && /\.log(\.\d+)?(\.gz)?$/.test(entry.name))
          yield await logFile(join(folder, entry.name));
      }
    } catch (error) {
      yield problem(folder, error);
    }
  }
}

async function logFile(path: string): Promise<LogFile | Problem> {
  try {
    return { path, size: (await stat(path)).size };
  } catch (error) {
    return problem(path, error);
  }
}

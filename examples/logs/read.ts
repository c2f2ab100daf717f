import { createReadStream, type ReadStream } from "node:fs";
import { pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { CLOSED, type Closed, from, type Routine, type SendChannel } from "millrace";
import type { Line } from "./entry.ts";
import type { LogFile } from "./files.ts";
import { type Problem, problem } from "./problem.ts";

/**
 * Sends the lines of a file, one by one: it reads on only when they are taken. If the file cannot be read, to its end or at
 * all, a problem is the last that it sends.
 *
 * @param bytes - Told how many bytes more have been read.
 */
export function* readLines(
  { path }: LogFile,
  out: SendChannel<Line | Problem>,
  bytes: (more: number) => void,
): Routine<void> {
  const file = createReadStream(path);
  const chunks = from<string>(unpacked(file, path.endsWith(".gz")).setEncoding("utf8"));
  let number = 0;
  let rest = "";
  let read = 0;
  try {
    for (let chunk: string | Closed; (chunk = yield* chunks.receive()) !== CLOSED; ) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop()!;
      for (const text of lines) if (!(yield* out.send({ file: path, number: ++number, text }))) return;
      bytes(file.bytesRead - read);
      read = file.bytesRead;
    }
    if (rest !== "") yield* out.send({ file: path, number: ++number, text: rest });
  } catch (error) {
    yield* out.send(problem(path, error));
  } finally {
    chunks.cancel();
  }
}

/** Packed files are unpacked by Node's threads, several at the same time. */
function unpacked(file: ReadStream, packed: boolean): Readable {
  // Whoever reads the end of the line of streams is thrown what failed in it.
  return packed ? pipeline(file, createGunzip(), () => {}) : file;
}

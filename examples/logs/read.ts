import { createReadStream, type ReadStream } from "node:fs";
import { pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { CLOSED, type Closed, from, type Routine, type SendChannel } from "millrace";
import type { Line } from "./entry.ts";
import type { LogFile } from "./files.ts";
import { type Problem, problem } from "./problem.ts";

/**
 * Sends the lines of a file, one by one, and reads more of the file only when they have been received. If the file, or its
 * end, cannot be read, a problem is the last value that it sends.
 *
 * @param onBytes - Called with the number of bytes that have been read since the last call.
 */
export function* readLines(
  { path }: LogFile,
  out: SendChannel<Line | Problem>,
  onBytes: (more: number) => void,
): Routine<void> {
  const file = createReadStream(path);
  const chunks = from<string>(contentOf(file, path.endsWith(".gz")).setEncoding("utf8"));
  let number = 0;
  let incomplete = "";
  let read = 0;
  try {
    for (let chunk: string | Closed; (chunk = yield* chunks.receive()) !== CLOSED; ) {
      const lines = (incomplete + chunk).split("\n");
      incomplete = lines.pop()!;
      for (const text of lines) if (!(yield* out.send({ file: path, number: ++number, text }))) return;
      onBytes(file.bytesRead - read);
      read = file.bytesRead;
    }
    if (incomplete !== "") yield* out.send({ file: path, number: ++number, text: incomplete });
  } catch (error) {
    yield* out.send(problem(path, error));
  } finally {
    chunks.cancel();
  }
}

/** The content of a file. Node decompresses files in threads of its own, several files at the same time. */
function contentOf(file: ReadStream, compressed: boolean): Readable {
  // The callback does nothing: an error of either stream also reaches the reader of the last stream.
  return compressed ? pipeline(file, createGunzip(), () => {}) : file;
}

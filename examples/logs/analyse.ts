// From files to a tally: four files are read at the same time, each line is parsed as it arrives, and its request is counted.
// Each step takes a value from the previous step only when it is ready for the value, so memory use does not grow with the files.

import {
  aborted,
  channel,
  flatPipeline,
  forEach,
  from,
  go,
  type ReceiveChannel,
  type Routine,
  type SendChannel,
  select,
  sliding,
  stream,
} from "millrace";
import { type Entry, type Line, parse } from "./entry.ts";
import type { LogFile } from "./files.ts";
import { isProblem, type Problem } from "./problem.ts";
import { showProgress } from "./progress.ts";
import { readLines } from "./read.ts";
import { Tally } from "./tally.ts";

/** How many files are read at the same time. */
const PARALLEL = 4;

/** The counts, and whether they are complete. */
export interface Analysis {
  readonly tally: Tally;
  readonly complete: boolean;
}

/** Reads and counts all files, and shows the progress. An aborted signal ends it with the counts so far. */
export function* analyse(
  files: readonly LogFile[],
  terminal: NodeJS.WriteStream,
  signal: AbortSignal,
): Routine<Analysis> {
  const tally = new Tally();
  // A new count replaces a count that has not been received yet, so reading never waits for the terminal.
  const read = channel<number>(sliding(1));
  const size = files.reduce((sum, file) => sum + file.size, 0);
  const shown = go(showProgress, read, size, terminal);
  const { key } = yield* select({
    complete: forEach(entries(files, read), (item) => tally.add(item)),
    stopped: aborted(signal),
  });
  read.close();
  yield* shown;
  return { tally, complete: key === "complete" };
}

/** The entries of all files. Entries of different files come in any order. */
function entries(files: readonly LogFile[], read: SendChannel<number>): ReceiveChannel<Entry | Problem> {
  let total = 0;
  const count = (more: number): void => void read.trySend((total += more));
  const lines = flatPipeline(
    PARALLEL,
    from(files),
    (file, out: SendChannel<Line | Problem>) => readLines(file, out, count),
    { ordered: false },
  );
  return stream(lines)
    .map((line) => (isProblem(line) ? line : parse(line)))
    .channel();
}

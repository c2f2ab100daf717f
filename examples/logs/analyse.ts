// From files to a tally: files are read four at a time, their lines parsed as they come, and what they say is counted. Each
// step takes from the one before when it is ready for more, so that memory stays flat however much there is to read.

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

const AT_ONCE = 4;

/** Where the bytes that have been read are counted, and whether that was all of them. */
export interface Analysis {
  readonly tally: Tally;
  readonly complete: boolean;
}

/** Reads and counts, and shows its progress. When the signal is aborted it ends with what has been counted so far. */
export function* analyse(
  files: readonly LogFile[],
  terminal: NodeJS.WriteStream,
  signal: AbortSignal,
): Routine<Analysis> {
  const tally = new Tally();
  // The newest count takes the place of one that nobody has looked at, so that reading never waits for the terminal.
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

/** What all lines say, in no order among the files. */
function entries(files: readonly LogFile[], read: SendChannel<number>): ReceiveChannel<Entry | Problem> {
  let total = 0;
  const count = (more: number): void => void read.trySend((total += more));
  const lines = flatPipeline(
    AT_ONCE,
    from(files),
    (file, out: SendChannel<Line | Problem>) => readLines(file, out, count),
    { ordered: false },
  );
  return stream(lines)
    .map((line) => (isProblem(line) ? line : parse(line)))
    .channel();
}

// npm run logs [-- folder ...]: statistics from access logs. Without folders it generates sample logs and reads them.
// analyse.ts shows the idea: files are read in parallel, and no step runs ahead of the next.

import { type AsyncRoutine, collect, from, go } from "millrace";
import { analyse } from "./analyse.ts";
import { type LogFile, logFiles } from "./files.ts";
import { isProblem } from "./problem.ts";
import { megabytes } from "./progress.ts";
import { problemReport, report } from "./report.ts";
import { sampleFolders } from "./samples.ts";

const folders = process.argv.length > 2 ? process.argv.slice(2) : sampleFolders();
const interrupted = new AbortController();
// The first Ctrl-C ends the analysis, and a second Ctrl-C ends the process.
process.once("SIGINT", () => interrupted.abort());
process.exitCode = await go(main, folders, interrupted.signal);

async function* main(folders: string[], signal: AbortSignal): AsyncRoutine<number> {
  const found = yield* collect(from(logFiles(folders)));
  const files = found.filter((file): file is LogFile => !isProblem(file));
  const size = files.reduce((sum, file) => sum + file.size, 0);
  process.stdout.write(`${files.length} files, ${megabytes(size)}, in ${folders.join(" and ")}\n`);

  const { tally, complete } = yield* analyse(files, process.stderr, signal);
  for (const file of found) if (isProblem(file)) tally.add(file);
  if (!complete) process.stdout.write("\nInterrupted. The counts so far:\n");
  process.stdout.write(`\n${report(tally)}`);
  process.stderr.write(problemReport(tally));
  return complete ? 0 : 130;
}

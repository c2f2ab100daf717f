// The report: what a run prints, and what a full run leaves in README.md.

import { LIMIT } from "./bundle.mjs";
import { contenders } from "./contenders.mjs";
import { machine } from "./machine.mjs";
import { fullTable, goalTable, remarks, spread } from "./table.mjs";

export function report(contests, bundle, effort) {
  return [
    "# Benchmarks",
    "Written by `node bench/run.mjs`; do not edit. `node bench/run.mjs spsc/0 sieve` runs some of the workloads, `--quick` runs them with less care; neither writes this file.",
    "## `function*` against the goals",
    goalTable(contests, "millrace", "sync"),
    "## `async function*` against the goals",
    goalTable(contests, "millrace-async", "async"),
    "## Everybody",
    fullTable(contests),
    "Left out, measured with less, or to be read with care:",
    remarks(contests),
    ...bundleSection(bundle),
    "## What the workloads do",
    contests.map(({ workload }) => `- \`${workload.name}\`: ${workload.does}`).join("\n"),
    "## How it was measured",
    method(contests, effort),
    "## Where",
    machine(contenders)
      .map(([what, which]) => `- ${what}: ${which}`)
      .join("\n"),
  ].join("\n\n");
}

function bundleSection(bundle) {
  if (bundle === undefined) return [];
  const { minified, brotli } = bundle;
  const reached = brotli <= LIMIT ? "reached" : "NOT reached";
  return [
    "## Bundle",
    `\`import { channel, go, select, timeout } from "millrace"\`: ${brotli} bytes minified, tree-shaken and brotli (${minified} before brotli). The goal is at most ${LIMIT}: ${reached}.`,
  ];
}

function method(contests, { rounds, warmUpMs, budgetMs }) {
  const [median, most] = spread(contests).map((part) => `${Math.round(part * 100)} %`);
  return `Every number comes from a process of its own with one contender and one workload in it. The process warms up for at
least ${warmUpMs} ms, then repeats the workload for at least ${budgetMs} ms and twice or more, and keeps the best. That is done ${rounds === 1 ? "once" : `${rounds} times`}, contenders in turns (A B C A B C), so that a
machine that slows down slows them all. Times are the best over the processes, bytes the median. The times of the
processes of a cell lay ${median} apart in the median, ${most} at most.

Each run returns a sum that is checked; a wrong one is an error, never a time. A process that does not end within a
minute is stopped and said to hang.

Every contender performs the same program in its own idiom. millrace ends its loops by closing, builds each select anew,
and joins its tasks; the promise libraries count their loops, which spares them a check. Their tasks are async functions,
so their \`spawn\` is a bare call and an await. A task of js-csp, and of millrace, is a handle that can be joined; goroutines
have none, and are counted by a WaitGroup. Go starts its goroutines on the smallest stack (\`adaptivestackstart=0\`), and
stops its timers at once: \`time.After\` would leave them behind. ts-chan runs in its unsafe mode, its fast one. The
floors, bare resumes and bare promises, are what the engine takes for the same steps with no library at all.

What is chained, spread or gathered is so by the library's own means where it has them; in Go it is always written by hand.
RxJS pushes: its source calls through to the end of the chain, nobody waits for anybody, and a receiver that is slow holds
nothing back. Its numbers are those of calls, not of hand-overs.

Bytes a task are the heap after a full collection with all tasks parked, less the heap before, channels included but not
the list of the tasks; in Go with the stacks. Bytes kept are the heap after two repetitions, less that before them, for
each select. Memory is weighed in runs of its own, after the timed ones: a collection on demand shrinks V8's young
generation, and what follows it takes up to a third longer.`;
}

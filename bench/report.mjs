// The report: the text that a run prints, and that a full run writes to README.md.

import { LIMIT } from "./bundle.mjs";
import { contenders } from "./contenders.mjs";
import { machine } from "./machine.mjs";
import { engineTable, fullTable, goalTable, mixedTable, mixedVerdicts, remarks, spread } from "./table.mjs";

export function report(contests, mixed, engines, bundle, effort) {
  return [
    "# Benchmarks",
    "Written by `node bench/run.mjs`; do not edit. `node bench/run.mjs spsc/0 sieve` runs some of the workloads, `--quick` takes fewer and shorter measurements. Neither writes this file.",
    "## `function*` against the goals",
    goalTable(contests, "millrace", "sync"),
    "## `async function*` against the goals",
    goalTable(contests, "millrace-async", "async"),
    "## `await` in plain code against the goals",
    goalTable(contests, "millrace-await", "plain"),
    "## `for await` in plain code against the goals",
    goalTable(contests, "millrace-for-await", "plain"),
    "## All contenders",
    fullTable(contests),
    "Workloads that a contender does not perform, and remarks about numbers:",
    remarks(contests),
    "## In a mixed program",
    "The workloads take turns in one process. In brackets: how many times the time in a process of its own.",
    mixedTable(contests, mixed),
    mixedVerdicts(contests, mixed),
    ...engineSection(engines),
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

function engineSection(engines) {
  if (engines.length === 0) return [];
  return [
    "## On other engines",
    "The time, and in brackets how many times that of the fastest peer on the same engine.",
    engineTable(engines),
  ];
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
least ${warmUpMs} ms, then repeats the workload for at least ${budgetMs} ms and at least twice, and keeps the best time.
This is done ${rounds === 1 ? "once" : `${rounds} times`}, with the contenders in turns (A B C A B C): if the machine slows down, it slows all of
them. The tables show the best time and the median of the bytes over all processes. The times of the processes of one cell
differ by ${median} in the median, and by ${most} at most.

Each run returns a sum, which is checked. A run with a wrong sum is an error and has no time. A process that does not end
within a minute is stopped and reported as hanging.

Every contender performs the same program in its own idiom. millrace ends its loops when a channel is closed, creates a new
select each time, and joins its tasks. The promise libraries count the rounds of their loops, which saves a check for the
end. Their tasks are async functions, so their \`spawn\` is a call and an await. A task of millrace or js-csp is a handle that
can be joined; goroutines have no handle, and a WaitGroup counts them. Go starts its goroutines with the smallest stack
(\`adaptivestackstart=0\`), and stops its timers at once, because \`time.After\` would leave them running. ts-chan runs in its
unsafe mode, which is its fast mode. The floors, bare resumes and bare promises, are the times that the engine takes for
the same steps without any library.

Pipelines, worker pools, broadcasts and batches use the combinators of the library if it has them; in Go they are always
written by hand. RxJS pushes: its source calls functions to the end of the chain, no side waits for the other, and a slow
receiver does not slow its source. Its numbers are times of calls, not of hand-overs.

The bytes of a task are the growth of the heap after a full garbage collection with all tasks parked. They include the
channels and, in Go, the stacks, but not the list of the tasks. The bytes that a select leaves are the growth of the heap
over two repetitions, divided by the number of selects. Memory is measured in separate runs after the timed runs: a full
garbage collection shrinks V8's young generation, and code that runs after it takes up to a third longer.`;
}

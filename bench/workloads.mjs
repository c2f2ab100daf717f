// The workloads: a description, the number of operations, the expected sum, and the goals.
//
// All contenders perform the same program for a name. `n` is the number of operations in one repetition of a contender that
// takes about 100 ns for each. Faster and slower contenders scale it (see contenders.mjs). In a `fixed` workload the number
// is the same for all contenders, except for a contender that names a smaller number as its `most`.

import {
  aheadOfPeers,
  all,
  atMost,
  nothingKept,
  timesAheadOf,
  timesChannel,
  timesGo,
  timesPeer,
  timesPromises,
} from "./goals.mjs";

const aheadOfStreams = timesAheadOf(3, "web-streams", "node-streams");

const triangle = (n) => (n * (n - 1)) / 2;
const fourTriangles = (n) => 4 * triangle(n / 4);

const ns = (sync, async, plain) => ({ measure: "ns", sync, async, plain });
const ms = (operations, sync, async) => ({ measure: "ms", operations, sync, async });
const bytes = (sync, async) => ({ measure: "bytes", sync, async });

export const workloads = [
  {
    name: "spsc/0",
    does: "one task sends and one receives, no buffer; per value",
    n: 1_000_000,
    sum: triangle,
    rows: [ns(all(timesPeer(0.65), timesPromises(0.7)), timesChannel(1.1), timesChannel(1.1))],
  },
  { name: "spsc/64", does: "the same with a buffer of 64; per value", n: 1_000_000, sum: triangle, rows: [ns()] },
  {
    name: "spsc/128",
    does: "the same with a buffer of 128; per value",
    n: 1_000_000,
    sum: triangle,
    rows: [ns(timesGo(1.3), aheadOfPeers, aheadOfPeers)],
  },
  {
    name: "mpmc/64",
    does: "4 tasks send and 4 receive on one channel with a buffer of 64; per value",
    n: 1_000_000,
    sum: fourTriangles,
    rows: [ns()],
  },
  {
    name: "ping-pong",
    does: "a value goes to another task and back over two channels, no buffers; per round trip",
    n: 500_000,
    sum: triangle,
    rows: [ns(timesGo(0.5), aheadOfPeers)],
  },
  {
    name: "select-receive/4",
    does: "one task selects over 4 channels, each with its own sender; per value",
    n: 400_000,
    sum: fourTriangles,
    rows: [ns(all(timesGo(0.8), aheadOfPeers), aheadOfPeers, aheadOfPeers)],
  },
  {
    name: "select-receive/4 (reused)",
    does: "the same with one select that is performed in every round; per value",
    n: 400_000,
    sum: fourTriangles,
    rows: [ns(timesGo(0.55, "select-receive/4"))],
  },
  {
    name: "select-both/4",
    does: "4 tasks select over sends and 4 over receives, on the same 4 channels; per value",
    n: 200_000,
    sum: fourTriangles,
    rows: [ns()],
  },
  {
    name: "scope",
    does: "open a scope in which no task is started, and close it; per scope",
    n: 200_000,
    sum: triangle,
    rows: [ns(atMost(2000, "ns"))],
  },
  { name: "spawn", does: "start a task, let it run, join it; per task", n: 500_000, sum: triangle, rows: [ns()] },
  {
    name: "ring/1000",
    does: "a token goes round 1000 tasks; per hop",
    n: 500_000,
    sum: (n) => n - n / 1000,
    rows: [ns(timesGo(0.5), aheadOfPeers)],
  },
  {
    name: "sieve",
    does: "the first 1000 primes, one task for each prime; in total",
    n: 1000,
    fixed: true,
    sum: () => 3_682_913,
    rows: [ms(1000, timesGo(1.3))],
  },
  {
    name: "sleep-cancel",
    does: "select of a busy channel and a timeout of 60 s that never fires; per select, and the bytes it leaves in the heap",
    n: 100_000,
    sum: triangle,
    rows: [ns(timesGo(0.5)), bytes(nothingKept, nothingKept)],
  },
  {
    name: "idle-selects",
    does: "select of a busy channel and an idle channel; per select, and the bytes it leaves in the heap",
    n: 500_000,
    sum: triangle,
    rows: [ns(), bytes(nothingKept, nothingKept)],
  },
  {
    name: "pipeline/4",
    does: "a pipeline of 4 stages, no buffers; per item",
    n: 200_000,
    sum: (n) => triangle(n) + 4 * n,
    rows: [ns(timesGo(0.6))],
  },
  {
    name: "workers/8",
    does: "items go to 8 workers and their results to one channel, no buffers; per item",
    n: 400_000,
    sum: (n) => triangle(n) + n,
    rows: [ns(timesGo(0.6))],
  },
  {
    name: "flow-pipeline/4",
    does: "4 mapping stages, chained by the combinators of the library; per item",
    n: 200_000,
    sum: (n) => triangle(n) + 4 * n,
    rows: [ns(aheadOfStreams)],
  },
  {
    name: "flow-workers/8",
    does: "8 workers by a combinator of the library, results in any order; per item",
    n: 400_000,
    sum: (n) => triangle(n) + n,
    rows: [ns()],
  },
  {
    name: "flow-workers/8 (promises)",
    does: "the same with a promise for each item; per item",
    n: 200_000,
    sum: (n) => triangle(n) + n,
    rows: [ns()],
  },
  {
    name: "broadcast/100",
    does: "each value goes to 100 receivers, and no receiver may miss a value; per value received",
    n: 800_000,
    sum: (n) => 100 * triangle(n / 100),
    rows: [ns(aheadOfStreams)],
  },
  {
    name: "batch/100",
    does: "groups of 100 values, or of fewer after 50 ms; per value",
    n: 400_000,
    sum: triangle,
    rows: [ns(aheadOfStreams)],
  },
  {
    name: "merge/4",
    does: "4 sources are merged by a combinator of the library; per value",
    n: 400_000,
    sum: fourTriangles,
    rows: [ns(aheadOfStreams)],
  },
  {
    name: "semaphore/4",
    does: "8 tasks share 4 permits, and give way to the other tasks while they hold one; per acquisition",
    n: 400_000,
    sum: (n) => 8 * triangle(n / 8),
    rows: [ns()],
  },
  {
    name: "channels",
    does: "create channels without a buffer; the bytes of heap that each takes",
    n: 200_000,
    fixed: true,
    sum: triangle,
    rows: [bytes(atMost(160, "bytes"))],
  },
  {
    name: "parked",
    does: "start tasks that park, 1000 on each channel; per task, and the bytes of heap it takes",
    n: 1_000_000,
    fixed: true,
    sum: triangle,
    rows: [bytes(atMost(384, "bytes"), atMost(700, "bytes")), ns(atMost(500, "ns"))],
  },
  {
    name: "release",
    does: "send a value to each of the tasks that are parked on one channel; per task",
    n: 1_000_000,
    fixed: true,
    sum: triangle,
    rows: [ns(atMost(200, "ns"), atMost(200, "ns"), atMost(200, "ns"))],
  },
];

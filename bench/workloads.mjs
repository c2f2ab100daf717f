// Workloads: what each one does, how much of it, the sum it must come to, and the goal it is held to.
//
// Every contender performs the same program for a name. `n` counts the operations of one repetition for a contender that
// takes some 100 ns for each; contenders that are slower or faster scale it (see contenders.mjs). A workload whose amount
// is `fixed` is the same for all, unless a contender says how much it manages at `most`.

import { aheadOfPeers, atMost, nothingKept, timesGo } from "./goals.mjs";

const triangle = (n) => (n * (n - 1)) / 2;
const fourTriangles = (n) => 4 * triangle(n / 4);

const ns = (sync, async) => ({ measure: "ns", sync, async });
const ms = (operations, sync, async) => ({ measure: "ms", operations, sync, async });
const bytes = (sync, async) => ({ measure: "bytes", sync, async });

export const workloads = [
  {
    name: "spsc/0",
    does: "one task sends, one receives, no buffer; a value",
    n: 1_000_000,
    sum: triangle,
    rows: [ns(timesGo(0.5), aheadOfPeers)],
  },
  { name: "spsc/64", does: "the same, 64 buffered; a value", n: 1_000_000, sum: triangle, rows: [ns()] },
  {
    name: "spsc/128",
    does: "the same, 128 buffered; a value",
    n: 1_000_000,
    sum: triangle,
    rows: [ns(timesGo(0.75), aheadOfPeers)],
  },
  {
    name: "mpmc/64",
    does: "4 tasks send, 4 receive, one channel, 64 buffered; a value",
    n: 1_000_000,
    sum: fourTriangles,
    rows: [ns()],
  },
  {
    name: "ping-pong",
    does: "there on one channel, back on another, no buffers; a round trip",
    n: 500_000,
    sum: triangle,
    rows: [ns(timesGo(0.5), aheadOfPeers)],
  },
  {
    name: "select-receive/4",
    does: "one task selects over 4 channels, each with a sender of its own; a value",
    n: 400_000,
    sum: fourTriangles,
    rows: [ns(timesGo(0.5), aheadOfPeers)],
  },
  {
    name: "select-receive/4 (reused)",
    does: "the same with one select, performed again and again; a value",
    n: 400_000,
    sum: fourTriangles,
    rows: [ns()],
  },
  {
    name: "select-both/4",
    does: "4 tasks select where to send, 4 where to receive, over the same 4 channels; a value",
    n: 200_000,
    sum: fourTriangles,
    rows: [ns()],
  },
  { name: "spawn", does: "start a task, let it run, join it; a task", n: 500_000, sum: triangle, rows: [ns()] },
  {
    name: "ring/1000",
    does: "a token goes round 1000 tasks; a hop",
    n: 500_000,
    sum: (n) => n - n / 1000,
    rows: [ns(timesGo(0.5), aheadOfPeers)],
  },
  {
    name: "sieve",
    does: "the first 1000 primes, a task for each prime; all of it",
    n: 1000,
    fixed: true,
    sum: () => 3_682_913,
    rows: [ms(1000, timesGo(1))],
  },
  {
    name: "sleep-cancel",
    does: "select of a busy channel and a timeout of 60 s that never fires; a select, and what it leaves in the heap",
    n: 100_000,
    sum: triangle,
    rows: [ns(timesGo(0.5)), bytes(nothingKept, nothingKept)],
  },
  {
    name: "idle-selects",
    does: "select of a busy channel and one that stays silent; a select, and what it leaves in the heap",
    n: 500_000,
    sum: triangle,
    rows: [ns(), bytes(nothingKept, nothingKept)],
  },
  {
    name: "pipeline/4",
    does: "through 4 stages, no buffers; an item",
    n: 200_000,
    sum: (n) => triangle(n) + 4 * n,
    rows: [ns(timesGo(0.6))],
  },
  {
    name: "workers/8",
    does: "out to 8 workers and in again, no buffers; an item",
    n: 400_000,
    sum: (n) => triangle(n) + n,
    rows: [ns(timesGo(0.6))],
  },
  {
    name: "flow-pipeline/4",
    does: "through 4 stages that map, as the library chains them; an item",
    n: 200_000,
    sum: (n) => triangle(n) + 4 * n,
    rows: [ns()],
  },
  {
    name: "flow-workers/8",
    does: "out to 8 workers and in again in any order, as the library spells it; an item",
    n: 400_000,
    sum: (n) => triangle(n) + n,
    rows: [ns()],
  },
  {
    name: "flow-workers/8 (promises)",
    does: "the same, and the work of each is a promise; an item",
    n: 200_000,
    sum: (n) => triangle(n) + n,
    rows: [ns()],
  },
  {
    name: "broadcast/100",
    does: "each value to 100 receivers, none of which may miss one; a value received",
    n: 800_000,
    sum: (n) => 100 * triangle(n / 100),
    rows: [ns()],
  },
  {
    name: "batch/100",
    does: "into groups of 100, or of what has come within 50 ms of the first; a value",
    n: 400_000,
    sum: triangle,
    rows: [ns()],
  },
  {
    name: "semaphore/4",
    does: "8 tasks share 4 permits, and let the others have a turn while they hold one; an acquisition",
    n: 400_000,
    sum: (n) => 8 * triangle(n / 8),
    rows: [ns()],
  },
  {
    name: "parked",
    does: "start tasks that park, 1000 to a channel; a task, and the heap it takes",
    n: 1_000_000,
    fixed: true,
    sum: triangle,
    rows: [bytes(atMost(450, "bytes"), atMost(700, "bytes")), ns(atMost(500, "ns"))],
  },
  {
    name: "release",
    does: "send a value to each of the tasks parked on one channel; a task",
    n: 1_000_000,
    fixed: true,
    sum: triangle,
    rows: [ns(atMost(200, "ns"))],
  },
];

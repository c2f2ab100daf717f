// The contenders, and the workloads that each of them cannot perform.
//
//   kind      ours, peer, floor (a lower bound: the engine without any library) or go
//   scale     the amount of work in a repetition, relative to a contender that takes 100 ns for an operation
//   most      the largest number of operations that it can perform, for workloads that have more
//   cannot    the reason why it does not perform a workload; it performs all workloads that are not named here
//   notes     a remark about its number for a workload

const noScope = "it has no scopes";
const noChoice = "it has no select over channels";
const meets = "it has no scheduler, no queues and no select";
const slot = "its slot holds one sender and one receiver";
const limit = "it allows at most 1024 tasks on a channel";
const ownSelect = "its select cannot be performed again";
const byHand = "it has no combinator for this";

const part = { parked: 400_000, release: 400_000 };
const fifth = { parked: 200_000 };
// An array as a queue is shifted for each released task, so the time for one task grows with the number of tasks.
const shifted = { parked: 200_000, release: 48_000 };

const about = (text, ...names) => Object.fromEntries(names.map((name) => [name, text]));
const selects = ["select-receive/4", "select-receive/4 (reused)", "select-both/4", "sleep-cancel", "idle-selects"];
const shared = ["mpmc/64", "workers/8", "semaphore/4", "parked", "release"];
const channels = [
  "spsc/0",
  "spsc/64",
  "spsc/128",
  "ping-pong",
  "spawn",
  "ring/1000",
  "sieve",
  "pipeline/4",
  "channels",
  ...shared,
];
const flows = [
  "flow-pipeline/4",
  "flow-workers/8",
  "flow-workers/8 (promises)",
  "broadcast/100",
  "batch/100",
  "merge/4",
];
const reused = about(ownSelect, "select-receive/4 (reused)");
const inGo = { ...reused, ...about("it has no promises", "flow-workers/8 (promises)") };

const all = [
  { name: "go/1", title: "Go, one P", kind: "go", processors: 1, most: fifth, cannot: inGo },
  { name: "go", title: "Go", kind: "go", most: fifth, cannot: inGo },
  { name: "millrace", title: "function*", kind: "ours", package: "millrace", scale: 2 },
  { name: "millrace-async", title: "async function*", kind: "ours", package: "millrace", most: part },
  {
    name: "millrace-await",
    title: "await",
    kind: "ours",
    package: "millrace",
    most: part,
    cannot: about(byHand, ...flows),
  },
  {
    name: "millrace-for-await",
    title: "for await",
    kind: "ours",
    package: "millrace",
    most: part,
    cannot: { ...about("its loops do not receive from one channel", ...selects, "spawn"), ...about(byHand, ...flows) },
  },
  {
    name: "medium",
    package: "medium",
    kind: "peer",
    most: shifted,
    cannot: { ...reused, ...about(byHand, ...flows) },
  },
  {
    name: "async-channel",
    package: "async-channel",
    kind: "peer",
    most: shifted,
    cannot: { ...about(noChoice, ...selects), ...about(byHand, "broadcast/100", "batch/100", "merge/4") },
  },
  {
    name: "thing-csp",
    title: "@thi.ng/csp",
    package: "@thi.ng/csp",
    kind: "peer",
    most: fifth,
    cannot: {
      ...reused,
      ...about("its select only receives", "select-both/4"),
      ...about(limit, "release"),
      ...about("a write waits until its value is read, with any buffer", "semaphore/4"),
    },
    notes: about("written by hand", "flow-pipeline/4", "flow-workers/8", "flow-workers/8 (promises)", "batch/100"),
  },
  {
    name: "ts-chan",
    package: "ts-chan",
    kind: "peer",
    scale: 0.5,
    most: shifted,
    cannot: {
      ...about("it reuses its select in select-receive/4", "select-receive/4 (reused)"),
      ...about(byHand, ...flows),
    },
  },
  {
    name: "js-csp",
    package: "js-csp",
    kind: "peer",
    scale: 0.1,
    most: fifth,
    cannot: {
      ...reused,
      ...about(limit, "release"),
      ...about("a map of a map fails", "flow-pipeline/4"),
      ...about("its groups have no time limit", "batch/100"),
    },
    notes: about("its results keep their order", "flow-workers/8", "flow-workers/8 (promises)"),
  },
  {
    name: "rxjs",
    title: "RxJS (pushes)",
    package: "rxjs",
    kind: "peer",
    // It queues pushed values in an array and shifts the array for each value, so the time for one grows with their number.
    most: { "flow-workers/8 (promises)": 8000 },
    cannot: about("it has neither channels nor tasks", ...channels, ...selects),
    notes: about("it pushes, without backpressure", ...flows),
  },
  {
    name: "web-streams",
    title: "web streams",
    kind: "peer",
    scale: 0.1,
    cannot: {
      ...about(noChoice, ...selects),
      ...about("a stream has one writer and one reader", ...shared),
      ...about("it has no tasks", "spawn"),
      ...about("left out, because it takes ten seconds", "sieve"),
      ...about("a transform works on one value at a time", "flow-workers/8", "flow-workers/8 (promises)"),
      ...about(byHand, "merge/4"),
    },
    notes: about("tee() queues values for the slower reader without a limit", "broadcast/100"),
  },
  {
    name: "node-streams",
    title: "Node streams",
    kind: "peer",
    scale: 0.5,
    cannot: {
      ...about("it has neither channels nor tasks", ...channels, ...selects),
      ...about("its map() waits for promises", "flow-workers/8"),
    },
    notes: {
      ...about("values pass in groups of 16", "flow-pipeline/4", "batch/100"),
      ...about("its results keep their order", "flow-workers/8 (promises)"),
    },
  },
  {
    name: "promise",
    title: "bare promises",
    kind: "floor",
    cannot: {
      ...about(slot, "spsc/64", "spsc/128", ...shared),
      ...about(noChoice, ...selects),
      ...about(byHand, ...flows),
    },
  },
  {
    name: "resume",
    title: "bare resumes",
    kind: "floor",
    scale: 4,
    cannot: about(
      meets,
      ...["spsc/64", "spsc/128", "mpmc/64", "sieve", "pipeline/4", "workers/8", "semaphore/4", "release", "channels"],
      ...selects,
      ...flows,
    ),
  },
];

const scoped = ["millrace", "millrace-async"];

export const contenders = all.map((given) => ({
  title: given.name,
  scale: 1,
  most: {},
  notes: {},
  ...given,
  cannot: { ...(scoped.includes(given.name) ? {} : about(noScope, "scope")), ...given.cannot },
}));

// A multiple of the four producers, the eight workers and the ring of 1000 tasks.
const whole = (n) => Math.max(1, Math.round(n / 8000)) * 8000;

/** The number of operations that a contender performs in one repetition of a workload. */
export function amount(contender, workload, share) {
  if (workload.name === "sieve") return workload.n;
  const wanted = workload.n * share * (workload.fixed ? 1 : contender.scale);
  return whole(Math.min(contender.most[workload.name] ?? Infinity, wanted));
}

// Contenders: who takes part, and what each of them cannot do.
//
//   kind      ours, peer, floor (what the engine takes at the very least) or go
//   scale     how much of a workload fills a repetition, next to a contender that takes 100 ns for an operation
//   most      how many operations it manages, where that is fewer than the workload has
//   cannot    why it does not perform a workload; one it does not name it performs
//   notes     what its number does not show

const noChoice = "it cannot choose between channels";
const meets = "nothing is scheduled, queued or chosen in it";
const slot = "its slot holds one sender and one receiver";
const limit = "it refuses more than 1024 tasks on a channel";
const ownSelect = "its select is made anew each time";
const byHand = "it has no combinator for it";

const part = { parked: 400_000, release: 400_000 };
const fifth = { parked: 200_000 };
// A queue that is an array is shifted for every task released: the time of one grows with the number of all.
const shifted = { parked: 200_000, release: 48_000 };

const about = (text, ...names) => Object.fromEntries(names.map((name) => [name, text]));
const selects = ["select-receive/4", "select-receive/4 (reused)", "select-both/4", "sleep-cancel", "idle-selects"];
const shared = ["mpmc/64", "workers/8", "semaphore/4", "parked", "release"];
const channels = ["spsc/0", "spsc/64", "spsc/128", "ping-pong", "spawn", "ring/1000", "sieve", "pipeline/4", ...shared];
const flows = ["flow-pipeline/4", "flow-workers/8", "flow-workers/8 (promises)", "broadcast/100", "batch/100"];
const reused = about(ownSelect, "select-receive/4 (reused)");
const inGo = { ...reused, ...about("it has no promises", "flow-workers/8 (promises)") };

const all = [
  { name: "go/1", title: "Go, one P", kind: "go", processors: 1, most: fifth, cannot: inGo },
  { name: "go", title: "Go", kind: "go", most: fifth, cannot: inGo },
  { name: "millrace", title: "function*", kind: "ours", package: "millrace", scale: 2 },
  { name: "millrace-async", title: "async function*", kind: "ours", package: "millrace", most: part },
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
    cannot: { ...about(noChoice, ...selects), ...about(byHand, "broadcast/100", "batch/100") },
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
      ...about("what is written there waits until it is read, whatever the buffer", "semaphore/4"),
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
      ...about("it always does so, see select-receive/4", "select-receive/4 (reused)"),
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
      ...about("a map over a map fails", "flow-pipeline/4"),
      ...about("its groups have no limit of time", "batch/100"),
    },
    notes: about("its results keep their order", "flow-workers/8", "flow-workers/8 (promises)"),
  },
  {
    name: "rxjs",
    title: "RxJS (pushes)",
    package: "rxjs",
    kind: "peer",
    // It queues what its source pushes in an array, and shifts that for each: the time of one grows with the number of all.
    most: { "flow-workers/8 (promises)": 8000 },
    cannot: about("it has neither channels nor tasks", ...channels, ...selects),
    notes: about("it pushes, and nothing can hold its source back", ...flows),
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
      ...about("left out: it takes ten seconds", "sieve"),
      ...about("a transform has one value in work", "flow-workers/8", "flow-workers/8 (promises)"),
    },
    notes: about("tee() queues without limit what the slower side has not read", "broadcast/100"),
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
      ...["spsc/64", "spsc/128", "mpmc/64", "sieve", "pipeline/4", "workers/8", "semaphore/4", "release"],
      ...selects,
      ...flows,
    ),
  },
];

export const contenders = all.map((given) => ({
  title: given.name,
  scale: 1,
  most: {},
  cannot: {},
  notes: {},
  ...given,
}));

// Four producers, eight workers and a ring of 1000 must all divide it.
const whole = (n) => Math.max(1, Math.round(n / 8000)) * 8000;

/** How many operations a contender performs in one repetition of a workload. */
export function amount(contender, workload, share) {
  if (workload.name === "sieve") return workload.n;
  const wanted = workload.n * share * (workload.fixed ? 1 : contender.scale);
  return whole(Math.min(contender.most[workload.name] ?? Infinity, wanted));
}

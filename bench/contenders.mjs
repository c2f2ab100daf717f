// Contenders: who takes part, and what each of them cannot do.
//
//   kind      ours, peer, floor (what the engine takes at the very least) or go
//   scale     how much of a workload fills a repetition, next to a contender that takes 100 ns for an operation
//   tasks     how many tasks it manages, where that is fewer than the workload has
//   cannot    why it does not perform a workload; one it does not name it performs

const noChoice = "it cannot choose between channels";
const meets = "nothing is scheduled, queued or chosen in it";
const slot = "its slot holds one sender and one receiver";
const limit = "it refuses more than 1024 tasks on a channel";
const ownSelect = "its select is made anew each time";

const part = { parked: 400_000, release: 400_000 };
const fifth = { parked: 200_000 };
// A queue that is an array is shifted for every task released: the time of one grows with the number of all.
const shifted = { parked: 200_000, release: 48_000 };

const without = (reason, ...names) => Object.fromEntries(names.map((name) => [name, reason]));
const selects = ["select-receive/4", "select-both/4", "sleep-cancel", "idle-selects"];
const reused = without(ownSelect, "select-receive/4 (reused)");

const all = [
  { name: "go/1", title: "Go, one P", kind: "go", processors: 1, tasks: fifth, cannot: reused },
  { name: "go", title: "Go", kind: "go", tasks: fifth, cannot: reused },
  { name: "millrace", title: "function*", kind: "ours", package: "millrace", scale: 2 },
  { name: "millrace-async", title: "async function*", kind: "ours", package: "millrace", tasks: part },
  {
    name: "medium",
    package: "medium",
    kind: "peer",
    tasks: shifted,
    cannot: reused,
  },
  {
    name: "async-channel",
    package: "async-channel",
    kind: "peer",
    tasks: shifted,
    cannot: without(noChoice, ...selects, "select-receive/4 (reused)"),
  },
  {
    name: "thing-csp",
    title: "@thi.ng/csp",
    package: "@thi.ng/csp",
    kind: "peer",
    tasks: fifth,
    cannot: {
      ...reused,
      ...without("its select only receives", "select-both/4"),
      ...without(limit, "release"),
    },
  },
  {
    name: "ts-chan",
    package: "ts-chan",
    kind: "peer",
    scale: 0.5,
    tasks: shifted,
    cannot: without("it always does so, see select-receive/4", "select-receive/4 (reused)"),
  },
  {
    name: "js-csp",
    package: "js-csp",
    kind: "peer",
    scale: 0.1,
    tasks: fifth,
    cannot: { ...reused, ...without(limit, "release") },
  },
  {
    name: "promise",
    title: "bare promises",
    kind: "floor",
    cannot: {
      ...without(slot, "spsc/64", "spsc/128", "mpmc/64", "workers/8", "parked", "release"),
      ...without(noChoice, ...selects, "select-receive/4 (reused)"),
    },
  },
  {
    name: "resume",
    title: "bare resumes",
    kind: "floor",
    scale: 4,
    cannot: {
      ...without(meets, "spsc/64", "spsc/128", "mpmc/64", "sieve", "pipeline/4", "workers/8", "release"),
      ...without(meets, ...selects, "select-receive/4 (reused)"),
    },
  },
];

export const contenders = all.map((given) => ({ title: given.name, scale: 1, tasks: {}, cannot: {}, ...given }));

// Four producers, eight workers and a ring of 1000 must all divide it.
const whole = (n) => Math.max(1, Math.round(n / 8000)) * 8000;

/** How many operations a contender performs in one repetition of a workload. */
export function amount(contender, workload, share) {
  if (workload.name === "sieve") return workload.n;
  if (workload.fixed) return whole(Math.min(contender.tasks[workload.name] ?? Infinity, workload.n * share));
  return whole(workload.n * contender.scale * share);
}

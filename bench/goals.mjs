// The goals for the measured values.
//
// A goal has a text for the table and a function `met`. It gets the value of millrace, and a function that returns the value of
// another contender for a workload: `of(name)` for the same workload. It returns undefined if the value to compare with is missing.

const within = (value, limit) => (limit === undefined ? undefined : value <= limit);
const times = (factor) => (factor === 1 ? "" : `${factor} x `);

const relative = (title, name) => (factor, workload) => ({
  text: `at most ${times(factor)}${title}${workload === undefined ? "" : `'s ${workload}`}`,
  met: (value, of) => {
    const other = of(name, workload);
    return within(value, other === undefined ? undefined : factor * other);
  },
});

export const timesGo = relative("Go", "go/1");
export const timesChannel = relative("async-channel", "async-channel");
export const timesPromises = relative("bare promises", "promise");
export const timesPeer = relative("the fastest peer", "peer");

export const aheadOfPeers = {
  text: "ahead of every peer",
  met: (value, of) => {
    const peer = of("peer");
    return peer === undefined ? undefined : value < peer;
  },
};

/** So many times as fast as each of several contenders. */
export const timesAheadOf = (factor, ...names) => ({
  text: `${factor} x ahead of ${names.join(", ")}`,
  met: (value, of) => {
    const others = names.map((name) => of(name)).filter((other) => other !== undefined);
    return others.length === 0 ? undefined : others.every((other) => value * factor <= other);
  },
});

/** All of several goals. */
export const all = (...goals) => ({
  text: goals.map(({ text }) => text).join("; "),
  met: (value, of) => {
    const verdicts = goals.map((goal) => goal.met(value, of));
    if (verdicts.includes(false)) return false;
    return verdicts.includes(undefined) ? undefined : true;
  },
});

export const atMost = (limit, unit) => ({
  text: `at most ${limit} ${unit}`,
  // Readings of the heap differ by a fraction of a byte.
  met: (value) => value < limit + 0.5,
});

// Two readings of the heap always differ a little, so less than one byte for each select counts as nothing.
export const nothingKept = {
  text: "nothing kept",
  met: (value) => value < 1,
};

/** The most that a workload may take in a mixed program, relative to a process of its own. */
export const MIXED = 1.25;

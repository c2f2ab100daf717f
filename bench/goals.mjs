// Goals: what a measured value is held to.
//
// A goal has a text for the table and a judge. The judge gets the value and what was measured beside it, `go` (Go with
// GOMAXPROCS=1) and `peer` (the fastest JavaScript peer), and answers undefined where there is nothing to compare with.

const within = (value, limit) => (limit === undefined ? undefined : value <= limit);

export const timesGo = (factor) => ({
  text: factor === 1 ? "at most Go" : `at most ${factor} x Go`,
  met: (value, { go }) => within(value, go === undefined ? undefined : factor * go),
});

export const aheadOfPeers = {
  text: "ahead of every peer",
  met: (value, { peer }) => (peer === undefined ? undefined : value < peer),
};

export const atMost = (limit, unit) => ({
  text: `at most ${limit} ${unit}`,
  met: (value) => value <= limit,
});

// A heap is never read twice with the same number in it: less than a byte for each select is nothing.
export const nothingKept = {
  text: "nothing kept",
  met: (value) => value < 1,
};

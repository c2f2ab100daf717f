// The goals for the measured values.
//
// A goal has a text for the table and a function `met`. It gets the value of millrace, and the values of `go` (Go with
// GOMAXPROCS=1), `peer` (the fastest JavaScript peer) and `channel` (async-channel). It returns undefined if the value to compare with is missing.

const within = (value, limit) => (limit === undefined ? undefined : value <= limit);

export const timesGo = (factor) => ({
  text: factor === 1 ? "at most Go" : `at most ${factor} x Go`,
  met: (value, { go }) => within(value, go === undefined ? undefined : factor * go),
});

export const timesChannel = (factor) => ({
  text: `at most ${factor} x async-channel`,
  met: (value, { channel }) => within(value, channel === undefined ? undefined : factor * channel),
});

export const aheadOfPeers = {
  text: "ahead of every peer",
  met: (value, { peer }) => (peer === undefined ? undefined : value < peer),
};

export const atMost = (limit, unit) => ({
  text: `at most ${limit} ${unit}`,
  met: (value) => value <= limit,
});

// Two readings of the heap always differ a little, so less than one byte for each select counts as nothing.
export const nothingKept = {
  text: "nothing kept",
  met: (value) => value < 1,
};

// Node's streams of objects, with the numbers of values that they hold by default. A Transform serves as a stage, and several
// sources are piped into one PassThrough.

import { PassThrough, Readable, Transform, Writable } from "node:stream";
import { pipeline as piped } from "node:stream/promises";

function numbers(n) {
  let i = 0;
  return new Readable({
    objectMode: true,
    read() {
      for (let room = true; room; i++) room = this.push(i < n ? i : null) && i < n;
    },
  });
}

const mapping = (change) => new Transform({ objectMode: true, transform: (i, _, done) => done(null, change(i)) });
const increment = () => mapping((i) => i + 1);

/** The end of a chain: `total()` is the sum of what was written to it. */
function summing(value = (i) => i) {
  let sum = 0;
  const sink = new Writable({
    objectMode: true,
    write(i, _, done) {
      sum += value(i);
      done();
    },
  });
  return Object.assign(sink, { total: () => sum });
}

async function through(...stages) {
  await piped(...stages);
  return stages.at(-1).total();
}

const flow = (n) => through(numbers(n), increment(), increment(), increment(), increment(), summing());

const workers = (n) =>
  through(
    numbers(n).map(async (i) => i + 1, { concurrency: 8 }),
    summing(),
  );

const ended = (stream) => new Promise((resolve, reject) => stream.once("finish", resolve).once("error", reject));

async function broadcast(n) {
  const source = numbers(n / 100);
  const sinks = Array.from({ length: 100 }, () => summing());
  for (const sink of sinks) sink.setMaxListeners(0);
  source.setMaxListeners(0);
  const ends = sinks.map(ended);
  for (const sink of sinks) source.pipe(sink);
  await Promise.all(ends);
  return sinks.reduce((sum, sink) => sum + sink.total(), 0);
}

function groups(size, ms) {
  let group = [];
  let timer;
  const flush = (stage) => {
    clearTimeout(timer);
    if (group.length > 0) stage.push(group);
    group = [];
  };
  return new Transform({
    objectMode: true,
    transform(i, _, done) {
      if (group.push(i) === 1) timer = setTimeout(flush, ms, this);
      if (group.length === size) flush(this);
      done();
    },
    flush(done) {
      flush(this);
      done();
    },
  });
}

const batch = (n) =>
  through(
    numbers(n),
    groups(100, 50),
    summing((group) => group.reduce((a, b) => a + b, 0)),
  );

async function merge(n) {
  const all = new PassThrough({ objectMode: true });
  const sources = [0, 1, 2, 3].map(() => numbers(n / 4));
  let open = sources.length;
  for (const source of sources) {
    source.pipe(all, { end: false });
    source.once("end", () => --open === 0 && all.end());
  }
  return await through(all, summing());
}

export const performs = {
  "flow-pipeline/4": flow,
  "flow-workers/8 (promises)": workers,
  "broadcast/100": broadcast,
  "batch/100": batch,
  "merge/4": merge,
};

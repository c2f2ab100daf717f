// @thi.ng/csp: channels over promises. With any buffer a write completes only when its value is read, so a channel with the
// smallest buffer (1) works like a channel without a buffer.

import { channel, merge, mult, select, timeout } from "@thi.ng/csp";
import { awaiting } from "./awaiting.mjs";

const value = ([received]) => received;

const performed = awaiting({
  channel: (capacity) => channel(Math.max(1, capacity)),
  send: (to, i) => to.write(i),
  receive: (from) => from.read(),
  receiving: (channels) => ({ next: () => select(...channels), value }),
  against: (channel, ms) => ({ next: () => select(channel, timeout(ms)), value }),
});

async function feed(to, n) {
  for (let i = 0; i < n; i++) await to.write(i);
  to.close();
}

async function consume(from) {
  let sum = 0;
  for (let i; (i = await from.read()) !== undefined; ) sum += i;
  return sum;
}

async function work(from, to, stage) {
  for (let i; (i = await from.read()) !== undefined; ) await to.write(await stage(i));
}

async function promised(n) {
  const jobs = channel();
  const results = channel();
  const all = Array.from({ length: 8 }, () => work(jobs, results, async (i) => i + 1));
  Promise.all(all).then(() => results.close());
  feed(jobs, n);
  return await consume(results);
}

async function broadcast(n) {
  const values = channel();
  const receivers = mult(values);
  const sums = Array.from({ length: 100 }, () => consume(receivers.subscribe()));
  feed(values, n / 100);
  return (await Promise.all(sums)).reduce((a, b) => a + b);
}

/** Sends a group when it is full, or `ms` after its first value arrived. */
async function gather(from, to, size, ms) {
  for (let first; (first = await from.read()) !== undefined; ) {
    const group = [first];
    const late = timeout(ms);
    while (group.length < size) {
      const [i, chosen] = await select(from, late);
      if (chosen === late || i === undefined) break;
      group.push(i);
    }
    await to.write(group);
  }
  to.close();
}

async function batch(n) {
  const values = channel();
  const groups = channel();
  gather(values, groups, 100, 50);
  feed(values, n);
  let sum = 0;
  for (let group; (group = await groups.read()) !== undefined; ) sum += group.reduce((a, b) => a + b);
  return sum;
}

function merged(n) {
  const sources = [0, 1, 2, 3].map(() => channel());
  for (const source of sources) feed(source, n / 4);
  return consume(merge(sources));
}

// The library has mult() and merge(). The other flows here are written by hand.
export const performs = {
  ...performed,
  "flow-pipeline/4": performed["pipeline/4"],
  "flow-workers/8": performed["workers/8"],
  "flow-workers/8 (promises)": promised,
  "broadcast/100": broadcast,
  "batch/100": batch,
  "merge/4": merged,
};

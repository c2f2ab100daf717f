// Web streams, as Node implements them. A TransformStream that passes values on unchanged serves as a channel. Its sender waits
// until the stream has room.

import { awaiting } from "./awaiting.mjs";

function channel(capacity) {
  const { writable, readable } = new TransformStream({}, { highWaterMark: Math.max(1, capacity) });
  return { writer: writable.getWriter(), reader: readable.getReader() };
}

function send({ writer }, i) {
  writer.write(i);
  return writer.ready;
}

function numbers(n) {
  let i = 0;
  return new ReadableStream({
    pull(to) {
      if (i < n) to.enqueue(i++);
      else to.close();
    },
  });
}

const increment = () => new TransformStream({ transform: (i, to) => to.enqueue(i + 1) });

async function sum(values) {
  let sum = 0;
  for await (const i of values) sum += i;
  return sum;
}

const pipeline = (n) =>
  sum(numbers(n).pipeThrough(increment()).pipeThrough(increment()).pipeThrough(increment()).pipeThrough(increment()));

function split(values, count) {
  if (count === 1) return [values];
  const [left, right] = values.tee();
  return [...split(left, count >> 1), ...split(right, count - (count >> 1))];
}

async function broadcast(n) {
  const sums = await Promise.all(split(numbers(n / 100), 100).map(sum));
  return sums.reduce((a, b) => a + b);
}

function groups(size, ms) {
  let group = [];
  let timer;
  const flush = (to) => {
    clearTimeout(timer);
    if (group.length > 0) to.enqueue(group);
    group = [];
  };
  return new TransformStream({
    transform(i, to) {
      if (group.push(i) === 1) timer = setTimeout(flush, ms, to);
      if (group.length === size) flush(to);
    },
    flush,
  });
}

async function batch(n) {
  let sum = 0;
  for await (const group of numbers(n).pipeThrough(groups(100, 50))) sum += group.reduce((a, b) => a + b, 0);
  return sum;
}

export const performs = {
  ...awaiting({ channel, send, receive: ({ reader }) => reader.read(), value: ({ value }) => value }),
  "flow-pipeline/4": pipeline,
  "broadcast/100": broadcast,
  "batch/100": batch,
};

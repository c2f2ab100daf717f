// async-channel: channels over promises, without a select.

import asyncChannel from "async-channel";
import { awaiting } from "./awaiting.mjs";

const { BaseChannel, Channel } = asyncChannel;

const performed = awaiting({
  channel: (capacity) => new BaseChannel(capacity),
  send: (to, i) => to.push(i),
  receive: (from) => from.get(),
});

async function feed(to, n) {
  for (let i = 0; i < n; i++) await to.push(i);
  to.close();
}

const increment = (i) => i + 1;

async function flow(n, made) {
  const values = new Channel();
  feed(values, n);
  let sum = 0;
  for await (const i of made(values)) sum += i;
  return sum;
}

export const performs = {
  ...performed,
  "flow-pipeline/4": (n) => flow(n, (values) => values.map(increment).map(increment).map(increment).map(increment)),
  "flow-workers/8": (n) => flow(n, (values) => values.map(increment, null, 8)),
  "flow-workers/8 (promises)": (n) => flow(n, (values) => values.map(async (i) => i + 1, null, 8)),
};

// millrace in plain async functions: each operation is awaited, as a promise would be.

import { alt, channel, select, timeout } from "millrace";
import { awaiting } from "./awaiting.mjs";

const value = (chosen) => chosen.value ?? chosen;

const sendAny = ([a, b, c, d], i) => select({ a: a.send(i), b: b.send(i), c: c.send(i), d: d.send(i) });
const receiveAny = ([a, b, c, d]) => select({ a: a.receive(), b: b.receive(), c: c.receive(), d: d.receive() });
const receiveEither = ([a, b]) => alt(a.receive(), b.receive());

export const adapter = {
  channel: (capacity) => channel(capacity),
  send: (to, i) => to.send(i),
  receive: (from) => from.receive(),
  receiving: (channels) => ({
    next: channels.length === 4 ? () => receiveAny(channels) : () => receiveEither(channels),
    value,
  }),
  sending: (channels) => ({ next: (i) => sendAny(channels, i), value }),
  against: (from, ms) => ({ next: () => alt(from.receive(), timeout(ms).receive()), value }),
};

async function reused(n) {
  const channels = [0, 1, 2, 3].map(() => channel());
  for (const values of channels) produce(values, n / 4);
  const any = receiveAny(channels);
  let sum = 0;
  for (let i = 0; i < n; i++) sum += (await any).value;
  return sum;
}

async function produce(to, n) {
  for (let i = 0; i < n; i++) await to.send(i);
}

export const performs = { ...awaiting(adapter), "select-receive/4 (reused)": reused };

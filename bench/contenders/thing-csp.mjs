// @thi.ng/csp: channels over promises. A write completes when its value is read, whatever the buffer, so the smallest
// buffer (1) is its rendezvous.

import { channel, select, timeout } from "@thi.ng/csp";
import { awaiting } from "./awaiting.mjs";

const value = ([received]) => received;

export const performs = awaiting({
  channel: (capacity) => channel(Math.max(1, capacity)),
  send: (to, i) => to.write(i),
  receive: (from) => from.read(),
  receiving: (channels) => ({ next: () => select(...channels), value }),
  against: (channel, ms) => ({ next: () => select(channel, timeout(ms)), value }),
});

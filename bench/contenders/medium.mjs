// medium: channels over promises, with any() as select.

import { any, chan, put, sleep, take } from "medium";
import { awaiting } from "./awaiting.mjs";

const value = ([received]) => received;

export const performs = awaiting({
  channel: (capacity) => (capacity === 0 ? chan() : chan(capacity)),
  send: put,
  receive: take,
  receiving: (channels) => ({ next: () => any(...channels), value }),
  sending: (channels) => ({ next: (i) => any(...channels.map((channel) => [channel, i])), value }),
  against: (channel, ms) => ({ next: () => any(channel, sleep(ms)), value }),
});

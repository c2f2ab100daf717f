// async-channel: channels over promises, without a choice between them.

import asyncChannel from "async-channel";
import { awaiting } from "./awaiting.mjs";

const { BaseChannel } = asyncChannel;

export const performs = awaiting({
  channel: (capacity) => new BaseChannel(capacity),
  send: (to, i) => to.push(i),
  receive: (from) => from.get(),
});

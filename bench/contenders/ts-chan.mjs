// ts-chan in its unsafe mode, which is its fast mode: the safe mode yields to the event loop after each operation.
//
// A loop creates its Select once, as the documentation recommends, except where each round needs a new case.

import { Chan, recv, Select, send, wait } from "ts-chan";
import { awaiting } from "./awaiting.mjs";

const unsafe = (made) => made.setUnsafe(true);
const taken = (choice, i) => choice.recv(choice.cases[i]).value;

function receiving(channels) {
  const choice = unsafe(new Select(channels.map((channel) => recv(channel))));
  return { next: () => choice.wait(), value: (i) => taken(choice, i) };
}

function sending(channels) {
  let value;
  const choice = unsafe(new Select(channels.map((channel) => send(channel, () => value))));
  return {
    next(i) {
      value = i;
      return choice.wait();
    },
  };
}

function against(channel, ms) {
  let choice;
  return {
    next() {
      choice = unsafe(new Select([recv(channel), wait(new Promise((resolve) => setTimeout(resolve, ms)))]));
      return choice.wait();
    },
    value: (i) => taken(choice, i),
  };
}

export const performs = awaiting({
  channel: (capacity) => unsafe(new Chan(capacity)),
  send: (to, i) => to.send(i),
  receive: (from) => from.recv(),
  value: (received) => received.value,
  receiving,
  sending,
  against,
});

// The floor for libraries that await: a slot in which one sender and one receiver meet over native promises. It has no
// queues, has no buffers and cannot be closed.

import { awaiting } from "./awaiting.mjs";

class Slot {
  constructor() {
    this.receiver = undefined;
    this.sender = undefined;
    this.value = undefined;
  }

  send(value) {
    const receiver = this.receiver;
    if (receiver !== undefined) {
      this.receiver = undefined;
      return receiver(value);
    }
    this.value = value;
    return new Promise((resolve) => {
      this.sender = resolve;
    });
  }

  receive() {
    const sender = this.sender;
    if (sender !== undefined) {
      this.sender = undefined;
      sender();
      return this.value;
    }
    return new Promise((resolve) => {
      this.receiver = resolve;
    });
  }
}

export const performs = awaiting({
  channel: () => new Slot(),
  send: (to, i) => to.send(i),
  receive: (from) => from.receive(),
});

// A worker of a page that does what it is told to.

import { expose } from "../../../src/worker.js";

if (self.name === "without locks") Object.defineProperty(navigator, "locks", { value: undefined });

const deeds: Record<string, () => unknown> = {
  return: () => 42,
  close: () => {
    self.close();
    return new Promise(() => {});
  },
  throw: () => {
    throw new RangeError("main has failed");
  },
  "throw later": () => {
    setTimeout(() => {
      throw new RangeError("thrown outside of main");
    });
    return new Promise(() => {});
  },
  spin: () => {
    // It arrives although this thread waits for nothing again.
    new BroadcastChannel("spinning").postMessage(self.name);
    for (;;);
  },
};

expose(async function* (connection) {
  connection.channel("silent");
  yield* connection.channel<string>("log").send("begun");
  const deed = yield* connection.channel<string>("deed").receive();
  return typeof deed === "string" ? await deeds[deed]!() : "closed";
});

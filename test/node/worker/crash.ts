// A worker that dies as it is told to, while its parent waits for it in every way.

import { expose } from "../../../src/worker.js";

const deeds: Record<string, () => unknown> = {
  exit: () => process.exit(7),
  "throw later": () => {
    setTimeout(() => {
      throw new RangeError("thrown outside of main");
    });
  },
  memory: () => {
    for (const all: unknown[] = []; ; ) all.push(new Array(1000).fill(all.length));
  },
  spin: () => {
    for (;;);
  },
  die: () => process.kill(process.pid, "SIGKILL"),
};

expose(function* (connection) {
  connection.channel<number>("silent"); // never received from
  connection.serve("never", () => new Promise<never>(() => {}));
  yield* connection.channel<string>("log").send("begun");
  const deed = yield* connection.channel<string>("deed").receive();
  if (typeof deed === "string") deeds[deed]!();
  yield* connection.channel("deed").receive();
});

// A worker that dies as it is told to, while its parent waits for it in every way.

import { sleep } from "../../../src/index.js";
import { expose } from "../../../src/worker.js";

const deeds: Record<string, () => unknown> = {
  exit: () => process.exit(7),
  "throw later": () => {
    setTimeout(() => {
      throw new RangeError("thrown outside of main");
    });
  },
  // Node 26 does not end a thread that fills small arrays in optimised code: it collects garbage for ever.
  memory: () => {
    for (const all: unknown[] = []; ; ) all.push(new Array(100_000).fill(all.length));
  },
  spin: () => {
    for (;;);
  },
  die: () => process.kill(process.pid, "SIGKILL"),
};

expose(function* (connection) {
  connection.channel<number>("silent"); // never received from
  connection.serve("never", () => new Promise<never>(() => {}));
  const log = connection.channel<string>("log");
  yield* log.send("begun");
  const deed = yield* connection.channel<string>("deed").receive();
  yield* log.send("taken");
  // The next message to the parent is that of its end.
  yield* sleep(1);
  if (typeof deed === "string") deeds[deed]?.();
  yield* connection.channel("deed").receive();
});

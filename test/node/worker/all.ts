// A worker that does what it is asked to.

import { sleep } from "../../../src/index.js";
import { expose } from "../../../src/worker.js";

const deeds: Record<string, () => unknown> = {
  return: () => 42,
  fail: () => {
    throw Object.assign(new RangeError("main has failed"), { code: "E_MAIN" });
  },
  "throw later": () => {
    setTimeout(() => {
      throw new RangeError("thrown outside of main");
    });
    return new Promise(() => {});
  },
  exit: () => process.exit(7),
  memory: () => {
    for (const all: unknown[] = []; ; ) all.push(new Array(1000).fill(all.length));
  },
  spin: () => {
    for (;;);
  },
  hang: () => new Promise(() => {}),
  die: () => process.kill(process.pid, "SIGKILL"),
};

expose(async function* (connection) {
  const log = connection.channel<string>("log");
  connection.channel<number>("silent");
  yield* log.send("begun");
  try {
    const deed = yield* connection.channel<string>("deed").receive();
    if (typeof deed !== "string") return "closed";
    if (deed === "serve") {
      const served = [connection.serve("double", (n: number) => n * 2)];
      const end = (): void => {
        for (const each of served) each[Symbol.dispose]();
      };
      served.push(connection.serve("stop serving", end));
      return "served";
    }
    return await deeds[deed]!();
  } finally {
    yield* sleep(1);
    log.trySend("ended");
  }
});

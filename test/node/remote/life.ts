// A program whose connection is idle, or waits: `node --import tsx life.ts idle` and so on. What is on the other side is a thread that
// answers after a while.

import { Worker } from "node:worker_threads";
import { go } from "../../../src/index-node.js";
import { connect } from "../../../src/remote.js";

const thread = new Worker(
  `import("tsx/esm/api").then(({ register }) => {
    register();
    return import(${JSON.stringify(new URL("answering.ts", import.meta.url))});
  })`,
  { eval: true },
);
const connection = connect(thread, { limits: { handshake: 60_000 } });
const idle = connection.channel<string>("idle");

switch (process.argv[2]) {
  case "idle":
    // Only the start of the thread is waited for.
    go(function* () {
      console.log(yield* connection.ask<string, string>("later", "ready"));
    });
    break;
  case "receive":
    go(function* () {
      console.log(yield* connection.channel<string>("words").receive());
    });
    break;
  case "lost":
    go(function* () {
      yield* connection.ask("later", "ready");
      thread.postMessage("this is no frame");
      yield* idle.receive();
    }).catch((error) => console.log((error as Error).name));
    break;
}

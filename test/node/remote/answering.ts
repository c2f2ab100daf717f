// The other side of life.ts.

import { parentPort } from "node:worker_threads";
import { go, sleep } from "../../../src/index-node.js";
import { connect } from "../../../src/remote.js";

const connection = connect(parentPort!, { limits: { handshake: 60_000 } });
connection.channel("idle");
connection.serve("later", function* (text: string) {
  yield* sleep(50);
  return text;
});
go(function* () {
  const words = connection.channel<string>("words");
  yield* sleep(50);
  yield* words.send("a word");
}).catch(() => {}); // The connection is lost on purpose.

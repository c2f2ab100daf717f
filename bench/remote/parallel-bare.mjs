// The work in a bare thread or process: a message for each value, answered by one, or one for a list of values.

import { parentPort } from "node:worker_threads";
import { digest, spin } from "./parallel-work.mjs";

const tasks = new Map(Object.entries({ digest, spin }));
const post = parentPort === null ? (answer) => process.send(answer) : (answer) => parentPort.postMessage(answer);

(parentPort ?? process).on("message", ({ task, value, values }) => {
  const work = tasks.get(task);
  if (values === undefined) post(work(value));
  else {
    for (const one of values) work(one);
    post(values.length);
  }
});

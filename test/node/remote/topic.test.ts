// Topics between threads.

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { topic } from "../../../src/remote.js";
import { builtFile } from "../../support/built-file.js";

test("a topic reaches other threads, and one without subscriptions lets its thread end (RM-12)", async () => {
  const name = "millrace between threads";
  using here = topic<number>(new BroadcastChannel(name));
  const numbers = here.subscribe();
  const thread = new Worker(builtFile(new URL("publishing.ts", import.meta.url)), { workerData: name });
  const exit = once(thread, "exit");
  for (let n = 0; n < 100; n++) expect(await numbers.receive()).toBe(n);
  expect(await exit).toEqual([0]);
});

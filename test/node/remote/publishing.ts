// A thread that publishes to a topic, and has nothing else to do.

import { workerData } from "node:worker_threads";
import { topic } from "../../../src/remote.js";

const numbers = topic<number>(new BroadcastChannel(workerData as string));
for (let n = 0; n < 100; n++) numbers.publish(n);

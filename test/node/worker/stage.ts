// A stage of a pipeline over threads.

import { threadId } from "node:worker_threads";
import { sleep } from "../../../src/index.js";
import { exposeStage } from "../../../src/worker.js";

/** What is to be done with a value. */
export interface Job {
  readonly n: number;
  readonly deed?: "throw" | "die" | "die once" | "wait" | "compute" | "uncloneable" | "move" | "look" | "block";
  /** A counter that all threads share. */
  readonly tries?: SharedArrayBuffer;
  readonly bytes?: Uint8Array<ArrayBuffer>;
}

export interface Done {
  readonly n: number;
  readonly thread: number;
  readonly bytes?: Uint8Array<ArrayBuffer>;
}

/** What was returned last by the deed "move". */
let last: Uint8Array<ArrayBuffer> | undefined;
/** The counters that came last. */
let shared: SharedArrayBuffer | undefined;

function stage(job: Job): unknown {
  const { n, deed, tries, bytes } = job;
  const count = tries === undefined ? 0 : Atomics.add(new Int32Array(tries), 0, 1);
  shared = tries ?? shared;
  if (deed === "throw") throw new RangeError(`refused ${n}`);
  if (deed === "die" || (deed === "die once" && count === 0)) process.exit(3);
  if (deed === "uncloneable") return () => n;
  if (deed === "wait") return sleep(20).map(() => ({ n, thread: threadId }));
  if (deed === "compute") for (const end = performance.now() + 5; performance.now() < end; );
  if (deed === "block" && Atomics.wait(new Int32Array(shared!), 1, 0, 20_000) === "timed-out")
    throw new Error("blocked");
  if (deed === "look") return { n: last?.length, thread: threadId };
  if (deed === "move") return { n, thread: threadId, bytes: (last = bytes) };
  return { n, thread: threadId };
}

exposeStage(stage, { transfer: (done) => ((done as Done).bytes === undefined ? [] : [(done as Done).bytes!.buffer]) });

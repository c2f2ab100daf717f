// Sends items through every combinator of the table, and prints what each keeps in the heap. A process of its
// own, over what is shipped: `node --expose-gc --import tsx test/support/flow-memory.ts 150000`.

import { CLOSED, channel, go, type ReceiveChannel, type Routine } from "millrace";
import { type Subject, subjects } from "../flow/subjects.js";

const ITEMS = Number(process.argv[2]);
const EARLY = ITEMS / 3;

function* drain(output: ReceiveChannel<unknown>): Routine<void> {
  while ((yield* output.receive()) !== CLOSED);
}

const settledHeap = (): number => {
  globalThis.gc!();
  globalThis.gc!();
  return process.memoryUsage().heapUsed;
};

/** Bytes by which the heap has grown from one moment to the other, while items flow. */
async function growth({ make, inputs }: Subject): Promise<number> {
  const sources = Array.from({ length: inputs }, () => channel<number>());
  const readers = make(...sources).map((output) => go(drain, output));
  let sent = 0;
  let early = 0;
  let late = 0;
  // Each source has a feeder of its own: there are combinators that read one source after the other.
  const feeders = sources.map((source) =>
    go(function* feeder(): Routine<void> {
      for (let n = 0; n < ITEMS / inputs; n++) {
        if (!(yield* source.send(n))) throw new Error("noneParked receives any more");
        if (++sent === EARLY) early = settledHeap();
        if (sent === ITEMS) late = settledHeap();
      }
      source.close();
    }),
  );
  for (const task of [...feeders, ...readers]) await task;
  return late - early;
}

const kept: Record<string, number> = {};
for (const subject of subjects) kept[subject.name] = await growth(subject);
console.log(JSON.stringify(kept));

// The daisy chain: 100 000 tasks in a row. Each waits for a number from its right, adds one, and passes it to its left.
// A task is an object on the heap, not a thread, and no call stack grows with the chain.

import { CLOSED, channel, go, type ReceiveChannel, type Routine, type SendChannel } from "millrace";

const LENGTH = 100_000;

function* link(to: SendChannel<number>, from: ReceiveChannel<number>): Routine<void> {
  const n = yield* from.receive();
  if (n !== CLOSED) yield* to.send(n + 1);
}

function* main(): Routine<number> {
  const leftmost = channel<number>();
  let left = leftmost;
  for (let i = 0; i < LENGTH; i++) {
    const right = channel<number>();
    go(link, left, right);
    left = right;
  }
  // The whispering begins at the far right.
  yield* left.send(0);
  const heard = yield* leftmost.receive();
  return heard === CLOSED ? Number.NaN : heard;
}

console.log(`through ${LENGTH} tasks: ${await go(main)}`);

// Prints:
//   through 100000 tasks: 100000

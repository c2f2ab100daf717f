// Rate limits. A steady one: each request waits for a tick. A bursty one: ticks are collected in a buffer of three, so that
// three requests may go at once after a quiet time, and then again only one for each tick.

import { channel, dropping, go, type Routine, sleep, ticker } from "millrace";

const PERIOD = 20;

function* steady(): Routine<void> {
  const start = performance.now();
  using ticks = ticker(PERIOD);
  let early = 0;
  for (let request = 1; request <= 4; request++) {
    yield* ticks.receive();
    if (performance.now() - start < request * PERIOD) early++;
  }
  console.log(`steady: of 4 requests ${early} went before their tick`);
}

function* bursty(): Routine<void> {
  using ticks = ticker(PERIOD);
  // A permit that finds three waiting is dropped.
  const permits = channel<void>(dropping(3));
  for (let i = 0; i < 3; i++) yield* permits.send();
  let issued = 0;
  const refill = go(function* () {
    while (typeof (yield* ticks.receive()) === "number") {
      issued++;
      yield* permits.send();
    }
  });

  let atOnce = 0;
  for (let request = 1; request <= 5; request++) {
    yield* permits.receive();
    if (issued === 0) atOnce++;
  }
  console.log(`bursty: ${atOnce} of 5 requests went at once, the others by the tick`);

  // A quiet time, long enough for more ticks than there is room for.
  while (issued < 7) yield* sleep(PERIOD);
  console.log(`after a quiet time ${permits.length} permits are waiting`);
  refill.cancel();
}

await go(steady);
await go(bursty);

// Prints:
//   steady: of 4 requests 0 went before their tick
//   bursty: 3 of 5 requests went at once, the others by the tick
//   after a quiet time 3 permits are waiting

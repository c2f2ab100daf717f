// The prime sieve: numbers flow through a chain of filters, one task for each prime found so far. The number that
// comes out at the end of the chain is the next prime, and adds a filter to the chain.

import { CLOSED, type Closed, channel, go, type ReceiveChannel, type Routine, type SendChannel } from "millrace";

function* count(to: SendChannel<number>): Routine<void> {
  for (let n = 2; yield* to.send(n); n++);
}

function* sift(prime: number, from: ReceiveChannel<number>, to: SendChannel<number>): Routine<void> {
  for (let n: number | Closed; (n = yield* from.receive()) !== CLOSED; ) {
    if (n % prime !== 0 && !(yield* to.send(n))) break;
  }
  // The filter behind this one has stopped: cancel the channel in front, and so on up to the source.
  from.cancel();
}

function* primes(howMany: number): Routine<number[]> {
  const found: number[] = [];
  let numbers = channel<number>();
  go(count, numbers);
  while (found.length < howMany) {
    const prime = yield* numbers.receive();
    if (prime === CLOSED) break;
    found.push(prime);
    const rest = channel<number>();
    go(sift, prime, numbers, rest);
    numbers = rest;
  }
  numbers.cancel();
  return found;
}

const found = await go(primes, 1000);
console.log(found.slice(0, 12).join(" "));
console.log(`the 1000th prime is ${found.at(-1)}`);

// Prints:
//   2 3 5 7 11 13 17 19 23 29 31 37
//   the 1000th prime is 7919

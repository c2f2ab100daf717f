// Ping-pong: two tasks take turns. The channels are unbuffered, so a send completes only when the other player receives the
// ball.

import {
  type Channel,
  CLOSED,
  type Closed,
  channel,
  go,
  type ReceiveChannel,
  type Routine,
  type SendChannel,
} from "millrace";

function* player(name: string, from: ReceiveChannel<number>, to: SendChannel<number>): Routine<void> {
  for (let hits: number | Closed; (hits = yield* from.receive()) !== CLOSED; ) {
    console.log(`${name} ${hits}`);
    if (hits === 6) break;
    yield* to.send(hits + 1);
  }
  // The player that stops closes the channel to the other one, which then stops as well.
  to.close();
}

const left: Channel<number> = channel();
const right: Channel<number> = channel();

const ping = go(player, "ping", left, right);
const pong = go(player, "pong", right, left);
await left.send(1);
await ping;
await pong;

// Prints:
//   ping 1
//   pong 2
//   ping 3
//   pong 4
//   ping 5
//   pong 6

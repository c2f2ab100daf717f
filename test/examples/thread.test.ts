// The channel over a MessagePort of examples/thread.

import { channel, collect, from, go, produce, sleep } from "millrace";
import { describe, expect, test } from "vitest";
import { receiveFrom, sendTo } from "../../examples/thread/port.ts";

describe("A channel over a MessagePort", () => {
  test("delivers all values in order, and closes after the last one", async () => {
    const { port1, port2 } = new MessageChannel();
    const sender = go(sendTo, port1, from([1, "two", { three: 3 }]));
    expect(await collect(receiveFrom(port2))).toEqual([1, "two", { three: 3 }]);
    await sender;
    port1.close();
  });

  test("the sender is at most two values ahead of the receiver", async () => {
    const { port1, port2 } = new MessageChannel();
    let sent = 0;
    const source = produce<number>(function* (out) {
      while (yield* out.send(sent)) sent++;
    });
    const sender = go(sendTo, port1, source);
    const received = receiveFrom<number>(port2);
    expect(await received.receive()).toBe(0);
    await sleep(20);
    expect(sent).toBeLessThanOrEqual(3);
    sender.cancel();
    source.cancel();
    received.cancel();
    port1.close();
  });

  test("a sender that is cancelled takes no further value from its source", async () => {
    const { port1 } = new MessageChannel();
    const source = channel<number>(2);
    const sender = go(sendTo, port1, source);
    await source.send(1); // its receiver does not read, so the sender waits
    await sleep(5);
    sender.cancel();
    await sender.then(undefined, () => {});
    source.trySend(2);
    await sleep(5);
    expect(source.length).toBe(1);
    port1.close();
  });
});

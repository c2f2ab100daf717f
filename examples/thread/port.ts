// A channel across a MessagePort, with backpressure: the sender waits until the other side has taken the value. The same code runs in a
// web worker and in a worker thread of Node.

import { CLOSED, fromEvent, produce, type ReceiveChannel, type Routine } from "millrace";

/** What goes over the port: a value, the end, or, in the other direction, that a value was taken. */
type Packet<T> = { readonly value: T } | "end" | "taken";

/** Sends the values of a channel over a port, each when the other side has taken the one before. */
export function* sendTo<T>(port: MessagePort, source: ReceiveChannel<T>): Routine<void> {
  using packets = fromEvent(port, "message");
  port.start();
  for (let value; (value = yield* source.receive()) !== CLOSED; ) {
    port.postMessage({ value } satisfies Packet<T>);
    yield* packets.receive(); // "taken"
  }
  port.postMessage("end" satisfies Packet<T>);
}

/** Makes a channel of the values that arrive at a port. */
export function receiveFrom<T>(port: MessagePort): ReceiveChannel<T> {
  return produce<T>(function* (out) {
    using packets = fromEvent(port, "message");
    port.start();
    for (let packet; (packet = yield* packets.receive()) !== CLOSED; ) {
      const data = packet.data as Packet<T>;
      if (typeof data === "string") return;
      if (!(yield* out.send(data.value))) return;
      port.postMessage("taken" satisfies Packet<T>);
    }
  });
}

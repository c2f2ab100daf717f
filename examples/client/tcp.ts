// Connections of the client over TCP: one line of JSON for each message.

import { once } from "node:events";
import { connect } from "node:net";
import { channel, type Routine, settled, stream } from "millrace";
import { lines, toReadable } from "millrace/node";
import type { Connection, Message } from "./client.ts";

/** Opens a connection to a port. If the task is cancelled while it connects, the socket is destroyed. */
export function* connectTo(port: number, host = "127.0.0.1"): Routine<Connection> {
  const socket = connect(port, host);
  let connected = false;
  try {
    yield* settled(once(socket, "connect"));
    connected = true;
  } finally {
    if (!connected) socket.destroy();
  }
  const outgoing = channel<Message>();
  toReadable(
    stream(outgoing)
      .map((message) => `${JSON.stringify(message)}\n`)
      .channel(),
  ).pipe(socket);
  const incoming = stream(lines(socket))
    .map((line) => JSON.parse(line) as Message)
    .channel();
  return { outgoing, incoming };
}

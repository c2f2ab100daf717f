import type { Server } from "node:http";
import { type Channel, channel, type ReceiveChannel, unbounded } from "millrace";
import { type WebSocket, WebSocketServer } from "ws";
import { type Guest, guestFrom } from "./guest.ts";

/** A guest with an open socket. */
export interface Connection {
  readonly guest: Guest;
  readonly socket: WebSocket;
  /** The texts that the guest sends. The channel is closed when the socket closes. */
  readonly said: Channel<string>;
}

const MAX_LENGTH = 64 * 1024;

/** Every WebSocket that is opened at a server. */
export function connections(server: Server): ReceiveChannel<Connection> {
  const opened = channel<Connection>(unbounded());
  new WebSocketServer({ server, maxPayload: MAX_LENGTH }).on("connection", (socket, { url = "/" }) => {
    const guest = guestFrom(new URL(url, "http://127.0.0.1").searchParams);
    opened.trySend({ guest, socket, said: textsFrom(socket) });
  });
  return opened;
}

/** The texts that arrive at a socket. The buffer needs no limit, because a room takes every text at once. */
function textsFrom(socket: WebSocket): Channel<string> {
  const said = channel<string>(unbounded());
  socket.on("message", (data) => void said.trySend(String(data)));
  // After an error the socket closes too, and the close is all that the chat needs.
  socket.on("error", () => {});
  socket.once("close", () => said.close());
  return said;
}

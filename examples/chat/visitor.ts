import type { Server } from "node:http";
import { type Channel, channel, type ReceiveChannel, unbounded } from "millrace";
import { type WebSocket, WebSocketServer } from "ws";
import { type Guest, guestFrom } from "./guest.ts";

/** Somebody who has opened a socket. */
export interface Visitor {
  readonly guest: Guest;
  readonly socket: WebSocket;
  /** What comes from him; it is closed when the socket is. */
  readonly said: Channel<string>;
}

const LONGEST = 64 * 1024;

/** Everybody who opens a WebSocket at a server. */
export function visitors(server: Server): ReceiveChannel<Visitor> {
  const coming = channel<Visitor>(unbounded());
  new WebSocketServer({ server, maxPayload: LONGEST }).on("connection", (socket, { url = "/" }) => {
    const guest = guestFrom(new URL(url, "http://127.0.0.1").searchParams);
    coming.trySend({ guest, socket, said: heard(socket) });
  });
  return coming;
}

/** A room takes everything at once, so that nothing collects here. */
function heard(socket: WebSocket): Channel<string> {
  const said = channel<string>(unbounded());
  socket.on("message", (data) => void said.trySend(String(data)));
  // A broken connection closes as well, and that is all that matters here.
  socket.on("error", () => {});
  socket.once("close", () => said.close());
  return said;
}

import { alt, forEach, type Routine, settled, sleep } from "millrace";
import type { Connection } from "./connection.ts";
import type { Hall } from "./hall.ts";
import { type Delivery, GOING_DOWN, HAS_LEFT, TOO_SLOW } from "./message.ts";

/** How long a socket may take to close properly, in milliseconds. */
const GRACE = 1000;

/** How many bytes a socket may buffer before the next message waits. */
const MAX_BUFFERED = 64 * 1024;

/** One visit: sends a guest the messages of the room, until the guest leaves, is too slow, or the server goes down. */
export function* serve(hall: Hall, connection: Connection): Routine<void> {
  const { guest, socket, said } = connection;
  let code = GOING_DOWN;
  try {
    using presence = hall.enter(guest, said);
    const { messages } = presence;
    code = yield* alt(
      forEach(messages, (message) => deliver(connection, { ...message, missed: messages.missed })).map(() => HAS_LEFT),
      presence.tooSlow.map(() => TOO_SLOW),
      said.whenClosed().map(() => HAS_LEFT),
    );
  } finally {
    socket.close(code);
    yield* alt(said.whenClosed(), sleep(GRACE));
    socket.terminate();
  }
}

/** Sends one message. It waits only if the socket has buffered too much, because the guest does not read. */
function* deliver({ guest, socket }: Connection, delivery: Delivery): Routine<void> {
  const sent = new Promise<void>((resolve) => socket.send(JSON.stringify(delivery), () => resolve()));
  if (socket.bufferedAmount > MAX_BUFFERED) yield* settled(sent);
  yield* sleep(guest.pace);
}

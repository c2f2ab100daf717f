import { alt, forEach, type Routine, settled, sleep } from "millrace";
import type { Hall } from "./hall.ts";
import { GOING_DOWN, HAS_LEFT, TOO_SLOW, type Told } from "./line.ts";
import type { Visitor } from "./visitor.ts";

/** How long a socket may take to close properly, in milliseconds. */
const GRACE = 1000;

/** How many bytes may be on their way into the network. */
const AHEAD = 64 * 1024;

/** One visit: tells a guest what is said in his room, until he leaves, or has to, or the server goes down. */
export function* attend(hall: Hall, visitor: Visitor): Routine<void> {
  const { guest, socket, said } = visitor;
  let code = GOING_DOWN;
  try {
    using presence = hall.enter(guest, said);
    code = yield* alt(
      forEach(presence.lines, (line) => tell(visitor, { ...line, missed: presence.lines.missed })).map(() => HAS_LEFT),
      presence.tooSlow.map(() => TOO_SLOW),
      said.whenClosed().map(() => HAS_LEFT),
    );
  } finally {
    socket.close(code);
    yield* alt(said.whenClosed(), sleep(GRACE));
    socket.terminate();
  }
}

/** Sends one line. As long as the network takes everything it goes on; whoever does not read makes it wait here. */
function* tell({ guest, socket }: Visitor, told: Told): Routine<void> {
  const sent = new Promise<void>((resolve) => socket.send(JSON.stringify(told), () => resolve()));
  if (socket.bufferedAmount > AHEAD) yield* settled(sent);
  yield* sleep(guest.pace);
}

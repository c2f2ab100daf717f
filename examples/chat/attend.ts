import { alt, forEach, type Routine, type Subscription, scope, settled, sleep } from "millrace";
import type { Hall } from "./hall.ts";
import { GOING_DOWN, HAS_LEFT, type Line, TOO_SLOW, type Told } from "./line.ts";
import type { Visitor } from "./visitor.ts";

/** How long a socket may take to close properly, in milliseconds. */
const GRACE = 1000;

/** How often it is looked whether a guest was disconnected, in milliseconds. */
const LOOK = 100;

/** How many bytes may be on their way into the network. */
const AHEAD = 64 * 1024;

/** One visit: tells a guest what is said in his room, until he leaves, or has to, or the server goes down. */
export function* attend(hall: Hall, visitor: Visitor): Routine<void> {
  const { guest, socket, said } = visitor;
  let code = GOING_DOWN;
  try {
    using presence = hall.enter(guest, said);
    code = yield* alt(
      scope(() => listen(visitor, presence.lines)),
      scope(() => disconnected(presence.lines)),
      said.whenClosed().map(() => HAS_LEFT),
    );
  } finally {
    socket.close(code);
    yield* alt(said.whenClosed(), sleep(GRACE));
    socket.terminate();
  }
}

/** Tells the guest every line, as fast as the network takes them. */
function* listen(visitor: Visitor, lines: Subscription<Line>): Routine<number> {
  try {
    yield* forEach(lines, (line) => tell(visitor, { ...line, missed: lines.missed }));
    return HAS_LEFT;
  } catch (error) {
    if (!lines.closed) throw error;
    return TOO_SLOW;
  }
}

/** While a line is on its way to somebody who does not read, nobody receives who would be told; so this has a look. */
function* disconnected(lines: Subscription<Line>): Routine<number> {
  while (!lines.closed) yield* sleep(LOOK);
  return TOO_SLOW;
}

/** Sends one line. As long as the network takes everything it goes on; whoever does not read makes it wait here. */
function* tell({ guest, socket }: Visitor, told: Told): Routine<void> {
  const sent = new Promise<void>((resolve) => socket.send(JSON.stringify(told), () => resolve()));
  if (socket.bufferedAmount > AHEAD) yield* settled(sent);
  yield* sleep(guest.pace);
}

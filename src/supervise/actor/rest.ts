// Actors that rest. An actor that handles messages with a plain function needs its task and its mailbox only while it has messages.
// The last actors that have begun keep them, so that an actor with much to do is not set up again for each message. When there are
// more, the oldest that has nothing to do gives them up until its next message. So a million idle actors take little memory.

import { Ring } from "../../structures/ring.js";
import { type Weak, weak } from "../../structures/weak.js";

/** The number of actors that keep their task while they have nothing to do. What they hold fits into the young generation of V8. */
const MOST = 1_024;

/** An actor that can rest. */
export interface Restful {
  /** Rests, if it has nothing to do and has got no message since it was asked. Returns whether it rests or has ended. */
  rest(): boolean;
}

const awake = /* @__PURE__ */ new Ring<Weak<Restful>>();

/** Called when an actor begins. Two others are asked to rest if there are too many, so that the number also goes down. */
export function restOthers(begun: Restful): void {
  awake.push(weak(begun));
  for (let looks = 0; looks < 2 && awake.length > MOST; looks++) {
    const oldest = awake.shift();
    if (oldest.deref()?.rest() === false) awake.push(oldest);
  }
}

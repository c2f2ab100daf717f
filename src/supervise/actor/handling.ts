// The life of an actor that handles one message after the other with a function.

import { CLOSED, EMPTY } from "../../channel/ends.js";
import { Operation, type Routine } from "../../operation/operation.js";
import { call } from "../../task/call.js";
import { pause } from "../../task/go.js";
import type { Box } from "./mailbox.js";
import type { ActorContext, Handler } from "./types.js";

/** The number of messages after which a handler gives way to other tasks. */
const STREAK = 256;

/** What a life of an actor handles, and how. */
export interface Handling<M> {
  readonly box: Box<M>;
  readonly context: ActorContext<M>;
  readonly handler: Handler<M>;
}

/** Returns a generator function with a name, which handles messages until the mailbox is closed. */
export function handling(name: string): (life: Handling<never>) => Routine<void> {
  const bodies: Record<string, (life: Handling<never>) => Routine<void>> = {
    *[name](life: Handling<never>): Routine<void> {
      const { box, context, handler } = life as unknown as Handling<unknown>;
      const { channel } = box;
      context.ready();
      box.read();
      let used: true | "again" = true;
      for (let streak = 0; ; ) {
        let message = box.left !== null && box.left.length > 0 ? box.left.shift()! : channel.tryReceive();
        if (message === EMPTY) {
          streak = 0;
          box.idle = used;
          message = yield* channel.receive();
          box.idle = false;
          used = "again";
        } else if (++streak > STREAK) {
          streak = 0;
          yield* pause();
        }
        if (message === CLOSED) return;
        if (box.asks !== null) box.taken(message);
        const made = handler(message, context);
        if (typeof made === "object" && made !== null) yield* settling(made);
      }
    },
  };
  return bodies[name]!;
}

/** Waits for what a handler returned. */
function* settling(made: object): Routine<void> {
  if (made instanceof Operation) yield* made;
  else if (typeof (made as { then?: unknown }).then === "function") yield* call(() => made as PromiseLike<unknown>);
  else if (typeof (made as { next?: unknown }).next === "function")
    throw new TypeError(
      "Cannot handle message: a behaviour must be a generator function itself, got a function that returns a generator; to handle a message with a routine return call(routine)",
    );
}

// Making actors: of a behaviour, which is a go block that reads the mailbox, or of a function that handles one message.

import { assertFunction, assertOptions } from "../../structures/arguments.js";
import type { Actor } from "../types.js";
import { Cell, type Life } from "./cell.js";
import { handling } from "./handling.js";
import type { Box } from "./mailbox.js";
import type { ActorContext, ActorOptions, Behaviour, Handler, Input, Mailbox } from "./types.js";

const SYNC = /* @__PURE__ */ Object.getPrototypeOf(function* () {});
const ASYNC = /* @__PURE__ */ Object.getPrototypeOf(async function* () {});

const NONE = {};

/**
 * Makes an actor: a channel for sending, whose messages one task receives, one after the other.
 *
 * Never parks. With a `function*` or an `async function*`, the actor is a go block that reads its mailbox, from when it is made. With
 * any other function, it is called with each message, and what it returns is waited for if it is a promise or an operation; such an
 * actor has no task before its first message, and is the fastest form.
 *
 * Messages of one sender are handled in order. Senders park while the mailbox is full. When the actor has ended, for good, its mailbox
 * is closed: sends that were parked yield false, or throw if the actor has failed, and questions fail at once.
 *
 * A failure ends the actor, and is reported unless code waits for its end. With `restart`, or as a child of a supervisor, it begins
 * a new life instead. The mailbox stays. The message that was being handled is not delivered again, unless it was taken on a lease.
 *
 * @param given - A generator function, which gets the mailbox; or a function, which gets a message. Both get the context.
 * @param options - `mailbox`, `name`, `isolate`, `scope`; `restart`, `backoff`, `intensity`, `period`, `shutdown`.
 * @throws TypeError or RangeError if the behaviour or an option is wrong.
 * @example
 * ```ts
 * import { CLOSED } from "millrace";
 * import { actor, ask, type Reply } from "millrace/supervise";
 *
 * type Message = { add: number } | { total: Reply<number> };
 *
 * const counter = actor<Message>(function* (mailbox) {
 *   let total = 0;
 *   for (let message; (message = yield* mailbox.receive()) !== CLOSED; ) {
 *     if ("add" in message) total += message.add;
 *     else message.total(total);
 *   }
 * });
 * await counter.send({ add: 2 });
 * await counter.send({ add: 3 });
 * console.log(await ask(counter, (total: Reply<number>) => ({ total }))); // 5
 * ```
 */
export function actor<M>(
  given: (input: Input<M>, context: ActorContext<M>) => unknown,
  options?: ActorOptions<M>,
): Actor<M>;
export function actor<M>(given: Behaviour<M>, options?: ActorOptions<M>): Actor<M>;
export function actor<M>(given: Handler<M>, options?: ActorOptions<M>): Actor<M>;
export function actor<M>(given: Behaviour<M> | Handler<M>, options: ActorOptions<M> = NONE): Actor<M> {
  assertOptions("make actor", options);
  const life = lifeOf(given);
  return new Cell<M>(options.name ?? (given.name || "actor"), life, options, life.handler === null);
}

/** The last one: many actors of one function are often made one after the other. */
let last: { readonly given: unknown; readonly life: unknown } | null = null;

/** What one life of an actor runs. */
export function lifeOf<M>(given: Behaviour<M> | Handler<M>): Life<M> {
  if (last?.given !== given) last = { given, life: makeLife(given) };
  return last!.life as Life<M>;
}

const handle = /* @__PURE__ */ handling("handling");

function makeLife<M>(given: Behaviour<M> | Handler<M>): Life<M> {
  assertFunction("make actor", "its behaviour", given);
  const kind = Object.getPrototypeOf(given);
  const behaviour = given as Behaviour<M>;
  if (kind === SYNC) return { isAsync: false, handler: null, begin: behaviour };
  if (kind === ASYNC)
    return {
      isAsync: true,
      handler: null,
      begin: (box, context) => behaviour(leavable(box, context.signal), context),
    };
  const handler = given as Handler<M>;
  return { isAsync: false, handler, begin: (box, context) => handle({ box, context, handler } as never) };
}

/** The mailbox for an async behaviour: a `for await` over it, which no cancellation can leave, ends when the life is to end. */
function leavable<M>(box: Box<M>, signal: AbortSignal): Mailbox<M> {
  return Object.create(box, { [Symbol.asyncIterator]: { value: () => box.until(signal) } });
}

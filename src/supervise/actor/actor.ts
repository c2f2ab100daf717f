// Making actors: of a behaviour, which is a go block that reads the mailbox, or of a function that handles one message.

import { CLOSED, EMPTY } from "../../channel/ends.js";
import { Operation, type Routine } from "../../operation/operation.js";
import { assertFunction, assertOptions } from "../../structures/arguments.js";
import { call } from "../../task/call.js";
import { pause } from "../../task/go.js";
import type { Actor } from "../types.js";
import { Cell, type Life } from "./cell.js";
import type { Box } from "./mailbox.js";
import type { ActorContext, ActorOptions, Behaviour, Handler, Input, Mailbox } from "./types.js";

const SYNC = /* @__PURE__ */ Object.getPrototypeOf(function* () {});
const ASYNC = /* @__PURE__ */ Object.getPrototypeOf(async function* () {});

const NONE = {};

/** The number of messages after which a handler gives way to other tasks. */
const STREAK = 256;

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
  return new Cell<M>(options.name ?? (given.name || "actor"), life, options, life.reads);
}

type AnyLife = Life<never> & { readonly reads: boolean };

/** The last one: many actors of one function are often made one after the other. */
let last: { readonly given: unknown; readonly life: AnyLife } | null = null;

/** What one life of an actor runs. `reads` is whether it reads the mailbox by itself. */
export function lifeOf<M>(given: Behaviour<M> | Handler<M>): Life<M> & { readonly reads: boolean } {
  if (last?.given !== given) last = { given, life: makeLife(given) as unknown as AnyLife };
  return last!.life as unknown as Life<M> & { readonly reads: boolean };
}

function makeLife<M>(given: Behaviour<M> | Handler<M>): Life<M> & { readonly reads: boolean } {
  assertFunction("make actor", "its behaviour", given);
  const kind = Object.getPrototypeOf(given);
  const behaviour = given as Behaviour<M>;
  if (kind === SYNC) return { reads: true, isAsync: false, begin: behaviour };
  if (kind === ASYNC)
    return { reads: true, isAsync: true, begin: (box, context) => behaviour(leavable(box, context.signal), context) };
  return { reads: false, isAsync: false, begin: (box, context) => handling(box, given as Handler<M>, context) };
}

/** The mailbox for an async behaviour: a `for await` over it, which no cancellation can leave, ends when the life is to end. */
function leavable<M>(box: Box<M>, signal: AbortSignal): Mailbox<M> {
  return Object.create(box, { [Symbol.asyncIterator]: { value: () => box.until(signal) } });
}

/** Handles one message after the other. */
function* handling<M>(box: Box<M>, handle: Handler<M>, context: ActorContext<M>): Routine<void> {
  const { channel } = box;
  context.ready();
  box.read();
  for (let streak = 0; ; ) {
    let message = box.left !== null && box.left.length > 0 ? box.left.shift()! : channel.tryReceive();
    if (message === EMPTY) {
      streak = 0;
      message = yield* channel.receive();
    } else if (++streak > STREAK) {
      streak = 0;
      yield* pause();
    }
    if (message === CLOSED) return;
    if (box.asks !== null) box.taken(message as M);
    const made = handle(message as M, context);
    if (typeof made === "object" && made !== null) yield* settling(made);
  }
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

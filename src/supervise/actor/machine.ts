// A behaviour made of states. Each state takes some messages; the others wait in the mailbox, in order, for a state that takes them.

import { CLOSED } from "../../channel/ends.js";
import type { Operation, Routine } from "../../operation/operation.js";
import { shown } from "../../structures/errors.js";
import { call } from "../../task/call.js";
import type { ActorContext, Mailbox } from "./types.js";

/** What a handler of a {@link machine} returns to end the actor. */
export const END: unique symbol = Symbol.for("millrace.END");

/** What a handler returns: the next state, nothing to stay, or `END`. */
export type Next<S extends string> = S | typeof END | void;

/** A message of a machine: `type` tells its kind. */
export interface Typed {
  readonly type: string;
}

/** What a handler gets after the message. */
export interface MachineContext<S extends string, in M> extends ActorContext<M> {
  /**
   * Sets the next state, or `END`, for when the handler is done. The same as to return it; in a handler that is a routine or an
   * `async` function TypeScript takes what is returned for any string.
   */
  become(next: S | typeof END): void;
}

/** For each state the messages that it takes, each with its handler. */
export type States<S extends string, M extends Typed> = {
  readonly [State in S]: {
    readonly [T in M["type"]]?: (
      message: Extract<M, { readonly type: T }>,
      context: MachineContext<S, M>,
    ) => Next<S> | Routine<Next<S>> | PromiseLike<Next<S>> | Operation<Next<S>>;
  };
};

/** Options of {@link machine}. */
export interface MachineOptions<S extends string> {
  /** The first state; by default the one that is written first. */
  readonly initial?: S;
}

/**
 * Makes the behaviour of an actor from states: a typed `become`. A state takes the messages that it has handlers for, and a handler
 * returns the next state. All other messages wait, in order, until a state takes them; at most as many as the mailbox holds, and one
 * more is an error.
 *
 * The compiler refuses a handler for a message that is not in the type, and a next state that does not exist.
 *
 * @typeParam S - The names of the states.
 * @typeParam M - The messages, a union of objects with a `type`.
 * @param states - The states, or a function that makes them. A function is called for each life of the actor, so what it creates is
 *   new after a restart.
 * @param options - `initial`: the first state.
 * @returns A behaviour for `actor()`.
 * @throws TypeError if `states` is no object; and in the actor, if no state takes a message, or a handler returns an unknown state.
 * @example
 * ```ts
 * import { actor, ask, machine, type Reply } from "millrace/supervise";
 *
 * type Door = { type: "open" } | { type: "close" } | { type: "enter"; reply: Reply<string> };
 *
 * const door = actor<Door>(
 *   machine<"closed" | "opened", Door>({
 *     closed: { open: () => "opened" },
 *     opened: {
 *       close: () => "closed",
 *       enter: ({ reply }) => reply("welcome"),
 *     },
 *   }),
 * );
 * const welcome = ask(door, (reply: Reply<string>): Door => ({ type: "enter", reply })).then();
 * await door.send({ type: "open" });
 * console.log(await welcome); // welcome
 * ```
 */
export function machine<S extends string, M extends Typed>(
  states: States<S, M> | (() => States<S, M>),
  options: MachineOptions<NoInfer<S>> = {},
): (mailbox: Mailbox<M>, context: ActorContext<M>) => Routine<void> {
  if (typeof states !== "function") assertStates(states);
  return function* machine(mailbox: Mailbox<M>, context: ActorContext<M>): Routine<void> {
    const table = (typeof states === "function" ? states() : states) as unknown as Table;
    assertStates(table);
    const known = new Set(Object.values(table).flatMap((handlers) => Object.keys(handlers)));
    let state: string = options.initial ?? Object.keys(table)[0]!;
    assertState(table, state);
    let chosen: unknown;
    const become = (next: unknown): void => {
      chosen = next;
    };
    const inner: unknown = Object.create(context, { become: { value: become } });
    context.ready();
    for (;;) {
      const message = yield* mailbox.receiveIf((next) => takes(table[state]!, next, known));
      if (message === CLOSED) return;
      const { type } = message as M;
      chosen = undefined;
      const returned = yield* settling(table[state]![type]!(message, inner));
      const next = returned ?? chosen;
      if (next === END) return;
      if (next === undefined) continue;
      assertState(table, next);
      state = next;
    }
  };
}

type Handlers = Readonly<Record<string, (message: unknown, context: unknown) => unknown>>;
type Table = Readonly<Record<string, Handlers>>;

function takes(handlers: Handlers, message: Typed, known: ReadonlySet<string>): boolean {
  const type: unknown = (message as Typed | null)?.type;
  if (typeof type === "string" && known.has(type)) return Object.hasOwn(handlers, type);
  throw new TypeError(`Cannot handle message: its type must be one that a state takes, got ${shown(type)}`);
}

function* settling(made: unknown): Routine<unknown> {
  if (typeof made !== "object" || made === null) return made;
  return yield* call(() => made as Operation<unknown>);
}

function assertStates(states: unknown): void {
  if (typeof states === "object" && states !== null && Object.keys(states).length > 0) return;
  throw new TypeError(`Cannot make machine: states must be an object of states and handlers, got ${shown(states)}`);
}

function assertState(table: Table, state: unknown): asserts state is string {
  if (typeof state === "string" && Object.hasOwn(table, state)) return;
  const names = Object.keys(table).join(", ");
  throw new TypeError(`Cannot enter state: it must be one of ${names}, got ${shown(state)}`);
}

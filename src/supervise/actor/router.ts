// Several actors of one behaviour behind one address. An actor that ends leaves; the router ends with the last one.

import { channel } from "../../channel/channel.js";
import type { Channel } from "../../channel/ends.js";
import { always, guard } from "../../operation/basic.js";
import type { Operation, Routine } from "../../operation/operation.js";
import { upon } from "../../operation/upon.js";
import { random } from "../../scheduler/scheduler.js";
import { assertFunction, assertOptions, wholeNumber } from "../../structures/arguments.js";
import { shown } from "../../structures/errors.js";
import { call } from "../../task/call.js";
import { Ending, type Exit, nothing, Stop, type Stoppable } from "../exit.js";
import type { Actor } from "../types.js";
import { lifeOf } from "./actor.js";
import { Asks } from "./asks.js";
import { Cell } from "./cell.js";
import { isolation } from "./isolate.js";
import { Box } from "./mailbox.js";
import { assertActor, endOf } from "./monitor.js";
import type { ActorContext, ActorOptions, Behaviour, Handler, Input } from "./types.js";

/** Which actor gets a message. */
export type Route<M> = "idle" | "round-robin" | "random" | ((message: M) => unknown);

interface Routing<M> {
  /**
   * Messages for which it returns true go to every actor: `send` completes when all have accepted or refused the message, `trySend`
   * leaves out those that are full, and the result is whether any has accepted it. A send that is given up may have reached some of
   * them. Not with `"idle"`, where the actors share a mailbox.
   */
  readonly broadcast?: (message: M) => boolean;
}

/** Options of {@link router}. `mailbox` is the one that all share with `"idle"`, and that of each actor otherwise. */
export interface RouterOptions<M> extends Omit<ActorOptions<M>, "mailbox">, Routing<M> {
  readonly mailbox?: number;
  /**
   * `"idle"` (default): the actors share a mailbox, and one that is free takes the next message. `"round-robin"`, `"random"`: each has a
   * mailbox of its own. A function: messages for which it returns the same key go to the same actor, and when an actor leaves only
   * its keys move (rendezvous hashing).
   */
  readonly route?: Route<M>;
}

/** Options of a {@link router} of actors that are there already. */
export interface GroupOptions<M> extends Pick<ActorOptions<M>, "name" | "isolate">, Routing<M> {
  /** As for other routers; `"round-robin"` by default. */
  readonly route?: Exclude<Route<M>, "idle">;
}

/** A router of actors that it has not made. */
export interface Group<M> extends Actor<M> {
  /** Adds an actor, until it ends or the result is disposed of. */
  add(actor: Actor<M>): Disposable;
}

/** An actor of a router. */
interface Member<M> {
  readonly actor: Actor<M> & { routeFor?(message: M): Actor<M> };
  /** What its keys depend on. */
  readonly key: string;
}

class Router<M> implements Group<M>, Stoppable {
  readonly name: string;
  readonly ending: Ending;
  /** The questions that wait in the shared mailbox, or for any answer to a broadcast. */
  readonly asks: Asks;
  private readonly _route: Route<M>;
  private readonly _broadcast: ((message: M) => boolean) | undefined;
  private readonly _shared: Channel<M> | null;
  private readonly _apart: (<T>(value: T) => T) | null;
  /** The actors that it has made, and ends with; null for a group. */
  private readonly _own: readonly Cell<M>[] | null;
  private readonly _shut: Ending;
  private _members: Member<M>[];
  private _joined: number;
  private _next: number;

  constructor(
    name: string,
    { route = "round-robin", isolate, broadcast }: RouterOptions<M>,
    shared: Channel<M> | null,
    make: ((name: string, asks: Asks) => Cell<M>) | null,
    n: number,
  ) {
    this.name = name;
    this.ending = new Ending();
    this.asks = new Asks();
    this._route = route;
    this._broadcast = broadcast;
    this._apart = isolation("make router", isolate);
    this._shared = shared;
    this._shut = new Ending();
    this._members = [];
    this._joined = this._next = 0;
    this._own =
      make === null ? null : Array.from({ length: n }, (_, at) => make(`${name}-${at + 1}`, new Asks(this.asks)));
    for (const actor of this._own ?? []) this.add(actor);
  }

  add(actor: Actor<M>): Disposable {
    assertActor("add to router", actor);
    const member: Member<M> = { actor, key: `${actor.name}-${++this._joined}` };
    this._members.push(member);
    const watching = upon(endOf(actor), (exit) => this._left(member, exit));
    return {
      [Symbol.dispose]: () => {
        watching[Symbol.dispose]();
        this._remove(member);
      },
    };
  }

  send(value: M): Operation<boolean> {
    const message = this._apart === null ? value : this._apart(value);
    if (this._shared !== null) return this._shared.send(message);
    return guard(() => {
      if (this.closed) return always(false);
      if (this._broadcast?.(message) === true) return this._sendAll(message);
      const target = this._memberFor(message);
      return target === null ? always(false) : target.send(message);
    });
  }

  trySend(value: M): boolean {
    const message = this._apart === null ? value : this._apart(value);
    if (this._shared !== null) return this._shared.trySend(message);
    if (this.closed) return false;
    if (this._broadcast?.(message) !== true) return this._memberFor(message)?.trySend(message) === true;
    const accepted = this._members.map(({ actor }) => actor.trySend(message));
    return accepted.includes(true);
  }

  close(cause?: unknown): boolean {
    if (this.closed) return false;
    this._shut.end(CLOSING);
    if (this._own === null) this._end({ kind: "done", value: undefined });
    else if (this._shared !== null) this._shared.close(cause);
    else for (const actor of this._own) actor.close(cause);
    return true;
  }

  get closed(): boolean {
    return this._shut.exit !== null;
  }

  whenClosed(): Operation<void> {
    return this._shut.watch(`router ${this.name}`).map(nothing);
  }

  get exit(): Exit | null {
    return this.ending.exit;
  }

  exited(): Operation<Exit> {
    for (const actor of this._own ?? []) actor.ending.hear();
    return this.ending.wait(`router ${this.name}`);
  }

  watched(): Operation<Exit> {
    return this.ending.watch(`router ${this.name}`);
  }

  stop(reason?: unknown): Operation<Exit> {
    return new Stop(this, `router ${this.name}`, reason);
  }

  halt(reason: unknown): void {
    if (this._own === null) this._end({ kind: "cancelled", reason });
    else for (const { actor } of [...this._members]) (actor as Cell<M>).halt(reason);
  }

  /** The actor that gets a message; the router itself with a shared mailbox, for a broadcast, and if there is no actor. */
  routeFor(message: M): Actor<M> {
    if (this._broadcast?.(message) === true) return this;
    const actor = this._memberFor(message);
    return actor === null ? this : (actor.routeFor?.(message) ?? actor);
  }

  private _memberFor(message: M): Member<M>["actor"] | null {
    const members = this._members;
    const route = this._route;
    if (route === "idle" || members.length === 0) return null;
    if (route === "round-robin") return members[this._next++ % members.length]!.actor;
    if (route === "random") return members[Math.floor(random() * members.length)]!.actor;
    const key = String(route(message));
    return members.reduce((best, member) => (weight(member.key, key) > weight(best.key, key) ? member : best)).actor;
  }

  private _sendAll(message: M): Operation<boolean> {
    const members = [...this._members];
    return call(function* broadcast(): Routine<boolean> {
      let accepted = false;
      for (const { actor } of members) if (yield* actor.send(message)) accepted = true;
      return accepted;
    });
  }

  private _remove(member: Member<M>): void {
    this._members = this._members.filter((other) => other !== member);
  }

  private _left(member: Member<M>, exit: Exit): void {
    this._remove(member);
    if (this._own !== null && this._members.length === 0) this._end(exit);
  }

  private _end(exit: Exit): void {
    this._members = [];
    this._shut.end(CLOSING);
    this.asks.over(exit, this.name);
    this.ending.end(exit);
    this._shared?.cancel(exit);
  }
}

const CLOSING: Exit = { kind: "done", value: undefined };

/** The weight of an actor for a key (FNV-1a): the actor with the highest weight gets the messages of the key. */
function weight(name: string, key: string): number {
  let hash = 0x811c9dc5;
  for (const text of [key, "/", name]) {
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  // A last mix, as the names differ in their last character only.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/**
 * Makes `n` actors of one behaviour behind one address.
 *
 * Never parks. With the route `"idle"` they share a mailbox, so that no message waits while an actor is free; order is kept only with
 * one actor. With the other routes each has a mailbox of its own, and messages to the same actor stay in order. An actor that ends
 * leaves, the others go on, and the router ends with the last one. `restart` and `backoff` hold for each actor.
 *
 * @param n - How many actors.
 * @param given - As for `actor()`.
 * @param options - `route`, `broadcast`, and those of `actor()`.
 * @throws RangeError if `n` is not a whole number, 1 or more. TypeError if the behaviour or an option is wrong.
 * @example
 * ```ts
 * import { sleep } from "millrace";
 * import { router } from "millrace/supervise";
 *
 * const seen: string[] = [];
 * const resizers = router<string>(2, (image) => sleep(5).map(() => seen.push(image)));
 * for (const image of ["a", "b", "c", "d"]) await resizers.send(image);
 * resizers.close();
 * await resizers.exited();
 * console.log(seen.length); // 4
 * ```
 */
export function router<M>(
  n: number,
  given: (input: Input<M>, context: ActorContext<M>) => unknown,
  options?: RouterOptions<M>,
): Actor<M>;
export function router<M>(n: number, given: Behaviour<M>, options?: RouterOptions<M>): Actor<M>;
export function router<M>(n: number, given: Handler<M>, options?: RouterOptions<M>): Actor<M>;
/**
 * Routes to actors that are there, behind one address.
 *
 * Never parks. The actors are not its own: it does not end with them, and they are not stopped with it. While there are none, sends
 * yield false, and questions fail at once.
 *
 * @param actors - The actors at the start.
 * @param options - `route` and `broadcast`.
 * @throws TypeError if an option is wrong.
 */
export function router<M>(actors: Iterable<Actor<M>>, options?: GroupOptions<M>): Group<M>;
export function router<M>(
  n: number | Iterable<Actor<M>>,
  given: Behaviour<M> | Handler<M> | GroupOptions<M> = {},
  options: RouterOptions<M> = {},
): Group<M> {
  if (typeof n === "object" && n !== null) return group(n, given as GroupOptions<M>);
  wholeNumber("make router", "n", n, 1);
  const behaviour = given as Behaviour<M> | Handler<M>;
  const { mailbox = 1024, isolate: _, broadcast, route = "idle", ...others } = checked(options);
  if (broadcast !== undefined && route === "idle")
    throw new TypeError('Cannot make router: with broadcast, route must not be "idle", got "idle"');
  wholeNumber("make router", "mailbox", mailbox, 0);
  const life = lifeOf(behaviour);
  const name = options.name ?? (behaviour.name || "router");
  const shared = route === "idle" ? channel<M>(mailbox, { name: `mailbox of ${name}` }) : null;
  const make = (name: string, asks: Asks): Cell<M> => {
    const box = shared === null ? null : new Box(shared);
    if (box !== null) box.asks = asks;
    return new Cell<M>(name, life, { ...others, mailbox }, true, box);
  };
  return new Router<M>(name, { ...options, route }, shared, make, n);
}

function group<M>(actors: Iterable<Actor<M>>, options: GroupOptions<M>): Group<M> {
  checked<M>(options);
  if ((options as RouterOptions<M>).route === "idle")
    throw new TypeError(
      'Cannot make router: route must not be "idle" for actors that have mailboxes of their own, got "idle"',
    );
  const made = new Router<M>(options.name ?? "router", options, null, null, 0);
  for (const actor of actors) made.add(actor);
  return made;
}

function checked<M>(options: RouterOptions<M>): RouterOptions<M> {
  assertOptions("make router", options);
  const { route = "idle", broadcast } = options;
  if (typeof route !== "function" && !["idle", "round-robin", "random"].includes(route))
    throw new TypeError(
      `Cannot make router: route must be "idle", "round-robin", "random" or a function, got ${shown(route)}`,
    );
  if (broadcast === undefined) return options;
  assertFunction("make router", "broadcast", broadcast);
  return options;
}

// Several actors of one behaviour behind one address. An actor that ends leaves; the router ends with the last one.

import { channel } from "../../channel/channel.js";
import type { Channel } from "../../channel/ends.js";
import { always, guard } from "../../operation/basic.js";
import type { Operation } from "../../operation/operation.js";
import { upon } from "../../operation/upon.js";
import { random } from "../../scheduler/scheduler.js";
import { assertOptions, wholeNumber } from "../../structures/arguments.js";
import { shown } from "../../structures/errors.js";
import { Ending, type Exit, nothing } from "../exit.js";
import type { Actor } from "../types.js";
import { lifeOf } from "./actor.js";
import { Asks } from "./asks.js";
import { Cell, Stop, type Stoppable } from "./cell.js";
import { isolation } from "./isolate.js";
import { Box } from "./mailbox.js";
import type { ActorContext, ActorOptions, Behaviour, Handler, Input } from "./types.js";

/** Which actor gets a message. */
export type Route<M> = "idle" | "round-robin" | "random" | ((message: M) => unknown);

/** Options of {@link router}. `mailbox` is the one that all share with `"idle"`, and that of each actor otherwise. */
export interface RouterOptions<M> extends Omit<ActorOptions<M>, "mailbox"> {
  readonly mailbox?: number;
  /**
   * `"idle"` (default): the actors share a mailbox, and one that is free takes the next message. `"round-robin"`, `"random"`: each has a
   * mailbox of its own. A function: messages for which it returns the same key go to the same actor, and when an actor leaves only
   * its keys move (rendezvous hashing).
   */
  readonly route?: Route<M>;
}

class Router<M> implements Actor<M>, Stoppable {
  readonly name: string;
  readonly ending: Ending;
  /** The questions that wait in the shared mailbox. */
  readonly asks: Asks;
  private readonly _route: Route<M>;
  private readonly _shared: Channel<M> | null;
  private readonly _apart: (<T>(value: T) => T) | null;
  private _routees: Cell<M>[];
  private _next: number;

  constructor(name: string, n: number, given: Behaviour<M> | Handler<M>, options: RouterOptions<M>) {
    const { route = "idle", mailbox = 1024, isolate, ...others } = options;
    this.name = name;
    this.ending = new Ending();
    this.asks = new Asks();
    this._route = route;
    this._apart = isolation("make router", isolate);
    this._shared = route === "idle" ? channel<M>(mailbox, { name: `mailbox of ${name}` }) : null;
    this._next = 0;
    this._routees = Array.from({ length: n }, (_, at) => {
      const box = this._shared === null ? null : new Box(this._shared);
      if (box !== null) box.asks = new Asks(this.asks);
      return new Cell<M>(`${name}-${at + 1}`, lifeOf(given), { ...others, mailbox }, true, box);
    });
    for (const routee of [...this._routees]) upon(routee.watched(), (exit) => this._left(routee, exit));
  }

  send(value: M): Operation<boolean> {
    const message = this._apart === null ? value : this._apart(value);
    if (this._shared !== null) return this._shared.send(message);
    return guard(() => {
      const routee = this.routeFor(message);
      return routee === this ? always(false) : routee.send(message);
    });
  }

  trySend(value: M): boolean {
    const message = this._apart === null ? value : this._apart(value);
    return this._shared !== null
      ? this._shared.trySend(message)
      : !this.closed && this.routeFor(message).trySend(message);
  }

  close(cause?: unknown): boolean {
    if (this._shared !== null) return this._shared.close(cause);
    const closed = this._routees.map((routee) => routee.close(cause));
    return closed.includes(true);
  }

  get closed(): boolean {
    if (this._shared !== null) return this._shared.closed;
    return this._routees.every((routee) => routee.closed);
  }

  whenClosed(): Operation<void> {
    if (this._shared !== null) return this._shared.whenClosed();
    return this._routees.at(0)?.whenClosed() ?? this.exited().map(nothing);
  }

  get exit(): Exit | null {
    return this.ending.exit;
  }

  exited(): Operation<Exit> {
    for (const routee of this._routees) routee.ending.hear();
    return this.ending.wait(`router ${this.name}`);
  }

  watched(): Operation<Exit> {
    return this.ending.watch(`router ${this.name}`);
  }

  stop(reason?: unknown): Operation<Exit> {
    return new Stop(this, reason);
  }

  halt(reason: unknown): void {
    for (const routee of [...this._routees]) routee.halt(reason);
  }

  /** The actor that gets a message; with a shared mailbox, the router itself. */
  routeFor(message: M): Cell<M> | this {
    const routees = this._routees;
    const route = this._route;
    if (route === "idle" || routees.length === 0) return this;
    if (route === "round-robin") return routees[this._next++ % routees.length]!;
    if (route === "random") return routees[Math.floor(random() * routees.length)]!;
    const key = String(route(message));
    return routees.reduce((best, routee) => (weight(routee.name, key) > weight(best.name, key) ? routee : best));
  }

  private _left(routee: Cell<M>, exit: Exit): void {
    this._routees = this._routees.filter((other) => other !== routee);
    if (this._routees.length > 0) return;
    this.asks.over(exit, this.name);
    this.ending.end(exit);
    this._shared?.cancel(exit);
  }
}

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
 * @param options - `route`, and those of `actor()`.
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
export function router<M>(n: number, given: Behaviour<M> | Handler<M>, options: RouterOptions<M> = {}): Actor<M> {
  wholeNumber("make router", "n", n, 1);
  assertOptions("make router", options);
  const { route = "idle", mailbox = 1024 } = options;
  if (typeof route !== "function" && !["idle", "round-robin", "random"].includes(route))
    throw new TypeError(
      `Cannot make router: route must be "idle", "round-robin", "random" or a function, got ${shown(route)}`,
    );
  wholeNumber("make router", "mailbox", mailbox, 0);
  return new Router<M>(options.name ?? (given.name || "router"), n, given, options);
}

// An actor that this process hosts, from when it has the lease until the lease is given up or lost, or the actor has ended.

import { guard } from "../operation/basic.js";
import { Operation, type WaitsFor } from "../operation/operation.js";
import { upon } from "../operation/upon.js";
import { Waiters } from "../operation/waiters.js";
import { shown } from "../structures/errors.js";
import { endOf } from "../supervise/actor/monitor.js";
import type { Actor } from "../supervise/types.js";
import type { Hosting, HostLease } from "./types.js";

export type Make<M> = Actor<M> | ((lease: HostLease) => Actor<M>);

export function assertMake(act: string, given: unknown): void {
  if (typeof given === "function" || isActor(given)) return;
  throw new TypeError(`Cannot ${act}: it must be an actor, or a function that makes one, got ${shown(given)}`);
}

function isActor(given: unknown): given is Actor<never> {
  const { exited, stop, send } = Object(given) as Partial<Actor<never>>;
  return typeof exited === "function" && typeof stop === "function" && typeof send === "function";
}

function nothing(): void {}

class Over extends Operation<void> {
  private readonly _hosted: { readonly name: string; readonly over: boolean; readonly waiting: Waiters };

  constructor(hosted: { readonly name: string; readonly over: boolean; readonly waiting: Waiters }) {
    super();
    this._hosted = hosted;
  }

  poll(): boolean {
    return this._hosted.over;
  }

  block(): void {
    this._hosted.waiting.join(this);
  }

  override waitsFor(): WaitsFor {
    return { what: `the end of hosting ${this._hosted.name}`, external: true };
  }
}

export class Hosted<M> implements Hosting<M> {
  readonly name: string;
  readonly token: number;
  readonly actor: Actor<M>;
  readonly waiting: Waiters;
  over: boolean;
  private readonly _controller: AbortController;
  private readonly _released: () => void;

  /**
   * Makes the actor.
   *
   * @param released - Called once, when the actor is hosted no more.
   */
  constructor(name: string, token: number, given: Make<M>, released: () => void) {
    this.name = name;
    this.token = token;
    this.waiting = new Waiters();
    this.over = false;
    this._released = released;
    this._controller = new AbortController();
    if (typeof given === "function" && !isActor(given)) {
      const made: unknown = given({ token, signal: this._controller.signal });
      if (!isActor(made))
        throw new TypeError(`Cannot host ${name}: its function must return an actor, got ${shown(made)}`);
      this.actor = made as Actor<M>;
    } else this.actor = given as Actor<M>;
    upon(endOf(this.actor as Actor<never>), () => this.end());
  }

  /** It is hosted no more: the actor is stopped. */
  end(reason: unknown = "it is hosted here no more"): void {
    if (this.over) return;
    this.over = true;
    this._released();
    this._controller.abort(reason);
    upon(this.actor.stop(reason), nothing, nothing);
    this.waiting.completeAll(undefined);
  }

  whenOver(): Operation<void> {
    return guard(() => new Over(this));
  }

  [Symbol.dispose](): void {
    this.end();
  }
}

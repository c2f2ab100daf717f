// A value that was fetched, with its lease.

import { now } from "../time/sleep.js";
import type { Hold, Message } from "./store.js";
import type { Delivery } from "./types.js";

/** What a delivery needs of its channel. */
export interface Deliverer {
  readonly ackWait: number;
  readonly maxDeliver: number;
  /** Gives a value to the channel of dead letters, or discards it. */
  bury(item: Item<unknown>, reason: string): void;
  /** The lease of a value is over. */
  freed(item: Item<unknown>): void;
}

export class Item<out T> implements Delivery<T> {
  readonly message: Message;
  /** The value; undefined if it does not fit. */
  readonly value: T;
  /** Why the value cannot be received. */
  readonly error: { readonly cause: unknown } | null;
  private readonly _from: Deliverer;
  private readonly _hold: Hold;
  private _over: boolean;

  constructor(from: Deliverer, message: Message, value: T, error: { readonly cause: unknown } | null) {
    this.message = message;
    this.value = value;
    this.error = error;
    this._from = from;
    this._hold = message.hold;
    this._hold.until = now() + from.ackWait;
    this._over = false;
  }

  get id(): string | undefined {
    return this.message.id;
  }

  get count(): number {
    return this.message.count;
  }

  /** Whether its lease holds. */
  get live(): boolean {
    if (!this._over && now() >= this._hold.until) this._end();
    return !this._over;
  }

  ack(): boolean {
    if (!this.live) return false;
    this._end();
    this.message.ack();
    return true;
  }

  nak(ms: number = 0): boolean {
    if (!this.live) return false;
    if (this.count >= this._from.maxDeliver) return this.end(`it was delivered ${this.count} times`);
    this._end();
    this.message.nak(ms);
    return true;
  }

  extend(): boolean {
    if (!this.live) return false;
    this._hold.until = now() + this._from.ackWait;
    this.message.extend();
    return true;
  }

  /** A task receives it. The values that came with it have the time of the lease anew. */
  begin(): void {
    if (!this._hold.shared) return;
    this._hold.begun = true;
    if (this._hold.until - now() < (2 / 3) * this._from.ackWait) this.extend();
  }

  /** Whether a task works on what came with it, so that its turn will come. */
  get awaited(): boolean {
    return this._hold.begun && this.live;
  }

  term(reason: string = "its receiver has terminated it"): boolean {
    return this.live && this.end(reason);
  }

  /** Gives it back as if it had not been fetched. */
  giveBack(): void {
    if (!this.live) return;
    this._end();
    this.message.nak(0);
  }

  end(reason: string): true {
    this._end();
    this._from.bury(this, reason);
    return true;
  }

  private _end(): void {
    this._over = true;
    this._from.freed(this);
  }
}

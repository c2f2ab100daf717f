// Rendezvous over a port: a send completes when the other side has taken its value.
//
// A send that stands alone makes a firm offer, which holds the value. The other side takes it when a task receives, and says so. A
// send that is a case of a select must not be taken once another case has won, and the other side cannot know. So its offer is
// soft, without the value: where a task receives, the other side asks for it, and the send decides. If it is still offered it has
// won, and the value follows; otherwise the withdrawal is on its way already. So a choice is always made on one side alone. What a
// receive asked for that has left meanwhile, as the case of a select, is stored for the next one.

import { GIVE, OFFER, TAKE, WITHDRAW } from "./frames.js";
import type { Outbox } from "./outbox.js";
import { Violation } from "./violation.js";

/** A parked send. */
export interface Offering {
  readonly message: unknown;
  /** Whether the offer is firm. */
  readonly firm: boolean;
  /** The number of the offer; 0 while it is not made. */
  offer: number;
  finish(accepted: boolean, failure: { readonly cause: unknown } | null): void;
}

/** What offers need of their end. */
export interface OfferEnd {
  readonly name: string;
  readonly peer: number;
  readonly out: Outbox;
}

/** The offers that this side makes. */
export class Offers {
  private readonly _end: OfferEnd;
  private readonly _open: Map<number, Offering>;
  private _last: number;
  /** How many offers the peer can hold. */
  most: number;

  constructor(end: OfferEnd) {
    this._end = end;
    this._open = new Map();
    this._last = 0;
    this.most = 0;
  }

  get empty(): boolean {
    return this._open.size === 0;
  }

  get full(): boolean {
    return this._open.size >= this.most;
  }

  /** Makes an offer. Throws if the value cannot cross. */
  make(send: Offering): void {
    const { out, peer, name } = this._end;
    const id = this._last + 1;
    if (send.firm) out.frame(OFFER, [peer, id, 1], send.message, `send to ${name}`);
    else out.push([OFFER, peer, id, 0]);
    this._last = send.offer = id;
    this._open.set(id, send);
  }

  withdraw(send: Offering): void {
    this._open.delete(send.offer);
    this._end.out.push([WITHDRAW, this._end.peer, send.offer]);
    send.offer = 0;
  }

  /** The peer takes what was offered; or what was withdrawn meanwhile, which it is told already. */
  taken(id: number): void {
    if (id > this._last) throw new Violation("that it takes what was not offered");
    const send = this._open.get(id);
    if (send === undefined) return;
    this._open.delete(id);
    const { firm, message } = send;
    send.offer = 0;
    if (firm) {
      send.finish(true, null);
      return;
    }
    const { out, peer, name } = this._end;
    try {
      out.frame(GIVE, [peer, id], message, `send to ${name}`);
    } catch (cause) {
      out.push([WITHDRAW, peer, id]);
      send.finish(false, { cause });
      return;
    }
    send.finish(true, null);
  }

  /** Takes all offers out, as the channel has ended. */
  clear(): Offering[] {
    const all = [...this._open.values()];
    this._open.clear();
    return all;
  }
}

/** An offer of the peer. */
interface Offered {
  readonly id: number;
  readonly firm: boolean;
  readonly value: unknown;
}

/** The offers that the peer makes. */
export class Offereds {
  private readonly _end: OfferEnd;
  private readonly _most: number;
  /** Those that nothing has taken or asked for. */
  private readonly _open: Map<number, Offered>;
  /** Those that were asked for. */
  private readonly _claimed: Set<number>;
  private _last: number;

  constructor(end: OfferEnd, most: number) {
    this._end = end;
    this._most = most;
    this._open = new Map();
    this._claimed = new Set();
    this._last = 0;
  }

  /** How many values were asked for. */
  get claims(): number {
    return this._claimed.size;
  }

  get length(): number {
    return this._open.size;
  }

  arrive(id: number, firm: boolean, value: unknown): void {
    if (id <= this._last) throw new Violation("an offer with the number of an earlier one");
    if (this._open.size + this._claimed.size >= this._most) throw new Violation("more offers than may be open");
    this._last = id;
    this._open.set(id, { id, firm, value });
  }

  /** Takes the oldest firm offer; undefined if there is none. */
  take(): Offered | undefined {
    for (const offered of this._open.values()) {
      if (!offered.firm) continue;
      this._open.delete(offered.id);
      this._end.out.push([TAKE, this._end.peer, offered.id]);
      return offered;
    }
    return undefined;
  }

  /** Takes the oldest offer and returns it. If it is soft, its value is asked for, and arrives later. */
  next(): Offered | undefined {
    for (const offered of this._open.values()) {
      this._open.delete(offered.id);
      if (!offered.firm) this._claimed.add(offered.id);
      this._end.out.push([TAKE, this._end.peer, offered.id]);
      return offered;
    }
    return undefined;
  }

  /** What was asked for is here. */
  given(id: number): void {
    if (!this._claimed.delete(id)) throw new Violation("a value that was not asked for");
  }

  withdrawn(id: number): void {
    if (id > this._last) throw new Violation("that it withdraws what was not offered");
    if (!this._claimed.delete(id)) this._open.delete(id);
  }

  clear(): void {
    this._open.clear();
  }
}

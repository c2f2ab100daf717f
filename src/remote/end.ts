// One end of a channel whose other end is on the other side of a port. What this side sends, the other side receives.
//
// Invariants. The peer says how many values this side may send (`credit`), and this side how many the peer may send (`allowed`): the
// values under way and those stored here are at most `window`. Credit is given back when half of the window was received. So a
// send needs the peer for nothing but its credit, and a receive for nothing at all: a select over both sides is decided here.
// At least one of `receivers` and `ring` is empty. While there is credit, no send is parked.
//
// A channel is closed as a whole. CLOSE says that no more values are accepted, END that the last value was sent. An end is over when
// the peer's END has come, and is forgotten when both sides have sent theirs.

import { type Channel, CLOSED, type Closed, EMPTY, type Empty } from "../channel/ends.js";
import { iterate } from "../channel/iterate.js";
import { guard } from "../operation/basic.js";
import { notify } from "../operation/notify.js";
import { Operation, type WaitsFor } from "../operation/operation.js";
import { Waiters } from "../operation/waiters.js";
import { shown } from "../structures/errors.js";
import { readable } from "../structures/readable.js";
import { Ring } from "../structures/ring.js";
import { CANCEL, CLOSE, CREDIT, END } from "./frames.js";
import { Lone } from "./lone.js";
import { type OfferEnd, Offereds, type Offering, Offers } from "./offers.js";
import type { Line, Outbox } from "./outbox.js";
import { type StandardSchema, validated } from "./schema.js";
import { Until } from "./until.js";
import { movedWith } from "./values.js";
import { Violation } from "./violation.js";

/** An end as its connection sees it, whatever its values are. */
export interface AnyEnd {
  readonly id: number;
  readonly name: string;
  readonly peer: number;
  attach(peer: number, window: number, rendezvous: boolean): void;
  arrive(items: readonly unknown[]): void;
  creditOf(count: number): void;
  peerCloses(cause: { readonly cause: unknown } | null): void;
  peerEnds(): void;
  peerCancels(): void;
  lose(error: Error | null): void;
  offered(id: number, firm: boolean, value: unknown): void;
  takes(id: number): void;
  withdrawn(id: number): void;
  given(id: number, value: unknown): void;
}

/** What an end needs of its connection. */
export interface Wire {
  readonly name: string;
  readonly out: Outbox;
  /** An operation waits for the peer: the process must stay alive. */
  hold(): void;
  release(): void;
  /** Both sides have ended the channel. */
  forget(end: AnyEnd): void;
  /** An error in the form in which it crosses. */
  crossing(error: unknown): unknown;
}

export interface EndOptions<T> {
  /** With 0, the other side may send a value only for a receive that waits here. */
  readonly window: number;
  /** Whether a send of this side completes only when the other side has taken the value. */
  readonly rendezvous: boolean;
  readonly schema?: StandardSchema<T> | undefined;
  readonly transfer?: ((value: T) => Transferable[]) | undefined;
  readonly onUndelivered?: ((value: T) => void) | undefined;
}

class Send<T> extends Lone implements Offering {
  readonly end: End<T>;
  readonly message: T;
  offer: number;
  private _failure: { readonly cause: unknown } | null;

  constructor(end: End<T>, message: T) {
    super();
    this.end = end;
    this.message = message;
    this.offer = 0;
    this._failure = null;
  }

  poll(): boolean {
    const { end } = this;
    this._failure = null;
    if (end.closed) {
      this.value = false;
      this._failure = end.loss;
      return true;
    }
    if (end.credit === 0 || end.offers !== null) return false;
    end.put(this.message);
    return (this.value = true);
  }

  block(): void {
    const { end } = this;
    if (end.offers === null || end.offers.full) end.senders.join(this);
    else end.offers.make(this);
    end.wire.hold();
  }

  override unblock(): void {
    this.firm = false;
    this.end.leaves(this);
    this.end.wire.release();
  }

  /** Completes the parked send. */
  finish(accepted: boolean, failure: { readonly cause: unknown } | null): void {
    this._failure = failure;
    this.end.wire.release();
    this.complete(accepted);
  }

  override result(): boolean {
    this.firm = false;
    if (this._failure !== null) throw this._failure.cause;
    return this.value as boolean;
  }

  override get direct(): boolean {
    return true;
  }

  override waitsFor(): WaitsFor {
    return { what: `send to ${this.end.place}`, external: true, host: true };
  }
}

class Receive<T> extends Operation<T | Closed> {
  readonly end: End<T>;

  constructor(end: End<T>) {
    super();
    this.end = end;
  }

  poll(): boolean {
    const { end } = this;
    if (end.ring.length > 0) {
      this.value = end.ring.shift();
      end.taken();
      return true;
    }
    const offered = end.offereds.length > 0 ? end.offereds.take() : undefined;
    this.value = offered === undefined ? CLOSED : offered.value;
    return offered !== undefined || end.over;
  }

  block(): void {
    const { end } = this;
    end.receivers.join(this);
    end.parked++;
    end.wire.hold();
    end.wants();
  }

  override unblock(): void {
    this.end.receivers.leave(this);
    this.end.parked--;
    this.end.wire.release();
  }

  /** Completes the parked receive. */
  finish(value: T | Closed): void {
    this.end.parked--;
    this.end.wire.release();
    this.complete(value);
  }

  override discard(): void {
    if (this.value !== CLOSED) this.end.putBack(this.value as T);
  }

  override result(): T | Closed {
    if (this.value === CLOSED && this.end.failure !== null) throw this.end.failure.cause;
    return this.value as T | Closed;
  }

  override get direct(): boolean {
    return true;
  }

  override waitsFor(): WaitsFor {
    return { what: `receive from ${this.end.place}`, external: true, host: true };
  }
}

export class End<T> implements Channel<T>, Line, AnyEnd, OfferEnd {
  readonly wire: Wire;
  readonly name: string;
  /** What this side calls the channel. */
  readonly id: number;
  readonly senders: Waiters<Send<T>>;
  readonly receivers: Waiters<Receive<T>>;
  readonly closing: Waiters;
  readonly wanting: Waiters;
  /** The values that have arrived. */
  readonly ring: Ring<T>;
  /** The offers of this side; null where sends complete on a credit. */
  offers: Offers | null;
  readonly offereds: Offereds;
  /** How many receives are parked. */
  parked: number;
  peer: number;
  batch: unknown[] | null;
  credit: number;
  closed: boolean;
  /** Whether no more values arrive. */
  over: boolean;
  /** What receivers get thrown after the last value. */
  failure: { readonly cause: unknown } | null;
  /** What senders get thrown; null unless the peer is lost. */
  loss: { readonly cause: unknown } | null;
  private readonly _options: EndOptions<T>;
  private readonly _half: number;
  /** The values received here for which the peer has no credit yet. */
  private _taken: number;
  /** How many values the peer may send. */
  private _allowed: number;
  private _cancelled: boolean;
  /** What is to be told to the peer once it has opened its end. */
  private _untold: unknown[] | null;
  private _ended: boolean;
  private _peerEnded: boolean;
  private _isRefused: boolean;

  constructor(wire: Wire, name: string, id: number, options: EndOptions<T>) {
    this.wire = wire;
    this.name = name;
    this.id = id;
    this.senders = new Waiters();
    this.receivers = new Waiters();
    this.closing = new Waiters();
    this.wanting = new Waiters();
    this.ring = new Ring();
    this.offers = options.rendezvous ? new Offers(this) : null;
    this.offereds = new Offereds(this, options.window);
    this.parked = 0;
    this.peer = -1;
    this.batch = null;
    this.credit = 0;
    this.closed = this.over = false;
    this.failure = this.loss = null;
    this._options = options;
    this._half = Math.ceil(options.window / 2);
    this._taken = 0;
    this._allowed = options.window;
    this._cancelled = this._ended = this._peerEnded = this._isRefused = false;
    this._untold = null;
    readable(this, () => `Channel ${name} ${this.length}/${this.capacity}${this.closed ? " closed" : ""}`);
  }

  send(value: T): Operation<boolean> {
    if ((value as unknown) === CLOSED || (value as unknown) === EMPTY) {
      throw new TypeError(`Cannot send to ${this.name}: a value must be no symbol, got ${shown(value)}`);
    }
    return new Send(this, value);
  }

  receive(): Operation<T | Closed> {
    return new Receive(this);
  }

  trySend(value: T): boolean {
    const send = this.send(value);
    return send.poll() && send.result();
  }

  tryReceive(): T | Closed | Empty {
    const receive = this.receive();
    return receive.poll() ? receive.result() : EMPTY;
  }

  close(cause?: unknown): boolean {
    if (this.closed) return false;
    if (cause !== undefined) this.failure = { cause };
    this._shut();
    this._tell([CLOSE, cause === undefined ? null : this.wire.crossing(cause)]);
    if (this.peer < 0) this._finish();
    this._endIfSent();
    return true;
  }

  cancel(reason?: unknown): void {
    if (this.loss === null && !this._cancelled)
      this._tell([CANCEL, reason === undefined ? null : this.wire.crossing(reason)]);
    this._cancelled = true;
    const unread: T[] = [];
    while (this.ring.length > 0) unread.push(this.ring.shift());
    this.offereds.clear();
    this._shut();
    this._refuseSenders(null);
    this.failure = null;
    this._finish();
    this._endIfSent();
    for (const value of unread) notify(this._options.onUndelivered, value);
  }

  whenClosed(): Operation<void> {
    return guard(() => new Until({ waiting: this.closing, what: `${this.name} to close`, holds: () => this.closed }));
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return iterate(this);
  }

  /** Waits until the peer can take a value, or the end is closed. */
  ready(): Operation<void> {
    return new Until({
      waiting: this.wanting,
      what: `room in ${this.place}`,
      holds: () => this.credit > 0 || this.closed,
    });
  }

  /** Whether the peer has cancelled the channel. */
  get isRefused(): boolean {
    return this._isRefused;
  }

  /** Lets the peer send no more. What this side has sent is still delivered. */
  refuse(): void {
    this._tell([CANCEL, null]);
    this._shut();
    this._finish();
    this._endIfSent();
  }

  /** A receive is parked: it takes what is offered, or lets the peer send a value. */
  wants(): void {
    if (this.offereds.length > 0) this.serve();
    if (this._options.window === 0) this._ask();
  }

  /** Gives a credit for each receive that is parked. */
  private _ask(): void {
    const count = this.parked - this._allowed;
    if (count <= 0 || this.over || this.peer < 0) return;
    this._allowed += count;
    this.wire.out.push([CREDIT, this.peer, count]);
  }

  get length(): number {
    return this.ring.length;
  }

  get capacity(): number {
    return this._options.rendezvous ? 0 : this._options.window;
  }

  /** Its name and what is on the other side, for reports. */
  get place(): string {
    return `${this.name} over ${this.wire.name}`;
  }

  get out(): Outbox {
    return this.wire.out;
  }

  /** Sends a value on a credit. */
  put(value: T): void {
    const act = `send to ${this.name}`;
    this.wire.out.value(this, value, movedWith(this._options.transfer, value, act), act);
    this.credit--;
  }

  /** Counts a value that was received here. */
  taken(): void {
    if (++this._taken >= this._half && this._half > 0) this._giveBack();
  }

  /** Takes back a value whose receiver has ended before it got the value. */
  putBack(value: T): void {
    const receiver = this.receivers.next();
    if (receiver !== null) receiver.finish(value);
    else if (!this._cancelled) this.ring.unshift(value);
    else notify(this._options.onUndelivered, value);
  }

  /** The peer has opened its end. */
  attach(peer: number, window: number, rendezvous: boolean): void {
    this.peer = peer;
    if (rendezvous) this.offers ??= new Offers(this);
    if (this.offers !== null) this.offers.most = window;
    const untold = this._untold;
    this._untold = null;
    if (untold !== null) this._tell(untold);
    if (this._options.window === 0) this._ask();
    this.creditOf(window);
  }

  /** The peer can store more values. */
  creditOf(count: number): void {
    this.credit += count;
    if (this.credit > 0x7fff_ffff) throw new Violation("more credit than a number holds");
    if (this.offers !== null) this._offerNext(this.offers);
    else this._sendNext();
    if (this.credit > 0) this.wanting.completeAll(undefined);
    this._endIfSent();
  }

  private _sendNext(): void {
    for (let sender: Send<T> | null; this.credit > 0 && (sender = this.senders.next()) !== null; ) {
      let failure: { readonly cause: unknown } | null = null;
      try {
        this.put(sender.message);
      } catch (cause) {
        failure = { cause };
      }
      sender.finish(failure === null, failure);
    }
  }

  private _offerNext(offers: Offers): void {
    for (let sender: Send<T> | null; !offers.full && (sender = this.senders.next()) !== null; ) {
      try {
        offers.make(sender);
      } catch (cause) {
        sender.finish(false, { cause });
      }
    }
  }

  /** A send is parked no more, as its task was cancelled or another case has won. */
  leaves(send: Send<T>): void {
    if (send.offer === 0) this.senders.leave(send);
    else {
      this.offers!.withdraw(send);
      this._offerNext(this.offers!);
    }
    this._endIfSent();
  }

  /** The peer takes what this side offers. */
  takes(id: number): void {
    if (this.offers === null) throw new Violation("that it takes what was not offered");
    this.offers.taken(id);
    this._offerNext(this.offers);
    this._endIfSent();
  }

  /** The peer offers a value. */
  offered(id: number, firm: boolean, value: unknown): void {
    if (this._peerEnded) throw new Violation(`an offer for ${this.name}, which it had ended`);
    this.offereds.arrive(id, firm, firm ? this._checked(value) : undefined);
    if (this.over) {
      this.offereds.clear();
      return;
    }
    this.serve();
  }

  /** Takes an offer for each parked receive for which nothing is on its way. */
  serve(): void {
    while (this.offereds.claims < this.parked) {
      const offered = this.offereds.next();
      if (offered === undefined) return;
      if (offered.firm) this.receivers.next()!.finish(offered.value as T);
    }
  }

  withdrawn(id: number): void {
    this.offereds.withdrawn(id);
    this.serve();
  }

  /** A value that was asked for has arrived. */
  given(id: number, value: unknown): void {
    this.offereds.given(id);
    if (this.over) {
      this._discard(value);
      return;
    }
    const checked = this._checked(value);
    if (this.over) return;
    const receiver = this.receivers.next();
    if (receiver !== null) {
      receiver.finish(checked as T);
      return;
    }
    // Its receiver has left. The value is stored on a credit, which is given back when it is received.
    this.ring.push(checked as T);
    this._allowed--;
  }

  /** A value that was accepted cannot cross: the channel is closed on both sides. */
  spoil(error: unknown): void {
    this._fail(error);
  }

  /** A value as the schema makes it. One that does not fit closes the channel on both sides. */
  private _checked(value: unknown): unknown {
    const { schema } = this._options;
    if (schema === undefined) return value;
    try {
      return validated(schema, value, `receive from ${this.name}`);
    } catch (cause) {
      this._fail(cause);
      return undefined;
    }
  }

  /** Values of the peer have arrived. */
  arrive(items: readonly unknown[]): void {
    if (this._peerEnded) throw new Violation(`values for ${this.name}, which it had ended`);
    if (items.length > this._allowed) throw new Violation(`more values for ${this.name} than it had credit for`);
    this._allowed -= items.length;
    for (let at = 0; at < items.length; at++) {
      if (this.over) {
        this._discard(items[at]);
        continue;
      }
      const value = this._checked(items[at]);
      if (!this.over) this._accept(value as T);
    }
  }

  /** A value has come after this side has cancelled the channel. */
  private _discard(value: unknown): void {
    const { onUndelivered, schema } = this._options;
    if (onUndelivered === undefined) return;
    notify(() => onUndelivered(schema === undefined ? (value as T) : validated(schema, value, "discard")));
  }

  /** The peer has closed the channel. */
  peerCloses(cause: { readonly cause: unknown } | null): void {
    if (!this.closed) {
      this.failure = cause;
      this._shut();
    }
    this._endIfSent();
  }

  /** The peer has sent its last value. */
  peerEnds(): void {
    if (this._peerEnded) throw new Violation(`the end of ${this.name} twice`);
    this._peerEnded = true;
    this._shut();
    this._finish();
    this._endIfSent();
    this._forgetIfOver();
  }

  /** The peer receives no more. */
  peerCancels(): void {
    this._isRefused = true;
    this._shut();
    this._refuseSenders(null);
    this._endIfSent();
  }

  /** The connection has ended. Without an error, this side has ended it. */
  lose(error: Error | null): void {
    const ended = this.over;
    this.loss = error === null ? null : { cause: error };
    if (!ended && error !== null) this.failure = { cause: error };
    this._shut();
    this._refuseSenders(this.loss);
    this._finish();
  }

  private _accept(value: T): void {
    const receiver = this.receivers.next();
    if (receiver === null) {
      this.ring.push(value);
      return;
    }
    receiver.finish(value);
    this.taken();
  }

  private _fail(cause: unknown): void {
    if (!this.closed) this.failure = { cause };
    this._tell([CANCEL, this.wire.crossing(cause)]);
    this._cancelled = true;
    this._shut();
    this._refuseSenders(null);
    this._finish();
    this._endIfSent();
  }

  private _giveBack(): void {
    const count = this._taken;
    this._taken = 0;
    if (this.over || this.peer < 0) return;
    this._allowed += count;
    this.wire.out.push([CREDIT, this.peer, count]);
  }

  /** Tells the peer, now or once it has opened its end. A frame is its kind and what follows the id. */
  private _tell(frame: unknown[]): void {
    if (this.loss !== null) return;
    if (this.peer < 0) {
      this._untold = frame;
      return;
    }
    const [kind, ...fields] = frame;
    this.wire.out.seal(this);
    this.wire.out.push([kind, this.peer, ...fields]);
  }

  private _shut(): void {
    if (this.closed) return;
    this.closed = true;
    this.closing.completeAll(undefined);
    this.wanting.completeAll(undefined);
  }

  /** No more values arrive: what waits for one gets none. */
  private _finish(): void {
    if (this.over) return;
    this.over = true;
    for (let receiver: Receive<T> | null; (receiver = this.receivers.next()) !== null; ) receiver.finish(CLOSED);
  }

  private _refuseSenders(failure: { readonly cause: unknown } | null): void {
    for (let sender: Send<T> | null; (sender = this.senders.next()) !== null; ) sender.finish(false, failure);
    for (const sender of this.offers?.clear() ?? []) sender.finish(false, failure);
  }

  /** Tells the peer that the last value was sent, if so. */
  private _endIfSent(): void {
    if (!this.closed || this._ended || this.peer < 0 || this.senders.first !== null || this.loss !== null) return;
    if (this.offers !== null && !this.offers.empty) return;
    this._ended = true;
    this.wire.out.seal(this);
    this.wire.out.push([END, this.peer]);
    this._forgetIfOver();
  }

  private _forgetIfOver(): void {
    if (this._ended && this._peerEnded) this.wire.forget(this);
  }
}

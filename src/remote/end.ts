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
import { Operation, type WaitsFor } from "../operation/operation.js";
import { Waiters } from "../operation/waiters.js";
import { shown } from "../structures/errors.js";
import { readable } from "../structures/readable.js";
import { Ring } from "../structures/ring.js";
import { CANCEL, CLOSE, CREDIT, END } from "./frames.js";
import type { Line, Outbox } from "./outbox.js";
import { type StandardSchema, validated } from "./schema.js";
import { Violation } from "./violation.js";

/** An end as its connection sees it, whatever its values are. */
export interface AnyEnd {
  readonly id: number;
  readonly name: string;
  readonly peer: number;
  attach(peer: number, window: number): void;
  arrive(items: readonly unknown[]): void;
  creditOf(count: number): void;
  peerCloses(cause: { readonly cause: unknown } | null): void;
  peerEnds(): void;
  peerCancels(): void;
  lose(error: Error | null): void;
}

/** What an end needs of its connection. */
export interface Wire {
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
  readonly window: number;
  readonly schema?: StandardSchema<T> | undefined;
  readonly transfer?: ((value: T) => Transferable[]) | undefined;
}

class Send<T> extends Operation<boolean> {
  readonly end: End<T>;
  readonly message: T;
  private _failure: { readonly cause: unknown } | null;

  constructor(end: End<T>, message: T) {
    super();
    this.end = end;
    this.message = message;
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
    if (end.credit === 0) return false;
    end.put(this.message);
    return (this.value = true);
  }

  block(): void {
    this.end.senders.join(this);
    this.end.wire.hold();
  }

  override unblock(): void {
    this.end.senders.leave(this);
    this.end.wire.release();
  }

  /** Completes the parked send. */
  finish(accepted: boolean, failure: { readonly cause: unknown } | null): void {
    this._failure = failure;
    this.end.wire.release();
    this.complete(accepted);
  }

  override result(): boolean {
    if (this._failure !== null) throw this._failure.cause;
    return this.value as boolean;
  }

  override get direct(): boolean {
    return true;
  }

  override waitsFor(): WaitsFor {
    return { what: `send to ${this.end.name}`, external: true, host: true };
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
    this.value = CLOSED;
    return end.over;
  }

  block(): void {
    this.end.receivers.join(this);
    this.end.wire.hold();
  }

  override unblock(): void {
    this.end.receivers.leave(this);
    this.end.wire.release();
  }

  /** Completes the parked receive. */
  finish(value: T | Closed): void {
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
    return { what: `receive from ${this.end.name}`, external: true, host: true };
  }
}

interface Closable {
  readonly name: string;
  readonly closed: boolean;
  readonly closing: Waiters;
}

/** The closing of an end, for one performer. */
class Closing extends Operation<void> {
  private readonly _end: Closable;

  constructor(end: Closable) {
    super();
    this._end = end;
  }

  poll(): boolean {
    return this._end.closed;
  }

  block(): void {
    this._end.closing.join(this);
  }

  override waitsFor(): WaitsFor {
    return { what: `${this._end.name} to close`, external: true, host: true };
  }
}

export class End<T> implements Channel<T>, Line, AnyEnd {
  readonly wire: Wire;
  readonly name: string;
  /** What this side calls the channel. */
  readonly id: number;
  readonly senders: Waiters<Send<T>>;
  readonly receivers: Waiters<Receive<T>>;
  readonly closing: Waiters;
  /** The values that have arrived. */
  readonly ring: Ring<T>;
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

  constructor(wire: Wire, name: string, id: number, options: EndOptions<T>) {
    this.wire = wire;
    this.name = name;
    this.id = id;
    this.senders = new Waiters();
    this.receivers = new Waiters();
    this.closing = new Waiters();
    this.ring = new Ring();
    this.peer = -1;
    this.batch = null;
    this.credit = 0;
    this.closed = this.over = false;
    this.failure = this.loss = null;
    this._options = options;
    this._half = Math.ceil(options.window / 2);
    this._taken = 0;
    this._allowed = options.window;
    this._cancelled = this._ended = this._peerEnded = false;
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
    while (this.ring.length > 0) this.ring.shift();
    this._shut();
    this._refuseSenders(null);
    this.failure = null;
    this._finish();
    this._endIfSent();
  }

  whenClosed(): Operation<void> {
    return guard(() => new Closing(this));
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return iterate(this);
  }

  get length(): number {
    return this.ring.length;
  }

  get capacity(): number {
    return this._options.window;
  }

  /** Sends a value on a credit. */
  put(value: T): void {
    const { transfer } = this._options;
    this.wire.out.value(
      this,
      value,
      transfer === undefined ? null : listOf(transfer(value), this.name),
      `send to ${this.name}`,
    );
    this.credit--;
  }

  /** Counts a value that was received here. */
  taken(): void {
    if (++this._taken >= this._half) this._giveBack();
  }

  /** Takes back a value whose receiver has ended before it got the value. */
  putBack(value: T): void {
    const receiver = this.receivers.next();
    if (receiver !== null) receiver.finish(value);
    else if (!this._cancelled) this.ring.unshift(value);
  }

  /** The peer has opened its end. */
  attach(peer: number, window: number): void {
    this.peer = peer;
    const untold = this._untold;
    this._untold = null;
    if (untold !== null) this._tell(untold);
    this.creditOf(window);
  }

  /** The peer can store more values. */
  creditOf(count: number): void {
    this.credit += count;
    if (this.credit > 0x7fff_ffff) throw new Violation("more credit than a number holds");
    for (let sender: Send<T> | null; this.credit > 0 && (sender = this.senders.next()) !== null; ) {
      let failure: { readonly cause: unknown } | null = null;
      try {
        this.put(sender.message);
      } catch (cause) {
        failure = { cause };
      }
      sender.finish(failure === null, failure);
    }
    this._endIfSent();
  }

  /** Values of the peer have arrived. */
  arrive(items: readonly unknown[]): void {
    if (this._peerEnded) throw new Violation(`values for ${this.name}, which it had ended`);
    if (items.length > this._allowed) throw new Violation(`more values for ${this.name} than it had credit for`);
    this._allowed -= items.length;
    const { schema } = this._options;
    for (let at = 0; at < items.length && !this.over; at++) {
      if (schema === undefined) this._accept(items[at] as T);
      else if (!this._check(schema, items[at])) return;
    }
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

  /** Accepts a value that fits the schema. One that does not closes the channel on both sides. */
  private _check(schema: StandardSchema<T>, value: unknown): boolean {
    try {
      this._accept(validated(schema, value, `receive from ${this.name}`));
      return true;
    } catch (cause) {
      this._fail(cause);
      return false;
    }
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
  }

  /** No more values arrive: what waits for one gets none. */
  private _finish(): void {
    if (this.over) return;
    this.over = true;
    for (let receiver: Receive<T> | null; (receiver = this.receivers.next()) !== null; ) receiver.finish(CLOSED);
  }

  private _refuseSenders(failure: { readonly cause: unknown } | null): void {
    for (let sender: Send<T> | null; (sender = this.senders.next()) !== null; ) sender.finish(false, failure);
  }

  /** Tells the peer that the last value was sent, if so. */
  private _endIfSent(): void {
    if (!this.closed || this._ended || this.peer < 0 || this.senders.first !== null || this.loss !== null) return;
    this._ended = true;
    this.wire.out.seal(this);
    this.wire.out.push([END, this.peer]);
    this._forgetIfOver();
  }

  private _forgetIfOver(): void {
    if (this._ended && this._peerEnded) this.wire.forget(this);
  }
}

function listOf(given: unknown, name: string): readonly Transferable[] | null {
  if (!Array.isArray(given)) {
    throw new TypeError(`Cannot send to ${name}: transfer must return a list, got ${shown(given)}`);
  }
  return given.length === 0 ? null : given;
}

// A channel without a store on a server. A sender offers its value to one of the processes in which a receive waits.
//
// A process subscribes to offers only while a receive waits in it that no offer has been promised, so the server knows where receivers
// are, and says at once if there is none. A send that stands alone offers the value itself: taken or not. A case of a select offers
// first: a receive is promised, and the value follows if the case wins. Receivers that begin to wait say so, for senders that found none.
//
//   sender                                  receiver
//   [0, value]  ── alone ──────────────▶    1: taken, 0: no receive waits here any more
//   [1]         ── case of a select ───▶    2 and a subject for [value], or for nothing if another case has won

import { CLOSED, type Closed, EMPTY, type Empty, type ReceiveChannel } from "../channel/ends.js";
import { iterate } from "../channel/iterate.js";
import { always } from "../operation/basic.js";
import { Operation, type WaitsFor } from "../operation/operation.js";
import { upon } from "../operation/upon.js";
import { Waiters } from "../operation/waiters.js";
import { PeerLostError } from "../remote/errors.js";
import { Lone } from "../remote/lone.js";
import type { StandardSchema } from "../remote/schema.js";
import { readable } from "../structures/readable.js";
import { Ring } from "../structures/ring.js";
import { sleep } from "../time/sleep.js";
import { noLeases } from "./local-things.js";
import { decoded, encoded } from "./names.js";
import { causeFrom, causeOf, type Link, type Msg, type Subscription } from "./nats-link.js";
import type { BusChannel, ChannelStats, Delivery } from "./types.js";
import { assertNoSymbol, closingOf } from "./work.js";

type Failure = { readonly cause: unknown } | null;

/** Milliseconds after which an offer without an answer has an unknown outcome, and a promised value does not come. */
const ANSWERS = 5000;
/** The same, once a new connection was made. */
const LATE_ANSWERS = 1000;
/** Milliseconds after which a sender that found no receiver asks again, should it have missed that there is one. */
const AGAIN = 1000;

class Send<T> extends Lone {
  readonly text: string;
  private readonly _channel: NatsMeeting<T>;
  private _failure: Failure;
  private _inbox: string | null;
  private _timer: Disposable | null;
  /** Whether a receiver has begun to wait since the offer was made. */
  private _wanted: boolean;

  constructor(channel: NatsMeeting<T>, text: string) {
    super();
    this.text = text;
    this._channel = channel;
    this._failure = null;
    this._inbox = null;
    this._timer = null;
    this._wanted = false;
  }

  poll(): boolean {
    this._failure = this._channel.loss;
    this.value = false;
    return this._channel.closed;
  }

  block(): void {
    this._channel.senders.join(this);
    this._channel.watchWants();
    this.offer();
  }

  /** A receiver begins to wait somewhere. */
  want(): void {
    if (this._inbox === null) this.offer();
    else this._wanted = true;
  }

  /** Offers the value to a process in which a receive waits. */
  offer(): void {
    this._wanted = false;
    this._stopTimer();
    const { link, name } = this._channel;
    const inbox = link.open((message) => this._answered(inbox, message));
    this._inbox = inbox;
    link.publish(link.subject("m", name), this.firm ? `[0,${this.text}]` : "[1]", inbox);
    this._awaitAnswer(ANSWERS);
  }

  private _awaitAnswer(ms: number): void {
    this._after(ms, () => {
      this._endOffer();
      if (this.firm) this._finish(false, { cause: this._unknown() });
      else this.offer();
    });
  }

  /** A new connection was made. An offer, its answer, or the news of a receiver may have been lost with the one before. */
  again(): void {
    if (this._inbox === null) this.offer();
    else this._awaitAnswer(LATE_ANSWERS);
  }

  private _unknown(): Error {
    return new PeerLostError(
      `Cannot send to ${this._channel.place}: no answer came, so the value may have been received`,
    );
  }

  private _answered(inbox: string, message: Msg): void {
    if (inbox !== this._inbox) return;
    this._endOffer();
    const text = message.string();
    if (text === "1" && this.firm) this._finish(true, null);
    else if (text === "2" && !this.firm && message.reply !== undefined) {
      this._channel.link.answer(message.reply, `[${this.text}]`);
      this._finish(true, null);
    } else if (text === "0" || this._wanted) this.offer();
    else this._after(AGAIN, () => this.offer());
  }

  private _after(ms: number, then: () => void): void {
    this._stopTimer();
    this._timer = upon(sleep(ms, { unref: true }), () => {
      this._timer = null;
      then();
    });
  }

  private _stopTimer(): void {
    this._timer?.[Symbol.dispose]();
    this._timer = null;
  }

  private _endOffer(): void {
    this._stopTimer();
    if (this._inbox !== null) this._channel.link.close(this._inbox);
    this._inbox = null;
  }

  /** The channel is closed. */
  refuse(): void {
    this._endOffer();
    this._finish(false, this._channel.loss);
  }

  private _finish(accepted: boolean, failure: Failure): void {
    this._channel.senders.leave(this);
    this._failure = failure;
    this.complete(accepted);
  }

  override unblock(): void {
    const inbox = this._inbox;
    this._endOffer();
    // A receive that was promised is free again.
    if (inbox !== null && !this.firm) {
      const { link } = this._channel;
      const end = this._channel.expire(() => link.close(inbox));
      link.reopen(inbox, (message) => {
        end();
        if (message.string() === "2" && message.reply !== undefined) link.answer(message.reply, "");
      });
    }
    this.firm = false;
    this._channel.senders.leave(this);
  }

  override result(): boolean {
    this.firm = false;
    if (this._failure !== null) throw this._failure.cause;
    return this.value as boolean;
  }

  override waitsFor(): WaitsFor {
    return { what: `send to ${this._channel.place}`, external: true, host: true };
  }
}

class Receive<T> extends Operation<T | Closed> {
  private readonly _channel: NatsMeeting<T>;

  constructor(channel: NatsMeeting<T>) {
    super();
    this._channel = channel;
  }

  poll(): boolean {
    const { ring } = this._channel;
    this.value = ring.length > 0 ? ring.shift() : CLOSED;
    return this.value !== CLOSED || this._channel.closed;
  }

  block(): void {
    this._channel.receivers.join(this);
    this._channel.parked++;
    this._channel.listen();
  }

  override unblock(): void {
    this._channel.receivers.leave(this);
    this._channel.parked--;
    this._channel.listen();
  }

  override discard(): void {
    if (this.value !== CLOSED) this._channel.give(this.value as string, true);
  }

  override result(): T | Closed {
    if (this.value === CLOSED) {
      this._channel.assertNoFailure();
      return CLOSED;
    }
    return decoded(this.value as string, this._channel.schema, `receive from ${this._channel.name}`);
  }

  override waitsFor(): WaitsFor {
    return { what: `receive from ${this._channel.place}`, external: true, host: true };
  }
}

export class NatsMeeting<T> implements BusChannel<T> {
  readonly name: string;
  readonly link: Link;
  readonly schema: StandardSchema<T> | undefined;
  readonly place: string;
  readonly senders: Waiters<Send<T>>;
  readonly receivers: Waiters<Receive<T>>;
  readonly closing: Waiters;
  /** Values that were promised to a receive that has left. */
  readonly ring: Ring<string>;
  /** How many receives are parked, and how many of them an offer has been promised. */
  parked: number;
  private _promised: number;
  closed: boolean;
  /** What senders get thrown; null unless the bus is lost. */
  loss: Failure;
  private _failure: Failure;
  private _offers: Subscription | null;
  private _wants: Subscription | null;
  private readonly _timers: Set<Disposable>;

  constructor(link: Link, name: string, schema: StandardSchema<T> | undefined) {
    this.name = name;
    this.link = link;
    this.schema = schema;
    this.place = `${name} on ${link.place}`;
    this.senders = new Waiters();
    this.receivers = new Waiters();
    this.closing = new Waiters();
    this.ring = new Ring();
    this.parked = this._promised = 0;
    this.closed = false;
    this.loss = this._failure = null;
    this._offers = this._wants = null;
    this._timers = new Set();
    readable(this, () => `Channel ${name} 0/0${this.closed ? " closed" : ""}`);
    link.whenClosed(`m.${name}`, ({ cause }) => this._shut(causeFrom(cause)));
    link.reconnected.add(this._again);
  }

  private readonly _again = (): void => {
    for (const sender of [...this.senders]) sender.again();
  };

  send(value: T): Operation<boolean> {
    assertNoSymbol(value, this.name);
    return new Send(this, encoded(value, `send to ${this.name}`));
  }

  trySend(value: T): boolean {
    const send = this.send(value);
    return send.poll() && send.result();
  }

  receive(): Operation<T | Closed> {
    return new Receive(this);
  }

  tryReceive(): T | Closed | Empty {
    const receive = this.receive();
    return receive.poll() ? receive.result() : EMPTY;
  }

  get length(): number {
    return this.ring.length;
  }

  get capacity(): number {
    return 0;
  }

  deliveries(): ReceiveChannel<Delivery<T>> {
    throw noLeases(this.name);
  }

  stats(): Operation<ChannelStats> {
    return always({ pending: 0, inFlight: 0, redelivered: 0 });
  }

  whenClosed(): Operation<void> {
    return closingOf(this);
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return iterate(this);
  }

  close(cause?: unknown): boolean {
    if (this.closed) return false;
    this._tell(cause);
    this._shut(cause);
    return true;
  }

  cancel(): void {
    while (this.ring.length > 0) this.ring.shift();
    if (this.closed) return;
    this._tell(undefined);
    this._shut(undefined);
  }

  private _tell(cause: unknown): void {
    this.link.track(() => this.link.shut(`m.${this.name}`, { cause: causeOf(cause), cancelled: false }));
  }

  private _shut(cause: unknown): void {
    if (this.closed) return;
    this.closed = true;
    this._failure ??= cause === undefined ? null : { cause };
    for (const sender of [...this.senders]) sender.refuse();
    this.parked = 0;
    this.receivers.completeAll(CLOSED);
    this.closing.completeAll(undefined);
    this.listen();
    this._wants?.unsubscribe();
    this.link.reconnected.delete(this._again);
  }

  leave(error: Error | null): void {
    if (error !== null) this.loss = this._failure = { cause: error };
    this._shut(undefined);
    for (const timer of this._timers) timer[Symbol.dispose]();
  }

  assertNoFailure(): void {
    if (this._failure !== null) throw this._failure.cause;
  }

  /** While a sender waits, it hears of receivers that begin to wait. */
  watchWants(): void {
    this._wants ??= this.link.subscribe(this.link.subject("w", this.name), () => {
      for (const sender of [...this.senders]) sender.want();
    });
  }

  /** Takes offers while a receive waits that no offer has been promised. */
  listen(): void {
    const listens = !this.closed && this.parked > this._promised;
    if (listens === (this._offers !== null)) return;
    if (listens) {
      this._offers = this.link.subscribe(
        this.link.subject("m", this.name),
        (message) => this._offered(message),
        "takers",
      );
      this.link.publish(this.link.subject("w", this.name), "");
    } else {
      // Offers that are on their way are still answered.
      this._offers!.drain().catch(() => {});
      this._offers = null;
    }
  }

  private _offered(message: Msg): void {
    const { reply } = message;
    if (reply === undefined) return;
    const text = message.string();
    if (this.closed || this.parked <= this._promised) this.link.answer(reply, "0");
    else if (text === "[1]") this._promise(reply);
    else if (text.startsWith("[0,")) {
      this.give(text.slice(3, -1), false);
      this.link.answer(reply, "1");
    }
  }

  /** Calls a function when it is called, or after the time within which answers come. */
  expire(then: () => void): () => void {
    const end = (): void => {
      timer[Symbol.dispose]();
      if (this._timers.delete(timer)) then();
    };
    const timer = upon(sleep(ANSWERS, { unref: true }), end);
    this._timers.add(timer);
    return end;
  }

  /** Promises a receive to a sender that is a case of a select. */
  private _promise(reply: string): void {
    this._promised++;
    this.listen();
    const inbox = this.link.open((message) => {
      const text = message.string();
      if (text.startsWith("[")) this.give(text.slice(1, -1), false);
      end();
    });
    const end = this.expire(() => {
      this.link.close(inbox);
      this._promised--;
      this.listen();
    });
    this.link.answer(reply, "2", inbox);
  }

  /** Gives a value to the receive that has waited longest, or keeps it for the next one. */
  give(text: string, first: boolean): void {
    const receiver = this.receivers.next();
    if (receiver !== null) {
      this.parked--;
      receiver.complete(text);
      this.listen();
    } else if (first) this.ring.unshift(text);
    else this.ring.push(text);
  }
}

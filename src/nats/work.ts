// A channel that stores values, whatever stores them. Senders and receivers of this process wait here.
//
// Invariants. At most one of `receivers` and `ring` holds something. A value in the ring, and one that a task holds, has a lease; if it
// is over, the value is somewhere else, and is dropped here. A value that a case of a select sends is accepted first and then stored:
// there is one such value at a time (`outbox`), and no other send begins before it is stored.

import { CLOSED, type Closed, EMPTY, type Empty, type ReceiveChannel } from "../channel/ends.js";
import { iterate } from "../channel/iterate.js";
import { guard } from "../operation/basic.js";
import { Grip, Whose } from "../operation/held.js";
import { Operation, type WaitsFor } from "../operation/operation.js";
import { upon } from "../operation/upon.js";
import { Waiters } from "../operation/waiters.js";
import { Lone } from "../remote/lone.js";
import { shown, textOf } from "../structures/errors.js";
import { readable } from "../structures/readable.js";
import { Ring } from "../structures/ring.js";
import { sleep } from "../time/sleep.js";
import { type Deliverer, Item } from "./delivery.js";
import { decoded, encoded } from "./names.js";
import { type ChannelSettings, nameOf } from "./options.js";
import type { Message, Put, Sink, Store } from "./store.js";
import type { BusChannel, ChannelStats, DeadLetter, Delivery } from "./types.js";

type Failure = { readonly cause: unknown } | null;

/** How many messages of one process may be under way to the store. */
const UNDER_WAY = 256;
/** Milliseconds for which a value is kept that was fetched for a receive that has left. */
const KEEP = 1000;

class Send<T> extends Lone {
  readonly text: string;
  readonly id: string | undefined;
  /** Counts how often it was sent, so that an answer to an earlier time is not taken for one to this. */
  performance: number;
  private readonly _channel: WorkChannel<T>;
  private _failure: Failure;

  constructor(channel: WorkChannel<T>, text: string, id: string | undefined) {
    super();
    this.text = text;
    this.id = id;
    this.performance = 0;
    this._channel = channel;
    this._failure = null;
  }

  poll(): boolean {
    this._failure = null;
    const outcome = this._channel.putNow(this.text, this.id);
    if (outcome === null || outcome === "full") return false;
    this._settle(outcome);
    return true;
  }

  block(): void {
    this._channel.senders.join(this);
    this._channel.pump();
  }

  override unblock(): void {
    this.firm = false;
    this._channel.senders.leave(this);
  }

  /** Completes the parked send. */
  finish(outcome: Put): void {
    this._channel.senders.leave(this);
    this._settle(outcome);
    this.complete(this.value);
  }

  private _settle(outcome: Put): void {
    this.value = outcome === "stored";
    if (outcome instanceof Error) this._failure = { cause: outcome };
  }

  override result(): boolean {
    this.firm = false;
    if (this._failure !== null) throw this._failure.cause;
    return this.value as boolean;
  }

  override waitsFor(): WaitsFor {
    return { what: `send to ${this._channel.place}`, external: this._channel.isFar, host: this._channel.isFar };
  }
}

class Receive<T, Out> extends Operation<Out | Closed> {
  private readonly _channel: WorkChannel<T>;
  private readonly _whose: Whose | null;
  private readonly _manual: boolean;

  constructor(channel: WorkChannel<T>, manual: boolean) {
    super();
    this._channel = channel;
    this._manual = manual;
    this._whose = channel.settings.ack === "next" ? new Whose() : null;
  }

  poll(): boolean {
    if (this._whose !== null) this._channel.doneBy(this._whose.task);
    this.value = this._channel.next() ?? CLOSED;
    return this.value !== CLOSED || this._channel.over;
  }

  block(): void {
    this._channel.receivers.join(this as Receive<T, unknown>);
    this._channel.want();
  }

  override unblock(): void {
    this._channel.receivers.leave(this as Receive<T, unknown>);
    this._channel.want();
  }

  override discard(): void {
    if (this.value !== CLOSED) this._channel.putBack(this.value as Item<T>);
  }

  override result(): Out | Closed {
    if (this.value === CLOSED) {
      this._channel.assertNoFailure();
      return CLOSED;
    }
    const item = this.value as Item<T>;
    this.value = undefined;
    if (item.error !== null) throw item.error.cause;
    item.begin();
    if (this._manual) return item as unknown as Out;
    if (this._whose === null) item.ack();
    else this._channel.hold(item, this._whose.task);
    return item.value as unknown as Out;
  }

  override waitsFor(): WaitsFor {
    const { place, store, isFar } = this._channel;
    return { what: `receive from ${place}`, external: store.external, host: isFar };
  }
}

/** The closing of a channel, for one performer. */
class Closing extends Operation<void> {
  private readonly _channel: { readonly name: string; readonly closed: boolean; readonly closing: Waiters };

  constructor(channel: { readonly name: string; readonly closed: boolean; readonly closing: Waiters }) {
    super();
    this._channel = channel;
  }

  poll(): boolean {
    return this._channel.closed;
  }

  block(): void {
    this._channel.closing.join(this);
  }

  override waitsFor(): WaitsFor {
    return { what: `${this._channel.name} to close`, external: true, host: true };
  }
}

/** Waits until something is closed. */
export function closingOf(channel: {
  readonly name: string;
  readonly closed: boolean;
  readonly closing: Waiters;
}): Operation<void> {
  return guard(() => new Closing(channel));
}

/** Throws if a value that is sent is one of the two symbols. */
export function assertNoSymbol(value: unknown, name: string): void {
  if (typeof value === "symbol")
    throw new TypeError(`Cannot send to ${name}: a value must be no symbol, got ${shown(value)}`);
}

export class WorkChannel<T> implements BusChannel<T>, Sink, Deliverer {
  readonly name: string;
  readonly settings: ChannelSettings<T>;
  readonly isFar: boolean;
  readonly senders: Waiters<Send<T>>;
  readonly receivers: Waiters<Receive<T, unknown>>;
  readonly closing: Waiters;
  readonly ring: Ring<Item<T>>;
  closed: boolean;
  /** Whether no more values come. */
  over: boolean;
  store!: Store;
  /** What receivers get thrown after the last value. */
  private _failure: Failure;
  /** What senders get thrown; null unless the medium is lost. */
  private _loss: Error | null;
  /** What each task holds. The key is the channel itself for plain code. */
  private readonly _held: Map<object, Item<T>>;
  /** The values that were fetched and whose lease is not known to be over. */
  private readonly _leased: Set<Item<unknown>>;
  private readonly _grips: Map<object, Grip>;
  /** Whether the leases of what is held are renewed. */
  private _renewal: Disposable | null;
  /** The time at which what is in the ring is given back. */
  private _sweeping: Disposable | null;
  /** The sends whose values are on their way to the store. */
  private readonly _flying: Waiters<Send<T>>;
  private _underWay: number;
  /** Whether there was no room, and the store has not said since that there may be room. */
  private _full: boolean;
  /** A value that was accepted and is not stored yet. */
  private _outbox: { readonly text: string; readonly id: string | undefined } | null;
  private _asking: boolean;
  private _view: Deliveries<T> | null;
  /** Called when the outbox is empty. */
  private _emptied: (() => void)[];

  constructor(name: string, settings: ChannelSettings<T>, isFar: boolean) {
    this.name = name;
    this.settings = settings;
    this.isFar = isFar;
    this.senders = new Waiters();
    this.receivers = new Waiters();
    this.closing = new Waiters();
    this.ring = new Ring();
    this.closed = this.over = false;
    this._failure = this._loss = null;
    this._held = new Map();
    this._leased = new Set();
    this._grips = new Map();
    this._renewal = this._sweeping = null;
    this._flying = new Waiters();
    this._underWay = 0;
    this._full = false;
    this._outbox = null;
    this._asking = false;
    this._view = null;
    this._emptied = [];
    readable(this, () => `Channel ${name} ${this.length}/${this.capacity}${this.closed ? " closed" : ""}`);
  }

  get ackWait(): number {
    return this.settings.ackWait;
  }

  get maxDeliver(): number {
    return this.settings.maxDeliver;
  }

  get place(): string {
    return this.store.place;
  }

  get length(): number {
    return this.ring.length + this.store.length;
  }

  get capacity(): number {
    return this.settings.capacity;
  }

  send(value: T): Operation<boolean> {
    const act = `send to ${this.name}`;
    assertNoSymbol(value, this.name);
    return new Send(this, encoded(value, act), nameOf(this.settings.dedupe, value, act));
  }

  trySend(value: T): boolean {
    const send = this.send(value);
    return send.poll() && send.result();
  }

  receive(): Operation<T | Closed> {
    if (this.settings.ack === "manual")
      throw new TypeError(
        `Cannot receive from ${this.name}: with ack "manual" values are received with their leases; use deliveries()`,
      );
    return new Receive<T, T>(this, false);
  }

  tryReceive(): T | Closed | Empty {
    const receive = this.receive();
    return receive.poll() ? receive.result() : EMPTY;
  }

  deliveries(): ReceiveChannel<Delivery<T>> {
    if (this.settings.ack !== "manual")
      throw new TypeError(
        `Cannot receive from ${this.name} with leases: ack must be "manual", got ${shown(this.settings.ack)}`,
      );
    this._view ??= new Deliveries(this);
    return this._view;
  }

  receiveItem(): Operation<Delivery<T> | Closed> {
    return new Receive<T, Delivery<T>>(this, true);
  }

  stats(): Operation<ChannelStats> {
    return this.store.stats();
  }

  close(cause?: unknown): boolean {
    if (this.closed) return false;
    this.store.close(cause);
    this.shut(cause);
    return true;
  }

  cancel(reason?: unknown): void {
    if (this.over) return;
    this.store.cancel(reason);
    this.shut(undefined);
    this._failure = null;
    while (this.ring.length > 0) this.ring.shift();
    this.drained();
  }

  whenClosed(): Operation<void> {
    return closingOf(this);
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return iterate(this);
  }

  // -- sending

  putNow(text: string, id: string | undefined): Put | null {
    if (this.closed) return this._loss ?? "closed";
    if (this._outbox !== null || this.senders.first !== null) return null;
    return this.store.putNow(text, id);
  }

  /** Stores values of parked senders, as far as there is room. */
  pump(): void {
    if (this._outbox !== null || this._asking || this._full || this.closed) return;
    for (let sender: Send<T> | null; (sender = this.senders.first) !== null; ) {
      const outcome = this.store.putNow(sender.text, sender.id);
      if (outcome === "full") return;
      if (outcome !== null) sender.finish(outcome);
      else if (!sender.firm) {
        this._ask();
        return;
      } else if (this._underWay >= UNDER_WAY * this.settings.batch) return;
      else this._begin(sender);
    }
  }

  private _begin(sender: Send<T>): void {
    this.senders.leave(sender);
    this._flying.join(sender);
    const performance = ++sender.performance;
    this._underWay++;
    this.store.put(sender.text, sender.id, (outcome) => {
      this._underWay--;
      const waits = sender.waiter !== null && sender.performance === performance;
      if (outcome === "full" && !this.closed) {
        this._full = true;
        this._flying.leave(sender);
        if (waits) this.senders.joinFirst(sender);
        return;
      }
      if (waits) sender.finish(outcome === "full" ? (this._loss ?? "closed") : outcome);
      this.pump();
    });
  }

  /** Asks for room for the first send that is a case of a select. */
  private _ask(): void {
    this._asking = true;
    this.store.askRoom((room) => {
      this._asking = false;
      if (this.closed) return;
      this._full = !room;
      const sender = this.senders.first;
      if (room && sender?.firm === false) {
        this._outbox = sender;
        sender.finish("stored");
        this._putOut(sender.text, sender.id);
      } else this.pump();
    });
  }

  private _putOut(text: string, id: string | undefined): void {
    this.store.put(text, id, (outcome) => {
      if (outcome === "full" && !this.closed) {
        upon(sleep(20, { unref: true }), () => this._putOut(text, id));
        return;
      }
      this._outbox = null;
      for (const emptied of this._emptied.splice(0)) emptied();
      this.pump();
    });
  }

  /** Calls a function once every value that was accepted is stored. */
  whenEmptied(then: () => void): void {
    if (this._outbox === null) then();
    else this._emptied.push(then);
  }

  room(): void {
    this._full = false;
    this.pump();
  }

  // -- receiving

  /** The next value that was fetched and whose lease holds. */
  next(): Item<T> | null {
    if (!this.receivers.empty) return null;
    while (this.ring.length > 0) {
      const item = this.ring.shift();
      if (item.error !== null || item.live) return item;
    }
    for (let message: Message | null; (message = this.store.takeNow()) !== null; ) {
      const item = this._open(message);
      if (item !== null) return item;
    }
    return null;
  }

  arrive(message: Message): void {
    const item = this._open(message);
    if (item !== null) this._give(item);
    this.want();
  }

  /** The delivery of a message; null if no task is to get it. */
  private _open(message: Message): Item<T> | null {
    if (message.count > this.maxDeliver) {
      new Item<unknown>(this, message, null, null).end(`it was delivered ${message.count - 1} times`);
      return null;
    }
    try {
      const value = decoded(message.text, this.settings.schema, `receive from ${this.name}`);
      const item = new Item(this, message, value, null);
      this._leased.add(item);
      // A value of which nothing was heard for longer than its lease is looked at, which ends it.
      const most = 2 * this.settings.maxInFlight * this.settings.batch;
      if (this._leased.size > most) for (const one of [...this._leased]) void one.live;
      return item;
    } catch (cause) {
      const item = new Item<T>(this, message, undefined as T, { cause });
      item.end(textOf(cause));
      // With no channel of dead letters, the receiver is the one place where the error can go.
      return this.settings.deadLetter === undefined ? item : null;
    }
  }

  private _give(item: Item<T>): void {
    const receiver = this.receivers.next();
    if (receiver !== null) receiver.complete(item);
    else {
      this.ring.push(item);
      this._sweep();
    }
  }

  /** Takes back a value whose receiver has ended before it got the value. */
  putBack(item: Item<T>): void {
    if (item.error !== null || !item.live) return;
    const receiver = this.receivers.next();
    if (receiver !== null) receiver.complete(item);
    else if (this.over) item.giveBack();
    else {
      this.ring.unshift(item);
      this._sweep();
    }
  }

  want(): void {
    if (this.over) return;
    let count = 0;
    for (const _ of this.receivers) count++;
    this.store.want(count);
  }

  /** Gives back what was fetched and is not received in time, as another process may wait for it. */
  private _sweep(): void {
    this._sweeping ??= upon(sleep(Math.min(KEEP, this.ackWait / 2), { unref: true }), () => {
      this._sweeping = null;
      const kept: Item<T>[] = [];
      while (this.ring.length > 0) {
        const item = this.ring.shift();
        if (item.awaited) kept.push(item);
        else item.giveBack();
      }
      for (const item of kept) this.ring.push(item);
      if (kept.length > 0) this._sweep();
    });
  }

  // -- what tasks hold

  /** A task receives again: what it held is done. */
  doneBy(task: object | null): void {
    const key = task ?? this;
    const item = this._held.get(key);
    if (item === undefined) return;
    item.ack();
    this._release(key);
  }

  hold(item: Item<T>, task: Parameters<typeof gripOn>[0] | null): void {
    const key = task ?? this;
    this.doneBy(task);
    if (!item.live) return;
    this._held.set(key, item);
    if (task !== null) {
      const grip = gripOn(task, (returned) => {
        this._release(key);
        if (returned) item.ack();
        else item.nak();
      });
      this._grips.set(key, grip);
    }
    this._renew();
  }

  private _release(key: object): void {
    this._held.delete(key);
    this._grips.get(key)?.drop();
    this._grips.delete(key);
  }

  /** While a task holds a value, its lease is renewed. */
  private _renew(): void {
    this._renewal ??= upon(sleep(this.ackWait / 3, { unref: true }), () => {
      this._renewal = null;
      if (this._held.size === 0) return;
      for (const [key, item] of [...this._held]) if (!item.extend()) this._release(key);
      this._renew();
    });
  }

  freed(item: Item<unknown>): void {
    this._leased.delete(item);
  }

  bury(item: Item<unknown>, reason: string): void {
    const { message } = item;
    if (this.settings.deadLetter === undefined) {
      message.term();
      return;
    }
    let value: unknown = message.text;
    try {
      value = decoded<unknown>(message.text, undefined, "bury");
    } catch {
      // It is no JSON: the text itself is kept.
    }
    const deliveries = Math.min(message.count, this.maxDeliver);
    const letter: DeadLetter = { channel: this.name, value, deliveries, reason };
    this.store.bury(JSON.stringify(letter), message.key, (buried) => {
      if (buried) message.term();
      else message.nak(1000);
    });
  }

  // -- the end

  shut(cause: unknown): void {
    if (this.closed) return;
    this.closed = true;
    if (cause !== undefined) this._failure = { cause };
    for (const sender of [...this.senders]) sender.finish(this._loss ?? "closed");
    this.closing.completeAll(undefined);
  }

  drained(): void {
    if (this.over) return;
    this.over = true;
    this.receivers.completeAll(CLOSED);
  }

  leave(error: Error | null): void {
    this._loss = error;
    if (!this.over) this._failure = error === null ? null : { cause: error };
    for (const item of [...this._leased]) item.giveBack();
    for (const key of [...this._held.keys()]) this._release(key);
    while (this.ring.length > 0) this.ring.shift();
    this.shut(undefined);
    this._renewal?.[Symbol.dispose]();
    this._sweeping?.[Symbol.dispose]();
    for (const sender of [...this._flying]) sender.finish(this._loss ?? "closed");
    this.drained();
  }

  assertNoFailure(): void {
    if (this._failure !== null) throw this._failure.cause;
  }
}

function gripOn(task: ConstructorParameters<typeof Grip>[0], left: (returned: boolean) => void): Grip {
  return new Grip(task, left);
}

/** The values of a channel with their leases. */
class Deliveries<T> implements ReceiveChannel<Delivery<T>> {
  private readonly _channel: WorkChannel<T>;

  constructor(channel: WorkChannel<T>) {
    this._channel = channel;
    readable(this, () => `Deliveries of ${channel.name}`);
  }

  receive(): Operation<Delivery<T> | Closed> {
    return this._channel.receiveItem();
  }

  tryReceive(): Delivery<T> | Closed | Empty {
    const receive = this.receive();
    return receive.poll() ? receive.result() : EMPTY;
  }

  cancel(reason?: unknown): void {
    this._channel.cancel(reason);
  }

  get closed(): boolean {
    return this._channel.closed;
  }

  [Symbol.asyncIterator](): AsyncIterator<Delivery<T>> {
    return iterate(this);
  }
}

// The mailbox of an actor: a channel, and before it the messages that a selective receive has passed over or a lease has given back.
// It belongs to the actor and not to a life of it, so what waits in it survives a restart.
//
// A message is taken in the step in which the behaviour gets it. One that was completed for a task that is cancelled before it
// resumes goes back to the front.

import { type Channel, CLOSED, type Closed, EMPTY, type Empty } from "../../channel/ends.js";
import { alt } from "../../choice/select.js";
import { aborted } from "../../operation/bridge.js";
import { Operation, type WaitsFor } from "../../operation/operation.js";
import { upon } from "../../operation/upon.js";
import { assertFunction } from "../../structures/arguments.js";
import type { Asks } from "./asks.js";
import type { Leased, Mailbox } from "./types.js";

type Accepts<M> = ((message: M) => boolean) | null;

export class Box<M> implements Mailbox<M> {
  readonly channel: Channel<M>;
  /** Messages that were passed over or given back, the oldest first; null as long as there were none. */
  left: M[] | null;
  /** The life that has not looked into the mailbox yet; null once it has. */
  reader: { reads(): void } | null;
  /** Null as long as no question was asked. */
  asks: Asks | null;
  /** Whether code may wait for the end of the channel. */
  watched: boolean;
  /** Whether the handler of the messages waits for the next one; `"again"` if it has got one since it was asked. */
  idle: boolean | "again";
  private _leases: Set<MessageLease<M>> | null;

  constructor(channel: Channel<M>) {
    this.channel = channel;
    this.left = this.asks = this.reader = this._leases = null;
    this.watched = this.idle = false;
  }

  /** Whether nothing is lost if the mailbox is given up. */
  isIdle(): boolean {
    if (this.idle !== true || this.watched || this.length > 0 || this.closed || this.asks?.empty === false) {
      if (this.idle === "again") this.idle = true;
      return false;
    }
    return true;
  }

  receive(): Operation<M | Closed> {
    return new Take(this, null);
  }

  receiveIf(accepts: (message: M) => boolean): Operation<M & never> {
    assertFunction("receive", "accepts", accepts);
    return new Take(this, accepts) as Operation<unknown> as Operation<M & never>;
  }

  lease(): Operation<Leased<M> | Closed> {
    return new Take(this, null, false).map((message) => {
      if (message === CLOSED) return CLOSED;
      const lease = new MessageLease(this, message as M);
      this._leases ??= new Set();
      this._leases.add(lease);
      return lease;
    });
  }

  tryReceive(): M | Closed | Empty {
    this.read();
    const message = this.left !== null && this.left.length > 0 ? this.left.shift()! : this.channel.tryReceive();
    if (message !== EMPTY && message !== CLOSED) this.taken(message as M);
    return message;
  }

  cancel(reason?: unknown): void {
    this.left = null;
    this.channel.cancel(reason);
  }

  get closed(): boolean {
    return this.channel.closed;
  }

  get length(): number {
    return (this.left?.length ?? 0) + this.channel.length;
  }

  [Symbol.asyncIterator](): AsyncIterator<M> {
    return this.until(null);
  }

  /** Iterates until the mailbox or a life ends. */
  async *until(signal: AbortSignal | null): AsyncGenerator<M, void, undefined> {
    while (signal?.aborted !== true) {
      const message = await (signal === null ? this.receive() : alt(this.receive(), aborted(signal).map(closed)));
      if (message === CLOSED) return;
      yield message as M;
    }
  }

  /** The behaviour looks into the mailbox. */
  read(): void {
    this.reader?.reads();
    this.reader = null;
  }

  /** The behaviour has got a message. */
  taken(message: M): void {
    this.asks?.take(message);
  }

  /** A life of the actor has ended: what it had on lease goes back, in order. */
  lifeEnded(): void {
    if (this._leases === null) return;
    for (const lease of [...this._leases].reverse()) lease[Symbol.dispose]();
  }

  /** A message goes to the front. */
  giveBack(message: M): void {
    this.left ??= [];
    this.left.unshift(message);
  }

  /** The lease has ended. */
  end(lease: MessageLease<M>, isDone: boolean): void {
    if (this._leases?.delete(lease) !== true) return;
    if (isDone) this.taken(lease.value);
    else this.giveBack(lease.value);
  }
}

function closed(): Closed {
  return CLOSED;
}

class MessageLease<M> implements Leased<M> {
  readonly value: M;
  private readonly _box: Box<M>;

  constructor(box: Box<M>, value: M) {
    this._box = box;
    this.value = value;
  }

  done(): void {
    this._box.end(this, true);
  }

  [Symbol.dispose](): void {
    this._box.end(this, false);
  }
}

/** Takes the next message, or the next that is accepted. */
class Take<M> extends Operation<M | Closed> {
  private readonly _box: Box<M>;
  private readonly _accepts: Accepts<M>;
  /** Whether the message is taken for good. */
  private readonly _keeps: boolean;
  private _receive: Operation<M | Closed> | null;
  private _failure: { readonly error: unknown } | null;
  private _waiting: Disposable | null;

  constructor(box: Box<M>, accepts: Accepts<M>, keeps: boolean = true) {
    super();
    this._box = box;
    this._accepts = accepts;
    this._keeps = keeps;
    this._receive = this._failure = this._waiting = null;
  }

  poll(): boolean {
    this._failure = null;
    const { left, channel, reader } = this._box;
    if (reader !== null) this._box.read();
    if (left !== null && left.length > 0 && this._findLeft(left)) return true;
    const receive = (this._receive ??= channel.receive());
    while (receive.poll()) {
      if (this._gets(() => receive.result())) return true;
    }
    return false;
  }

  block(): void {
    this._waiting = upon(
      this._box.channel.receive(),
      (message) => this._arrived(() => message),
      (error) =>
        this._arrived(() => {
          throw error;
        }),
    );
  }

  override unblock(): void {
    this._waiting?.[Symbol.dispose]();
    this._waiting = null;
  }

  override discard(): void {
    if (this._failure === null && this.value !== CLOSED) this._box.giveBack(this.value as M);
  }

  override result(): M | Closed {
    if (this._failure !== null) throw this._failure.error;
    if (this._keeps && this.value !== CLOSED) this._box.taken(this.value as M);
    return this.value as M | Closed;
  }

  override waitsFor(): WaitsFor {
    return { ...this._box.channel.receive().waitsFor() };
  }

  private _findLeft(left: M[]): boolean {
    const at = this._accepts === null ? 0 : left.findIndex((message) => this._accepts!(message));
    if (at < 0) return false;
    this.value = at === 0 ? left.shift() : left.splice(at, 1)[0];
    return true;
  }

  /** Gets what was received; returns false if it is a message that is not accepted. */
  private _gets(receive: () => M | Closed): boolean {
    const { channel } = this._box;
    try {
      const message = receive();
      this.value = message;
      if (message === CLOSED || this._accepts === null || this._accepts(message as M)) return true;
      this._box.left ??= [];
      const { left } = this._box;
      left.push(message as M);
      if (left.length <= Math.max(1, channel.capacity)) return false;
      const rule = `at most ${channel.capacity} messages may be passed over`;
      throw new RangeError(`Cannot receive from ${channel.name}: ${rule}, got one more`);
    } catch (error) {
      this._failure = { error };
      return true;
    }
  }

  private _arrived(receive: () => M | Closed): void {
    this._waiting = null;
    if (this._gets(receive)) this.complete(this.value);
    else this.block();
  }
}

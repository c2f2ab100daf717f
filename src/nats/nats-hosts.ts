// Actors on a server: the address, and the lease that makes its host the only one.
//
// The lease is an entry of a bucket, which the host writes again before its time is over, each time with the revision that it has
// written last. A process that wants it watches the revision: if it has not changed for the length of the lease, by the own clock of
// that process, the lease is over, and is taken by writing over exactly that revision. The host counts from the time before it wrote, so
// its lease is over for the host before it can be over for another process. No clocks are compared. The revision of the first write of a
// host is its token: revisions only grow.
//
// A process waits the longer before it takes a name the more names it hosts, so names that several processes want at the same moment are
// spread over them.

import type { SendChannel } from "../channel/ends.js";
import { Operation, type WaitsFor } from "../operation/operation.js";
import { upon } from "../operation/upon.js";
import { Waiters } from "../operation/waiters.js";
import { holdsEnds, isReply, lift, lower, type Mover } from "../remote/refs.js";
import { random } from "../scheduler/scheduler.js";
import { readable } from "../structures/readable.js";
import { now, sleep } from "../time/sleep.js";
import { NoResponderError } from "./errors.js";
import { decoded, encoded } from "./names.js";
import { causeFrom, causeOf, isWrongRevision, type KV, type Link } from "./nats-link.js";
import { assertNoSymbol, closingOf } from "./work.js";

/** Milliseconds after which a sender that found no host looks again, should it have missed that there is one. */
const AGAIN = 1000;

/** Milliseconds that a process waits before it takes a free name, for each name that it hosts, and at most. */
const GIVE_WAY = 20;
const MOST_GIVE_WAY = 250;
/** Milliseconds between two attempts to write a lease again. */
const SOON = 50;

/** How many names a process hosts, or is about to. */
export interface Load {
  names: number;
}

/** A message with its replies as subjects. */
export interface Envelope {
  readonly value: unknown;
  readonly replies: readonly string[];
}

/** Takes replies out of messages, and puts replies in that answer over the bus. */
export class Replies {
  private readonly _link: Link;
  private readonly _mover: Mover;

  constructor(link: Link) {
    this._link = link;
    this._mover = { give: (thing) => this._give(thing), take: (ref) => this._take(ref) };
  }

  /** The message as it crosses. */
  lifted(message: unknown, act: string): { readonly envelope: Envelope; undo(): void } {
    if (!holdsEnds(message)) return { envelope: { value: message, replies: [] }, undo: () => {} };
    const { value, given } = lift(message, this._mover);
    const undo = (): void => {
      for (const one of given) one.undo();
    };
    try {
      encoded(value, act);
    } catch (error) {
      undo();
      throw error;
    }
    return { envelope: { value, replies: given.map(({ ref }) => ref as string) }, undo };
  }

  lowered({ value, replies }: Envelope): unknown {
    return replies.length === 0 ? value : lower(value, [...replies], this._mover);
  }

  private _give(thing: object): { readonly ref: string; readonly transfer: null; undo(): void } {
    if (!isReply(thing))
      throw new TypeError(
        "Cannot send over a bus: a message may hold replies, got a channel; give the channel a name on the bus",
      );
    const subject = this._link.open((message) => {
      this._link.close(subject);
      const [failed, value] = decoded<[boolean, unknown]>(message.string(), undefined, "read an answer");
      if (failed) thing.fail(causeFrom(value));
      else thing(value);
    });
    return { ref: subject, transfer: null, undo: () => this._link.close(subject) };
  }

  private _take(ref: unknown): unknown {
    const subject = String(ref);
    const answer = (failed: boolean, value: unknown): void =>
      this._link.answer(subject, JSON.stringify([failed, value]));
    const reply = (value: unknown): void => answer(false, value);
    reply.fail = (error: unknown): void => answer(true, causeOf(error));
    return reply;
  }
}

/** What an address needs of its bus. */
export interface Asker {
  readonly link: Link;
  readonly replies: Replies;
  /** Puts a message into the mailbox of the host. Yields false if it is no host any more. */
  tell(name: string, envelope: Envelope): Operation<boolean>;
}

class Tell<M> extends Operation<boolean> {
  private readonly _address: NatsAddress<M>;
  private readonly _message: M;
  /** Whether it waits for a host. */
  private _idle: boolean;
  private _sending: Disposable | null;
  private _undo: () => void;
  private _failure: { readonly cause: unknown } | null;

  constructor(address: NatsAddress<M>, message: M) {
    super();
    this._address = address;
    this._message = message;
    this._idle = false;
    this._sending = null;
    this._undo = () => {};
    this._failure = null;
  }

  poll(): boolean {
    this._failure = this._address.loss;
    this.value = false;
    return this._address.closed;
  }

  block(): void {
    this._address.waiting.join(this as Tell<unknown> as never);
    this._address.watchHosts();
    this.start();
  }

  /** Sends the message to the host, if it is not on its way. */
  start(): void {
    const { asker, name } = this._address;
    this._sending?.[Symbol.dispose]();
    this._undo();
    const { envelope, undo } = asker.replies.lifted(this._message, `send to ${name}`);
    this._undo = undo;
    this._sending = upon(
      asker.tell(name, envelope),
      (accepted) => {
        this._sending = null;
        if (accepted) this.finish(true, null);
        else this._later(50);
      },
      (error) => {
        this._sending = null;
        if (error instanceof NoResponderError) this._later(AGAIN);
        else this.finish(false, { cause: error });
      },
    );
  }

  private _later(ms: number): void {
    this._idle = true;
    this._sending = upon(sleep(ms * (0.5 + random()), { unref: true }), () => {
      this._sending = null;
      this.again();
    });
  }

  again(): void {
    if (!this._idle) return;
    this._idle = false;
    this.start();
  }

  finish(accepted: boolean, failure: { readonly cause: unknown } | null): void {
    if (accepted) this._undo = () => {};
    this._failure = failure;
    this.unblock();
    this.complete(accepted);
  }

  override unblock(): void {
    this._idle = false;
    this._sending?.[Symbol.dispose]();
    this._sending = null;
    this._undo();
    this._undo = () => {};
    this._address.waiting.leave(this as Tell<unknown> as never);
  }

  override result(): boolean {
    if (this._failure !== null) throw this._failure.cause;
    return this.value as boolean;
  }

  override waitsFor(): WaitsFor {
    return {
      what: `send to the address ${this._address.name} on ${this._address.asker.link.place}`,
      external: true,
      host: true,
    };
  }
}

export class NatsAddress<M> implements SendChannel<M> {
  readonly name: string;
  readonly asker: Asker;
  readonly waiting: Waiters<Tell<never>>;
  readonly closing: Waiters;
  closed: boolean;
  loss: { readonly cause: unknown } | null;
  private _hosts: { unsubscribe(): void } | null;

  constructor(asker: Asker, name: string) {
    this.name = name;
    this.asker = asker;
    this.waiting = new Waiters();
    this.closing = new Waiters();
    this.closed = false;
    this.loss = null;
    this._hosts = null;
    readable(this, () => `Address ${name} on ${asker.link.place}`);
  }

  send(message: M): Operation<boolean> {
    assertNoSymbol(message, this.name);
    // What cannot cross is an error at once.
    this.asker.replies.lifted(message, `send to ${this.name}`).undo();
    encodedWithoutReplies(message, `send to ${this.name}`);
    return new Tell(this, message);
  }

  trySend(message: M): boolean {
    this.send(message);
    return false;
  }

  /** While a sender waits, it hears of new hosts. */
  watchHosts(): void {
    const { link } = this.asker;
    this._hosts ??= link.subscribe(link.subject("n", this.name), () => {
      for (const tell of [...this.waiting]) tell.again();
    });
  }

  close(): boolean {
    if (this.closed) return false;
    this.closed = true;
    for (const tell of [...this.waiting]) tell.finish(false, this.loss);
    this.closing.completeAll(undefined);
    this._hosts?.unsubscribe();
    return true;
  }

  whenClosed(): Operation<void> {
    return closingOf(this);
  }

  leave(error: Error | null): void {
    if (error !== null) this.loss = { cause: error };
    this.close();
  }
}

function encodedWithoutReplies(message: unknown, act: string): void {
  if (!holdsEnds(message)) encoded(message, act);
}

interface LeaseEntry {
  readonly host: string;
  readonly lease: number;
}

/** Reads a lease; null if it is none. */
function readLease(text: string): LeaseEntry | null {
  try {
    const { host, lease } = JSON.parse(text) as Partial<LeaseEntry>;
    return typeof host === "string" && typeof lease === "number" ? { host, lease } : null;
  } catch {
    return null;
  }
}

/** The lease of one name, from when this process wants it until it is given up. */
export class Lease {
  private readonly _link: Link;
  private readonly _name: string;
  private readonly _lease: number;
  private readonly _id: string;
  private readonly _load: Load;
  /** Whether this name counts in the load. */
  private _counts: boolean;
  private _revision: number;
  private _until: number;
  private _over: boolean;
  private _lost: () => void;
  private _watching: Disposable | null;

  constructor(link: Link, name: string, lease: number, load: Load) {
    this._link = link;
    this._name = name;
    this._lease = lease;
    this._id = link.nextId();
    this._load = load;
    this._counts = false;
    this._revision = 0;
    this._until = 0;
    this._over = false;
    this._lost = () => {};
    this._watching = null;
  }

  /** Waits for the lease. Returns the token; null if it is not wanted any more. */
  async acquire(): Promise<number | null> {
    const kv = await this._link.bucket("hosts");
    let seen = -1;
    let since = 0;
    while (!this._over) {
      const entry = await this._link.persist(() => kv.get(this._name));
      const held = entry !== null && entry.operation === "PUT" ? readLease(entry.string()) : null;
      const revision = entry?.revision ?? 0;
      if (revision !== seen) {
        seen = revision;
        since = now();
      }
      const free = held === null || held.host === "" || now() - since >= held.lease;
      if (free && (await this._giveWay())) {
        if (await this._write(kv, revision)) {
          if (!this._over) return this._revision;
          this.release();
          return null;
        }
        this._count(false);
      }
      await this._link.pause(Math.min(this._lease / 4, 250) * (0.5 + random()));
    }
    return null;
  }

  /** Lets processes that host less be faster. Returns false if the lease is not wanted any more. */
  private async _giveWay(): Promise<boolean> {
    const share = 0.5 + random();
    for (let waited = 0, ms: number; (ms = Math.min(this._load.names * GIVE_WAY, MOST_GIVE_WAY) * share) > waited; ) {
      await this._link.pause(ms - waited);
      if (this._over || this._link.over) return false;
      waited = ms;
    }
    // In the same step, so that the next name of this process waits.
    if (!this._over) this._count(true);
    return !this._over;
  }

  private _count(counts: boolean): void {
    if (counts !== this._counts) this._load.names += counts ? 1 : -1;
    this._counts = counts;
  }

  /** Writes the lease over a revision. Returns false if it is another's. */
  private async _write(kv: KV, revision: number): Promise<boolean> {
    const begun = now();
    const entry: LeaseEntry = { host: this._id, lease: this._lease };
    const text = JSON.stringify(entry);
    const subject = `$KV.${this._link.bucketName("hosts")}.${this._name}`;
    const options = {
      msgID: this._link.nextId(),
      expect: { lastSubjectSequence: revision },
      timeout: Math.max(100, this._lease / 2),
    };
    try {
      const { seq } = await this._link.attempt(() => this._link.js.publish(subject, text, options));
      this._revision = seq;
      this._until = begun + this._lease;
      return true;
    } catch (error) {
      if (isWrongRevision(error)) return false;
      // Whether it was written is not known. If it was, the entry is this process's own.
      const found = await this._link.persist(() => kv.get(this._name));
      if (found === null || found.operation !== "PUT" || found.revision <= revision) return false;
      if (readLease(found.string())?.host !== this._id) return false;
      this._revision = found.revision;
      this._until = begun + this._lease;
      return true;
    }
  }

  /** Whether this process is certainly the only host. */
  get holds(): boolean {
    if (!this._over && now() >= this._until) this._lose();
    return !this._over;
  }

  /** Keeps the lease until it is released, and calls a function if it is lost. */
  keep(lost: () => void): void {
    this._lost = lost;
    const watch = (): void => {
      if (this._over) return;
      const left = this._until - now();
      if (left <= 0) this._lose();
      else this._watching = upon(sleep(left, { unref: true }), watch);
    };
    watch();
    // What makes it fail, such as the end of the bus, also ends the lease.
    this._renew().catch(() => this._lose());
  }

  private async _renew(): Promise<void> {
    const kv = await this._link.bucket("hosts");
    for (;;) {
      await this._link.pause(this._lease / 3);
      while (this.holds && !(await this._write(kv, this._revision))) {
        const entry = await this._link.persist(() => kv.get(this._name));
        if (entry === null || readLease(entry.string())?.host !== this._id) {
          this._lose();
          return;
        }
        // An attempt whose answer was lost has written it.
        this._revision = entry.revision;
        await this._link.pause(SOON);
      }
      if (!this.holds) return;
    }
  }

  private _lose(): void {
    if (this._over) return;
    this._over = true;
    this._count(false);
    this._lost();
  }

  /** Gives the lease up, so that another process has it at once. */
  release(): void {
    const held = this._revision !== 0 && now() < this._until;
    this._watching?.[Symbol.dispose]();
    this._over = true;
    this._count(false);
    if (!held) return;
    const entry: LeaseEntry = { host: "", lease: 0 };
    const subject = `$KV.${this._link.bucketName("hosts")}.${this._name}`;
    const options = { expect: { lastSubjectSequence: this._revision } };
    this._link.track(() => this._link.js.publish(subject, JSON.stringify(entry), options));
  }
}

// One port that carries many channels, and questions both ways.
//
// Each side names the ends that it opens by numbers of its own, and the peer addresses them by these numbers. An end has no credit
// until the peer has opened an end of the same name, so nothing is ever sent to an end that is not there. What a peer sends is
// checked field by field before it is used; a peer that breaks the protocol loses this connection, and nothing else happens.

import type { Channel } from "../channel/ends.js";
import { guard } from "../operation/basic.js";
import type { Operation } from "../operation/operation.js";
import { upon } from "../operation/upon.js";
import { Waiters } from "../operation/waiters.js";
import { assertCallback, assertFunction, assertOptions, wholeNumber } from "../structures/arguments.js";
import { shown, textOf } from "../structures/errors.js";
import { readable } from "../structures/readable.js";
import type { Exit } from "../supervise/exit.js";
import { sleep } from "../time/sleep.js";
import type { Answering, Handle } from "./asks.js";
import { Asks, Services } from "./asks.js";
import { type AnyEnd, End, type EndOptions } from "./end.js";
import { arrived, crossing, PeerLostError } from "./errors.js";
import {
  ANSWER,
  ASK,
  ATTACH,
  BYE,
  CANCEL,
  CLOSE,
  CREDIT,
  DATA,
  DROP,
  END,
  FAIL,
  GIVE,
  HELLO,
  list,
  OFFER,
  OPEN,
  PING,
  PONG,
  RICH,
  TAKE,
  VERSION,
  WITHDRAW,
  whole,
  words,
} from "./frames.js";
import { assertKeys, parsed } from "./json.js";
import type { Limits } from "./limits.js";
import { Outbox } from "./outbox.js";
import { hasLocks, holdLock, whenReleased } from "./port/lock.js";
import type { Port } from "./port/types.js";
import { lower, type Mover } from "./refs.js";
import { assertSchema, type StandardSchema } from "./schema.js";
import { Until } from "./until.js";
import { Violation } from "./violation.js";

/** Options of the channel of a connection. */
export interface RemoteChannelOptions<T> {
  /**
   * How many values the other side may have sent that no task here has received; 128 by default. The receiving side decides: its
   * window bounds what the other side can send ahead.
   */
  readonly window?: number;
  /**
   * With 0, a send completes only when a task on the other side has taken the value, if one of the sides says so. As a case of a
   * select, the send completes when a task on the other side asks for the value. Any other number is a window.
   */
  readonly capacity?: number;
  /** Checks, and may change, each value that arrives. A value that does not fit closes the channel on both sides. */
  readonly schema?: StandardSchema<T>;
  /** Lists what is to be moved with a value, and not copied, such as the buffer of an array. */
  readonly transfer?: (value: T) => Transferable[];
  /**
   * Called with each value that has arrived here, or that still arrives, and that no task here receives, as this side has cancelled the
   * channel.
   */
  readonly onUndelivered?: (value: T) => void;
}

/** Options of {@link Connection.serve}. */
export interface ServeOptions<in R = unknown, out Q = unknown> {
  /** How many questions are handled at the same time; no limit by default. The others wait in order. */
  readonly concurrency?: number;
  /** Checks, and may change, each question. One that does not fit is not handled, and its asker gets a TypeError. */
  readonly schema?: StandardSchema<Q>;
  /** Lists what is to be moved with an answer, and not copied. */
  readonly transfer?: (answer: R) => Transferable[];
  /**
   * @internal Whether what has been answered is to be posted at once, as the code that handles questions computes for long. Otherwise
   * it is posted after the questions that have come.
   */
  readonly prompt?: (answer: R) => boolean;
}

/** Options of {@link Connection.ask}. */
export interface AskOptions<Q> {
  /** Lists what is to be moved with the question, and not copied. Such a question can be asked once. */
  readonly transfer?: (question: Q) => Transferable[];
}

/**
 * A connection to the other side of a port. One connection carries any number of channels, and questions both ways.
 *
 * A connection keeps the process alive only while an operation waits for the other side, or while a name is served.
 */
export interface Connection extends AsyncDisposable {
  /** What is on the other side, for reports. */
  readonly name: string;
  /**
   * Returns this side's end of the channel of a name. What is sent to it is received on the other side, where code calls `channel` with
   * the same name; until then sends park. It is closed as a whole, by either side. The same name yields the same end until the
   * channel has ended on both sides.
   *
   * When the other side is lost, receives yield what had arrived and then throw a {@link PeerLostError}; sends throw it at once.
   *
   * @param name - Any text of at most 256 characters.
   * @throws RangeError if the window is no whole number from 1 on. TypeError if an option is wrong, or the name is no text.
   */
  channel<T>(name: string, options?: RemoteChannelOptions<T>): Channel<T>;
  /**
   * Answers the questions that the other side asks by this name. While it is served, the connection keeps the process alive.
   *
   * @param name - The name that the other side asks.
   * @param handle - Gets the question, and returns the answer, or a promise, an operation or a routine of it. What it throws is
   *   thrown to the asker. If the asker gives up, the work is cancelled.
   * @returns A disposable, which ends the service. Questions that wait for their turn then fail.
   * @throws TypeError if the name is served already.
   */
  serve<Q, R>(name: string, handle: Handle<Q, R>, options?: ServeOptions<R, Q>): Disposable;
  /**
   * Asks the other side a question.
   *
   * Parks until the answer is here. Yields: the answer. If the other side does not serve the name: throws at once. If the other
   * side is lost: throws a {@link PeerLostError}. If cancelled, or if another case of a select wins: the other side is told, and
   * cancels its work. There is no time limit: race it with `sleep`.
   *
   * @throws RangeError if as many questions wait as `limits.asks`, and what the port throws if the question cannot cross.
   */
  ask<Q, R>(name: string, question: Q, options?: AskOptions<Q>): Operation<R>;
  /** Whether the connection has ended. */
  readonly closed: boolean;
  /**
   * Waits for the end of the connection. Yields: `"cancelled"` if this side closed it, `"failed"` with a {@link PeerLostError} if
   * the other side is lost or has closed it.
   */
  whenClosed(): Operation<Exit>;
  /**
   * Ends the connection. What was sent before still arrives. On this side, receives yield what had arrived and then `CLOSED`, and
   * sends yield false; on the other side both throw a {@link PeerLostError}.
   */
  close(reason?: unknown): void;
}

/** An end that the peer has opened, and this side not yet. */
interface Opened {
  readonly id: number;
  readonly window: number;
  readonly rendezvous: boolean;
}

const WINDOW = 128;
/** The name of a channel that was named in a value. */
const SUB = "a channel of the other side";
/** How many signs of life may be missed. */
const MISSES = 3;

const settled = /* @__PURE__ */ Promise.resolve();

export class Mux implements Connection {
  readonly name: string;
  readonly limits: Limits;
  readonly out: Outbox;
  readonly waiting: Waiters;
  exit: Exit | null;
  private readonly _port: Port;
  private readonly _ends: Map<number, AnyEnd>;
  private readonly _names: Map<string, AnyEnd>;
  private readonly _opened: Map<string, Opened>;
  private readonly _asks: Asks;
  private readonly _services: Services;
  private _lastEnd: number;
  private _lastOpened: number;
  /** How many operations wait for the peer. */
  private _holds: number;
  private _isHeld: boolean;
  private _settling: boolean;
  private _greeted: boolean;
  private _heard: boolean;
  private _gone: Error | null;
  /** How many ends of this connection have come in values. */
  private _subs: number;
  /** Whether the connection ends with its one channel. */
  private _isOnly: boolean;
  /** What is to be stopped when the connection ends. */
  private readonly _watches: Set<() => void>;

  constructor(port: Port, limits: Limits, name: string = port.name) {
    this.name = name;
    this.limits = limits;
    this.exit = null;
    this.waiting = new Waiters();
    this._port = port;
    this._ends = new Map();
    this._names = new Map();
    this._opened = new Map();
    this._asks = new Asks(this);
    this._services = new Services(this);
    this._lastEnd = this._lastOpened = 0;
    this._holds = 0;
    this._isHeld = this._settling = this._greeted = this._heard = false;
    this._gone = null;
    this._subs = 0;
    this._isOnly = false;
    this._watches = new Set();
    this.out = new Outbox(port, limits, (error) => this._lost(error));
    readable(this, () => {
      return `Connection to ${name} ${this._ends.size} channels${this.closed ? " closed" : ""}`;
    });
  }

  /** Begins: says hello, and watches the port. */
  begin(): this {
    const lock = this._port.tellsEnd || !hasLocks() ? "" : `millrace-${nonce()}`;
    if (lock !== "") this._watches.add(holdLock(lock));
    this.out.push([HELLO, "millrace", VERSION, lock]);
    this._after(this.limits.handshake, () => {
      if (!this._greeted) this._lost(new Error(`no greeting within ${this.limits.handshake} ms`));
    });
    this._port.start({ message: (data) => this._message(data), ended: (cause) => this._lost(cause) });
    return this;
  }

  channel<T>(name: string, options: RemoteChannelOptions<T> = {}): Channel<T> {
    const act = "open remote channel";
    checkName(act, name, this.limits);
    assertOptions(act, options);
    const known = this._names.get(name) as unknown as Channel<T> | undefined;
    if (known !== undefined) return known;
    const { capacity, window = capacity || WINDOW, schema, transfer, onUndelivered } = options;
    if (capacity !== undefined) wholeNumber(act, "capacity", capacity, 0);
    if (wholeNumber(act, "window", window, 1) > this.limits.window) {
      throw new RangeError(`Cannot ${act}: window must be at most ${this.limits.window}, got ${window}`);
    }
    assertSchema(act, schema);
    assertCallback(act, "transfer", transfer);
    assertCallback(act, "onUndelivered", onUndelivered);
    return this._make<T>(name, { window, rendezvous: capacity === 0, schema, transfer, onUndelivered }, capacity === 0);
  }

  private _make<T>(name: string, options: EndOptions<T>, meets: boolean): End<T> {
    const end = new End<T>(this, name, ++this._lastEnd, options);
    if (this.exit !== null) {
      end.lose(this._gone);
      return end;
    }
    this._ends.set(end.id, end);
    this._names.set(name, end);
    this.out.push([OPEN, end.id, name, options.window, meets ? 1 : 0]);
    const opened = this._opened.get(name);
    if (opened !== undefined) {
      this._opened.delete(name);
      end.attach(opened.id, opened.window, opened.rendezvous);
    }
    return end;
  }

  /** Whether a channel that is sent gets a message port of its own. */
  get transfers(): boolean {
    return this._port.format === "clone" && typeof globalThis.MessageChannel === "function";
  }

  set mover(mover: Mover) {
    this.out.mover = mover;
  }

  /** The one channel of a connection, which ends with it. A side that has the channel itself sends on credit alone. */
  only<T>(window: number, meets: boolean): End<T> {
    this._isOnly = true;
    return this._make<T>("", { window, rendezvous: false }, meets);
  }

  /** A channel more, which is named in a value by its number. */
  give<T>(window: number): End<T> {
    const end = new End<T>(this, SUB, ++this._lastEnd, { window, rendezvous: false });
    if (this.exit === null) this._ends.set(end.id, end);
    else end.lose(this._gone);
    return end;
  }

  /** The end that belongs to an end of the peer that was named in a value. */
  take<T>(far: number, farWindow: number, meets: boolean, window: number): End<T> {
    if (++this._subs > this.limits.channels) throw new Violation("more channels than may be open");
    const end = this.give<T>(window);
    this.out.push([ATTACH, end.id, far, window]);
    end.attach(far, farWindow, meets);
    return end;
  }

  serve<Q, R>(name: string, handle: Handle<Q, R>, options: ServeOptions<R, Q> = {}): Disposable {
    checkName("serve", name, this.limits);
    assertFunction("serve", "handle", handle);
    assertOptions("serve", options);
    const { concurrency = Infinity, schema, transfer, prompt } = options;
    assertSchema("serve", schema);
    assertCallback("serve", "transfer", transfer);
    if (!(concurrency >= 1)) {
      throw new RangeError(`Cannot serve: concurrency must be 1 or more, got ${shown(concurrency)}`);
    }
    const answering = { schema, transfer, prompt } as Answering;
    if (prompt !== undefined) this.out.patient = true;
    return this._services.serve(name, handle as Handle<unknown, unknown>, concurrency, answering);
  }

  ask<Q, R>(name: string, question: Q, options: AskOptions<Q> = {}): Operation<R> {
    checkName("ask", name, this.limits);
    assertOptions("ask", options);
    assertCallback("ask", "transfer", options.transfer);
    return this._asks.ask(name, question, options.transfer);
  }

  get closed(): boolean {
    return this.exit !== null;
  }

  /** Why no question can be asked any more. */
  get gone(): Error | null {
    return this.exit === null
      ? null
      : (this._gone ?? new PeerLostError(`The connection to ${this.name} was closed here`));
  }

  whenClosed(): Operation<Exit> {
    return guard(
      () =>
        new Until({
          waiting: this.waiting,
          what: `the end of the connection to ${this.name}`,
          holds: () => this.exit !== null,
          result: () => this.exit!,
        }),
    );
  }

  close(reason?: unknown): void {
    if (this.exit !== null) return;
    this.out.push([BYE, reason === undefined ? null : this.crossing(reason)]);
    this.out.flush();
    this._end({ kind: "cancelled", reason }, null);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  hold(): void {
    if (++this._holds === 1 && !this._isHeld && this.exit === null) {
      this._isHeld = true;
      this._port.ref();
    }
  }

  /** Lets the process end if nothing waits. Most that wait are served and wait again, so it is looked at later. */
  release(): void {
    if (--this._holds > 0 || this._settling) return;
    this._settling = true;
    settled.then(() => settled.then(() => this._settle()));
  }

  private _settle(): void {
    this._settling = false;
    if (this._holds > 0 || !this._isHeld) return;
    this._isHeld = false;
    this._port.unref();
  }

  forget(end: AnyEnd): void {
    this._ends.delete(end.id);
    if (this._names.get(end.name) === end) this._names.delete(end.name);
    else if (end.name === SUB && this._subs > 0) this._subs--;
    if (this._isOnly) this.close();
  }

  crossing(error: unknown): unknown {
    return crossing(error, this.out.crosses, this._port.trusted);
  }

  private _message(data: unknown): void {
    if (this.exit !== null) return;
    try {
      const { format, trusted } = this._port;
      const message = format === "text" ? parsed(data, this.limits) : data;
      if (format === "clone" && !trusted) assertKeys(message);
      const frames = list(message, this.limits.items, "a message");
      this._heard = true;
      for (let at = 0; at < frames.length; at++) {
        const frame = frames[at];
        if (!Array.isArray(frame)) throw new Violation("a frame that is no list");
        this._frame(frame);
        if (this.exit !== null) return;
      }
    } catch (error) {
      this._refuse(error);
    }
  }

  /** The peer broke the protocol. */
  private _refuse(error: unknown): void {
    if (this.exit !== null) return;
    this.out.push([BYE, this.crossing(error)]);
    this.out.flush();
    this._lost(error);
  }

  private _frame(frame: unknown[]): void {
    const [kind, first] = frame;
    if (!this._greeted) {
      if (kind === HELLO) this._hello(frame);
      else if (kind === BYE) this._bye(first);
      else throw new Violation("a frame before its greeting");
      return;
    }
    switch (kind) {
      case DATA:
        this._endOf(first)?.arrive(list(frame[2], this.limits.items, "values"));
        return;
      case CREDIT:
        this._endOf(first)?.creditOf(whole(frame[2], 1, "credit"));
        return;
      case ASK:
        this._services.arrive(
          whole(first, 1, "a number"),
          words(frame[2], this.limits.name, "a name"),
          this._value(frame, 3),
        );
        return;
      case ANSWER:
        this._asks.settle(whole(first, 1, "a number"), this._value(frame, 2), false);
        return;
      case FAIL:
        this._asks.settle(whole(first, 1, "a number"), arrived(frame[2], this._port.trusted), true);
        return;
      case DROP:
        this._services.drop(whole(first, 1, "a number"));
        return;
      case OPEN:
        this._open(whole(first, 1, "a number"), frame[2], whole(frame[3], 0, "a window"), frame[4] === 1);
        return;
      case RICH:
        this._endOf(first)?.arrive([this._value(frame, 2)]);
        return;
      case CLOSE:
        this._endOf(first)?.peerCloses(this._cause(frame[2]));
        return;
      case END:
        this._endOf(first)?.peerEnds();
        return;
      case CANCEL:
        this._cause(frame[2]);
        this._endOf(first)?.peerCancels();
        return;
      case OFFER:
        this._endOf(first)?.offered(
          whole(frame[2], 1, "a number"),
          whole(frame[3], 0, "a kind") === 1,
          this._value(frame, 4),
        );
        return;
      case TAKE:
        this._endOf(first)?.takes(whole(frame[2], 1, "a number"));
        return;
      case WITHDRAW:
        this._endOf(first)?.withdrawn(whole(frame[2], 1, "a number"));
        return;
      case GIVE:
        this._endOf(first)?.given(whole(frame[2], 1, "a number"), this._value(frame, 3));
        return;
      case ATTACH:
        this._attach(whole(first, 1, "a number"), whole(frame[2], 1, "a number"), whole(frame[3], 0, "a window"));
        return;
      case PING:
        this.out.push([PONG]);
        return;
      case PONG:
        return;
      case BYE:
        this._bye(first);
        return;
      default:
        throw new Violation("a frame of an unknown kind");
    }
  }

  /** The value of a frame, with the channels that it held. */
  private _value(frame: unknown[], at: number): unknown {
    return frame.length > at + 1 ? lower(frame[at], frame[at + 1], this.out.mover!) : frame[at];
  }

  /** The peer has made an end for one that was named in a value. */
  private _attach(id: number, far: number, window: number): void {
    const end = this._ends.get(far);
    if (end === undefined && far <= this._lastEnd) return;
    if (end === undefined || end.name !== SUB || end.peer >= 0) throw new Violation("an end of no channel");
    end.attach(id, window, false);
  }

  /** The end that the peer addresses; undefined if both sides have ended it. */
  private _endOf(field: unknown): AnyEnd | undefined {
    const id = whole(field, 1, "a number");
    const end = this._ends.get(id);
    if (end === undefined && id > this._lastEnd) throw new Violation("a frame for a channel that was never opened");
    if (end !== undefined && end.peer < 0) throw new Violation("a frame for a channel that it has not opened");
    return end;
  }

  private _cause(field: unknown): { readonly cause: unknown } | null {
    return field === null || field === undefined ? null : { cause: arrived(field, this._port.trusted) };
  }

  private _hello([, mark, version, lock]: unknown[]): void {
    if (mark !== "millrace") throw new Violation("a greeting of another protocol");
    if (version !== VERSION) throw new Violation(`a greeting of version ${shown(version)}; here is version ${VERSION}`);
    words(lock, this.limits.name, "the name of a lock");
    this._greeted = true;
    if (this._port.tellsEnd) return;
    if (lock === "") this._listen();
    else {
      this._watches.add(
        whenReleased(
          lock as string,
          () => this._lost(new Error("it has ended")),
          () => this._listen(),
        ),
      );
    }
  }

  /** Finds out by signs of life whether the peer is there. */
  private _listen(misses = 0): void {
    if (this.exit !== null) return;
    this._heard = false;
    this.out.push([PING]);
    this._after(this.limits.heartbeat, () => {
      if (this._heard) this._listen();
      else if (misses + 1 < MISSES) this._listen(misses + 1);
      else this._lost(new Error(`no sign of life for ${MISSES * this.limits.heartbeat} ms`));
    });
  }

  private _after(ms: number, then: () => void): void {
    const timer = upon(sleep(ms, { unref: true }), () => {
      this._watches.delete(stop);
      then();
    });
    const stop = (): void => timer[Symbol.dispose]();
    this._watches.add(stop);
  }

  private _open(id: number, name: unknown, window: number, rendezvous: boolean): void {
    words(name, this.limits.name, "a name");
    if (id <= this._lastOpened) throw new Violation("a channel with the number of an earlier one");
    this._lastOpened = id;
    const end = this._names.get(name as string);
    if (end !== undefined) {
      if (end.peer >= 0) throw new Violation(`a channel by the name ${shown(name)}, which is open`);
      end.attach(id, window, rendezvous);
      return;
    }
    if (this._opened.has(name as string)) throw new Violation(`a channel by the name ${shown(name)}, which is open`);
    if (this._opened.size >= this.limits.channels) throw new Violation("more channels than may be open");
    this._opened.set(name as string, { id, window, rendezvous });
  }

  private _bye(field: unknown): void {
    const cause = this._cause(field);
    this._lost(cause === null ? undefined : cause.cause, "closed the connection");
  }

  private _lost(cause?: unknown, what = "is lost"): void {
    if (this.exit !== null) return;
    const known = cause === undefined ? "" : `: ${cause instanceof Error ? cause.message : textOf(cause)}`;
    const error = new PeerLostError(`The peer (${this.name}) ${what}${known}`, cause === undefined ? {} : { cause });
    this._end({ kind: "failed", error }, error);
  }

  private _end(exit: Exit, error: Error | null): void {
    this.exit = exit;
    this._gone = error;
    this._opened.clear();
    for (const stop of this._watches) stop();
    this._watches.clear();
    this._port.unref();
    this._port.close();
    const ends = [...this._ends.values()];
    this._ends.clear();
    this._names.clear();
    for (const end of ends) end.lose(error);
    this._asks.lose(this.gone!);
    this._services.lose();
    this.waiting.completeAll(exit);
  }
}

function checkName(act: string, name: unknown, limits: Limits): void {
  if (typeof name !== "string") throw new TypeError(`Cannot ${act}: name must be a string, got ${shown(name)}`);
  if (name.length > limits.name) {
    throw new RangeError(`Cannot ${act}: name must have at most ${limits.name} characters, got ${name.length}`);
  }
}

/** A name that no other connection has. */
export function nonce(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("");
}

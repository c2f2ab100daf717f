// A port that outlives its sockets. When a socket breaks, the side that opened it opens another one, and both sides go on where they
// were: each message has a number, and what the other side has not received is sent again. Nothing is received twice, as a number that
// was received before is passed over. A session that is without a socket for too long has ended.
//
// A message is text: a letter and what belongs to it.
//   S token received     the first message on each socket, from both sides; from a new client the token is empty
//   D number received …  a message of the session; `received` says how far the messages of the other side have arrived
//   A received           how far, when there is nothing to send
//   P, Q                 is the other side there, and its answer
//   N                    the session of this token is over

import { upon } from "../operation/upon.js";
import { Ring } from "../structures/ring.js";
import { sleep } from "../time/sleep.js";
import type { Limits } from "./limits.js";
import type { Port, PortListener } from "./port/types.js";

/** What a session needs to know. */
export interface SessionOptions {
  readonly limits: Limits;
  /** The milliseconds within which a broken connection has to be there again. */
  readonly within: number;
}

/** After how many messages this side says how far it is. */
const OFTEN = 16;
/** How many characters may wait to be received by the other side. */
const MOST = 16_777_216;
const MISSES = 3;

export class Session implements Port {
  readonly format = "text";
  readonly trusted = false;
  readonly tellsEnd = true;
  name: string;
  token: string;
  private readonly _options: SessionOptions;
  /** Called when there is no socket any more, so that another one can be opened. */
  private readonly _broken: (session: Session, hadMet: boolean) => void;
  /** Called when the session has ended. */
  private readonly _over: (session: Session) => void;
  private _listener: PortListener | null;
  private _port: Port | null;
  /** Whether the other side of the socket has said how far it is. */
  private _met: boolean;
  private _ended: boolean;
  private _closing: boolean;
  private _held: boolean;
  /** What the other side has not received, from the number `_first` on. */
  private readonly _unreceived: Ring<string>;
  private _first: number;
  private _size: number;
  private _received: number;
  private _told: number;
  private _heard: boolean;
  private _timer: Disposable | null;
  private _waiting: Disposable | null;

  constructor(
    token: string,
    options: SessionOptions,
    broken: (session: Session, hadMet: boolean) => void,
    over: (session: Session) => void,
  ) {
    this.name = "session";
    this.token = token;
    this._options = options;
    this._broken = broken;
    this._over = over;
    this._listener = null;
    this._port = null;
    this._met = this._ended = this._closing = this._held = this._heard = false;
    this._unreceived = new Ring();
    this._first = 1;
    this._size = this._received = this._told = 0;
    this._timer = this._waiting = null;
  }

  get ended(): boolean {
    return this._ended;
  }

  start(listener: PortListener): void {
    this._listener = listener;
  }

  post(message: unknown): void {
    if (this._ended || this._closing) return;
    const text = message as string;
    this._size += text.length;
    if (this._size > MOST) {
      this.end(new Error(`the other side is ${MOST} characters behind`));
      return;
    }
    const number = this._first + this._unreceived.length;
    this._unreceived.push(text);
    if (this._met) this._sendAt(number, text);
  }

  close(): void {
    this._listener = null;
    this._closing = true;
    // Without a socket it goes on until there is one for what was posted before, or for as long as a session waits.
    if (this._met || this._unreceived.length === 0) this._end(null);
  }

  ref(): void {
    this._held = true;
    this._port?.ref();
  }

  unref(): void {
    this._held = false;
    this._port?.unref();
  }

  /** Goes on over a new socket. `theirs` is how far the other side is, if it has said so already. */
  resume(port: Port, theirs: number | null): void {
    this._port?.close();
    this._stopWaiting();
    this._port = port;
    this.name = port.name;
    this._met = false;
    if (this._held) port.ref();
    port.post(`S ${this.token} ${this._received}`);
    if (theirs !== null) this._meet(theirs);
    this._watch(0);
  }

  /** What the socket of now tells. */
  listenerOf(port: Port): PortListener {
    return {
      message: (data) => {
        if (this._port === port && !this._ended) this.message(String(data));
      },
      ended: (cause) => {
        if (this._port === port) this._lost(cause);
      },
    };
  }

  message(text: string): void {
    this._heard = true;
    const [kind, first, second] = text.split(" ", 3) as [string, string | undefined, string | undefined];
    switch (kind) {
      case "D": {
        const number = count(first);
        const received = count(second);
        if (number < 0 || !this._acknowledged(received)) break;
        this._arrive(number, text.slice(3 + first!.length + second!.length + 1));
        return;
      }
      case "A":
        if (this._acknowledged(count(first))) return;
        break;
      case "P":
        this._port?.post("Q");
        return;
      case "Q":
        return;
      case "S": {
        const theirs = count(second);
        if (this._met || theirs < 0 || first === undefined || first.length > 64) break;
        if (this.token === "") this.token = first;
        if (this.token === first && this._meet(theirs)) return;
        break;
      }
      case "N":
        this.end(new Error("the other side has given the session up"));
        return;
    }
    this.end(new Error("The peer broke the protocol of sessions"));
  }

  end(error: Error): void {
    this._end(error);
  }

  /** No socket could be opened. */
  failed(cause: unknown): void {
    this._lost(cause);
  }

  private _end(error: Error | null): void {
    if (this._ended) return;
    this._ended = true;
    this._timer?.[Symbol.dispose]();
    this._stopWaiting();
    this._port?.close();
    this._port = null;
    this._over(this);
    if (error !== null) this._listener?.ended(error);
  }

  /** The other side says how far it is: what it has not received is sent again. */
  private _meet(theirs: number): boolean {
    if (!this._acknowledged(theirs)) return false;
    this._met = true;
    for (let at = 0; at < this._unreceived.length; at++) this._sendAt(this._first + at, this._unreceived.at(at));
    if (this._closing) this._end(null);
    return true;
  }

  /** Forgets what the other side has received; returns false if that was never sent. */
  private _acknowledged(received: number): boolean {
    if (received < this._first - 1 || received >= this._first + this._unreceived.length)
      return received === this._first - 1;
    while (this._first <= received) {
      this._size -= this._unreceived.shift().length;
      this._first++;
    }
    return true;
  }

  private _sendAt(number: number, text: string): void {
    this._told = this._received;
    this._port!.post(`D ${number} ${this._received} ${text}`);
  }

  private _arrive(number: number, text: string): void {
    if (number <= this._received) return;
    if (number !== this._received + 1) {
      this.end(new Error("The peer broke the protocol of sessions: a message is missing"));
      return;
    }
    this._received = number;
    if (this._received - this._told >= OFTEN) {
      this._told = this._received;
      this._port?.post(`A ${this._received}`);
    }
    this._listener?.message(text);
  }

  /** Finds out by signs of life whether the socket still works. */
  private _watch(misses: number): void {
    this._timer?.[Symbol.dispose]();
    const port = this._port;
    if (this._ended || port === null) return;
    this._heard = false;
    port.post("P");
    this._timer = upon(sleep(this._options.limits.heartbeat, { unref: true }), () => {
      if (this._port !== port) return;
      if (this._heard) this._watch(0);
      else if (misses + 1 < MISSES) this._watch(misses + 1);
      else {
        port.close();
        this._lost(new Error("no sign of life"));
      }
    });
  }

  private _lost(cause: unknown): void {
    if (this._ended) return;
    const hadMet = this._met;
    this._port = null;
    this._met = false;
    const { within } = this._options;
    this._waiting ??= upon(sleep(within, { unref: !this._held }), () => {
      this.end(new Error(`the connection was broken for ${within} ms`, { cause }));
    });
    this._broken(this, hadMet);
  }

  private _stopWaiting(): void {
    this._waiting?.[Symbol.dispose]();
    this._waiting = null;
  }
}

function count(text: string | undefined): number {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : -1;
}

// A window and a frame in it, or a window and the one that has opened it. Messages between windows reach every listener of a
// window, and any page may send them. So a message counts only if it comes from the very window and the very origin, and what both
// sides say there is only enough to agree on a message port that is theirs alone:
//
//   each side, when it starts        ->  [MARK, "hello", its nonce]
//   the side with the lower nonce    ->  [MARK, "hello", its nonce]       once more, as the other may have started later
//   the side with the higher nonce   ->  [MARK, "port", its nonce, the nonce of the other], and the port
//
// A port is accepted only with the nonce that this side has made up. A new nonce from the same window is that of another page that
// was loaded there, so the old one is gone.

import { upon } from "../../operation/upon.js";
import { sleep } from "../../time/sleep.js";
import { Told } from "./listening.js";
import { MessagePortPort, type Posting } from "./posting.js";
import type { Port, PortListener } from "./types.js";

const MARK = "millrace/window/1";

/** Milliseconds for which a port that was closed waits for the other window. */
const MEETS_WITHIN = 5000;

/** The window on the other side. One of another origin throws when anything else is read. */
export interface WindowLike {
  postMessage(message: unknown, targetOrigin: string, transfer?: Transferable[]): void;
}

/** The window on this side. */
export interface OwnWindow {
  addEventListener(event: "message", listener: (event: MessageEvent) => void): void;
  removeEventListener(event: "message", listener: (event: MessageEvent) => void): void;
  readonly MessageChannel: new () => { readonly port1: MessagePort; readonly port2: MessagePort };
  readonly MessagePort: { readonly prototype: object };
  readonly crypto: Pick<Crypto, "getRandomValues">;
  readonly origin?: string;
}

export class WindowPort implements Port {
  readonly name: string;
  readonly format = "clone";
  readonly trusted: boolean;
  readonly tellsEnd: boolean;
  private readonly _like: WindowLike;
  private readonly _origin: string;
  private readonly _here: OwnWindow;
  private readonly _told: Told;
  private readonly _nonce: string;
  private _peer: string | undefined;
  private _inner: Port | null;
  private _closing: boolean;
  private _early: { readonly message: unknown; readonly transfer: readonly Transferable[] | undefined }[];

  constructor(like: WindowLike, origin: string, here: OwnWindow) {
    this.name = `window ${origin}`;
    this.trusted = origin === here.origin;
    this.tellsEnd = "onclose" in here.MessagePort.prototype;
    this._like = like;
    this._origin = origin;
    this._here = here;
    this._told = new Told();
    this._nonce = nonce(here.crypto);
    this._peer = undefined;
    this._inner = null;
    this._closing = false;
    this._early = [];
  }

  post(message: unknown, transfer?: readonly Transferable[]): void {
    if (this._told.over || this._closing) return;
    if (this._inner === null) this._early.push({ message, transfer });
    else this._inner.post(message, transfer);
  }

  start(listener: PortListener): void {
    this._told.start(listener);
    const here = {
      addEventListener: (event: string, heard: (event: never) => void) =>
        this._here.addEventListener(event as "message", heard as (event: MessageEvent) => void),
      removeEventListener: (event: string, heard: (event: never) => void) =>
        this._here.removeEventListener(event as "message", heard as (event: MessageEvent) => void),
    };
    this._told.hear(here, "message", (event: MessageEvent) => {
      if (event.source === (this._like as unknown) && event.origin === this._origin) this.heard(event);
    });
    this.hello();
  }

  close(): void {
    const told = this._told;
    if (told.over || this._closing) return;
    if (this._inner !== null || this._early.length === 0) {
      told.stop();
      this._inner?.close();
      return;
    }
    // What was posted before still arrives, if the other window comes to the port in time.
    this._closing = true;
    told.mute();
    const wait = upon(sleep(MEETS_WITHIN, { unref: true }), () => told.stop());
    told.until(() => wait[Symbol.dispose]());
  }

  ref(): void {}
  unref(): void {}

  private hello(): void {
    this._like.postMessage([MARK, "hello", this._nonce], this._origin);
  }

  private heard({ data, ports }: MessageEvent): void {
    if (!Array.isArray(data) || data[0] !== MARK || !isNonce(data[2])) return;
    const [, what, peer, echo] = data as unknown[] as [string, unknown, string, unknown];
    if (what === "hello") this.greeted(peer);
    else if (what === "port" && echo === this._nonce && ports[0] !== undefined) this.join(ports[0], peer);
  }

  private greeted(peer: string): void {
    if (this._peer !== undefined) {
      if (peer !== this._peer) this.replaced();
    } else if (peer < this._nonce) {
      const { port1, port2 } = new this._here.MessageChannel();
      this._like.postMessage([MARK, "port", this._nonce, peer], this._origin, [port2]);
      this.join(port1, peer);
    } else if (peer > this._nonce) this.hello();
  }

  private join(port: MessagePort, peer: string): void {
    if (this._inner !== null) return;
    const inner = new MessagePortPort(port as unknown as Posting);
    this._inner = inner;
    this._peer = peer;
    inner.start({ message: this._told.message, ended: (cause) => this._told.end(cause) });
    for (const { message, transfer } of this._early.splice(0)) inner.post(message, transfer);
    if (!this._closing) return;
    this._told.stop();
    inner.close();
  }

  private replaced(): void {
    this._inner?.close();
    this._told.end(new Error(`${this.name} has loaded another page`));
  }
}

function nonce(crypto: Pick<Crypto, "getRandomValues">): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function isNonce(value: unknown): value is string {
  return typeof value === "string" && value.length === 32;
}

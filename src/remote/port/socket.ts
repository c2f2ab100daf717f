// Web sockets: the browser's, Node's and those of the package `ws`, which have the same events.

import { type Emitting, errorFrom, Told } from "./listening.js";
import type { Port, PortListener } from "./types.js";

/** A web socket. Only the event target is used, as its events are the same everywhere. */
export interface Socket {
  readonly readyState: number;
  readonly url?: string;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(event: string, listener: (event: never) => void): void;
  removeEventListener(event: string, listener: (event: never) => void): void;
  /** Of the package `ws`. */
  readonly _socket?: { ref?(): void; unref?(): void } | null;
}

const OPEN = 1;
const CLOSED = 3;

export class SocketPort implements Port {
  readonly name: string;
  readonly format = "text";
  readonly trusted = false;
  readonly tellsEnd = false;
  private readonly _like: Socket;
  private readonly _target: Emitting;
  private readonly _told: Told;
  /** What is posted before the socket is open. */
  private _early: string[];
  private _held: boolean;
  private _error: Error | undefined;

  constructor(like: Socket) {
    this.name = `web socket${like.url ? ` ${like.url}` : ""}`;
    this._like = like;
    this._target = {
      addEventListener: (event, listener) => like.addEventListener(event, listener),
      removeEventListener: (event, listener) => like.removeEventListener(event, listener),
    };
    this._told = new Told();
    this._early = [];
    this._held = false;
  }

  post(message: unknown): void {
    if (this._told.over) return;
    if (this._like.readyState === OPEN) this._like.send(message as string);
    else if (this._like.readyState < OPEN) this._early.push(message as string);
  }

  start(listener: PortListener): void {
    const told = this._told;
    const like = this._like;
    // A socket of `ws` without a listener throws its error, also one that is closed before it is open.
    like.addEventListener("error", (event: Partial<ErrorEvent>) => {
      this._error ??= errorFrom(event.error, `${this.name} has failed`);
    });
    told.start(listener);
    told.hear(this._target, "open", () => this.opened());
    told.hear(this._target, "message", (event: MessageEvent) => told.message(event.data));
    told.hear(this._target, "close", (event: CloseEvent) => told.end(this._error ?? this.closeError(event)));
    if (like.readyState === OPEN) this.opened();
    if (like.readyState === CLOSED) void Promise.resolve().then(() => told.end(new Error(`${this.name} is closed`)));
  }

  close(): void {
    if (!this._told.stop()) return;
    const like = this._like;
    const close = (): void => like.close(1000);
    if (like.readyState >= OPEN || this._early.length === 0) {
      close();
      return;
    }
    // What was posted before still arrives: a socket that is closed before it is open sends nothing.
    like.addEventListener("open", () => {
      this.opened();
      close();
    });
  }

  ref(): void {
    this._held = true;
    this._like._socket?.ref?.();
  }

  unref(): void {
    this._held = false;
    this._like._socket?.unref?.();
  }

  private opened(): void {
    if (!this._held) this.unref();
    for (const message of this._early.splice(0)) this._like.send(message);
  }

  private closeError({ code, reason }: Partial<CloseEvent>): Error {
    const why = reason ? `, ${JSON.stringify(reason)}` : "";
    return Object.assign(new Error(`${this.name} has closed with code ${code}${why}`), { code });
  }
}

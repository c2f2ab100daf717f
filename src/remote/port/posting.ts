// Message ports, threads, and the thread or page on the other side of a thread. They have postMessage and differ in how their end
// is told: a port of Node has an event, a thread of Node exits, a worker of a page ends in silence.

import { type Emitting, errorFrom, exitError, Told } from "./listening.js";
import type { Port, PortListener } from "./types.js";

/** What the hosts have beside postMessage, each in part. */
export interface Posting extends Emitting {
  postMessage(message: unknown, transfer?: readonly Transferable[]): void;
  start?(): void;
  close?(): void;
  ref?(): void;
  unref?(): void;
  terminate?(): unknown;
  readonly threadId?: number;
}

interface Kind {
  readonly name: string;
  readonly trusted: boolean;
  readonly tellsEnd: boolean;
}

/** The common part: how messages are sent and received. */
abstract class PostingPort implements Port {
  readonly name: string;
  readonly format = "clone";
  readonly trusted: boolean;
  readonly tellsEnd: boolean;
  protected readonly like: Posting;
  protected readonly told: Told;
  private readonly _wraps: boolean;

  constructor(like: Posting, { name, trusted, tellsEnd }: Kind) {
    this.name = name;
    this.trusted = trusted;
    this.tellsEnd = tellsEnd;
    this.like = like;
    this.told = new Told();
    this._wraps = typeof like.on !== "function";
  }

  post(message: unknown, transfer?: readonly Transferable[]): void {
    if (this.told.over) return;
    if (transfer === undefined || transfer.length === 0) this.like.postMessage(message);
    else this.like.postMessage(message, transfer);
  }

  start(listener: PortListener): void {
    const { told, like } = this;
    told.start(listener);
    this.hearEnd();
    told.hear(like, "messageerror", () => this.broken());
    if (this._wraps) told.hear(like, "message", (event: MessageEvent) => told.message(event.data));
    else told.hear(like, "message", told.message);
    like.start?.();
    like.unref?.();
  }

  close(): void {
    this.told.stop();
    this.like.unref?.();
  }

  ref(): void {
    if (!this.told.over) this.like.ref?.();
  }

  unref(): void {
    this.like.unref?.();
  }

  protected abstract hearEnd(): void;

  /** A message could not be read, so the stream of messages has a hole. */
  private broken(): void {
    const { told } = this;
    told.end(new Error(`${this.name} has received a message that cannot be read`));
    this.close();
  }
}

/** A port of a `MessageChannel`, or of a shared worker, or the `parentPort` of a thread. */
export class MessagePortPort extends PostingPort {
  constructor(like: Posting) {
    const ofNode = typeof like.on === "function";
    super(like, { name: "message port", trusted: ofNode, tellsEnd: ofNode || "onclose" in like });
  }

  protected hearEnd(): void {
    this.told.hear(this.like, "close", () => this.told.end());
  }

  override close(): void {
    super.close();
    this.like.close?.();
  }
}

/** A thread of Node, as its parent sees it. The port stays a part of the thread, so closing it ends nothing there. */
export class ThreadPort extends PostingPort {
  private _error: Error | undefined;

  constructor(like: Posting) {
    super(like, { name: `thread ${like.threadId}`, trusted: true, tellsEnd: true });
  }

  protected hearEnd(): void {
    const { told, like, name } = this;
    told.hear(like, "error", (error: unknown) => {
      this._error ??= errorFrom(error, `${name} has thrown`);
    });
    told.hear(like, "exit", (code: number) => told.end(this._error ?? exitError(name, code)));
    // A thread that has exited tells nothing any more.
    if (like.threadId === -1) void Promise.resolve().then(() => told.end(new Error(`${name} has exited`)));
  }
}

/** A worker of a page, as the page sees it. Its end is not told, but that its script cannot be loaded or run is. */
export class WebWorkerPort extends PostingPort {
  private _lives: boolean;

  constructor(like: Posting) {
    super(like, { name: "web worker", trusted: true, tellsEnd: false });
    this._lives = false;
  }

  protected hearEnd(): void {
    const { told, like } = this;
    told.hear(like, "message", () => {
      this._lives = true;
    });
    told.hear(like, "error", (event: ErrorEvent) => {
      // A worker goes on after an error that it did not catch.
      if (!this._lives) told.end(workerError(event));
    });
    told.hear(like, "close", () => told.end());
  }
}

/** The error that a worker of a page did not catch. There is no message if the script could not be loaded. */
export function workerError(event: Partial<ErrorEvent>): Error {
  const { error, message, filename, lineno } = event;
  if (error instanceof Error) return error;
  if (typeof message !== "string" || message === "") return new Error("The script of the web worker cannot be loaded");
  return new Error(`${message} (${filename}:${lineno})`);
}

/** The global scope of a worker of a page: what is on the other side is the page. */
export class ScopePort extends PostingPort {
  constructor(like: Posting) {
    super(like, { name: "page of the worker", trusted: true, tellsEnd: false });
  }

  protected hearEnd(): void {
    // Nothing tells it: a worker whose page ends is ended with it.
  }
}

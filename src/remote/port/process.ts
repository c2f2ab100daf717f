// The channel between a process and its child. The exit of a child and the end of its channel are told in either order, and
// messages arrive until the channel has ended, so the end is told when both have.

import { upon } from "../../operation/upon.js";
import { sleep } from "../../time/sleep.js";
import { type Emitting, errorFrom, exitError, Told } from "./listening.js";
import type { Port, PortListener } from "./types.js";

/** What a `ChildProcess` and the `process` of a child have in common. */
export interface Processing extends Emitting {
  send(message: unknown, then: (error: Error | null) => void): boolean;
  disconnect(): void;
  readonly connected: boolean;
  readonly pid?: number;
  readonly exitCode?: number | string | null | undefined;
  readonly signalCode?: string | null;
  readonly channel?: { ref?(): void; unref?(): void } | null;
  ref?(): void;
  unref?(): void;
  nextTick?: unknown;
}

/** Milliseconds in which a child that closes its channel also exits; if it does not, the cause of the end stays unknown. */
const EXITS_WITHIN = 200;

export class ProcessPort implements Port {
  readonly name: string;
  readonly format = "json";
  readonly trusted = true;
  readonly tellsEnd = true;
  private readonly _like: Processing;
  private readonly _told: Told;
  private _cause: Error | undefined;
  /** How many messages are on their way to the system. */
  private _sending: number;
  private _closing: boolean;

  constructor(like: Processing) {
    const isParent = typeof like.nextTick === "function";
    this.name = isParent ? "parent process" : `process ${like.pid}`;
    this._like = like;
    this._told = new Told();
    this._sending = 0;
    this._closing = false;
  }

  post(message: unknown): void {
    if (this._told.over || !this._like.connected) return;
    this._sending++;
    this._like.send(message, this.sent);
  }

  /** That it could not be sent is told by the end of the channel. */
  private readonly sent = (): void => {
    this._sending--;
    if (this._closing) this.disconnect();
  };

  start(listener: PortListener): void {
    const told = this._told;
    const like = this._like;
    told.start(listener);
    told.hear(like, "message", told.message);
    told.hear(like, "disconnect", () => this.disconnected());
    if (typeof like.nextTick !== "function") this.hearExit();
    this.unref();
    if (!like.connected) void Promise.resolve().then(() => this.disconnected());
  }

  close(): void {
    this._told.stop();
    this._closing = true;
    // Not at once: Node 20 crashes if a listener for messages closes the channel.
    void Promise.resolve().then(() => this.disconnect());
  }

  /** Closes the channel once everything has been sent, as what is on its way would be lost. */
  private disconnect(): void {
    if (this._sending > 0) return;
    this.unref();
    if (this._like.connected) this._like.disconnect();
  }

  ref(): void {
    if (this._told.over) return;
    this._like.channel?.ref?.();
    this._like.ref?.();
  }

  unref(): void {
    this._like.channel?.unref?.();
    this._like.unref?.();
  }

  private hearExit(): void {
    const told = this._told;
    const like = this._like;
    told.hear(like, "error", (error: unknown) => {
      this._cause ??= errorFrom(error, `${this.name} has failed`);
      // A process that could not be started never exits.
      if (like.pid === undefined) told.end(this._cause);
    });
    told.hear(like, "exit", (code: number | null, signal: string | null) => {
      this._cause ??= exitError(this.name, code, signal);
      if (!like.connected) told.end(this._cause);
    });
  }

  private disconnected(): void {
    const told = this._told;
    const { exitCode = null, signalCode = null, nextTick } = this._like;
    if (exitCode !== null || signalCode !== null)
      this._cause ??= exitError(this.name, exitCode as number | null, signalCode);
    if (typeof nextTick === "function") told.end();
    else if (this._cause !== undefined) told.end(this._cause);
    else {
      const exits = upon(sleep(EXITS_WITHIN), () => told.end(new Error(`${this.name} has closed its channel`)));
      told.until(() => exits[Symbol.dispose]());
    }
  }
}

// Listening to emitters of Node and to event targets alike, and what all ports do about their listeners and their end.

import type { PortListener } from "./types.js";

/** An emitter of Node or an event target. Emitters are preferred where something is both. */
export interface Emitting {
  on?(event: string, listener: (...values: never[]) => void): unknown;
  off?(event: string, listener: (...values: never[]) => void): unknown;
  addEventListener?(event: string, listener: (event: never) => void): void;
  removeEventListener?(event: string, listener: (event: never) => void): void;
}

/** Adds a listener and returns the way to remove it. */
export function listen(source: Emitting, event: string, listener: (...values: never[]) => void): () => void {
  if (typeof source.on === "function") {
    source.on(event, listener);
    return () => void source.off?.(event, listener);
  }
  source.addEventListener?.(event, listener);
  return () => source.removeEventListener?.(event, listener);
}

/** The listener of a port from its start to its end. */
export class Told {
  private _listener: PortListener | null;
  private _stops: (() => void)[];
  private _over: boolean;

  constructor() {
    this._listener = null;
    this._stops = [];
    this._over = false;
  }

  get over(): boolean {
    return this._over;
  }

  start(listener: PortListener): void {
    if (!this._over) this._listener = listener;
  }

  /** Listens to an event until the end. */
  hear(source: Emitting, event: string, listener: (...values: never[]) => void): void {
    this._stops.push(listen(source, event, listener));
  }

  /** Stops something at the end. */
  until(stop: () => void): void {
    this._stops.push(stop);
  }

  readonly message = (data: unknown): void => {
    this._listener?.message(data);
  };

  end(cause?: Error): void {
    const listener = this._listener;
    if (this.stop()) listener?.ended(cause);
  }

  /** From now on nothing is told. What is listened to goes on. */
  mute(): void {
    this._listener = null;
  }

  /** Returns whether it was not over. */
  stop(): boolean {
    if (this._over) return false;
    this._over = true;
    this._listener = null;
    for (const stop of this._stops.splice(0)) stop();
    return true;
  }
}

/** The error that says how a thread or a process has exited. */
export function exitError(name: string, code: number | null, signal: string | null = null): Error {
  const how = signal === null ? `with code ${code}` : `by ${signal}`;
  return Object.assign(new Error(`${name} has exited ${how}`), { exitCode: code, signal });
}

/** What was thrown, as an error. */
export function errorFrom(thrown: unknown, otherwise: string): Error {
  return thrown instanceof Error ? thrown : new Error(otherwise, { cause: thrown });
}

// A channel for one value. The first send wins, and every receive, for ever, yields its value.

import { Gate, type Once, Shared } from "../operation/once.js";
import { Operation, type WaitsFor } from "../operation/operation.js";
import { Waiters } from "../operation/waiters.js";
import type { Path } from "../scheduler/path.js";
import { scheduler } from "../scheduler/scheduler.js";
import { inspectable } from "../structures/readable.js";
import { assertValue, type Channel, CLOSED, type Closed, EMPTY, type Empty } from "./ends.js";
import { iterate } from "./iterate.js";

class Send<T> extends Operation<boolean> {
  private readonly _channel: PromiseChan<T>;
  private readonly _message: T;

  constructor(channel: PromiseChan<T>, message: T) {
    super();
    this._channel = channel;
    this._message = message;
  }

  poll(): boolean {
    this.value = this._channel.trySend(this._message);
    return true;
  }

  block(): void {}

  override waitsFor(): WaitsFor {
    return { what: `send to ${this._channel.name}`, external: false };
  }
}

/** Keeps the value that it completed with, so that a later `cancel()` does not take it back. */
class Receive<T> extends Operation<T | Closed> {
  private readonly _channel: PromiseChan<T>;

  constructor(channel: PromiseChan<T>) {
    super();
    this._channel = channel;
  }

  poll(): boolean {
    this.value = this._channel.present;
    return this._channel.happened;
  }

  block(): void {
    this._channel.waiting.join(this);
  }

  override result(): T | Closed {
    return this.value === CLOSED ? this._channel.outcome() : (this.value as T);
  }

  override waitsFor(): WaitsFor {
    return this._channel.waitsFor();
  }
}

class PromiseChan<T> implements Channel<T>, Once<T | Closed> {
  readonly capacity: number;
  readonly waiting: Waiters;
  closed: boolean;
  /** Whether receives complete: a value was sent, or the channel was closed without a value. */
  happened: boolean;
  present: T | Closed;
  private _failure: { readonly cause: unknown } | null;
  private readonly _closing: Gate;
  private readonly _creator: Path;
  private readonly _index: number;

  constructor() {
    this.capacity = 1;
    this.waiting = new Waiters();
    this.closed = this.happened = false;
    this.present = CLOSED;
    this._failure = null;
    this._closing = new Gate("a promise channel to close");
    this._creator = scheduler.creator();
    this._index = this._creator.channels++;
  }

  get name(): string {
    return this._creator.child("channel", this._index);
  }

  toString(): string {
    return `Channel ${this.name} ${this.length}/1${this.closed ? " closed" : ""}`;
  }

  toJSON(): string {
    return text(this);
  }

  get length(): number {
    return this.present === CLOSED ? 0 : 1;
  }

  send(value: T): Operation<boolean> {
    assertValue(value, this);
    return new Send(this, value);
  }

  trySend(value: T): boolean {
    assertValue(value, this);
    if (this.closed) return false;
    if (!this.happened) this._settle(value);
    return true;
  }

  receive(): Operation<T | Closed> {
    return new Receive(this);
  }

  tryReceive(): T | Closed | Empty {
    return this.happened ? this.outcome() : EMPTY;
  }

  close(cause?: unknown): boolean {
    if (this.closed) return false;
    this.closed = true;
    if (!this.happened) {
      if (cause !== undefined) this._failure = { cause };
      this._settle(CLOSED);
    }
    this._closing.open();
    return true;
  }

  cancel(): void {
    this.close();
    this.present = CLOSED;
  }

  whenClosed(): Operation<void> {
    return new Shared(this._closing);
  }

  outcome(): T | Closed {
    if (this._failure !== null) throw this._failure.cause;
    return this.present;
  }

  waitsFor(): WaitsFor {
    return { what: `receive from ${this.name}`, external: false };
  }

  /** Yields the value once, so that a loop over the channel ends. */
  [Symbol.asyncIterator](): AsyncIterator<T> {
    return iterate(this, true);
  }

  private _settle(value: T | Closed): void {
    this.present = value;
    this.happened = true;
    this.waiting.completeAll(value);
  }
}

const text = /* @__PURE__ */ inspectable(PromiseChan);

/**
 * Creates a channel for one value, which all receivers get. The first send wins; later sends yield true and are ignored.
 *
 * A receive parks when: no value was sent and the channel is open. Yields: the value, for ever; a try does not consume it. If
 * closed before the first send: yields `CLOSED`, or throws the cause of the closing. A send never parks.
 *
 * @typeParam T - The type of the value.
 * @returns Both ends of the channel.
 * @example
 * ```ts
 * import { promiseChannel } from "millrace";
 *
 * const answer = promiseChannel<number>();
 * answer.trySend(42);
 * console.log(await answer.receive(), await answer.receive()); // 42 42
 * ```
 */
export function promiseChannel<T>(): Channel<T> {
  const { maker } = scheduler;
  if (maker === null) return new PromiseChan<T>();
  return maker.promiseChannel(() => new PromiseChan<T>()) as Channel<T>;
}

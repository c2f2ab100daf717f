// What a program gets in place of channels, tasks and timeouts while it is explored. They hold nothing: what is stored, who
// is over and what time it is belongs to the state that is looked at, not to them. What they offer never completes by
// itself, so every operation parks; plain calls that look at the state, or change it, are answered by whoever explores.

import {
  assertValue,
  type Channel,
  CLOSED,
  type Closed,
  EMPTY,
  iterate,
  type ReceiveChannel,
} from "../../../channel/ends.js";
import type { Operation } from "../../../operation/operation.js";
import { Path } from "../../../scheduler/path.js";
import { type Body, Task, type TaskStatus } from "../../../task/task.js";
import type { Cell } from "../../program/cell.js";
import {
  CANCEL_CHANNEL,
  CANCEL_TASK,
  CLOSE,
  JOIN,
  READ_CELL,
  READ_CLOSED,
  READ_LENGTH,
  READ_TIMEOUT,
  RECEIVE,
  SEND,
  TIMEOUT,
  WHEN_CLOSED,
  WHEN_OVER,
  WRITE_CELL,
} from "./cases.js";
import { Offer } from "./operation-cases.js";

/** How a buffer behaves when it is full; one that keeps drops what is sent then, and gives what it has to everybody. */
export type Overflow = "park" | "drop" | "slide" | "keep";

/** Plain calls, answered by whoever explores. */
export interface Calls {
  /** Performs an offer if it can happen now. */
  attempt(offer: Offer<unknown>): { readonly value: unknown } | null;
  /** Performs a call that never waits. */
  call(offer: Offer<unknown>): unknown;
  /** Says that an operation has queued up. */
  readonly queued: () => void;
  unmodelled(what: string): never;
}

export class ChannelModel<T> implements Channel<T> {
  readonly index: number;
  readonly name: string;
  readonly capacity: number;
  readonly overflow: Overflow;
  /** Whether somebody is told that it is cancelled, or of what it discards. */
  private readonly _tells: boolean;
  private readonly _calls: Calls;

  constructor(calls: Calls, index: number, name: string, capacity: number, overflow: Overflow, tells: boolean) {
    this._tells = tells;
    this.index = index;
    this.name = name;
    this.capacity = capacity;
    this.overflow = overflow;
    this._calls = calls;
  }

  send(value: T): Operation<boolean> {
    assertValue(value, this);
    return this._offer<boolean>(SEND, value, `send to ${this.name}`);
  }

  receive(): Operation<T | Closed> {
    return this._offer<T | Closed>(RECEIVE, null, `receive from ${this.name}`);
  }

  trySend(value: T): boolean {
    return this._calls.attempt(this.send(value) as Offer<boolean>)?.value === true;
  }

  tryReceive(): T | Closed | typeof EMPTY {
    const taken = this._calls.attempt(this.receive() as Offer<T | Closed>);
    return taken === null ? EMPTY : (taken.value as T | Closed);
  }

  close(cause?: unknown): boolean {
    return this._calls.call(this._offer(CLOSE, cause, `close ${this.name}`)) as boolean;
  }

  whenClosed(): Operation<void> {
    return this._offer<void>(WHEN_CLOSED, null, `${this.name} to close`);
  }

  cancel(): void {
    if (this._tells) this._calls.unmodelled(`${this.name} tells somebody that it is cancelled`);
    this._calls.call(this._offer(CANCEL_CHANNEL, null, `cancel ${this.name}`));
  }

  get closed(): boolean {
    return this._calls.call(this._offer(READ_CLOSED, null, `whether ${this.name} is closed`)) as boolean;
  }

  get length(): number {
    return this._calls.call(this._offer(READ_LENGTH, null, `the length of ${this.name}`)) as number;
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return iterate(this);
  }

  private _offer<U>(kind: number, operand: unknown, text: string): Offer<U> {
    return new Offer<U>(kind, this.index, operand, text, this._calls.queued);
  }
}

export class TimeoutModel implements ReceiveChannel<never> {
  readonly index: number;
  private readonly _calls: Calls;

  constructor(calls: Calls, index: number) {
    this.index = index;
    this._calls = calls;
  }

  receive(): Operation<Closed> {
    return new Offer<Closed>(TIMEOUT, this.index, null, "timeout", this._calls.queued);
  }

  tryReceive(): Closed | typeof EMPTY {
    return this.closed ? CLOSED : EMPTY;
  }

  cancel(): void {}

  get closed(): boolean {
    const due = new Offer<boolean>(READ_TIMEOUT, this.index, null, "whether a timeout is over", this._calls.queued);
    return this._calls.call(due) as boolean;
  }

  [Symbol.asyncIterator](): AsyncIterator<never> {
    return iterate(this);
  }
}

export class CellModel<T> implements Cell<T> {
  readonly index: number;
  private readonly _calls: Calls;

  constructor(calls: Calls, index: number) {
    this.index = index;
    this._calls = calls;
  }

  get value(): T {
    return this._calls.call(new Offer<T>(READ_CELL, this.index, null, "look at a cell", this._calls.queued)) as T;
  }

  set value(value: T) {
    this._calls.call(new Offer<T>(WRITE_CELL, this.index, value, "write to a cell", this._calls.queued));
  }
}

const nowhere: Path = new Path(null, "", 0);

export class TaskModel<T> extends Task<T> {
  readonly index: number;
  private readonly _calls: Calls;
  private readonly _name: string;

  constructor(calls: Calls, index: number, name: string, body: Body<never, T>) {
    super(null as never, body, nowhere);
    this.index = index;
    this._calls = calls;
    this._name = name;
  }

  override get name(): string {
    return this._name;
  }

  override get status(): TaskStatus {
    return this._calls.unmodelled(`it asks for the status of ${this._name}`);
  }

  override cancel(reason?: unknown): void {
    this._calls.call(new Offer<void>(CANCEL_TASK, this.index, reason, `cancel ${this._name}`, this._calls.queued));
  }

  override fresh(): Operation<T> {
    return new Offer<T>(JOIN, this.index, null, `join ${this._name}`, this._calls.queued);
  }

  override whenOver(): Operation<void> {
    return new Offer<void>(WHEN_OVER, this.index, null, `the end of ${this._name}`, this._calls.queued);
  }
}

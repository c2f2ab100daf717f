// Model objects: what a program gets in place of channels, tasks, timeouts and cells while it is unfolded. They hold nothing:
// what a channel stores, which task is over and what time it is belongs to the state that is explored. Their operations are
// offers, which never complete by themselves, so every operation parks. Their plain calls, which read the state or change it,
// are answered by the sandbox.

import {
  assertValue,
  type Channel,
  CLOSED,
  type Closed,
  EMPTY,
  type Empty,
  type ReceiveChannel,
} from "../../../channel/ends.js";
import { iterate } from "../../../channel/iterate.js";
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
import { Offer, Thrown } from "./operation-cases.js";

/**
 * What a full buffer does with a send: lets it wait, drops its value, or drops the oldest value. `keep` is a promise channel, which
 * drops all but the first value, and gives that to every receive.
 */
export type Overflow = "park" | "drop" | "slide" | "keep";

/** What model objects ask of the sandbox. */
export interface PlainCalls {
  /** Performs an operation if one of its cases can happen now, with the number of the case; null if none can. */
  attempt(operation: Operation<unknown>): Attempted | null;
  /** Performs a call that never waits. */
  call(offer: Offer<unknown>): unknown;
  /** Called when an operation parks. */
  readonly queued: () => void;
  /** Calls a function of the program, which belongs to the step of the running task. */
  callBack<A extends unknown[]>(callback: ((...args: A) => unknown) | undefined, ...args: A): void;
  /** Notes that the running task holds a channel, or holds it no more. */
  hold(channel: number, holds: boolean): void;
  /** Gives the program up, as it does something that the model does not support. */
  unmodelled(what: string): never;
}

/** What an attempt, such as `trySend`, has done. */
export interface Attempted {
  readonly at: number;
  readonly value: unknown;
}

/** The value of an attempt; throws what it throws. */
export function yielded({ value }: Attempted): unknown {
  if (value instanceof Thrown) throw value.cause;
  return value;
}

/** What the program is called with when a channel is cancelled: the reason, and each value that the channel discards. */
export interface Callbacks {
  readonly onCancel?: ((reason: unknown) => void) | undefined;
  readonly onUndelivered?: ((value: never) => void) | undefined;
}

/** What is fixed about a channel. */
export interface ChannelFacts {
  readonly index: number;
  readonly name: string;
  readonly capacity: number;
  readonly overflow: Overflow;
  readonly callbacks: Callbacks;
  /** The scope in which it is made; -1 for none. */
  readonly home: number;
  /** Whether it has the values of an iterable, which count as read one by one. */
  readonly isStored?: boolean;
}

/** What the first cancellation of a channel has done. */
export interface Discarded {
  /** Whether the channel was open. */
  readonly first: boolean;
  readonly values: readonly unknown[];
}

export class ChannelModel<T> implements Channel<T> {
  readonly index: number;
  readonly name: string;
  readonly capacity: number;
  readonly overflow: Overflow;
  /** Set by the maker if it was created with `owned`. */
  readonly owned?: boolean;
  readonly home: number;
  readonly isStored: boolean;
  private readonly _callbacks: Callbacks;
  private readonly _calls: PlainCalls;

  constructor(calls: PlainCalls, facts: ChannelFacts) {
    const { index, name, capacity, overflow, callbacks, home, isStored = false } = facts;
    this.index = index;
    this.name = name;
    this.capacity = capacity;
    this.overflow = overflow;
    this.home = home;
    this.isStored = isStored;
    this._callbacks = callbacks;
    this._calls = calls;
  }

  /** Whether the program is called when it is cancelled. */
  get hasCallbacks(): boolean {
    return this.reportsUndelivered || this._callbacks.onCancel !== undefined;
  }

  get reportsUndelivered(): boolean {
    return this._callbacks.onUndelivered !== undefined;
  }

  /** With `pin`, a combinator takes it over from the task that has made it. */
  get ownership(): { pin(): void } | null {
    return this.owned === true && !this.isStored ? { pin: () => this._calls.hold(this.index, false) } : null;
  }

  send(value: T): Operation<boolean> {
    assertValue(value, this);
    return this._offer<boolean>(SEND, value, `send to ${this.name}`);
  }

  receive(): Operation<T | Closed> {
    if (this.owned === true && !this.isStored) return this._receiveOwned();
    return this._offer<T | Closed>(RECEIVE, null, `receive from ${this.name}`);
  }

  trySend(value: T): boolean {
    return this._calls.attempt(this.send(value))?.value === true;
  }

  tryReceive(): T | Closed | Empty {
    const taken = this._calls.attempt(this.receive());
    if (taken === null) return EMPTY;
    const value = yielded(taken);
    if (value === CLOSED && this.owned === true) this._calls.hold(this.index, false);
    return value as T | Closed;
  }

  close(cause?: unknown): boolean {
    return this._calls.call(this._offer(CLOSE, cause, `close ${this.name}`)) as boolean;
  }

  whenClosed(): Operation<void> {
    return this._offer<void>(WHEN_CLOSED, null, `${this.name} to close`);
  }

  cancel(reason?: unknown): void {
    if (this.owned === true) this._calls.hold(this.index, false);
    const discarded = this._calls.call(this._offer(CANCEL_CHANNEL, null, `cancel ${this.name}`));
    if (!this.hasCallbacks) return;
    const { first, values } = discarded as Discarded;
    const { onCancel, onUndelivered } = this._callbacks;
    for (const value of values) this._calls.callBack(onUndelivered, value as never);
    if (first) this._calls.callBack(onCancel, reason);
  }

  get closed(): boolean {
    if (this.isStored) this._calls.unmodelled("it asks whether an iterable has been read to its end");
    return this._calls.call(this._offer(READ_CLOSED, null, `whether ${this.name} is closed`)) as boolean;
  }

  get length(): number {
    return this._calls.call(this._offer(READ_LENGTH, null, `the length of ${this.name}`)) as number;
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return iterate(this);
  }

  [Symbol.dispose](): void {
    this.cancel();
  }

  private _receiveOwned(): Operation<T | Closed> {
    const text = `receive from ${this.name}`;
    this._calls.hold(this.index, true);
    return new OwnedReceive<T | Closed>(this._calls, this, text);
  }

  private _offer<U>(kind: number, argument: unknown, text: string): Offer<U> {
    return new Offer<U>(kind, this.index, argument, text, this._calls.queued);
  }
}

/** A receive from an owned channel, which its task holds until it receives the end. */
class OwnedReceive<T> extends Offer<T> {
  private readonly _calls: PlainCalls;
  private readonly _channel: number;

  constructor(calls: PlainCalls, channel: ChannelModel<unknown>, text: string) {
    super(RECEIVE, channel.index, null, text, calls.queued);
    this._calls = calls;
    this._channel = channel.index;
  }

  override result(): T {
    if (this.value === CLOSED || this.value instanceof Thrown) this._calls.hold(this._channel, false);
    return super.result();
  }
}

export class TimeoutModel implements ReceiveChannel<never> {
  readonly index: number;
  readonly name: string;
  private readonly _calls: PlainCalls;

  constructor(calls: PlainCalls, index: number, name: string) {
    this.index = index;
    this.name = name;
    this._calls = calls;
  }

  receive(): Operation<Closed> {
    return new Offer<Closed>(TIMEOUT, this.index, null, "timeout", this._calls.queued);
  }

  tryReceive(): Closed | Empty {
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
  private readonly _calls: PlainCalls;

  constructor(calls: PlainCalls, index: number) {
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

const NO_PATH: Path = new Path(null, "", 0);

/** The order in which several tasks send to one channel: that in which they have received. */
export interface DeliveryOrder {
  readonly channel: number;
  readonly tasks: number[];
}

/** What is fixed about a task. */
interface TaskFacts {
  readonly index: number;
  readonly name: string;
  /** The scope that it is in; -1 for none. */
  readonly region: number;
  /** The task that starts it; -1 for `main`. */
  readonly starter: number;
  /** Whether it may be cancelled: its resumptions are transitions of their own. */
  readonly isCancellable: boolean;
  /** Whether its end is an event of its own. */
  readonly endsApart: boolean;
  /** The order in which it sends, beside other tasks. */
  readonly order: DeliveryOrder | null;
}

export class TaskModel<T> extends Task<T> {
  readonly index: number;
  readonly region: number;
  readonly starter: number;
  readonly isCancellable: boolean;
  readonly endsApart: boolean;
  /** The name of the body that it runs again and again, for reports. */
  loops: string | undefined;
  readonly order: DeliveryOrder | null;
  private readonly _calls: PlainCalls;
  private readonly _name: string;

  constructor(calls: PlainCalls, body: Body<never, T>, facts: TaskFacts) {
    const { index, name, region, starter, isCancellable, endsApart, order } = facts;
    super(null as never, body, NO_PATH);
    this.index = index;
    this.region = region;
    this.starter = starter;
    this.isCancellable = isCancellable;
    this.endsApart = endsApart;
    this.loops = undefined;
    this.order = order;
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

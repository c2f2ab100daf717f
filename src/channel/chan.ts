// Invariants (CH-5). At least one of the queues `senders` and `receivers` is empty, unless one select is parked in both. While a
// value is stored, no receive is parked. While there is room, no send is parked. After closing, parked sends stay and are
// delivered. The channel is drained when the buffer is empty and no send is parked.
//
// A value flows like this if the receiver comes first. The receive's `poll` finds no send, and `block` adds the receive to its
// queue. The send's `poll` takes the first receive out of the queue, stores the value in it and makes its task ready; the
// sender continues. Send and Receive mirror each other.

import { Gate, Shared } from "../operation/once.js";
import { Operation, refusePark, refuseResume, type WaitsFor } from "../operation/operation.js";
import { type Ownable, type Ownership, ownership } from "../operation/ownership.js";
import type { Path } from "../scheduler/path.js";
import { STREAK, scheduler } from "../scheduler/scheduler.js";
import { count, dequeue, enqueue, leave, Queue, release, takeAll } from "../structures/queue.js";
import { inspectable } from "../structures/readable.js";
import type { Buffer } from "./buffer.js";
import { assertValue, type Channel, type ChannelOptions, CLOSED, type Closed, EMPTY, type Empty } from "./ends.js";
import { iterate } from "./iterate.js";

/** The exceptions of parked sends whose buffer threw. */
const failures = /* @__PURE__ */ new WeakMap<object, { readonly cause: unknown }>();

// Sends and receives inherit from Operation without `extends`. V8 compiles the code of an async function as the inside of a `try`,
// where it does not inline `super()`, and an `await` or a `yield*` of an operation took a tenth more.

export interface Send<T> extends Operation<boolean> {
  channel: Chan<T>;
  message: T;
}

// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the constructor assigns all fields, in the order of Operation
export class Send<T> {
  static {
    // biome-ignore lint/complexity/noThisInStatic: with its name in the block, the bundler gives the class another name
    Object.setPrototypeOf(this.prototype, Operation.prototype);
  }

  constructor(channel: Chan<T>, message: T) {
    this.before = this.after = null;
    this.done = false;
    this.value = undefined;
    this.waiter = null;
    this.channel = channel;
    this.message = message;
  }

  poll(): boolean {
    const { channel } = this;
    if (channel.closed) {
      this.value = false;
      return true;
    }
    const receiver = dequeue(channel.receivers) as Receive<T> | null;
    if (receiver === null) {
      const { buffer } = channel;
      if (buffer === null || buffer.full) return false;
      buffer.push(this.message);
    } else {
      receiver.complete(this.message);
    }
    return (this.value = true);
  }

  block(): void {
    this.channel.assertRoomToWait();
    enqueue(this.channel.senders, this);
  }

  unblock(): void {
    leave(this);
  }

  /** Stores the message in a buffer; returns false if the buffer throws, and `result` then throws its exception. */
  store(buffer: Buffer<T>): boolean {
    try {
      buffer.push(this.message);
      return true;
    } catch (cause) {
      failures.set(this, { cause });
      return false;
    }
  }

  result(): boolean {
    const failure = this.value === false ? failures.get(this) : undefined;
    if (failure === undefined) return this.value as boolean;
    failures.delete(this);
    throw failure.cause;
  }

  // Repeats Operation.next, so that V8's type feedback for this function covers sends alone.
  next(): this {
    if (this.waiter !== null) {
      if (this.waiter !== scheduler.current || scheduler.parked !== null) refuseResume(this);
      this.waiter = null;
    } else if (!this.poll()) return this.park();
    else if (++scheduler.streak > STREAK && scheduler.exhausted()) return this.giveWay();
    if (this.value === false) this.result();
    this.done = true;
    return this;
  }

  park(): this {
    const { current } = scheduler;
    if (current === null || current.async) return this.parkInside(false);
    if (scheduler.parked !== null) refusePark();
    this.block();
    this.waiter = current;
    scheduler.parked = this;
    return this;
  }

  get direct(): boolean {
    return true;
  }

  waitsFor(): WaitsFor {
    return { what: `send to ${this.channel.name}`, external: this.channel.external };
  }
}

export interface Receive<T> extends Operation<T | Closed> {
  channel: Chan<T>;
}

// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: as for sends
export class Receive<T> {
  static {
    // biome-ignore lint/complexity/noThisInStatic: as for sends
    Object.setPrototypeOf(this.prototype, Operation.prototype);
  }

  constructor(channel: Chan<T>) {
    this.before = this.after = null;
    this.done = false;
    this.value = undefined;
    this.waiter = null;
    this.channel = channel;
  }

  poll(): boolean {
    const { channel } = this;
    const { buffer } = channel;
    if (buffer !== null && buffer.length > 0) {
      this.value = buffer.shift();
      if (channel.senders.after !== channel.senders) channel.refill(buffer);
      return true;
    }
    const sender = dequeue(channel.senders) as Send<T> | null;
    if (sender !== null) {
      this.value = sender.message;
      sender.complete(true);
      return true;
    }
    this.value = CLOSED;
    return channel.closed;
  }

  block(): void {
    this.channel.assertRoomToWait();
    enqueue(this.channel.receivers, this);
  }

  unblock(): void {
    leave(this);
  }

  // Repeats Operation.next, so that V8's type feedback for this function covers receives alone.
  next(): this {
    if (this.waiter !== null) {
      if (this.waiter !== scheduler.current || scheduler.parked !== null) refuseResume(this);
      this.waiter = null;
    } else if (!this.poll()) return this.park();
    else if (++scheduler.streak > STREAK && scheduler.exhausted()) return this.giveWay();
    if (this.value === CLOSED) this.result();
    this.done = true;
    return this;
  }

  park(): this {
    const { current } = scheduler;
    if (current === null || current.async) return this.parkInside(false);
    if (scheduler.parked !== null) refusePark();
    this.block();
    this.waiter = current;
    scheduler.parked = this;
    return this;
  }

  discard(): void {
    if (this.value !== CLOSED) this.channel.undelivered(this.value as T);
  }

  result(): T | Closed {
    const { channel } = this;
    if (this.value === CLOSED) channel.ended();
    return this.value as T | Closed;
  }

  get direct(): boolean {
    return true;
  }

  waitsFor(): WaitsFor {
    return { what: `receive from ${this.channel.name}`, external: this.channel.external };
  }
}

/** What most channels do not have; made when it is first needed. */
class Extras<T> {
  options: ChannelOptions<T> | null = null;
  /** The tasks that the channel belongs to, if it was created with `owned`. */
  ownership: Ownership | null = null;
  /** The cause with which the channel was closed; null if there is none. */
  failure: { readonly cause: unknown } | null = null;
  closing: Gate | null = null;
  /** At least as many operations as are parked, if their number is limited. */
  parked = 0;
}

/** The channel that `channel` creates if it is given no transform. */
export class Chan<T> implements Channel<T>, Ownable {
  readonly senders: Queue;
  readonly receivers: Queue;
  readonly buffer: Buffer<T> | null;
  closed: boolean;
  private _extras: Extras<T> | null;
  private readonly _creator: Path;
  private readonly _index: number;

  constructor(buffer: Buffer<T> | null, options: ChannelOptions<T> | null) {
    this.senders = new Queue();
    this.receivers = new Queue();
    this.buffer = buffer;
    this.closed = false;
    this._extras = null;
    this._creator = scheduler.creator();
    this._index = this._creator.channels++;
    if (options === null) return;
    const extras = this._withExtras();
    extras.options = options;
    if (options.owned === true) extras.ownership = ownership(this);
  }

  private _withExtras(): Extras<T> {
    return (this._extras ??= new Extras());
  }

  private get _options(): ChannelOptions<T> | null {
    return this._extras === null ? null : this._extras.options;
  }

  /** The tasks that the channel belongs to, if it was created with `owned`. */
  get ownership(): Ownership | null {
    return this._extras === null ? null : this._extras.ownership;
  }

  send(value: T): Operation<boolean> {
    if (typeof value === "symbol") assertValue(value, this);
    return new Send(this, value);
  }

  receive(): Operation<T | Closed> {
    this.ownership?.note();
    return new Receive(this);
  }

  trySend(value: T): boolean {
    const send = this.send(value);
    return send.poll() && send.result();
  }

  tryReceive(): T | Closed | Empty {
    const receive = this.receive();
    return receive.poll() ? receive.result() : EMPTY;
  }

  close(cause?: unknown): boolean {
    if (this.closed) return false;
    if (cause !== undefined) this.fail(cause);
    this.shut();
    this.settle();
    return true;
  }

  whenClosed(): Operation<void> {
    const extras = this._withExtras();
    if (extras.closing === null) {
      extras.closing = new Gate(`${this.name} to close`, this.external);
      if (this.closed) extras.closing.open();
    }
    return new Shared(extras.closing);
  }

  cancel(reason?: unknown): void {
    const { closed } = this;
    this.ownership?.drop();
    // Everything leaves the channel before code of the user runs, so that no code receives a value that is discarded.
    this.closed = true;
    const values = this.drain();
    const senders = takeAll(this.senders);
    const receivers = takeAll(this.receivers);
    if (!closed) this._extras?.closing?.open();
    release(senders, false);
    release(receivers, CLOSED);
    for (const value of values) this.undelivered(value);
    if (!closed) scheduler.call(this._options?.onCancel, reason);
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return iterate(this);
  }

  [Symbol.dispose](): void {
    this.cancel();
  }

  abandon(error: () => Error): void {
    // A channel that has nothing more to yield ends as if it were received from.
    const over = this.closed && this.length === 0 && this.senders.empty;
    if (!over) this.fail(error());
    this.cancel();
  }

  get name(): string {
    return this._options?.name ?? this._creator.child("channel", this._index);
  }

  get external(): boolean {
    return this._options?.external === true;
  }

  get owned(): boolean {
    return this._options?.owned === true;
  }

  get length(): number {
    return this.buffer === null ? 0 : this.buffer.length;
  }

  get capacity(): number {
    return this.buffer === null ? 0 : this.buffer.capacity;
  }

  /** The name, the number of stored values and the capacity, and whether it is closed. */
  toString(): string {
    return `Channel ${this.name} ${this.length}/${this.capacity}${this.closed ? " closed" : ""}`;
  }

  toJSON(): string {
    return text(this);
  }

  undelivered(value: T): void {
    scheduler.call(this._options?.onUndelivered, value);
  }

  /** Notes the cause with which the channel is closed, unless it has one. */
  fail(cause: unknown): void {
    this._withExtras().failure ??= { cause };
  }

  /** Called when a receive yields `CLOSED`; throws the cause. */
  ended(): void {
    const extras = this._extras;
    if (extras === null) return;
    extras.ownership?.drop();
    if (extras.failure !== null) throw extras.failure.cause;
  }

  assertRoomToWait(): void {
    const most = this._options?.maxPending;
    if (most !== undefined) this._assertFewer(most, this._extras!);
  }

  /** Operations that leave are not counted, so those that are parked are counted when the limit seems to be reached. */
  private _assertFewer(most: number, extras: Extras<T>): void {
    if (extras.parked >= most) extras.parked = count(this.senders, most) + count(this.receivers, most);
    if (extras.parked++ < most) return;
    throw new RangeError(
      `Cannot wait for ${this.name}: at most ${most} operations may be parked (maxPending), got one more`,
    );
  }

  /** Fills room in the buffer: the value of the oldest parked send goes to the tail, and the send completes (CH-6). */
  refill(buffer: Buffer<T>): void {
    try {
      while (!buffer.full) {
        const sender = dequeue(this.senders) as Send<T> | null;
        if (sender === null) return;
        const stored = sender.store(buffer);
        // A buffer of the user may have cancelled the sender.
        if (sender.waiter !== null) sender.complete(stored);
      }
    } catch (error) {
      // The getter `full` of a buffer of the user: the receiver has its value, and the senders stay parked.
      scheduler.report(error);
    }
  }

  /** Completes what can complete after closing: receives that are parked now will get no value. */
  settle(): void {
    if (this.closed) release(this.receivers, CLOSED);
  }

  /** Takes all stored values out of the buffer. */
  protected drain(): T[] {
    const { buffer } = this;
    const values: T[] = [];
    try {
      while (buffer !== null && buffer.length > 0) values.push(buffer.shift());
    } catch (error) {
      scheduler.report(error);
    }
    return values;
  }

  /** Stops accepting values. */
  protected shut(): void {
    this.closed = true;
    this._extras?.closing?.open();
  }
}

const text = /* @__PURE__ */ inspectable(Chan);

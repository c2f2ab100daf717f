// What a channel does with values that nobody waits for yet. A buffer decides whether there is room and what gives way;
// parking and waking are the channel's affair.

import { wholeNumber } from "../structures/arguments.js";
import { Ring } from "../structures/ring.js";

/** The store of a channel. Implement it to bring a policy of your own; the channel calls `push` only while not `full`. */
export interface Buffer<T> {
  /** How many values are stored. */
  readonly length: number;
  /** How many there is room for; `Infinity` without a bound. */
  readonly capacity: number;
  /** Whether a send has to park. A buffer that lets something give way is never full. */
  readonly full: boolean;
  /** Stores a value. A transform may push beyond the capacity, which must be taken. */
  push(value: T): void;
  /** Takes the oldest value; called only while there is one. */
  shift(): T;
}

/** A ring that knows when it is full: the channel reads its length without a detour. */
export class Fixed<T> extends Ring<T> implements Buffer<T> {
  readonly capacity: number;

  constructor(capacity: number) {
    super();
    this.capacity = capacity;
  }

  get full(): boolean {
    return this.length >= this.capacity;
  }
}

/** Drops what is sent while it is full. */
export class Dropping<T> extends Fixed<T> {
  readonly onDrop: ((value: T) => void) | undefined;

  constructor(capacity: number, onDrop: ((value: T) => void) | undefined) {
    super(capacity);
    this.onDrop = onDrop;
  }

  override get full(): boolean {
    return false;
  }

  override push(value: T): void {
    if (this.length < this.capacity) super.push(value);
    else this.onDrop?.(value);
  }
}

/** Drops the oldest for what is sent while it is full. */
export class Sliding<T> extends Dropping<T> {
  override push(value: T): void {
    const oldest = this.length < this.capacity ? null : { value: this.shift() };
    super.push(value);
    if (oldest !== null) this.onDrop?.(oldest.value);
  }
}

class Unbounded<T> extends Fixed<T> {
  private readonly _mark: number;
  private readonly _onHighWater: ((length: number) => void) | undefined;

  constructor(options: UnboundedOptions) {
    super(Infinity);
    this._mark = options.highWater ?? Infinity;
    this._onHighWater = options.onHighWater;
  }

  override push(value: T): void {
    super.push(value);
    if (this.length === this._mark + 1) this._onHighWater?.(this.length);
  }
}

/** When an unbounded buffer says that it grows. */
export interface UnboundedOptions {
  /** How many stored values are still unremarkable. */
  readonly highWater?: number;
  /** Called each time the buffer comes to hold more than `highWater`. */
  readonly onHighWater?: (length: number) => void;
}

/** A buffer that is full at n: then senders park. */
export function fixed<T>(n: number): Buffer<T> {
  return new Fixed(wholeNumber("create fixed buffer", "size", n, 1));
}

/** A buffer that is never full: when n are stored a new value is dropped, and reported to `onDrop`. */
export function dropping<T>(n: number, onDrop?: (value: T) => void): Buffer<T> {
  return new Dropping(wholeNumber("create dropping buffer", "size", n, 1), onDrop);
}

/** A buffer that is never full: when n are stored the oldest is dropped, and reported to `onDrop`. */
export function sliding<T>(n: number, onDrop?: (value: T) => void): Buffer<T> {
  return new Sliding(wholeNumber("create sliding buffer", "size", n, 1), onDrop);
}

/** A buffer without a bound; it can say when it holds more than a high-water mark. */
export function unbounded<T>(options: UnboundedOptions = {}): Buffer<T> {
  if (options.highWater !== undefined) wholeNumber("create unbounded buffer", "highWater", options.highWater, 1);
  return new Unbounded(options);
}

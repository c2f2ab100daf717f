// The store of a channel for values that no receiver has taken yet. A buffer decides whether there is room and which value it
// drops; the channel parks and resumes senders and receivers.

import { bound } from "../scheduler/contexts.js";
import { assertCallback, assertOptions, wholeNumber } from "../structures/arguments.js";
import { Ring } from "../structures/ring.js";

/**
 * The store of a channel. Implement it for a policy of your own. The channel calls `push` only while the buffer is not `full`.
 *
 * @example
 * ```ts
 * import { type Buffer, channel } from "millrace";
 *
 * // Yields the newest value first.
 * class Stack<T> implements Buffer<T> {
 *   readonly values: T[] = [];
 *   readonly capacity = 10;
 *   get length() { return this.values.length; }
 *   get full() { return this.values.length >= this.capacity; }
 *   push(value: T) { this.values.push(value); }
 *   shift() { return this.values.pop()!; }
 * }
 *
 * const pages = channel(new Stack<string>());
 * pages.trySend("first");
 * pages.trySend("second");
 * console.log(pages.tryReceive()); // second
 * ```
 */
export interface Buffer<T> {
  /** The number of values that are stored. */
  readonly length: number;
  /** The number of values that can be stored; `Infinity` if there is no bound. */
  readonly capacity: number;
  /** Whether a send has to park. A buffer that drops values is never full. */
  readonly full: boolean;
  /** Stores a value. The buffer must accept a value beyond its capacity from a transform. */
  push(value: T): void;
  /** Removes the oldest value and returns it. Called only while a value is stored. */
  shift(): T;
}

/** A buffer that is full at its capacity. It extends the ring, so that the channel reads `length` as a plain field. */
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

/** A buffer that drops the new value if it holds as many values as its capacity. */
export class Dropping<T> extends Fixed<T> {
  readonly onDrop: ((value: T) => void) | undefined;

  constructor(capacity: number, onDrop: ((value: T) => void) | undefined) {
    super(capacity);
    this.onDrop = bound(onDrop);
  }

  override get full(): boolean {
    return false;
  }

  override push(value: T): void {
    if (this.length < this.capacity) super.push(value);
    else this.onDrop?.(value);
  }
}

/** A buffer that drops the oldest value if it holds as many values as its capacity. */
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
    this._onHighWater = bound(options.onHighWater);
  }

  override push(value: T): void {
    super.push(value);
    if (this.length === this._mark + 1) this._onHighWater?.(this.length);
  }
}

/** Options of {@link unbounded}. */
export interface UnboundedOptions {
  /** The number of stored values above which `onHighWater` is called. */
  readonly highWater?: number;
  /** Called with the number of stored values each time it rises above `highWater`. */
  readonly onHighWater?: (length: number) => void;
}

/**
 * Creates a buffer that is full when it holds n values. Senders then park.
 *
 * @param n - The capacity, 1 or more.
 * @returns A buffer for one channel.
 * @throws RangeError if n is not a whole number, 1 or more.
 * @example
 * ```ts
 * import { channel, fixed } from "millrace";
 *
 * const numbers = channel(fixed<number>(1));
 * console.log(numbers.trySend(1), numbers.trySend(2)); // true false
 * ```
 */
export function fixed<T>(n: number): Buffer<T> {
  return new Fixed(wholeNumber("create fixed buffer", "size", n, 1));
}

/**
 * Creates a buffer that is never full. If it holds n values, a new value is dropped.
 *
 * @param n - The capacity, 1 or more.
 * @param onDrop - Called with each value that is dropped.
 * @returns A buffer for one channel.
 * @throws RangeError if n is not a whole number, 1 or more.
 * @example
 * ```ts
 * import { channel, dropping } from "millrace";
 *
 * const numbers = channel(dropping<number>(1));
 * for (const n of [1, 2, 3]) numbers.trySend(n);
 * console.log(numbers.tryReceive()); // 1
 * ```
 */
export function dropping<T>(n: number, onDrop?: (value: T) => void): Buffer<T> {
  assertCallback("create dropping buffer", "onDrop", onDrop);
  return new Dropping(wholeNumber("create dropping buffer", "size", n, 1), onDrop);
}

/**
 * Creates a buffer that is never full. If it holds n values, a new value replaces the oldest, which is dropped.
 *
 * @param n - The capacity, 1 or more.
 * @param onDrop - Called with each value that is dropped.
 * @returns A buffer for one channel.
 * @throws RangeError if n is not a whole number, 1 or more.
 * @example
 * ```ts
 * import { channel, sliding } from "millrace";
 *
 * const numbers = channel(sliding<number>(1));
 * for (const n of [1, 2, 3]) numbers.trySend(n);
 * console.log(numbers.tryReceive()); // 3
 * ```
 */
export function sliding<T>(n: number, onDrop?: (value: T) => void): Buffer<T> {
  assertCallback("create sliding buffer", "onDrop", onDrop);
  return new Sliding(wholeNumber("create sliding buffer", "size", n, 1), onDrop);
}

/**
 * Creates a buffer without a bound, which is never full and drops nothing.
 *
 * @param options - A high-water mark, and a function that is called when the buffer rises above it.
 * @returns A buffer for one channel.
 * @throws RangeError if `highWater` is not a whole number, 1 or more.
 * @example
 * ```ts
 * import { channel, unbounded } from "millrace";
 *
 * const lengths: number[] = [];
 * const lines = channel(unbounded<string>({ highWater: 2, onHighWater: (length) => lengths.push(length) }));
 * for (const line of ["a", "b", "c", "d"]) lines.trySend(line);
 * console.log(lengths); // [ 3 ]
 * ```
 */
export function unbounded<T>(options: UnboundedOptions = {}): Buffer<T> {
  assertOptions("create unbounded buffer", options);
  assertCallback("create unbounded buffer", "onHighWater", options.onHighWater);
  if (options.highWater !== undefined) wholeNumber("create unbounded buffer", "highWater", options.highWater, 1);
  return new Unbounded(options);
}

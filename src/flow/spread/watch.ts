// A cell that holds one value, and whose changes are operations (tokio's watch, Kotlin's StateFlow). Changes are not queued:
// who comes late sees the latest value.
//
// Invariants. `version` counts the changes; an operation that waits for one remembers the last it has yielded. Everybody
// waiting is looked at in the step of the change, those that it serves in the order in which they came. Nothing is held of
// those that do not wait.

import type { ReceiveChannel } from "../../channel/ends.js";
import { derive, type Emitter, type Feed } from "../../derived/derive.js";
import { Operation } from "../../operation/operation.js";
import { CancelledError, shown } from "../../structures/errors.js";
import { append, List, move, shift, unlink } from "../../structures/list.js";

/** What a watch can be told. */
export interface WatchOptions<T> {
  /** Whether setting one where the other was is no change; `Object.is` by default. */
  readonly equals?: (one: T, other: T) => boolean;
}

/** What {@link watch} makes. */
export interface Watch<in out T> {
  /** The latest value. */
  readonly value: T;
  /** Replaces the value. False if that is no change, or if the watch is closed. */
  set: (value: T) => boolean;
  /** Replaces the value by what `change` makes of it, as `set` does. */
  update: (change: (value: T) => T) => boolean;
  /**
   * The next change. It remembers what it has yielded: made once, before a loop, it misses no change, though of several in a
   * row it yields the latest only.
   *
   * Parks when: nothing has changed since it was made, or since it last yielded. Yields: the latest value. If closed: throws
   * the cause, or a {@link CancelledError}. If cancelled: it leaves the queue, and remembers.
   */
  changed: () => Operation<T>;
  /**
   * A value that passes a test, which is asked about the value as it is and then at each change.
   *
   * Parks when: the value does not pass. Yields: the first that does. If closed: throws the cause, or a
   * {@link CancelledError}. If cancelled: it leaves the queue. What the test throws is the performer's.
   */
  until: {
    <U extends T>(test: (value: T) => value is U): Operation<U>;
    (test: (value: T) => boolean): Operation<T>;
  };
  /**
   * A channel of the changes from now on; of those that come while nobody receives, the latest. It stores nothing.
   *
   * Closes when: the watch is closed, with its cause if it has one, after the last change.
   */
  changes: () => ReceiveChannel<T>;
  /** Says that there will be no more changes; with a cause, those who wait get that thrown. True if this call closed it. */
  close: (cause?: unknown) => boolean;
  readonly closed: boolean;
}

/** Waits for something about the value. */
abstract class Awaited<T> extends Operation<T> {
  protected readonly from: Watched<T>;

  constructor(from: Watched<T>) {
    super();
    this.from = from;
  }

  block(): void {
    append(this.from.waiting, this);
  }

  override unblock(): void {
    unlink(this);
  }

  override get external(): boolean {
    return false;
  }

  override describe(): string {
    return "a watch to change";
  }
}

class Changed<T> extends Awaited<T> {
  private _seen: number;

  constructor(from: Watched<T>) {
    super(from);
    this._seen = from.version;
  }

  get pending(): boolean {
    return this._seen !== this.from.version;
  }

  poll(): boolean {
    return this.pending || this.from.closed;
  }

  /** Looks only now: what came after it was made ready counts as well. */
  override result(): T {
    if (!this.pending) throw this.from.ending();
    this._seen = this.from.version;
    return this.from.value;
  }
}

class Until<T> extends Awaited<T> {
  private readonly _test: (value: T) => boolean;
  private _passes: boolean;
  private _failure: { readonly cause: unknown } | null;

  constructor(from: Watched<T>, test: (value: T) => boolean) {
    super(from);
    this._test = test;
    this._passes = false;
    this._failure = null;
  }

  /** May run in the step of whoever sets the value, who is not to hear of what the test throws. */
  poll(): boolean {
    const { value, closed } = this.from;
    this.value = value;
    this._failure = null;
    try {
      this._passes = this._test(value);
      return this._passes || closed;
    } catch (cause) {
      this._failure = { cause };
      return true;
    }
  }

  override result(): T {
    if (this._failure !== null) throw this._failure.cause;
    if (!this._passes) throw this.from.ending();
    return this.value as T;
  }
}

/** What a channel of changes is made of. */
class Changes<T> implements Feed<T, T> {
  private readonly _from: Watched<T>;
  private readonly _changed: Changed<T>;

  constructor(from: Watched<T>) {
    this._from = from;
    this._changed = new Changed(from);
  }

  get closed(): boolean {
    return this._from.closed && !this._changed.pending;
  }

  next(): Operation<T> {
    return this._changed;
  }

  accept(value: T, to: Emitter<T>): void {
    to.emit(value);
  }

  failed(_: unknown, to: Emitter<T>): void {
    to.end(this._from.cause);
  }
}

class Watched<T> implements Watch<T> {
  readonly waiting: List;
  version: number;
  closed: boolean;
  cause: unknown;
  private _value: T;
  private readonly _equals: (one: T, other: T) => boolean;

  constructor(value: T, equals: (one: T, other: T) => boolean) {
    this.waiting = new List();
    this.version = 0;
    this.closed = false;
    this.cause = undefined;
    this._value = value;
    this._equals = equals;
  }

  get value(): T {
    return this._value;
  }

  set(value: T): boolean {
    if (this.closed || this._equals(this._value, value)) return false;
    this._value = value;
    this.version++;
    this._tell();
    return true;
  }

  update(change: (value: T) => T): boolean {
    return this.set(change(this._value));
  }

  changed(): Operation<T> {
    return new Changed(this);
  }

  until<U extends T>(test: (value: T) => value is U): Operation<U>;
  until(test: (value: T) => boolean): Operation<T>;
  until(test: (value: T) => boolean): Operation<T> {
    assertFunction("wait for a value", "the test", test);
    return new Until(this, test);
  }

  changes(): ReceiveChannel<T> {
    return derive(new Changes(this));
  }

  close(cause?: unknown): boolean {
    if (this.closed) return false;
    this.closed = true;
    this.cause = cause;
    this._tell();
    return true;
  }

  /** What those get who wait for a change that will not come. */
  ending(): unknown {
    return this.cause ?? new CancelledError("The watch was closed");
  }

  /** Those whom this serves go on; the others wait again, in their order. */
  private _tell(): void {
    if (this.waiting.empty) return;
    const told = new List();
    move(this.waiting, told);
    for (let next = shift(told); next !== null; next = shift(told)) {
      const waiting = next as Awaited<T>;
      if (waiting.poll()) waiting.complete(waiting.value);
      else append(this.waiting, waiting);
    }
  }
}

function assertFunction(what: string, which: string, value: unknown): void {
  if (typeof value !== "function")
    throw new TypeError(`Cannot ${what}: ${which} must be a function, got ${shown(value)}`);
}

/**
 * A cell with a value whose changes can be waited for: for state that many look at, of which only the latest counts. From
 * tokio's `watch` and Kotlin's `StateFlow`.
 *
 * Setting a value is one step, in which all who wait for it are made ready; without anybody it costs an assignment. Setting
 * what is there already is no change.
 *
 * @param initial - The first value.
 * @param options - `equals`: what is no change.
 * @example
 * ```ts
 * import { go, watch } from "millrace";
 *
 * const light = watch<"red" | "green">("red");
 * const car = go(function* () {
 *   return `goes at ${yield* light.until((colour) => colour === "green")}`;
 * });
 * const changed = light.changed();
 * light.set("green");
 * console.log(await changed, light.value); // green green
 * console.log(await car); // goes at green
 * ```
 */
export function watch<T>(initial: T, options: WatchOptions<T> = {}): Watch<T> {
  const { equals = Object.is } = options;
  assertFunction("watch", "equals", equals);
  return new Watched(initial, equals);
}

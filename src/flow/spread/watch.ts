// A cell with one value whose changes are operations (tokio's watch, Kotlin's StateFlow). Changes are not queued: a task
// that waits late gets the latest value.
//
// Invariants. `version` counts the changes. An operation that waits for a change stores the last version that it yielded.
// All waiting operations are polled in the step of the change, in the order in which they came. An operation that does not
// wait is not referenced.

import type { OwnedChannel } from "../../channel/ends.js";
import { derive, type Emitter, type Feed } from "../../derived/derive.js";
import { Operation, type WaitsFor } from "../../operation/operation.js";
import { Waiters } from "../../operation/waiters.js";
import { bound } from "../../scheduler/contexts.js";
import { assertFunction, assertOptions } from "../../structures/arguments.js";
import { CancelledError } from "../../structures/errors.js";

/** The options of {@link watch}. */
export interface WatchOptions<T> {
  /** Whether two values are equal, so that replacing one by the other is no change; `Object.is` by default. */
  readonly equals?: (one: T, other: T) => boolean;
  /**
   * Whether code outside all go blocks, such as a callback, sets the value. Then `run` reports no deadlock of tasks that wait for
   * a change.
   */
  readonly external?: boolean;
}

/** A watched value, made by {@link watch}. */
export interface Watch<in out T> {
  /** The latest value. */
  readonly value: T;
  /** Replaces the value. Returns false if that is no change, or if the watch is closed. */
  set: (value: T) => boolean;
  /** Replaces the value by the result of `change`, as `set` does. */
  update: (change: (value: T) => T) => boolean;
  /**
   * Waits for the next change. The operation stores which change it yielded last: created once, before a loop, it misses no
   * change, but of several changes in a row it yields only the latest.
   *
   * Parks when: there is no change since the operation was created or last yielded. `set` or `close` resumes the task.
   * Yields: the latest value. If closed: throws the cause, or a {@link CancelledError}. If cancelled: the operation leaves
   * the queue, and still stores which change it yielded last.
   */
  changed: () => Operation<T>;
  /**
   * Waits for a value that passes a test. The test gets the current value, and then the value at each change.
   *
   * Parks when: the current value does not pass. `set` or `close` resumes the task. Yields: the first value that passes. If
   * closed: throws the cause, or a {@link CancelledError}. If the test throws: the task that performs the operation gets
   * the error. If cancelled: the operation leaves the queue.
   *
   * @throws TypeError when `test` is not a function.
   */
  until: {
    <U extends T>(test: (value: T) => value is U): Operation<U>;
    (test: (value: T) => boolean): Operation<T>;
  };
  /**
   * Creates a channel of the changes from now on. It stores nothing: of the changes that come while no receiver waits, it
   * yields the latest.
   *
   * Closes when: the watch is closed, with its cause if there is one, after the last change.
   */
  changes: () => OwnedChannel<T>;
  /**
   * Closes the watch: there will be no more changes. Tasks that wait get the cause thrown, or a {@link CancelledError} if
   * there is none. Returns true if this call closed it.
   */
  close: (cause?: unknown) => boolean;
  readonly closed: boolean;
}

/** An operation that waits for a change of the value. */
abstract class Waiting<T> extends Operation<T> {
  protected readonly from: Watched<T>;

  constructor(from: Watched<T>) {
    super();
    this.from = from;
  }

  block(): void {
    this.from.waiting.join(this);
  }

  override unblock(): void {
    this.from.waiting.leave(this);
  }

  override waitsFor(): WaitsFor {
    return { what: "a watch to change", external: this.from.external };
  }
}

class Changed<T> extends Waiting<T> {
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

  /** Reads the value only now, so that changes since it completed are included. */
  override result(): T {
    if (!this.pending) throw this.from.ending();
    this._seen = this.from.version;
    return this.from.value;
  }
}

class Until<T> extends Waiting<T> {
  private readonly _test: (value: T) => boolean;
  private _passes: boolean;
  private _failure: { readonly cause: unknown } | null;

  constructor(from: Watched<T>, test: (value: T) => boolean) {
    super(from);
    this._test = bound(test);
    this._passes = false;
    this._failure = null;
  }

  /** May run in the step of the code that sets the value, which must not get what the test throws. */
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

/** The feed of a channel of changes. */
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
  readonly waiting: Waiters<Waiting<T>>;
  version: number;
  closed: boolean;
  cause: unknown;
  readonly external: boolean;
  private _value: T;
  private readonly _equals: (one: T, other: T) => boolean;

  constructor(value: T, equals: (one: T, other: T) => boolean, external: boolean) {
    this.waiting = new Waiters();
    this.version = 0;
    this.closed = false;
    this.cause = undefined;
    this.external = external;
    this._value = value;
    this._equals = bound(equals);
  }

  get value(): T {
    return this._value;
  }

  set(value: T): boolean {
    if (this.closed || this._equals(this._value, value)) return false;
    this._value = value;
    this.version++;
    this._notify();
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
    assertFunction("wait for value", "test", test);
    return new Until(this, test);
  }

  changes(): OwnedChannel<T> {
    return derive(new Changes(this));
  }

  close(cause?: unknown): boolean {
    if (this.closed) return false;
    this.closed = true;
    this.cause = cause;
    this._notify();
    return true;
  }

  /** The error for operations that wait for a change that will not come. */
  ending(): unknown {
    return this.cause ?? new CancelledError("The watch was closed");
  }

  /** Completes the waiting operations that are ready now. The others stay in the queue, in their order. */
  private _notify(): void {
    if (this.waiting.empty) return;
    const pending = this.waiting.takeAll();
    for (let waiting = pending.next(); waiting !== null; waiting = pending.next()) {
      if (waiting.poll()) waiting.complete(waiting.value);
      else this.waiting.join(waiting);
    }
  }
}

/**
 * Creates a cell with a value whose changes can be awaited, for state that many tasks read and of which only the latest
 * value counts. From tokio's `watch` and Kotlin's `StateFlow`.
 *
 * Setting a value is one step, which makes ready all tasks that wait for it. If no task waits, it costs an assignment.
 * Setting an equal value is no change.
 *
 * @param initial - The first value.
 * @param options - `equals`: whether two values are equal. `external`: whether callbacks set the value.
 * @throws TypeError when `equals` is not a function.
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
  assertOptions("watch", options);
  const { equals = Object.is, external = false } = options;
  assertFunction("watch", "equals", equals);
  return new Watched(initial, equals, external);
}

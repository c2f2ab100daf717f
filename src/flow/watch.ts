// A cell that remembers one value, and who waits for it to change. Each change has a number; who waits remembers which one
// he has seen, so that no change is missed between two waits, though several may be seen as one.

import { derive } from "../derive.js";
import type { ReceiveChannel } from "../ends.js";
import { append, List, move, shift } from "../list.js";
import { Operation } from "../operation.js";

/** What a change is. */
export interface WatchOptions<T> {
  /** Whether two values are the same, so that setting one after the other is no change; `Object.is` by default. */
  readonly equals?: (a: T, b: T) => boolean;
}

/** Waits for a change. */
class Changed<T> extends Operation<T> {
  protected readonly watch: Watch<T>;
  private _seen: number;

  constructor(watch: Watch<T>) {
    super();
    this.watch = watch;
    this._seen = watch.version;
  }

  poll(): boolean {
    return this.watch.version !== this._seen;
  }

  block(): void {
    append(this.watch.waiting, this);
  }

  /** It was set while this waited: true if it need not wait any more. */
  notice(): boolean {
    return true;
  }

  override result(): T {
    this._seen = this.watch.version;
    return this.watch.value;
  }

  override get external(): boolean {
    return false;
  }

  override describe(): string {
    return "a watched value to change";
  }
}

/** Waits for a value for which a test holds. */
class Until<T> extends Changed<T> {
  private readonly _test: (value: T) => boolean;
  private _failure: { readonly cause: unknown } | null;

  constructor(watch: Watch<T>, test: (value: T) => boolean) {
    super(watch);
    this._test = test;
    this._failure = null;
  }

  override poll(): boolean {
    this._failure = null;
    this.value = this.watch.value;
    return this._test(this.watch.value);
  }

  override notice(): boolean {
    try {
      return this.poll();
    } catch (cause) {
      // It is the waiting task's, not the one's that set the value.
      this._failure = { cause };
      return true;
    }
  }

  override result(): T {
    if (this._failure !== null) throw this._failure.cause;
    return this.value as T;
  }
}

/** A value that changes, and can be waited for. */
export class Watch<T> {
  /** @internal */ readonly waiting: List;
  /** @internal How many changes there were. */
  version: number;
  private _value: T;
  private readonly _equals: (a: T, b: T) => boolean;

  /** @internal Watches are made by `watch`. */
  constructor(initial: T, options: WatchOptions<T>) {
    this.waiting = new List();
    this.version = 0;
    this._value = initial;
    this._equals = options.equals ?? Object.is;
  }

  get value(): T {
    return this._value;
  }

  /** Sets the value, and releases all who wait for a change, in the order in which they came. */
  set(value: T): void {
    if (this._equals(this._value, value)) return;
    this._value = value;
    this.version++;
    const waiting = new List();
    move(this.waiting, waiting);
    for (let at = shift(waiting); at !== null; at = shift(waiting)) {
      const changed = at as Changed<T>;
      if (changed.notice()) changed.complete(changed.value);
      else append(this.waiting, changed);
    }
  }

  /** Sets the value to what a function makes of it. */
  update(change: (value: T) => T): void {
    this.set(change(this._value));
  }

  /**
   * A change since this operation was made, or since it was last performed. Performed in a loop it misses none; several in
   * between are seen as one.
   *
   * Parks when: there was no change. Yields: the value as it is when the task goes on. If cancelled: it leaves the queue.
   */
  changed(): Operation<T> {
    return new Changed(this);
  }

  /**
   * A value for which a test holds. Parks when: it does not hold now; it is asked again at each change. Yields: the value for
   * which it held. What it throws is thrown to the one who waits. If cancelled: it leaves the queue.
   */
  until<S extends T>(test: (value: T) => value is S): Operation<S>;
  until(test: (value: T) => boolean): Operation<T>;
  until(test: (value: T) => boolean): Operation<T> {
    return new Until(this, test);
  }

  /** A channel of the changes from now on; one who reads slowly gets the latest only. It has no end of its own. */
  changes(): ReceiveChannel<T> {
    const changed = this.changed();
    return derive<T, T>({ next: () => changed, accept: (value, to) => to.emit(value) });
  }
}

/**
 * A cell with a value, of which only the latest counts: a setting, a connection state, a progress. Waiting for a change is an
 * operation. As tokio's `watch`.
 *
 * @example
 * ```ts
 * import { go, watch } from "millrace";
 *
 * const state = watch<"connecting" | "open" | "closed">("connecting");
 * const ready = go(function* () {
 *   return yield* state.until((now) => now !== "connecting");
 * });
 * state.set("open");
 * console.log(await ready); // open
 * ```
 */
export function watch<T>(initial: T, options: WatchOptions<T> = {}): Watch<T> {
  return new Watch(initial, options);
}

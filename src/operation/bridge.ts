// The two bridges to the host's own ways of waiting: promises and abort signals.

import { shown } from "../structures/errors.js";
import { shared } from "../structures/shared.js";
import { Request } from "./answer.js";
import { Made } from "./basic.js";
import { type Once, Sharable, Wait } from "./once.js";
import type { Operation, WaitsFor } from "./operation.js";
import { Waiters } from "./waiters.js";

/** The outcome of a promise. There is one for each promise, so that a million lost selects leave one reaction on it. */
class Settlement<T> implements Once<T> {
  happened: boolean;
  readonly waiting: Waiters;
  private _value: T | undefined;
  private _error: unknown;
  private _failed: boolean;

  constructor(promise: PromiseLike<T>) {
    this.happened = this._failed = false;
    this.waiting = new Waiters();
    this._error = undefined;
    promise.then(
      (value) => this._settle(value, undefined, false),
      (error) => this._settle(undefined, error, true),
    );
  }

  outcome(): T {
    if (this._failed) throw this._error;
    return this._value as T;
  }

  waitsFor(): WaitsFor {
    return { what: "a promise", external: true, host: true };
  }

  private _settle(value: T | undefined, error: unknown, failed: boolean): void {
    // A thenable may call back twice. As with `await`, the first call counts.
    if (this.happened) return;
    this._value = value;
    this._error = error;
    this._failed = failed;
    this.happened = true;
    this.waiting.completeAll(undefined);
  }
}

const settlements = /* @__PURE__ */ shared(
  "settlements",
  () => new WeakMap<PromiseLike<unknown>, Settlement<unknown>>(),
);

class Settled<T> extends Sharable<T> {
  private readonly _promise: PromiseLike<T>;

  constructor(promise: PromiseLike<T>) {
    super();
    this._promise = promise;
  }

  override waitsFor(): WaitsFor {
    return { what: "a promise", external: true, host: true };
  }

  override fresh(): Operation<T> {
    return new Made(() => {
      let settlement = settlements.get(this._promise) as Settlement<T> | undefined;
      if (settlement === undefined) {
        settlement = new Settlement(this._promise);
        settlements.set(this._promise, settlement as Settlement<unknown>);
      }
      return new Wait(settlement);
    }, false);
  }
}

/**
 * The operations that wait for a signal of `AbortSignal.timeout`. The timer of such a signal does not keep a process of Node
 * alive, so the check of the empty event loop does.
 */
interface Signals {
  /** Set by the entry for Node. */
  isTimeout: ((signal: AbortSignal) => boolean) | null;
  readonly timeouts: Set<Operation<unknown>>;
}

export const signals: Signals = /* @__PURE__ */ shared("signals", () => ({ isTimeout: null, timeouts: new Set() }));

/** A promise that is made each time the operation is performed. */
class Requested<T> extends Sharable<T> {
  private readonly _make: (signal: AbortSignal) => PromiseLike<T>;

  constructor(make: (signal: AbortSignal) => PromiseLike<T>) {
    super();
    this._make = make;
  }

  override waitsFor(): WaitsFor {
    return { what: "a promise", external: true, host: true };
  }

  override fresh(): Operation<T> {
    return new Request(this._make);
  }
}

const ABORT: WaitsFor = { what: "an abort signal", external: true, host: true };

/** The abort of a signal. There is one for each signal, and it has one listener, as long as a performer waits for it. */
class Abort implements Once<unknown> {
  readonly waiting: Waiters;
  private readonly _signal: AbortSignal;
  private readonly _listener: () => void;
  private _listens: boolean;

  constructor(signal: AbortSignal) {
    this.waiting = new Waiters();
    this._signal = signal;
    this._listener = () => {
      this.rest(true);
      this.waiting.completeAll(undefined);
    };
    this._listens = false;
  }

  get happened(): boolean {
    return this._signal.aborted;
  }

  outcome(): unknown {
    return this._signal.reason;
  }

  waitsFor(): WaitsFor {
    return ABORT;
  }

  /** Begins to listen. */
  listen(): void {
    if (this._listens) return;
    this._listens = true;
    this._signal.addEventListener("abort", this._listener);
  }

  /** Stops listening if no performer waits. */
  rest(over: boolean): void {
    if (!this._listens || !(over || this.waiting.empty)) return;
    this._listens = false;
    this._signal.removeEventListener("abort", this._listener);
  }
}

const aborts = /* @__PURE__ */ shared("aborts", () => new WeakMap<AbortSignal, Abort>());

class AbortWait extends Wait<unknown> {
  declare readonly once: Abort;
  /** Whether a process of Node is to wait for it: the timer of such a signal does not keep the process alive. */
  private readonly _timeout: boolean;

  constructor(signal: AbortSignal, waits: boolean) {
    let abort = aborts.get(signal);
    if (abort === undefined) {
      abort = new Abort(signal);
      aborts.set(signal, abort);
    }
    super(abort);
    this._timeout = waits && signals.isTimeout?.(signal) === true;
  }

  override block(): void {
    super.block();
    this.once.listen();
    if (this._timeout) signals.timeouts.add(this);
  }

  override unblock(): void {
    super.unblock();
    this.once.rest(false);
    signals.timeouts.delete(this);
  }

  override complete(value: unknown): void {
    signals.timeouts.delete(this);
    super.complete(value);
  }
}

class Aborted extends Sharable<unknown> {
  private readonly _signal: AbortSignal;

  constructor(signal: AbortSignal) {
    super();
    this._signal = signal;
  }

  override fresh(): Operation<unknown> {
    return new AbortWait(this._signal, true);
  }

  override waitsFor(): WaitsFor {
    return ABORT;
  }
}

/** Calls a function when a signal is aborted, unless the result is disposed of before. It holds no closed program. */
export function whenAborted(signal: AbortSignal, then: () => void): Disposable {
  const wait = new AbortWait(signal, false);
  wait.waiter = { wake: then };
  wait.block();
  return {
    [Symbol.dispose]() {
      wait.waiter = null;
      wait.unblock();
    },
  };
}

/**
 * Waits for a promise, in a go block or as a case of a select. Several performers may wait for the same promise.
 *
 * Parks when: the promise is pending. Yields: the value of the promise; a rejection is thrown. If cancelled, or if another
 * case wins: the wait ends, and the promise itself continues. A later `settled(promise)` gets its outcome.
 *
 * With a function, the work starts when the operation is performed and parks, once for each performance. The function gets an
 * `AbortSignal`, which is aborted if the operation is cancelled or if another case wins. Then the outcome of the promise is
 * ignored. The signal is not aborted when the promise has settled, so that you can read the body of a response.
 *
 * A rejection counts as handled from the first time that the operation is performed. For a function that does not return a
 * promise, use `call`.
 *
 * @param given - A promise, or any object with a `then` method; or a function that returns one.
 * @throws TypeError if `given` is neither a promise nor a function; and when it is performed, if the function does not return
 *   a promise.
 * @example
 * ```ts
 * import { go, settled } from "millrace";
 *
 * const task = go(function* () {
 *   return (yield* settled(Promise.resolve(20))) + 1;
 * });
 * console.log(await task); // 21
 *
 * const request = settled(async (signal) => (signal.aborted ? "aborted" : "answered"));
 * console.log(await request); // answered
 * ```
 */
export function settled<T>(given: PromiseLike<T>): Operation<T>;
export function settled<T>(given: (signal: AbortSignal) => PromiseLike<T>): Operation<T>;
export function settled<T>(given: PromiseLike<T> | ((signal: AbortSignal) => PromiseLike<T>)): Operation<T> {
  if (typeof given === "function") return new Requested(given);
  if (typeof given?.then === "function") return new Settled(given);
  throw new TypeError(
    `Cannot wait for promise: settled() takes a promise or a function, got ${shown(given)}; write always(value) for a value`,
  );
}

/**
 * Waits until an abort signal is aborted. Several performers may perform the operation at the same time. However many wait, the
 * signal has one listener.
 *
 * Parks when: the signal is not aborted. Yields: the reason of the signal. If cancelled, or if another case wins: it stops
 * waiting. The listener is removed when no performer waits any more.
 *
 * @param signal - The signal of an `AbortController`, or any other `AbortSignal`.
 * @throws TypeError if `signal` is not an `AbortSignal`.
 * @example
 * ```ts
 * import { aborted } from "millrace";
 *
 * const controller = new AbortController();
 * setTimeout(() => controller.abort("stop"), 1);
 * console.log(await aborted(controller.signal)); // stop
 * ```
 */
export function aborted(signal: AbortSignal): Operation<unknown> {
  if (typeof signal?.addEventListener === "function" && "aborted" in signal) return new Aborted(signal);
  throw new TypeError(`Cannot wait for abort signal: aborted() takes an AbortSignal, got ${shown(signal)}`);
}

// The two bridges to the host's own ways of waiting: promises and abort signals.

import { shared } from "../structures/shared.js";
import { Made } from "./basic.js";
import { type Once, Sharable, Wait } from "./once.js";
import { Operation, type WaitsFor } from "./operation.js";
import { Waiters } from "./waiters.js";

/** What became of a promise; one for each promise, so that a million lost selects leave one reaction with it. */
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
    return { what: "a promise", external: true };
  }

  private _settle(value: T | undefined, error: unknown, failed: boolean): void {
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

class Aborted extends Operation<unknown> {
  private readonly _signal: AbortSignal;
  private readonly _listener: () => void;

  constructor(signal: AbortSignal) {
    super();
    this._signal = signal;
    this._listener = () => this.complete(undefined);
  }

  poll(): boolean {
    return this._signal.aborted;
  }

  block(): void {
    this._signal.addEventListener("abort", this._listener, { once: true });
  }

  override unblock(): void {
    this._signal.removeEventListener("abort", this._listener);
  }

  override result(): unknown {
    return this._signal.reason;
  }

  override waitsFor(): WaitsFor {
    return { what: "an abort signal", external: true };
  }
}

/**
 * A promise as an operation, for go blocks and selects.
 *
 * Parks when: the promise is pending. Yields: its value; a rejection is thrown. If cancelled, or if another case wins: the
 * promise goes on by itself, as promises do, and its outcome is not missed by whoever asks again.
 */
export function settled<T>(promise: PromiseLike<T>): Operation<T> {
  if (typeof promise?.then === "function") return new Settled(promise);
  throw new TypeError("Cannot wait for promise: settled() takes a promise; a value at hand is always(value)");
}

/** Completes when an abort signal does. Parks when: it has not been aborted. Yields: the signal's reason. */
export function aborted(signal: AbortSignal): Operation<unknown> {
  if (typeof signal?.addEventListener === "function" && "aborted" in signal) return new Aborted(signal);
  throw new TypeError("Cannot wait for abort signal: aborted() takes an AbortSignal");
}

// The outcome of a promise for one performer, so it needs no shared state as the operations of `settled(promise)` do.

import { shown } from "../structures/errors.js";
import { disposeOfLost } from "./lost.js";
import { Gate, lose } from "./once.js";
import { Operation, type WaitsFor } from "./operation.js";

/** Aborts a signal once all branches of a choice have left their queues. */
class Abort extends Gate {
  private readonly _controller: AbortController;

  constructor(controller: AbortController) {
    super("an abort");
    this._controller = controller;
  }

  override open(): void {
    this._controller.abort();
  }
}

/** Waits for a promise. If it is given up before the promise has settled, it aborts the controller. */
export class Answer<T> extends Operation<T> {
  protected promise: PromiseLike<T> | null;
  protected controller: AbortController | null;
  private _failed: boolean;

  constructor(promise: PromiseLike<T> | null, controller: AbortController | null) {
    super();
    this.promise = promise;
    this.controller = controller;
    this._failed = false;
  }

  poll(): boolean {
    return false;
  }

  block(): void {
    const promise = this.promise!;
    this.promise!.then(
      (value) => this._settle(promise, value, false),
      (error) => this._settle(promise, error, true),
    );
  }

  /** There is no queue to leave: a promise cannot be stopped, and its outcome is ignored. */
  override unblock(): void {
    this.promise = null;
    if (this.controller !== null) lose(new Abort(this.controller));
  }

  override result(): T {
    if (this._failed) throw this.value;
    return this.value as T;
  }

  override discard(): void {
    if (!this._failed) disposeOfLost(this.value);
  }

  override waitsFor(): WaitsFor {
    return { what: "a promise", external: true };
  }

  /** A thenable may call back twice. */
  private _settle(promise: PromiseLike<T>, value: unknown, failed: boolean): void {
    if (this.promise !== promise) return;
    this.promise = null;
    this._failed = failed;
    this.complete(value);
  }
}

/** A promise that a function makes when the operation parks. */
export class Request<T> extends Answer<T> {
  private readonly _make: (signal: AbortSignal) => PromiseLike<T>;

  constructor(make: (signal: AbortSignal) => PromiseLike<T>) {
    super(null, null);
    this._make = make;
  }

  override block(): void {
    const controller = new AbortController();
    const promise = this._make(controller.signal);
    if (typeof promise?.then !== "function") {
      throw new TypeError(
        `Cannot wait for promise: the function given to settled() must return a promise, got ${shown(promise)}`,
      );
    }
    this.promise = promise;
    this.controller = controller;
    super.block();
  }

  override get plain(): boolean {
    return false;
  }
}

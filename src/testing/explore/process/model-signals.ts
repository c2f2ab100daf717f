// Signals of scopes and groups while a program is unfolded. A signal is aborted once its scope is ending, which is part of the state.
//
// What ends a scope cancels its tasks in the same step. So a task of the scope that has not been cancelled reads that the signal is
// not aborted, and no transition is needed for that.

import { READ_ABORTED } from "./cases.js";
import type { PlainCalls } from "./model-objects.js";
import type { RegionModel } from "./model-scopes.js";
import { Offer } from "./operation-cases.js";

/** What signals ask of the sandbox. */
export interface SignalCalls extends PlainCalls {
  /** Whether the running task is one of the scope, and has not been cancelled. */
  isActiveIn(region: RegionModel): boolean;
}

export class SignalModel {
  private readonly _calls: SignalCalls;
  readonly region: RegionModel;

  constructor(calls: SignalCalls, region: RegionModel) {
    this._calls = calls;
    this.region = region;
  }

  get aborted(): boolean {
    const { _calls: calls, region } = this;
    if (calls.isActiveIn(region)) return false;
    return calls.call(new Offer(READ_ABORTED, region.index, null, "a signal", calls.queued)) as boolean;
  }

  throwIfAborted(): void {
    if (this.aborted) this._calls.unmodelled("it throws the reason of a signal");
  }

  get reason(): unknown {
    return this._calls.unmodelled("it reads the reason of a signal");
  }

  get onabort(): null {
    return null;
  }

  set onabort(_listener: unknown) {
    this._calls.unmodelled("it listens to a signal");
  }

  addEventListener(): never {
    return this._calls.unmodelled("it listens to a signal");
  }

  removeEventListener(): void {}

  dispatchEvent(): never {
    return this._calls.unmodelled("it aborts a signal");
  }
}

// A program may ask whether it is given a signal.
if (typeof AbortSignal === "function") Object.setPrototypeOf(SignalModel.prototype, AbortSignal.prototype as object);

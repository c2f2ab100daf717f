// A circuit breaker: after some failures in a row it refuses calls at once for a while, so that a service that is down is not asked by
// everybody, and those that ask do not wait. Then one call is let through; its success closes the circuit again.

import { now, type Operation, type Routine } from "millrace";

export interface BreakerOptions {
  /** How many failures in a row open the circuit; 3 by default. */
  readonly failures?: number;
  /** Milliseconds until a call is let through again; 1000 by default. */
  readonly rest?: number;
}

/** The circuit is open: the call was not made. */
export class OpenError extends Error {
  override readonly name = "OpenError";
}

export class Breaker {
  readonly name: string;
  private readonly _most: number;
  private readonly _rest: number;
  private _failures: number;
  private _closedFrom: number;
  private _trying: boolean;

  constructor(name: string, { failures = 3, rest = 1000 }: BreakerOptions = {}) {
    this.name = name;
    this._most = failures;
    this._rest = rest;
    this._failures = 0;
    this._closedFrom = 0;
    this._trying = false;
  }

  get state(): "closed" | "open" | "half-open" {
    if (this._failures < this._most) return "closed";
    return this._trying || now() < this._closedFrom ? "open" : "half-open";
  }

  /** Makes a call. Throws an `OpenError` if the circuit is open, and else what the call throws. */
  *call<T>(work: () => Operation<T> | Routine<T>): Routine<T> {
    const { state } = this;
    if (state === "open") throw new OpenError(`${this.name} does not answer, and is not asked for a while`);
    this._trying = state === "half-open";
    let failed = true;
    try {
      const result = yield* work();
      failed = false;
      return result;
    } finally {
      // A call that is cancelled counts as a failure: mostly it was too slow.
      this._trying = false;
      this._failures = failed ? this._failures + 1 : 0;
      if (this._failures >= this._most) this._closedFrom = now() + this._rest;
    }
  }
}

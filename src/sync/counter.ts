import type { Operation } from "../operation/operation.js";
import type { KeptPermits } from "../scheduler/kept-permits.js";

import { Request, WaitQueue } from "./wait-queue.js";

/**
 * A count, and the requests that wait until it is zero. They take nothing, so all of them are granted together. While a
 * verification unfolds a program, its maker may keep the count: see `KeptPermits`.
 */
export class Counter extends WaitQueue {
  private _count: number;
  private readonly _kept: KeptPermits | null;

  constructor(kind: string, count: number, kept: KeptPermits | null = null) {
    super(kind, {});
    this._count = count;
    this._kept = kept;
  }

  get count(): number {
    return this._kept === null ? this._count : 0 - this._kept.available;
  }

  add(n: number): void {
    if (this._kept === null) this.set(this._count + n);
    else this._kept.release(-n);
  }

  /** Subtracts from the count, which never goes below zero. */
  subtract(n: number): void {
    if (this._kept === null) this.set(Math.max(0, this._count - n));
    else this._kept.release(n);
  }

  set(count: number): void {
    this._count = count;
    if (count === 0) this.serve();
  }

  wait(): Operation<void> {
    if (this._kept === null) return new WaitForZero(this);
    return this._kept.acquire(0, 0, "wait for", () => undefined) as Operation<void>;
  }
}

/** Waits until a count is zero. */
class WaitForZero extends Request<void, Counter> {
  take(): boolean {
    return this.queue.count === 0;
  }

  protected get what(): string {
    return `wait for ${this.queue.name} (${this.queue.count} to go)`;
  }
}

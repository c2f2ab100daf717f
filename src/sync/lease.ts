// Permits in somebody's hands, and the operation that gets them there. From the step of granting until the task goes on the
// request holds the permits, so that it can give them back; the lease is made in the task.

import type { Operation } from "../operation/operation.js";
import { Request } from "./line.js";
import type { Permits } from "./permits.js";

/** Asks for permits. */
export class Acquire extends Request<Lease, Permits> {
  private readonly _n: number;
  private readonly _verb: string;

  constructor(permits: Permits, n: number, verb: string) {
    super(permits);
    this._n = n;
    this._verb = verb;
  }

  take(): boolean {
    return this.line.take(this._n);
  }

  override result(): Lease {
    return new Lease(this.line, this._n, this.performer);
  }

  override discard(): void {
    this.line.give(this._n);
  }

  override describe(): string {
    return `${this._verb} ${this.line.name}`;
  }

  /** Without parking, and not past those who wait. */
  now(): Lease | undefined {
    return this.poll() ? this.result() : undefined;
  }
}

/**
 * What a lock, or a part of a semaphore, is held by: release it once, or let `using` do that at the end of the block, also
 * when it is left by an exception or because the task was cancelled.
 *
 * @example
 * ```ts
 * import { go, Mutex } from "millrace";
 *
 * const mutex = new Mutex();
 * await go(function* () {
 *   using _ = yield* mutex.lock();
 *   console.log(mutex.locked); // true
 * });
 * console.log(mutex.locked); // false
 * ```
 */
export class Lease implements Disposable {
  private readonly _permits: Permits;
  private readonly _n: number;
  private readonly _holder: unknown;
  private _held: boolean;

  /** @internal Leases are made by what they are leases of. */
  constructor(permits: Permits, n: number, holder: unknown) {
    this._permits = permits;
    this._n = n;
    this._holder = holder;
    this._held = true;
    permits.note(this, holder);
  }

  /** Whether it still holds what it was given. */
  get held(): boolean {
    return this._held;
  }

  /** Gives back what it holds, to whoever has waited longest. Releasing twice gives back once. */
  release(): void {
    if (!this._held) return;
    this._held = false;
    this._permits.forget(this);
    this._permits.give(this._n);
  }

  [Symbol.dispose](): void {
    this.release();
  }

  /** @internal Asks for what it held before; what that yields must go to `renew`. */
  again(): Operation<Lease> {
    return new Acquire(this._permits, this._n, "lock");
  }

  /** @internal Holds what another lease of the same holds. */
  renew(from: Lease): void {
    from._held = false;
    this._held = true;
    this._permits.forget(from);
    this._permits.note(this, this._holder);
  }
}

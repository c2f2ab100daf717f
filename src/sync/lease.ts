// Permits, and the leases that hold some. The operation `Acquire` gets a lease. From the step of granting until the task
// resumes, the request holds the permits, so that it can give them back. The lease itself is created in the task.
//
// While a verification unfolds a program, its maker keeps the permits (`kept`), and makes the operations that request them.

import type { Operation } from "../operation/operation.js";
import { type KeptPermits, keptPermits } from "../scheduler/kept-permits.js";

import { priorityOf, Request, type RequestOptions, type SyncOptions, WaitQueue } from "./wait-queue.js";

/**
 * A number of permits, and the requests that wait for some. A mutex has one permit, a read-write lock as many as there can
 * be readers.
 */
export class Permits extends WaitQueue {
  readonly total: number;
  private _free: number;
  private readonly _kept: KeptPermits | null;

  constructor(kind: string, total: number, options: SyncOptions) {
    super(kind, options);
    this.total = this._free = total;
    this._kept = keptPermits(kind, options.name, total);
  }

  get available(): number {
    return this._kept === null ? this._free : this._kept.available;
  }

  /** Requests permits; `verb` says what that means for the lock. */
  acquire(n: number, verb: string, options?: RequestOptions): Operation<Lease> {
    const kept = this._kept;
    if (kept === null) return new Acquire(this, n, verb, options);
    return kept.acquire(n, priorityOf(this, options), verb, () => new Lease(this, n, undefined)) as Operation<Lease>;
  }

  /** Takes permits without parking, and without overtaking requests that wait; undefined if that is not possible. */
  tryAcquire(n: number, verb: string): Lease | undefined {
    const kept = this._kept;
    if (kept === null) return new Acquire(this, n, verb).now();
    return kept.tryAcquire(n, verb, () => new Lease(this, n, undefined)) as Lease | undefined;
  }

  take(n: number): boolean {
    if (this._free < n) return false;
    this._free -= n;
    return true;
  }

  give(n: number): void {
    if (this._kept !== null) {
      this._kept.release(n);
      return;
    }
    this._free += n;
    if (this.length > 0) this.serve();
  }

  /** Called before a lease is used. */
  uses(lease: Lease): void {
    this._kept?.uses(lease);
  }
}

/** Requests a number of permits. */
class Acquire extends Request<Lease, Permits> {
  private readonly _n: number;
  private readonly _verb: string;

  constructor(permits: Permits, n: number, verb: string, options?: RequestOptions) {
    super(permits, options);
    this._n = n;
    this._verb = verb;
  }

  take(): boolean {
    return this.queue.take(this._n);
  }

  override result(): Lease {
    return new Lease(this.queue, this._n, this.performer);
  }

  override discard(): void {
    this.queue.give(this._n);
  }

  protected get what(): string {
    return `${this._verb} ${this.queue.name}`;
  }

  now(): Lease | undefined {
    return this.poll() ? this.result() : undefined;
  }
}

/**
 * Holds a lock, or permits of a semaphore, for its holder. Release it once, or let `using` release it at the end of the
 * block, even if the block ends by an exception or because the task is cancelled.
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

  /** @internal Locks create their leases. */
  constructor(permits: Permits, n: number, holder: unknown) {
    this._permits = permits;
    this._n = n;
    this._holder = holder;
    this._held = true;
    permits.note(this, holder);
  }

  /** Whether the lease still holds its lock or its permits. */
  get held(): boolean {
    this._permits.uses(this);
    return this._held;
  }

  /** Gives back what it holds; the request at the head of the queue is considered first. Releasing again does nothing. */
  release(): void {
    this._permits.uses(this);
    if (!this._held) return;
    this._held = false;
    this._permits.forget(this);
    this._permits.give(this._n);
  }

  [Symbol.dispose](): void {
    this.release();
  }

  /** @internal Requests what it held before. The lease that this yields must be passed to `takeOver`. */
  reacquire(): Operation<Lease> {
    return this._permits.acquire(this._n, "lock");
  }

  /** @internal Takes over what another lease of the same lock holds. */
  takeOver(from: Lease): void {
    from._held = false;
    this._held = true;
    this._permits.forget(from);
    this._permits.note(this, this._holder);
  }
}

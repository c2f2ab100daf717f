// A lease holds permits; the operation `Acquire` gets them. From the step of granting until the task resumes, the request
// holds the permits, so that it can give them back. The lease itself is created in the task.

import type { Operation } from "../operation/operation.js";
import type { Permits } from "./permits.js";
import { Request, type RequestOptions } from "./wait-queue.js";

/** Requests a number of permits. */
export class Acquire extends Request<Lease, Permits> {
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

  /** Takes the permits without parking, and without overtaking requests that wait; undefined if that is not possible. */
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
    return this._held;
  }

  /** Gives back what it holds; the request at the head of the queue is considered first. Releasing again does nothing. */
  release(): void {
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
    return new Acquire(this._permits, this._n, "lock");
  }

  /** @internal Takes over what another lease of the same lock holds. */
  takeOver(from: Lease): void {
    from._held = false;
    this._held = true;
    this._permits.forget(from);
    this._permits.note(this, this._holder);
  }
}

// A token bucket, stored as the time at which it was last full: no timer fills it, and no sums accumulate an error. Since
// `_start`, when it was last full, `_taken` tokens have been taken. Each token takes per/limit ms to come back.

import type { Operation, WaitsFor } from "../operation/operation.js";
import { upon } from "../operation/upon.js";
import { standIn } from "../scheduler/stand-ins.js";
import { assertOptions } from "../structures/arguments.js";
import { shown } from "../structures/errors.js";
import { now, sleep } from "../time/sleep.js";
import { priorityOf, Request, type RequestOptions, type SyncOptions, showQueue, WaitQueue } from "./wait-queue.js";

/** The rate, and the size of a burst. */
export interface RateLimiterOptions extends SyncOptions {
  /** How many tokens come back in each period. */
  readonly limit: number;
  /** The length of a period, in milliseconds. */
  readonly per: number;
  /** How many tokens the full bucket holds; by default `limit`, but at least 1. */
  readonly burst?: number;
}

/** The tokens of a rate limiter in a verification. */
interface BucketModel {
  readonly available: number;
  acquire(n: number, priority: number): Operation<void>;
  tryAcquire(): boolean;
}

class Bucket extends WaitQueue {
  readonly burst: number;
  private readonly _limit: number;
  private readonly _per: number;
  private _start: number;
  private _taken: number;
  private _alarm: Disposable | null;
  /** When the alarm rings; Infinity when none is set. */
  private _rings: number;

  constructor(options: RateLimiterOptions, start: number) {
    super("rate limiter", options);
    const { limit, per, burst = Math.max(1, limit) } = options;
    this.burst = burst;
    this._limit = limit;
    this._per = per;
    this._start = start;
    this._taken = 0;
    this._alarm = null;
    this._rings = Infinity;
  }

  get available(): number {
    return Math.min(this.burst, this.burst - this._taken + ((now() - this._start) * this._limit) / this._per);
  }

  take(n: number): boolean {
    const time = now();
    if (time < this._due(n)) return false;
    if (time >= this._due(this.burst)) {
      this._start = time;
      this._taken = 0;
    }
    this._taken += n;
    return true;
  }

  give(n: number): void {
    this._taken -= n;
    this.serve();
  }

  /** Sets the alarm for the time at which the request at the head can be granted. */
  protected override changed(): void {
    const { head } = this;
    const due = head === null ? Infinity : this._due((head as Take).n);
    if (due === this._rings) return;
    this._alarm?.[Symbol.dispose]();
    this._rings = due;
    this._alarm = head === null ? null : upon(sleep(due - now()), () => this._ring());
  }

  private _ring(): void {
    this._alarm = null;
    this._rings = Infinity;
    this.serve();
  }

  /** The time at which `n` tokens are available. */
  private _due(n: number): number {
    return this._start + ((this._taken + n - this.burst) * this._per) / this._limit;
  }
}

class Take extends Request<void, Bucket> {
  readonly n: number;

  constructor(bucket: Bucket, n: number, options?: RequestOptions) {
    super(bucket, options);
    this.n = n;
  }

  take(): boolean {
    return this.queue.take(this.n);
  }

  override result(): void {}

  override discard(): void {
    this.queue.give(this.n);
  }

  protected get what(): string {
    return `wait for ${this.queue.name}`;
  }

  override waitsFor(): WaitsFor {
    return { ...super.waitsFor(), external: true };
  }
}

/**
 * Limits the rate of operations with a token bucket, which fills steadily: it lets `limit` operations through in each
 * period, and a burst at once after an idle time. In any span of time, at most `burst` tokens plus the tokens that come
 * back in that span are taken. Requests are granted in the order in which they were made.
 *
 * @param options - `limit`, `per`, `burst`, `name`.
 * @throws RangeError when `limit`, `per` or `burst` is not a number above 0.
 * @example
 * ```ts
 * import { RateLimiter, now } from "millrace";
 *
 * const limiter = new RateLimiter({ limit: 100, per: 1000, burst: 1 });
 * const start = now();
 * for (let request = 0; request < 3; request++) await limiter.acquire();
 * console.log(now() - start >= 20); // true
 * ```
 */
export class RateLimiter {
  private readonly _bucket: Bucket;
  /** What a verification makes in its place. */
  private readonly _model: BucketModel | undefined;

  constructor(options: RateLimiterOptions) {
    assertOptions("create rate limiter", options);
    for (const key of ["limit", "per", "burst"] as const) {
      const value = options[key];
      if (key === "burst" && value === undefined) continue;
      if (typeof value === "number" && value > 0 && value < Infinity) continue;
      throw new RangeError(`Cannot create rate limiter: ${key} must be a number above 0, got ${shown(value)}`);
    }
    const { limit, burst = Math.max(1, limit) } = options;
    this._model = standIn("rate limiter", { ...options, burst }) as BucketModel | undefined;
    this._bucket = new Bucket(options, this._model === undefined ? now() : 0);
    showQueue(this, this._bucket, () => `${Math.floor(this.available)} of ${this._bucket.burst} tokens available`);
  }

  /**
   * Takes `n` tokens.
   *
   * Parks when: fewer than `n` tokens are available, or other requests wait. The task resumes when enough tokens have come
   * back. Yields: nothing. If cancelled, or if another case wins: the request leaves the queue, and tokens that it was
   * already granted pass to the next request.
   *
   * @param options - `priority`: see {@link RequestOptions}.
   * @throws RangeError when `n` is not a number above 0, or is more than `burst`, or the priority is not a number.
   */
  acquire(n: number = 1, options?: RequestOptions): Operation<void> {
    this._assertCount(n);
    return this._model?.acquire(n, priorityOf(this._bucket, options)) ?? new Take(this._bucket, n, options);
  }

  /**
   * Takes `n` tokens without parking; returns false when fewer than `n` are available, or when other requests wait.
   *
   * @throws RangeError as `acquire`.
   */
  tryAcquire(n: number = 1): boolean {
    this._assertCount(n);
    return this._model?.tryAcquire() ?? new Take(this._bucket, n).poll();
  }

  /** How many tokens are available now, including the fraction of the next token that has come back. */
  get available(): number {
    return this._model?.available ?? this._bucket.available;
  }

  private _assertCount(n: number): void {
    const { burst, name } = this._bucket;
    if (typeof n === "number" && n > 0 && n <= burst) return;
    const bounds = `above 0 and at most ${burst} (the burst)`;
    throw new RangeError(`Cannot acquire from ${name}: n must be a number ${bounds}, got ${shown(n)}`);
  }
}

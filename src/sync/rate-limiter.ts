// A token bucket, kept as the time from which it would be full: no timer fills it, and nothing is added up over time that
// could drift. From `start`, when it was last full, `taken` tokens have been taken; each takes per/limit ms to come back.

import type { Operation } from "../operation/operation.js";
import { upon } from "../operation/upon.js";
import { shown } from "../structures/errors.js";
import { now, sleep } from "../time/sleep.js";
import { Line, Request, type SyncOptions } from "./line.js";

/** How fast, and how much at once. */
export interface RateLimiterOptions extends SyncOptions {
  /** So many tokens come in each period. */
  readonly limit: number;
  /** The period, in milliseconds. */
  readonly per: number;
  /** How many tokens it holds when nobody has taken any; `limit` by default, and at least 1. */
  readonly burst?: number;
}

class Bucket extends Line {
  readonly burst: number;
  private readonly _limit: number;
  private readonly _per: number;
  private _start: number;
  private _taken: number;
  private _alarm: Disposable | null;
  /** When the alarm goes off; Infinity when none is set. */
  private _set: number;

  constructor(options: RateLimiterOptions) {
    super("rate limiter", options);
    const { limit, per, burst = Math.max(1, limit) } = options;
    this.burst = burst;
    this._limit = limit;
    this._per = per;
    this._start = now();
    this._taken = 0;
    this._alarm = null;
    this._set = Infinity;
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

  /** The alarm is set for the head, and for nobody else. */
  protected override changed(): void {
    const { head } = this;
    const due = head === null ? Infinity : this._due((head as Take).n);
    if (due === this._set) return;
    this._alarm?.[Symbol.dispose]();
    this._set = due;
    this._alarm = head === null ? null : upon(sleep(due - now()), () => this._ring());
  }

  private _ring(): void {
    this._alarm = null;
    this._set = Infinity;
    this.serve();
  }

  /** From when so many are there. */
  private _due(n: number): number {
    return this._start + ((this._taken + n - this.burst) * this._per) / this._limit;
  }
}

class Take extends Request<void, Bucket> {
  readonly n: number;

  constructor(bucket: Bucket, n: number) {
    super(bucket);
    this.n = n;
  }

  take(): boolean {
    return this.line.take(this.n);
  }

  override result(): void {}

  override discard(): void {
    this.line.give(this.n);
  }

  override get external(): boolean {
    return true;
  }

  override describe(): string {
    return `wait for ${this.line.name}`;
  }
}

/**
 * Lets through so much in each period, and after a rest a burst at once: a token bucket that fills steadily. In no span of
 * time are more taken than `burst` and what comes in that span. Whoever asks first is first.
 *
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

  constructor(options: RateLimiterOptions) {
    for (const key of ["limit", "per", "burst"] as const) {
      const value = options[key];
      if (key === "burst" && value === undefined) continue;
      if (typeof value === "number" && value > 0 && value < Infinity) continue;
      throw new RangeError(`Cannot create rate limiter: ${key} must be a number above 0, got ${shown(value)}`);
    }
    this._bucket = new Bucket(options);
  }

  /**
   * Takes `n` tokens. Parks when: fewer are there, or somebody waits; then until they have come. Yields: nothing. If
   * cancelled, or if another case wins: it leaves the line, and tokens that it was given meanwhile go to the next.
   *
   * @throws RangeError when `n` is not a number above 0, or more than the bucket holds.
   */
  acquire(n: number = 1): Operation<void> {
    return this._request(n);
  }

  /** Takes `n` tokens without parking; false when fewer are there, or when somebody waits. Throws as `acquire`. */
  tryAcquire(n: number = 1): boolean {
    return this._request(n).poll();
  }

  /** How many tokens there are now, with the part of the next one that has come. */
  get available(): number {
    return this._bucket.available;
  }

  private _request(n: number): Take {
    const { burst, name } = this._bucket;
    if (typeof n === "number" && n > 0 && n <= burst) return new Take(this._bucket, n);
    const bounds = `above 0 and at most ${burst}, all it holds`;
    throw new RangeError(`Cannot acquire from ${name}: n must be a number ${bounds}, got ${shown(n)}`);
  }
}

import type { Operation } from "../operation/operation.js";
import { milliseconds, wholeNumber } from "../structures/arguments.js";
import type { Task } from "../task/task.js";
import { Request } from "./line.js";
import { Failure, type PoolOptions, type Slot, Stock } from "./stock.js";

class Borrow<T> extends Request<PoolLease<T>, Stock<T>> {
  /** In `value`: a slot, why there is none, or null when the pool is closed. */
  take(): boolean {
    this.value = this.line.closing === null ? this.line.take() : null;
    return this.value !== null || this.line.closing !== null;
  }

  override result(): PoolLease<T> {
    if (this.value === null) throw new Error(`Cannot acquire from ${this.line.name}: it is closed`);
    if (this.value instanceof Failure) throw this.value.error;
    return new PoolLease(this.line, this.value as Slot<T>, this.performer);
  }

  override discard(): void {
    if (this.value instanceof Failure) this.line.report(this.value.error);
    else if (this.value !== null) this.line.put(this.value as Slot<T>);
  }

  override describe(): string {
    return `acquire from ${this.line.name}`;
  }
}

/** What a resource of a {@link Pool} is held by: `using` gives it back at the end of the block. */
export class PoolLease<T> implements Disposable {
  /** The resource; not to be used after it was given back. */
  readonly value: T;
  private readonly _stock: Stock<T>;
  private readonly _slot: Slot<T>;
  private _held: boolean;

  /** @internal Leases are made by pools. */
  constructor(stock: Stock<T>, slot: Slot<T>, holder: unknown) {
    this.value = slot.value;
    this._stock = stock;
    this._slot = slot;
    this._held = true;
    stock.note(this, holder);
  }

  /** Gives the resource back, to whoever has waited longest. Doing so twice gives it back once. */
  release(): void {
    if (this._ends()) this._stock.put(this._slot);
  }

  /** Says that the resource is broken: it is destroyed, and another may be made in its place. */
  discard(): void {
    if (this._ends()) this._stock.retire(this._slot);
  }

  [Symbol.dispose](): void {
    this.release();
  }

  private _ends(): boolean {
    if (!this._held) return false;
    this._held = false;
    this._stock.forget(this);
    return true;
  }
}

/**
 * Resources that are dear to make: made when they are needed, at most `max`, and lent again and again. Whoever has waited
 * longest gets what comes first, be it one that came back or one that was made.
 *
 * @throws RangeError when `max` is not a whole number, 1 or more, or `idle` is no number.
 * @example
 * ```ts
 * import { Pool, sleep } from "millrace";
 *
 * let made = 0;
 * await using pool = new Pool({
 *   *create() {
 *     yield* sleep(1); // connecting
 *     return `connection ${++made}`;
 *   },
 *   max: 2,
 * });
 * for (let query = 0; query < 3; query++) {
 *   using connection = await pool.acquire();
 *   console.log(connection.value); // connection 1, connection 1, connection 1
 * }
 * ```
 */
export class Pool<T> implements AsyncDisposable {
  private readonly _stock: Stock<T>;

  constructor(options: PoolOptions<T>) {
    wholeNumber("create pool", "max", options.max, 1);
    const { idle } = options;
    if (idle !== undefined) milliseconds("create pool", idle, "idle", 0);
    this._stock = new Stock(options);
  }

  /**
   * Borrows a resource. Parks when: none is idle, or one must be made or validated. Yields: a lease with its `value`; release
   * it, or hold it with `using`. If making one fails: one of those who wait gets that thrown. If closed: throws an Error. If
   * cancelled, or if another case wins: it leaves the line, and what is being made for it goes to the next, or is kept.
   */
  acquire(): Operation<PoolLease<T>> {
    return new Borrow(this._stock);
  }

  /**
   * Lends no more: those who wait get an Error thrown, idle resources are destroyed now, and lent ones when they come back.
   * Closing again does nothing.
   *
   * @returns The task that ends when all are destroyed, and fails if one could not be; it need not be joined.
   */
  close(): Task<void> {
    return this._stock.close();
  }

  /** `await using pool = new Pool(…)`: closes it, and waits until all are destroyed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** How many there are: lent, idle, being made or being destroyed. */
  get size(): number {
    return this._stock.slots.count;
  }

  /** How many of them nobody uses. */
  get idle(): number {
    return this._stock.idle;
  }
}

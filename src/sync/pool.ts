import type { Operation } from "../operation/operation.js";
import { sharesVariables, standIn } from "../scheduler/stand-ins.js";
import { assertCallback, assertFunction, assertOptions, milliseconds, wholeNumber } from "../structures/arguments.js";
import type { Task } from "../task/task.js";
import { Failure, type PoolOptions, PoolResources, Slot } from "./pool-resources.js";
import { priorityOf, Request, type RequestOptions, showQueue } from "./wait-queue.js";

/** What leases ask of the pool that they come from. */
interface Lender<T> {
  readonly name: string;
  put(slot: Slot<T>): void;
  retire(slot: Slot<T>): void;
  note(lease: object, holder: unknown): void;
  forget(lease: object): void;
}

/** What a verification makes in place of the resources. */
interface PoolModel<T> extends Lender<T> {
  readonly size: number;
  readonly idle: number;
  acquire(priority: number, lease: (value: T) => PoolLease<T>): Operation<PoolLease<T>>;
  close(): Task<void>;
}

class Borrow<T> extends Request<PoolLease<T>, PoolResources<T>> {
  /** Sets `value` to a slot, to the reason why there is none, or to null when the pool is closed. */
  take(): boolean {
    this.value = this.queue.closing === null ? this.queue.take() : null;
    return this.value !== null || this.queue.closing !== null;
  }

  override result(): PoolLease<T> {
    if (this.value === null) throw new Error(`Cannot acquire from ${this.queue.name}: the pool is closed`);
    if (this.value instanceof Failure) throw this.value.error;
    return new PoolLease(this.queue, this.value as Slot<T>, this.performer);
  }

  override discard(): void {
    if (this.value instanceof Failure) this.queue.report(this.value.error);
    else if (this.value !== null) this.queue.put(this.value as Slot<T>);
  }

  protected get what(): string {
    return `acquire from ${this.queue.name}`;
  }
}

/** Holds a resource of a {@link Pool} for its borrower; `using` gives the resource back at the end of the block. */
export class PoolLease<T> implements Disposable {
  /** The resource. Do not use it after you have given it back. */
  readonly value: T;
  private readonly _lender: Lender<T>;
  private readonly _slot: Slot<T>;
  private _held: boolean;

  /** @internal Pools create their leases. */
  constructor(lender: Lender<T>, slot: Slot<T>, holder: unknown) {
    this.value = slot.value;
    this._lender = lender;
    this._slot = slot;
    this._held = true;
    lender.note(this, holder);
  }

  /** Gives the resource back; it passes to the task that has waited longest. Releasing again does nothing. */
  release(): void {
    if (this._end()) this._lender.put(this._slot);
  }

  /** Destroys the resource because it is broken. The pool may create another in its place. */
  discard(): void {
    if (this._end()) this._lender.retire(this._slot);
  }

  [Symbol.dispose](): void {
    this.release();
  }

  private _end(): boolean {
    if (!this._held) return false;
    this._held = false;
    this._lender.forget(this);
    return true;
  }
}

/**
 * Lends resources that are expensive to create: it creates them when they are needed, at most `max` of them, and lends them
 * again and again. The task that has waited longest, or whose request has the highest priority, gets the first resource that
 * comes back or is created.
 *
 * @param options - `create`, `destroy`, `max`, `idle`, `validate`, `name`.
 * @throws RangeError when `max` is not a whole number, 1 or more, or `idle` is not a number of milliseconds, 0 or more.
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
  private readonly _resources: PoolResources<T> | PoolModel<T>;

  constructor(options: PoolOptions<T>) {
    assertOptions("create pool", options);
    assertFunction("create pool", "create", options.create);
    assertCallback("create pool", "destroy", options.destroy);
    assertCallback("create pool", "validate", options.validate);
    wholeNumber("create pool", "max", options.max, 1);
    const { idle } = options;
    if (idle !== undefined) milliseconds("create pool", idle, "idle", 0);
    const model = standIn("pool", options) as PoolModel<T> | undefined;
    if (model === undefined) sharesVariables("a pool");
    this._resources = model ?? new PoolResources(options);
    const show = (): string => `${this.size} of ${options.max} resources, ${this.idle} idle`;
    if (this._resources instanceof PoolResources) showQueue(this, this._resources, show);
  }

  /**
   * Borrows a resource.
   *
   * Parks when: no resource is idle, or one must be created or validated first. A resource that comes back or is created
   * resumes the task. Yields: a lease with the resource in its `value`; release it, or hold it with `using`. If creating a
   * resource fails: the task that has waited longest gets the error thrown. If the pool is closed: throws an `Error`. If
   * cancelled, or if another case wins: the request leaves the queue, and a resource that is being created for it passes to the next
   * request or is kept.
   *
   * @param options - `priority`: see {@link RequestOptions}.
   * @throws RangeError when the priority is not a number.
   */
  acquire(options?: RequestOptions): Operation<PoolLease<T>> {
    const { _resources: resources } = this;
    if (resources instanceof PoolResources) return new Borrow(resources, options);
    const lease = (value: T): PoolLease<T> => new PoolLease(resources, new Slot(value), undefined);
    return resources.acquire(priorityOf(resources, options), lease);
  }

  /**
   * Closes the pool: tasks that wait get an `Error` thrown, idle resources are destroyed now, and lent resources when they
   * come back. Closing again does nothing.
   *
   * @returns The task that ends when all resources are destroyed, and fails if one could not be destroyed. You need not
   * join it.
   */
  close(): Task<void> {
    return this._resources.close();
  }

  /** Closes the pool, and waits until all resources are destroyed: for `await using pool = new Pool(…)`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** How many resources there are: lent, idle, being created or being destroyed. */
  get size(): number {
    return this._resources.size;
  }

  /** How many resources are idle. */
  get idle(): number {
    return this._resources.idle;
  }
}

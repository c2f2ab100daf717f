// The resources of a pool, which are created when they are needed, kept, and lent. The pool has a slot for each resource
// that exists, is being created or is being destroyed; there are at most `max` slots.
//
// Invariants. While a request waits, no resource is idle, except resources that must be validated first. For each waiting
// request there is a maker, a task that creates or validates a resource, as long as there are free slots. A maker does not
// belong to the request that started it: its resource goes to the request that has waited longest by then, or is kept.

import type { Routine } from "../operation/operation.js";
import { upon } from "../operation/upon.js";
import { type Context, currentContext, within } from "../scheduler/contexts.js";
import { textOf } from "../structures/errors.js";
import { append, type Link, List, unlink } from "../structures/list.js";
import { go } from "../task/go.js";
import type { Task } from "../task/task.js";
import { type Settleable, settle } from "../task/work.js";
import { sleep } from "../time/sleep.js";
import { Counter } from "./counter.js";
import { type SyncOptions, WaitQueue } from "./wait-queue.js";

/** The options of a {@link Pool}. */
export interface PoolOptions<T> extends SyncOptions {
  /** Creates a resource: returns it, or a promise, an operation or a routine that yields it. */
  readonly create: () => Settleable<T>;
  /** Destroys a resource. */
  readonly destroy?: (value: T) => Settleable<void>;
  /** How many resources there may be, lent ones included. */
  readonly max: number;
  /**
   * Milliseconds after which an idle resource is destroyed; by default it is kept. The timer for this does not keep a process
   * alive.
   */
  readonly idle?: number;
  /**
   * Called before a resource is lent again. If it yields false, the resource is destroyed and another is created in its
   * place.
   */
  readonly validate?: (value: T) => Settleable<boolean>;
}

/** A resource, and its links in the list of idle resources. */
export class Slot<T> implements Link {
  before: Link | null;
  after: Link | null;
  readonly value: T;
  /** The alarm that destroys it after it was idle for too long. */
  expiry: Disposable | null;

  constructor(value: T) {
    this.before = this.after = null;
    this.value = value;
    this.expiry = null;
  }
}

/** Takes the place of a resource that could not be created. */
export class Failure {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/** The resources of a pool, and the requests that wait for one. */
export class PoolResources<T> extends WaitQueue {
  readonly slots: Counter;
  /** How many resources are idle. */
  idle: number;
  /** The task that ends with the last resource; null before the pool is closed. */
  closing: Task<void> | null;
  private readonly _options: PoolOptions<T>;
  private readonly _idle: List;
  private readonly _failures: unknown[];
  /** The context of the code that created the pool, in which resources are created and destroyed for any request. */
  private readonly _context: Context | null;
  private _makers: number;

  constructor(options: PoolOptions<T>) {
    super("pool", options);
    this.slots = new Counter("pool to be empty", 0);
    this.idle = 0;
    this.closing = null;
    this._options = options;
    this._idle = new List();
    this._failures = [];
    this._context = currentContext();
    this._makers = 0;
  }

  get size(): number {
    return this.slots.count;
  }

  /** Takes an idle resource that can be lent without validation. */
  take(): Slot<T> | null {
    return this._options.validate === undefined ? this._pick() : null;
  }

  /** Accepts a resource that comes back. */
  put(slot: Slot<T>): void {
    if (this.closing !== null) this.retire(slot);
    else if (this._options.validate === undefined) this._lend(slot);
    else this._keep(slot);
  }

  /** Destroys a resource; its slot is free once that is done. */
  retire(slot: Slot<T>): void {
    within(this._context, () => go(retire<T>, this, slot), undefined);
  }

  close(): Task<void> {
    if (this.closing !== null) return this.closing;
    this.closing = go(close, this.slots, this._failures);
    this.serve();
    for (let slot = this._pick(); slot !== null; slot = this._pick()) this.retire(slot);
    return this.closing;
  }

  /** Starts makers for the requests that have none. */
  protected override changed(): void {
    while (this.length > this._makers && (this.idle > 0 || this.slots.count < this._options.max)) {
      const old = this._pick();
      if (old === null) this.slots.set(this.slots.count + 1);
      this._makers++;
      within(this._context, () => go(maker<T>, this, old), undefined);
    }
  }

  *make(old: Slot<T> | null): Routine<Slot<T>> {
    if (old !== null && (yield* this._isValid(old))) return old;
    return new Slot(yield* settle(this._options.create()));
  }

  private *_isValid(slot: Slot<T>): Routine<boolean> {
    let valid = false;
    try {
      valid = yield* settle(this._options.validate!(slot.value));
    } finally {
      if (!valid) yield* this.destroy(slot);
    }
    return valid;
  }

  *destroy({ value }: Slot<T>): Routine<void> {
    try {
      if (this._options.destroy !== undefined) yield* settle(this._options.destroy(value));
    } catch (error) {
      if (this.closing === null) this.report(error);
      else this._failures.push(error);
    }
  }

  /** A maker has created or validated a resource. */
  made(slot: Slot<T>): void {
    this._makers--;
    if (this.closing === null) this._lend(slot);
    else this.retire(slot);
  }

  /** A maker has failed: the request that has waited longest gets the error; if none waits, the error is reported. */
  failed(error: unknown): void {
    this._makers--;
    if (!this._give(new Failure(error))) this.report(error);
    this.free();
  }

  free(): void {
    this.slots.set(this.slots.count - 1);
    this.changed();
  }

  /** Reports an error that no request waits for, in the same way as the failure of a task that no task joins. */
  report(error: unknown): void {
    go(function* failed(): Routine<void> {
      throw error;
    });
  }

  private _lend(slot: Slot<T>): void {
    if (!this._give(slot)) this._keep(slot);
  }

  /** Gives a resource or a failure to the request that has waited longest; returns false if none waits. */
  private _give(what: Slot<T> | Failure): boolean {
    const { head } = this;
    if (head === null) return false;
    this.remove(head);
    head.complete(what);
    return true;
  }

  private _keep(slot: Slot<T>): void {
    append(this._idle, slot);
    this.idle++;
    const { idle = Infinity } = this._options;
    if (idle < Infinity) slot.expiry = upon(sleep(idle, { unref: true }), () => this._expire(slot));
    this.changed();
  }

  /** Removes the idle resource that was used last, so that the others can expire. */
  private _pick(): Slot<T> | null {
    if (this.idle === 0) return null;
    const slot = this._idle.before as Slot<T>;
    this._remove(slot);
    slot.expiry?.[Symbol.dispose]();
    return slot;
  }

  private _expire(slot: Slot<T>): void {
    this._remove(slot);
    this.retire(slot);
  }

  private _remove(slot: Slot<T>): void {
    unlink(slot);
    this.idle--;
  }
}

function* maker<T>(resources: PoolResources<T>, old: Slot<T> | null): Routine<void> {
  let slot: Slot<T>;
  try {
    slot = yield* resources.make(old);
  } catch (error) {
    resources.failed(error);
    return;
  }
  resources.made(slot);
}

function* retire<T>(resources: PoolResources<T>, slot: Slot<T>): Routine<void> {
  yield* resources.destroy(slot);
  resources.free();
}

function* close(slots: Counter, failures: readonly unknown[]): Routine<void> {
  yield* slots.wait();
  const [first] = failures;
  if (failures.length > 1)
    throw new AggregateError(failures, `${failures.length} resources could not be destroyed: ${textOf(first)}`);
  if (failures.length > 0) throw first;
}

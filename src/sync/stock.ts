// Resources that are made when they are needed, kept, and lent. A slot is one that exists or is being made or unmade; there
// are at most `max`.
//
// Invariants. While somebody waits no resource is idle, except those that must be validated first. There is a supply, a task
// that makes or validates a resource, for everyone who waits, as long as there are slots. A supply works for the line and
// not for him who set it going: what it brings goes to whoever has waited longest then, or is kept.

import type { Routine } from "../operation/operation.js";
import { upon } from "../operation/upon.js";
import { append, type Link, List, unlink } from "../structures/list.js";
import { go } from "../task/go.js";
import { type Settleable, settle } from "../task/settleable.js";
import type { Task } from "../task/task.js";
import { sleep } from "../time/sleep.js";
import { Counter, Zero } from "./counter.js";
import { Line, type SyncOptions } from "./line.js";

/** How the resources of a pool come and go. */
export interface PoolOptions<T> extends SyncOptions {
  /** Makes one: answers it, or a promise, an operation or a routine that yields it. */
  readonly create: () => Settleable<T>;
  /** Unmakes one. */
  readonly destroy?: (value: T) => Settleable<void>;
  /** How many there may be, lent ones included. */
  readonly max: number;
  /** Milliseconds after which one that nobody uses is destroyed; by default it is kept. */
  readonly idle?: number;
  /** Asked before one is lent again; if the answer is false it is destroyed, and another takes its place. */
  readonly validate?: (value: T) => Settleable<boolean>;
}

/** A resource. */
export class Slot<T> implements Link {
  before: Link | null;
  after: Link | null;
  readonly value: T;
  /** Destroys it when it has been idle for long. */
  expiry: Disposable | null;

  constructor(value: T) {
    this.before = this.after = null;
    this.value = value;
    this.expiry = null;
  }
}

/** In the place of a resource: why there is none. */
export class Failure {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/** The resources of a pool, and those who wait for one. */
export class Stock<T> extends Line {
  readonly slots: Counter;
  /** How many are idle. */
  idle: number;
  /** Waits for the end of all resources; null before the pool is closed. */
  closing: Task<void> | null;
  private readonly _options: PoolOptions<T>;
  private readonly _idle: List;
  private readonly _failures: unknown[];
  private _supplies: number;

  constructor(options: PoolOptions<T>) {
    super("pool", options);
    this.slots = new Counter("pool to be empty", 0);
    this.idle = 0;
    this.closing = null;
    this._options = options;
    this._idle = new List();
    this._failures = [];
    this._supplies = 0;
  }

  /** An idle one that can be lent as it is. */
  take(): Slot<T> | null {
    return this._options.validate === undefined ? this._pick() : null;
  }

  /** One comes back. */
  put(slot: Slot<T>): void {
    if (this.closing !== null) this.retire(slot);
    else if (this._options.validate === undefined) this._lend(slot);
    else this._keep(slot);
  }

  /** Destroys one; its slot is free when that is done. */
  retire(slot: Slot<T>): void {
    go(retire<T>, this, slot);
  }

  close(): Task<void> {
    if (this.closing !== null) return this.closing;
    this.closing = go(close, this.slots, this._failures);
    this.serve();
    for (let slot = this._pick(); slot !== null; slot = this._pick()) this.retire(slot);
    return this.closing;
  }

  /** Sets supplies going for those who wait and have none. */
  protected override changed(): void {
    while (this.length > this._supplies && (this.idle > 0 || this.slots.count < this._options.max)) {
      const old = this._pick();
      if (old === null) this.slots.set(this.slots.count + 1);
      this._supplies++;
      go(supply<T>, this, old);
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
      if (!valid) yield* this.unmake(slot);
    }
    return valid;
  }

  *unmake({ value }: Slot<T>): Routine<void> {
    try {
      if (this._options.destroy !== undefined) yield* settle(this._options.destroy(value));
    } catch (error) {
      if (this.closing === null) this.report(error);
      else this._failures.push(error);
    }
  }

  /** A supply has brought one. */
  supplied(slot: Slot<T>): void {
    this._supplies--;
    if (this.closing === null) this._lend(slot);
    else this.retire(slot);
  }

  /** A supply has failed: one who waits is told, or else the host. */
  failed(error: unknown): void {
    this._supplies--;
    if (!this._hand(new Failure(error))) this.report(error);
    this.free();
  }

  free(): void {
    this.slots.set(this.slots.count - 1);
    this.changed();
  }

  /** An error that nobody waits for goes where the failure of a task goes that nobody joins. */
  report(error: unknown): void {
    go(function* failed(): Routine<void> {
      throw error;
    });
  }

  private _lend(slot: Slot<T>): void {
    if (!this._hand(slot)) this._keep(slot);
  }

  /** Hands something to whoever has waited longest. */
  private _hand(what: Slot<T> | Failure): boolean {
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
    if (idle < Infinity) slot.expiry = upon(sleep(idle), () => this._expire(slot));
    this.changed();
  }

  /** The one that was used last: the others may grow old. */
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

function* supply<T>(stock: Stock<T>, old: Slot<T> | null): Routine<void> {
  let slot: Slot<T>;
  try {
    slot = yield* stock.make(old);
  } catch (error) {
    stock.failed(error);
    return;
  }
  stock.supplied(slot);
}

function* retire<T>(stock: Stock<T>, slot: Slot<T>): Routine<void> {
  yield* stock.unmake(slot);
  stock.free();
}

function* close(slots: Counter, failures: readonly unknown[]): Routine<void> {
  yield* new Zero(slots);
  const [first] = failures;
  if (failures.length > 1)
    throw new AggregateError(failures, `${failures.length} resources could not be destroyed: ${first}`);
  if (failures.length > 0) throw first;
}

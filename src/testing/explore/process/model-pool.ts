// Pools while a program is unfolded, built from what the model has: cells hold the idle resources and the requests that wait,
// each of which has a channel for its resource, and each maker is a task. A pool whose resources expire is not modelled.
//
// As in `sync/pool-resources.ts`, a maker does not belong to the request that started it, and while a request waits, no resource is
// idle,
// except resources that must be validated first. All that happens between two operations of a task is one event, so the cells are read and written as plain variables are.

import { type Buffer, Fixed } from "../../../channel/buffer.js";
import { type Channel, CLOSED } from "../../../channel/ends.js";
import { always } from "../../../operation/basic.js";
import type { Operation, Routine } from "../../../operation/operation.js";
import { named } from "../../../structures/named.js";
import type { Body, Task } from "../../../task/task.js";
import { type Settleable, settle } from "../../../task/work.js";
import type { Cell } from "../../program/cell.js";
import { Performed, type ToolCalls } from "./model-sync.js";

/** What a pool is made with. */
export interface PoolParts {
  readonly create: () => Settleable<unknown>;
  readonly destroy?: (value: unknown) => Settleable<void>;
  readonly max: number;
  readonly name?: string;
  readonly idle?: number;
  readonly validate?: (value: unknown) => Settleable<boolean>;
}

/** What pools ask of the sandbox. */
export interface PoolCalls extends ToolCalls {
  channel<T>(buffer: Buffer<T> | null, options: { readonly name: string }): Channel<T>;
  /** Notes that the running task got a lease. */
  lends(lease: object): void;
  /** Gives the program up if the running task did not get the lease. */
  usesLease(lease: object): void;
  /** Notes an exception in code of the program, and rethrows it if it belongs to the sandbox. */
  refuse(what: string, error?: unknown): never;
}

/** A resource, or the error of a maker, on its way to a request. */
type Handed = Ready | { readonly error: unknown };

interface Ready {
  readonly resource: unknown;
}

/** A resource that is lent. */
interface Lent {
  readonly value: unknown;
}

/** Whether the resources of a pool stay there while they are idle. */
export const isLasting = ({ idle = Infinity }: PoolParts): boolean => idle === Infinity;

export class PoolModel {
  readonly name: string;
  private readonly _calls: PoolCalls;
  private readonly _parts: PoolParts;
  private readonly _emptied: Channel<never>;
  /** Idle resources; the one that was used last is the last. */
  private readonly _idle: Cell<readonly unknown[]>;
  private readonly _slots: Cell<number>;
  /** The requests that wait, in the order in which they came. */
  private readonly _waiting: Cell<readonly Channel<Handed>[]>;
  private readonly _makers: Cell<number>;
  private readonly _closing: Cell<Task<void> | null>;

  constructor(calls: PoolCalls, parts: PoolParts) {
    const name = parts.name === undefined ? "pool" : `pool ${parts.name}`;
    this.name = name;
    this._calls = calls;
    this._parts = parts;
    this._emptied = calls.channel<never>(null, { name: `the end of ${name}` });
    this._idle = calls.cell<readonly unknown[]>([]);
    this._slots = calls.cell(0);
    this._waiting = calls.cell<readonly Channel<Handed>[]>([]);
    this._makers = calls.cell(0);
    this._closing = calls.cell<Task<void> | null>(null);
  }

  get size(): number {
    return this._slots.value;
  }

  get idle(): number {
    return this._idle.value.length;
  }

  acquire<L extends object>(priority: number, lease: (resource: never) => L): Operation<L> {
    if (priority !== 0) this._calls.unmodelled("a request for a resource of a pool has a priority");
    return new Performed(this._calls, `a resource of ${this.name}`, () => this._acquiring(lease));
  }

  put({ value }: Lent): void {
    if (this._closing.value !== null) this._retire(value);
    else if (this._parts.validate === undefined) this._lend(value);
    else this._keep(value);
  }

  retire({ value }: Lent): void {
    this._retire(value);
  }

  note(): void {}

  /** Called before a lease is used. */
  forget(lease: object): void {
    this._calls.usesLease(lease);
  }

  close(): Task<void> {
    const { value: closing } = this._closing;
    if (closing !== null) return closing;
    const close = named("close", () => this._closed());
    const task = this._calls.start<void>(close as Body<never, void>, []);
    this._closing.value = task;
    for (const request of this._waiting.value) request.close();
    this._waiting.value = [];
    for (const resource of [...this._idle.value].reverse()) this._retire(resource);
    this._idle.value = [];
    return task;
  }

  private *_closed(): Routine<void> {
    if (this._slots.value > 0) yield* this._emptied.receive();
  }

  private *_acquiring<L extends object>(lease: (resource: never) => L): Routine<L> {
    const ready = this._closing.value === null ? this._take() : CLOSED;
    // A task may give way after an operation that need not park.
    const handed = ready === null ? yield* this._awaited() : yield* always(ready);
    if (handed === CLOSED) throw new Error(`Cannot acquire from ${this.name}: the pool is closed`);
    if ("error" in handed) throw handed.error;
    const made = lease(handed.resource as never);
    this._calls.lends(made);
    return made;
  }

  private *_awaited(): Routine<Handed | typeof CLOSED> {
    let over = false;
    try {
      const request = this._calls.channel<Handed>(new Fixed(1), { name: `a resource of ${this.name}` });
      this._waiting.value = [...this._waiting.value, request];
      this._changed();
      const handed = yield* request.receive();
      over = true;
      return handed;
    } finally {
      if (!over) this._calls.unmodelled("a task is cancelled that waits for a resource of a pool");
    }
  }

  /** An idle resource that can be lent without validation. */
  private _take(): Ready | null {
    return this._parts.validate === undefined ? this._pick() : null;
  }

  private _pick(): Ready | null {
    const { value: idle } = this._idle;
    if (idle.length === 0) return null;
    this._idle.value = idle.slice(0, -1);
    return { resource: idle.at(-1) };
  }

  /** Starts makers for the requests that have none. */
  private _changed(): void {
    while (this._waiting.value.length > this._makers.value && (this.idle > 0 || this._slots.value < this._parts.max)) {
      const old = this._pick();
      if (old === null) this._slots.value++;
      this._makers.value++;
      const maker = named("maker", () => this._making(old));
      this._calls.start(maker as Body<never, void>, []);
    }
  }

  private *_making(old: Ready | null): Routine<void> {
    let resource: unknown;
    try {
      const isValid = old !== null && (yield* this._validated(old));
      resource = isValid ? old.resource : yield* settle(this._parts.create());
    } catch (error) {
      this._makers.value--;
      this._failed(error);
      return;
    }
    this._makers.value--;
    if (this._closing.value === null) this._lend(resource);
    else this._retire(resource);
  }

  private *_validated({ resource }: Ready): Routine<boolean> {
    let isValid = false;
    try {
      isValid = yield* settle(this._parts.validate!(resource));
    } finally {
      if (!isValid) yield* this._destroyed(resource);
    }
    return isValid;
  }

  private _failed(error: unknown): void {
    if (!this._give({ error })) {
      const failed = named("failed", function* (): Routine<void> {
        throw error;
      });
      this._calls.start(failed as Body<never, void>, []);
    }
    this._free();
  }

  private _lend(resource: unknown): void {
    if (!this._give({ resource })) this._keep(resource);
  }

  private _keep(resource: unknown): void {
    this._idle.value = [...this._idle.value, resource];
    if (this._parts.validate !== undefined) this._changed();
  }

  private _give(what: Handed): boolean {
    const [first, ...others] = this._waiting.value;
    if (first === undefined) return false;
    this._waiting.value = others;
    return first.trySend(what);
  }

  private _retire(resource: unknown): void {
    const retire = named("retire", () => this._retiring(resource));
    this._calls.start(retire as Body<never, void>, []);
  }

  private *_retiring(resource: unknown): Routine<void> {
    yield* this._destroyed(resource);
    this._free();
  }

  private *_destroyed(resource: unknown): Routine<void> {
    const { destroy } = this._parts;
    try {
      if (destroy !== undefined) yield* settle(destroy(resource));
    } catch (error) {
      this._calls.refuse("a resource of a pool cannot be destroyed", error);
    }
  }

  private _free(): void {
    this._slots.value--;
    this._changed();
    if (this._slots.value === 0 && this._closing.value !== null) this._emptied.close();
  }
}
